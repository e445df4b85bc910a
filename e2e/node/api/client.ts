// What a program does with the management API, by a client that is generated from its document. The types are those of the
// document: where it says something else than the server does, this does not compile, or does not run.
import createClient from 'openapi-fetch'
import type { components, paths } from './schema.js'

declare const process: { argv: string[] }
const [base, key] = process.argv.slice(2) as [string, string]
const api = createClient<paths>({ baseUrl: base, headers: { Authorization: `Bearer ${key}` } })

function must<T>(answer: { data?: T; error?: unknown; response: Response }): T {
  if (answer.error !== undefined || answer.data === undefined) {
    throw new Error(`${answer.response.url}: ${answer.response.status} ${JSON.stringify(answer.error)}`)
  }
  return answer.data
}

function equal<T>(what: string, got: T, want: T) {
  if (got !== want) throw new Error(`${what}: got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`)
}

const acme = { params: { path: { organization: 'acme' } } }
const once = { header: { 'Idempotency-Key': 'make acme' } }
const made = await api.POST('/api/v1/organizations', { params: once, body: { key: 'acme', name: 'Acme Ltd' } })
equal('the organization', must(made).key, 'acme')
const again = await api.POST('/api/v1/organizations', { params: once, body: { key: 'acme', name: 'Acme Ltd' } })
equal('the same request', again.response.headers.get('Idempotency-Replayed'), 'true')
equal('its answer', must(again).id, must(made).id)

must(await api.PUT('/api/v1/organizations/{organization}/entitlements/{entitlement}', { params: { path: { organization: 'acme', entitlement: 'sso' } }, body: {} }))
const domain = must(await api.POST('/api/v1/organizations/{organization}/domains', { ...acme, body: { name: 'acme.example' } }))
equal('the domain', domain.state, 'in_review')

for (const name of ['ann', 'bob', 'cleo']) {
  must(await api.POST('/api/v1/organizations/{organization}/users', { ...acme, body: { email: `${name}@acme.example`, role: 'member' } }))
}
const users: components['schemas']['User'][] = []
for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
  const query = cursor === undefined ? { limit: 2 } : { limit: 2, cursor }
  const page = must(await api.GET('/api/v1/organizations/{organization}/users', { params: { path: { organization: 'acme' }, query } }))
  users.push(...page.items)
  cursor = page.next
}
equal('users', users.map((u) => u.email).join(' '), 'ann@acme.example bob@acme.example cleo@acme.example')

const user = { organization: 'acme', user: users[0]!.id }
const read = await api.GET('/api/v1/organizations/{organization}/users/{user}', { params: { path: user } })
const version = { 'If-Match': read.response.headers.get('ETag')! }
must(await api.PATCH('/api/v1/organizations/{organization}/users/{user}', { params: { path: user, header: version }, body: { first_name: 'Ann' } }))
const late = await api.PATCH('/api/v1/organizations/{organization}/users/{user}', { params: { path: user, header: version }, body: { first_name: 'Eve' } })
equal('a change to an old version', late.error?.code, 'api_version_stale')

const narrow = must(await api.POST('/api/v1/organizations/{organization}/keys', { ...acme, body: { name: 'reader', scopes: ['users:read'] } }))
const reader = createClient<paths>({ baseUrl: base, headers: { Authorization: `Bearer ${narrow.secret}` } })
must(await reader.GET('/api/v1/organizations/{organization}/users', acme))
const denied = await reader.GET('/api/v1/organizations', {})
equal('a scope that is missing', denied.error?.code, 'scope_missing')
equal('the status of it', denied.response.status, 403)

const events = must(await api.GET('/api/v1/organizations/{organization}/events', { params: { path: { organization: 'acme' }, query: { action: 'user.created' } } }))
equal('who has made them', events.items[0]?.actor_name, 'e2e')
console.log('done')
