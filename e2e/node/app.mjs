// An application that signs people in through an OpenID provider, by npm's openid-client.
//
//   node app.mjs --issuer URL --client-id ID --client-secret SECRET [--host 127.0.0.1] [--port 0] [--auth basic|post|none]
//
// /        who is signed in, for people, with all claims as JSON in the element #claims
// /me      the same as JSON, or 401
// /login   signs in; a login_hint is passed on
// /logout  forgets the application's own session
// /signout forgets it and has the provider sign out: ends at /
//
// Prints "ready URL" when it answers. It ends when its standard input does.
import crypto from 'node:crypto'
import http from 'node:http'
import { parseArgs } from 'node:util'
import * as oidc from 'openid-client'

const { values: opt } = parseArgs({
  options: {
    issuer: { type: 'string' },
    'client-id': { type: 'string' },
    'client-secret': { type: 'string' },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    auth: { type: 'string', default: 'basic' }
  }
})

const authentication = {
  basic: oidc.ClientSecretBasic, post: oidc.ClientSecretPost, none: oidc.None
}[opt.auth](opt['client-secret'])

let discovered
function config () { // at the first sign-in: the provider may start after the application
  discovered ??= oidc.discovery(new URL(opt.issuer), opt['client-id'], undefined, authentication,
    { execute: [oidc.allowInsecureRequests] }).catch((e) => { discovered = undefined; throw e })
  return discovered
}

const started = new Map() // state -> {verifier, nonce}
const sessions = new Map() // cookie -> {claims, idToken}
const cookie = (req) => /(?:^|; )app=([\w-]+)/.exec(req.headers.cookie ?? '')?.[1]
const escape = (s) => String(s ?? '').replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)

function page (claims) {
  const rows = [['Name', claims.name], ['E-mail', claims.email], ['Organization', claims.org?.name], ['Role', claims.org?.role]]
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Application</title><h1>Signed in</h1>
<dl>${rows.map(([k, v]) => `<dt>${k}<dd>${escape(v)}`).join('\n')}</dl>
<pre id="claims">${escape(JSON.stringify(claims, null, 1))}</pre>`
}

async function login (url, base) {
  const verifier = oidc.randomPKCECodeVerifier()
  const state = oidc.randomState()
  const nonce = oidc.randomNonce()
  started.set(state, { verifier, nonce })
  const parameters = {
    redirect_uri: base + '/callback', scope: 'openid email profile groups', state, nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256'
  }
  for (const name of ['login_hint', 'prompt', 'organization']) {
    if (url.searchParams.has(name)) parameters[name] = url.searchParams.get(name)
  }
  return oidc.buildAuthorizationUrl(await config(), parameters).href
}

async function callback (url) {
  const state = url.searchParams.get('state')
  const begun = started.get(state)
  if (!begun) throw new Error('no sign-in was begun with this state')
  started.delete(state)
  const tokens = await oidc.authorizationCodeGrant(await config(), url,
    { pkceCodeVerifier: begun.verifier, expectedNonce: begun.nonce, expectedState: state, idTokenExpected: true })
  const claims = tokens.claims()
  const info = await oidc.fetchUserInfo(await config(), tokens.access_token, claims.sub)
  return { claims: { ...claims, ...info }, idToken: tokens.id_token }
}

const server = http.createServer(async (req, res) => {
  const base = `http://${opt.host}:${server.address().port}`
  const url = new URL(req.url, base)
  const send = (status, type, body, headers = {}) => {
    res.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store', ...headers })
    res.end(body)
  }
  const see = (to, headers) => send(303, 'text/plain', '', { location: to, ...headers })
  try {
    const session = sessions.get(cookie(req))
    const claims = session?.claims
    switch (url.pathname) {
      case '/':
        if (claims) return send(200, 'text/html', page(claims))
        return send(200, 'text/html', '<!doctype html><title>Application</title><p>Not signed in. <a href="/login">Sign in</a></p>')
      case '/me':
        return claims ? send(200, 'application/json', JSON.stringify(claims)) : send(401, 'application/json', '{}')
      case '/login':
        return see(await login(url, base))
      case '/callback': {
        const id = crypto.randomUUID()
        sessions.set(id, await callback(url))
        return see('/', { 'set-cookie': `app=${id}; Path=/; HttpOnly; SameSite=Lax` })
      }
      case '/logout':
        sessions.delete(cookie(req))
        return see('/')
      case '/signout':
        sessions.delete(cookie(req))
        return see(oidc.buildEndSessionUrl(await config(), { id_token_hint: session.idToken, post_logout_redirect_uri: base + '/' }).href)
    }
    send(404, 'text/plain', 'not here')
  } catch (e) {
    console.error(e)
    send(502, 'text/plain', `sign-in failed: ${[e.message, e.error, e.error_description, e.cause?.message].filter(Boolean).join(': ')}`)
  }
})
server.listen(Number(opt.port), opt.host, () => console.log(`ready http://${opt.host}:${server.address().port}`))
process.stdin.resume().on('end', () => process.exit(0))
