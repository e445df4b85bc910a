import * as oidc from 'openid-client'

const scope = 'openid email profile groups offline_access'

/** openidClient is an application's sign-in by npm's openid-client. */
export function openidClient ({ issuer, clientId, clientSecret, base }) {
  let discovered
  const config = () => (discovered ??= oidc.discovery(new URL(issuer), clientId, undefined, oidc.ClientSecretBasic(clientSecret), { execute: [oidc.allowInsecureRequests] }))
  const begun = new Map() // state -> {verifier, nonce}
  return {
    callbackPath: '/callback',
    async begin () {
      const verifier = oidc.randomPKCECodeVerifier()
      const state = oidc.randomState()
      const nonce = oidc.randomNonce()
      begun.set(state, { verifier, nonce })
      return {
        to: oidc.buildAuthorizationUrl(await config(), {
          redirect_uri: base + '/callback', scope, state, nonce, code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256'
        }).href
      }
    },
    async finish (req, url) {
      const state = url.searchParams.get('state')
      const { verifier, nonce } = begun.get(state)
      begun.delete(state)
      const tokens = await oidc.authorizationCodeGrant(await config(), url, { pkceCodeVerifier: verifier, expectedNonce: nonce, expectedState: state, idTokenExpected: true })
      return { claims: tokens.claims(), tokens }
    },
    async refresh (session) {
      session.tokens = await oidc.refreshTokenGrant(await config(), session.tokens.refresh_token)
      return oidc.fetchUserInfo(await config(), session.tokens.access_token, session.claims.sub)
    },
    async logout (session, to, state) {
      return oidc.buildEndSessionUrl(await config(), { id_token_hint: session.tokens.id_token, post_logout_redirect_uri: to, state }).href
    }
  }
}
