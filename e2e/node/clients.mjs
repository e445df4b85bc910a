// Three applications in one process, each on an OpenID Connect client that others wrote: npm's openid-client,
// oauth4webapi and @auth/core (what next-auth is made of).
//
//   node clients.mjs --issuer URL --client-secret SECRET --host 127.0.0.1
//
// Prints "NAME URL" for each, and "ready". An application has these pages:
//   /           who is signed in, as JSON in the element #claims; or "Not signed in"
//   /login      signs in
//   /refresh    has its tokens renewed and asks userinfo: "refreshed ADDRESS"
//   /logout     forgets its session and has the provider sign out: ends at /bye
//   /bye        "bye STATE"
//   /backchannel is told by the provider that a session is over
// It ends when its standard input does.
import http from 'node:http'
import { parseArgs } from 'node:util'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { authJS } from './clients/authjs.mjs'
import { openidClient } from './clients/openid-client.mjs'
import { oauth4webapi } from './clients/oauth4webapi.mjs'

const { values: opt } = parseArgs({
  options: {
    issuer: { type: 'string' },
    'client-secret': { type: 'string' },
    host: { type: 'string', default: '127.0.0.1' }
  }
})
const escape = (s) => String(s ?? '').replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
const LOGOUT = 'http://schemas.openid.net/event/backchannel-logout'

/** logoutToken verifies what the back channel brings, by npm's jose, as the clients have nothing for it. */
async function logoutToken (token, clientId) {
  const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(opt.issuer + '/oauth2/jwks')), {
    issuer: opt.issuer, audience: clientId, typ: 'logout+jwt', maxTokenAge: '2 minutes', requiredClaims: ['jti', 'exp', 'sid', 'sub']
  })
  if (!payload.events?.[LOGOUT] || 'nonce' in payload) throw new Error('this is no logout token')
  return payload
}

function body (req) {
  return new Promise((resolve, reject) => {
    const parts = []
    req.on('data', (p) => parts.push(p)).on('end', () => resolve(Buffer.concat(parts))).on('error', reject)
  })
}

/** serve runs one application, on what a client can do for it. */
async function serve (name, make) {
  const sessions = new Map() // cookie -> what the client keeps of a sign-in
  const server = http.createServer(async (req, res) => {
    const url = new URL(req.url, base)
    const cookie = /(?:^|; )app=([\w-]+)/.exec(req.headers.cookie ?? '')?.[1]
    const send = (status, text, headers = {}) => {
      res.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', ...headers })
      res.end(text)
    }
    const see = (to, cookies = []) => send(303, '', { location: to, 'set-cookie': cookies })
    try {
      const session = sessions.get(cookie)
      switch (url.pathname) {
        case '/':
          return send(200, session ? `<pre id="claims">${escape(JSON.stringify(session.claims))}</pre>` : 'Not signed in')
        case '/login': {
          const { to, cookies } = await client.begin(req)
          return see(to, cookies)
        }
        case client.callbackPath: {
          const done = await client.finish(req, url)
          const id = crypto.randomUUID()
          sessions.set(id, done)
          return see('/', [`app=${id}; Path=/; HttpOnly; SameSite=Lax`, ...done.cookies ?? []])
        }
        case '/refresh':
          return send(200, 'refreshed ' + (await client.refresh(session)).email)
        case '/logout':
          sessions.delete(cookie)
          return see(await client.logout(session, base + '/bye', 'state of ' + name))
        case '/bye':
          return send(200, `bye ${escape(url.searchParams.get('state'))}`)
        case '/backchannel': {
          const told = await logoutToken(new URLSearchParams(String(await body(req))).get('logout_token'), name)
          for (const [id, s] of sessions) if (s.claims.sid === told.sid && s.claims.sub === told.sub) sessions.delete(id)
          return send(200, '')
        }
      }
      send(404, 'not here')
    } catch (e) {
      console.error(name, e)
      send(url.pathname === '/backchannel' ? 400 : 502, escape([name, e.message, e.error, e.error_description, e.cause?.message].filter(Boolean).join(': ')))
    }
  })
  await new Promise((resolve) => server.listen(0, opt.host, resolve))
  const base = `http://${opt.host}:${server.address().port}`
  const client = make({ issuer: opt.issuer, clientId: name, clientSecret: opt['client-secret'], base })
  console.log(name, base)
}

await serve('openid-client', openidClient)
await serve('oauth4webapi', oauth4webapi)
await serve('auth-core', authJS)
console.log('ready')
process.stdin.resume().on('end', () => process.exit(0))
