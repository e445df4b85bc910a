import { Auth, skipCSRFCheck } from '@auth/core'
import { decodeJwt } from 'jose'

/** authJS is an application's sign-in by npm's @auth/core, as a framework's adapter calls it. */
export function authJS ({ issuer, clientId, clientSecret, base }) {
  let account // of the sign-in that has just been finished
  const config = {
    basePath: '/auth', secret: 'a secret of the application, for its cookies', trustHost: true, skipCSRFCheck, logger: { error (e) { console.error('auth-core', e, e.cause) } },
    providers: [{
      id: 'sallyport', name: 'Sallyport', type: 'oidc', issuer, clientId, clientSecret, checks: ['pkce', 'state', 'nonce'],
      authorization: { params: { scope: 'openid email profile groups offline_access' } }
    }],
    events: { signIn (message) { account = message.account } }
  }
  let discovered
  const server = () => (discovered ??= fetch(issuer + '/.well-known/openid-configuration').then((r) => r.json()))
  const ask = (path, req, init = {}) => Auth(new Request(base + path, { ...init, headers: { cookie: req.headers.cookie ?? '', ...init.headers } }), config)
  return {
    callbackPath: '/auth/callback/sallyport',
    async begin (req) {
      const response = await ask('/auth/signin/sallyport', req, {
        method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams({ callbackUrl: base + '/' })
      })
      return { to: response.headers.get('location'), cookies: response.headers.getSetCookie() }
    },
    async finish (req, url) {
      account = undefined
      const response = await ask(url.pathname + url.search, req)
      if (!account) throw new Error('not signed in: ' + response.headers.get('location'))
      return { claims: decodeJwt(account.id_token), tokens: account, cookies: response.headers.getSetCookie() }
    },
    // Auth.js leaves the rest to the application; this is how its guides do it.
    async refresh (session) {
      const response = await fetch((await server()).token_endpoint, {
        method: 'POST',
        body: new URLSearchParams({ client_id: clientId, client_secret: clientSecret, grant_type: 'refresh_token', refresh_token: session.tokens.refresh_token })
      })
      if (!response.ok) throw new Error(await response.text())
      session.tokens = { ...session.tokens, ...await response.json() }
      return (await fetch((await server()).userinfo_endpoint, { headers: { authorization: 'Bearer ' + session.tokens.access_token } })).json()
    },
    async logout (session, to, state) {
      const url = new URL((await server()).end_session_endpoint)
      url.search = new URLSearchParams({ id_token_hint: session.tokens.id_token, post_logout_redirect_uri: to, state })
      return url.href
    }
  }
}
