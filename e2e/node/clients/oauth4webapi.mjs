import * as oauth from 'oauth4webapi'

const scope = 'openid email profile groups offline_access'
const insecure = { [oauth.allowInsecureRequests]: true }

/** oauth4webapi is an application's sign-in by npm's library of that name, step by step. */
export function oauth4webapi ({ issuer, clientId, clientSecret, base }) {
  const client = { client_id: clientId }
  const auth = oauth.ClientSecretPost(clientSecret)
  let discovered
  const server = () => (discovered ??= oauth.discoveryRequest(new URL(issuer), insecure).then((r) => oauth.processDiscoveryResponse(new URL(issuer), r)))
  const begun = new Map()
  return {
    callbackPath: '/callback',
    async begin () {
      const verifier = oauth.generateRandomCodeVerifier()
      const state = oauth.generateRandomState()
      const nonce = oauth.generateRandomNonce()
      begun.set(state, { verifier, nonce })
      const to = new URL((await server()).authorization_endpoint)
      to.search = new URLSearchParams({
        client_id: clientId, redirect_uri: base + '/callback', response_type: 'code', scope, state, nonce,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256'
      })
      return { to: to.href }
    },
    async finish (req, url) {
      const state = url.searchParams.get('state')
      const { verifier, nonce } = begun.get(state)
      begun.delete(state)
      const as = await server()
      const parameters = oauth.validateAuthResponse(as, client, url, state)
      const response = await oauth.authorizationCodeGrantRequest(as, client, auth, parameters, base + '/callback', verifier, insecure)
      const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, { expectedNonce: nonce, requireIdToken: true })
      await oauth.validateApplicationLevelSignature(as, response, insecure)
      return { claims: oauth.getValidatedIdTokenClaims(tokens), tokens }
    },
    async refresh (session) {
      const as = await server()
      const response = await oauth.refreshTokenGrantRequest(as, client, auth, session.tokens.refresh_token, insecure)
      session.tokens = await oauth.processRefreshTokenResponse(as, client, response)
      const info = await oauth.userInfoRequest(as, client, session.tokens.access_token, insecure)
      return oauth.processUserInfoResponse(as, client, session.claims.sub, info)
    },
    async logout (session, to, state) {
      const url = new URL((await server()).end_session_endpoint)
      url.search = new URLSearchParams({ id_token_hint: session.tokens.id_token, post_logout_redirect_uri: to, state })
      return url.href
    }
  }
}
