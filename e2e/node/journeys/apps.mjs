// An operator makes an app and tries it; a program with the values of its page signs somebody in, in its own look. Then a
// program wants to know what happens, is told, and is told again. Last, somebody signs in on a command line.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import http from 'node:http'
import * as oidc from 'openid-client'
import { Webhook } from 'standardwebhooks'
import { totp } from '../totp.mjs'

// picture is a PNG of one pixel.
const picture = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')

export default async function (j) {
  const { link, email, password } = j.data
  const olga = await j.person()
  await olga.goto(link)
  await olga.type('New password', 'violet-teapot-seldom-73')
  await olga.press('Save password')
  await olga.type('Password', 'violet-teapot-seldom-73')
  await olga.press('Sign in')
  await olga.page.getByRole('link', { name: /^Authenticator app/ }).click()
  await olga.type('Code', totp(await olga.page.locator('#secret').innerText()))
  await olga.press('Add')
  await olga.press('I have kept them')
  await olga.at('/account')

  await makesAnApp(j, olga)
  const alice = await j.person()
  await signsIn(j, alice)
  await tellsOfIt(j, olga)
  await onACommandLine(j, alice)
}

async function makesAnApp (j, olga) {
  await olga.goto('/operator/apps')
  await olga.press('New app')
  await olga.type('Name', 'Portal')
  await olga.type('Key', 'portal')
  await olga.type('Redirect URIs', 'http://portal.example/callback')
  await olga.press('Create app')
  await olga.look('wrong') // plain http leads nowhere but to this machine
  await olga.type('Redirect URIs', j.data.app + '/callback')
  await olga.press('Create app')
  await olga.sees('Portal is there')
  await olga.look('made')
  const value = (id) => olga.page.locator('#' + id).innerText()
  j.secret = await value('secret')
  await olga.press('To the app')
  await olga.look('app')
  Object.assign(j, { issuer: await value('issuer'), clientId: await value('client-id') })

  await olga.press('Try it')
  await olga.press('Run it')
  await olga.sees('It works')
  await olga.sees('auth_time')
  await olga.look('tried')

  await olga.goto('/operator/apps/portal/brand')
  await olga.type('Product name (optional)', 'The Portal')
  await olga.page.setInputFiles('#logo', { name: 'x.svg', mimeType: 'image/svg+xml', buffer: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>') })
  await olga.press('Save changes')
  await olga.sees('Choose a PNG or JPEG')
  await olga.page.setInputFiles('#logo', { name: 'x.png', mimeType: 'image/png', buffer: picture })
  await olga.press('Save changes')
  await olga.sees('The app is saved.')
  assert.ok(await olga.page.locator('img.now').evaluate((e) => e.naturalWidth), 'the picture is shown')
  await olga.look('brand')
}

// signsIn runs the application by what its page says, and nothing else.
async function signsIn (j, alice) {
  const { hostname, port } = new URL(j.data.app)
  // A secret may begin with a dash, so its flag holds it.
  const app = spawn('node', ['node/app.mjs', '--issuer', j.issuer, '--client-id', j.clientId, `--client-secret=${j.secret}`, '--host', hostname, '--port', port], { stdio: ['pipe', 'pipe', 'inherit'] })
  await new Promise((resolve, reject) => {
    app.stdout.once('data', resolve)
    app.once('exit', (code) => reject(new Error(`the application ended: ${code}`)))
  })
  try {
    await alice.goto(j.data.app + '/login')
    await alice.sees('The Portal')
    assert.ok(await alice.page.locator('.brand img').evaluate((e) => e.naturalWidth), 'the logo of the app is shown')
    await alice.look('sign-in')
    await alice.type('E-mail or username', j.data.email)
    await alice.press('Continue')
    await alice.type('Password', j.data.password)
    await alice.press('Sign in')
    await alice.page.waitForURL(j.data.app + '/')
    await alice.sees('Alice Archer')
  } finally {
    app.stdin.end()
  }
}

// tellsOfIt has a receiver on this machine, which checks what comes by the library of others.
async function tellsOfIt (j, olga) {
  let receiver
  const got = []
  let came = () => {}
  const server = http.createServer(async (req, res) => {
    let body = ''
    for await (const part of req) body += part
    try {
      got.push({ id: req.headers['webhook-id'], ...receiver.verify(body, req.headers) })
      res.writeHead(204).end()
    } catch (e) {
      j.fail(`a message is not taken: ${e.message}`)
      res.writeHead(400).end()
    }
    came()
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const next = async (n) => { while (got.length < n) await new Promise((resolve) => { came = resolve }) }
  try {
    await olga.goto('/operator/webhooks')
    await olga.look('no-webhook')
    await olga.page.getByRole('link', { name: 'New webhook' }).first().click()
    await olga.type('URL', `http://127.0.0.1:${server.address().port}/in`)
    await olga.page.getByLabel('Organizations', { exact: true }).check()
    await olga.press('Create webhook')
    await olga.sees('Note the secret')
    receiver = new Webhook(await olga.page.locator('#secret').innerText())
    await olga.press('I have noted it')
    const log = olga.page.url().split('?')[0]

    await olga.goto('/operator/organizations/new')
    await olga.type('Name', 'Globex')
    await olga.type('Key', 'globex')
    await olga.press('Create organization')
    await next(1)
    assert.match(got[0].type, /^organization\./)

    await olga.goto(log)
    await olga.sees(got[0].type)
    await olga.sees('Delivered')
    await olga.look('deliveries')
    await olga.press('Replay all of it')
    // What happened before the webhook was there is sent too; this one comes again by its ID.
    for (let n = 2; !got.slice(1).some((m) => m.id === got[0].id); n++) await next(n)
  } finally {
    server.close()
  }
}

async function onACommandLine (j, alice) {
  const config = await oidc.discovery(new URL(j.issuer), 'cli', undefined, oidc.None(), { execute: [oidc.allowInsecureRequests] })
  const asked = await oidc.initiateDeviceAuthorization(config, { scope: 'openid profile' })
  const tokens = oidc.pollDeviceAuthorizationGrant(config, asked) // as often as it was told; it waits meanwhile
  await alice.goto(asked.verification_uri)
  await alice.look('device')
  await alice.type('Code', 'BCDF-GHJK')
  await alice.press('Continue')
  await alice.look('device-unknown')
  await alice.goto(asked.verification_uri_complete) // the code is typed already
  await alice.press('Continue')
  await alice.sees(asked.user_code)
  await alice.look('device-asks')
  await alice.press('Sign it in')
  await alice.sees('goes on by itself')
  assert.equal((await tokens).claims().name, 'Alice Archer')
}
