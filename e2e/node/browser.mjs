// A real browser on the same journeys as drive.py: Debian's chromium, driven by npm's playwright-core.
//
//   node browser.mjs [--email E --user U --password P] --until PREFIX [--click TEXT ...] [--then URL ...] [--json FILE] [--shot FILE] URL
//
// Types the address where a page asks for it, the user and password where the identity provider asks for them, presses
// links and buttons that --click names, in turn, and arrives at the page whose URL begins with PREFIX; then visits, in turn, the URLs of --then,
// with all that is in their frames. The JSON file then holds {url, status, body} of the last page.
import fs from 'node:fs'
import { parseArgs } from 'node:util'
import { launch } from './chromium.mjs'
import { PATIENCE } from './patience.mjs'

const { values: opt, positionals: [start] } = parseArgs({
  allowPositionals: true,
  options: {
    email: { type: 'string' },
    user: { type: 'string' },
    password: { type: 'string' },
    until: { type: 'string' },
    click: { type: 'string', multiple: true, default: [] },
    then: { type: 'string', multiple: true, default: [] },
    json: { type: 'string' },
    shot: { type: 'string' }
  }
})

const browser = await launch()
const page = await (await browser.newContext({ locale: 'en' })).newPage()
page.setDefaultTimeout(PATIENCE)
let status = 0
page.on('response', (r) => {
  const q = r.request()
  if (!q.isNavigationRequest() || q.frame() !== page.mainFrame()) return
  status = r.status()
  const data = q.url() + '&' + (q.postData() ?? '')
  const carried = ['SAMLRequest', 'SAMLResponse', 'code'].filter((k) => new RegExp(`[?&]${k}=`).test(data))
  console.log(r.status(), q.method(), q.url().slice(0, 200), carried.length ? `[${carried.join(' ')}]` : '')
})
page.on('console', (m) => { if (m.type() === 'error') console.log('console:', m.text()) })

// quiet waits until nothing more was asked for, by the page and what is in its frames, thirty times a tenth of a second: on a
// machine that does much else, half a second is no sign that a page is done.
let asked = 0
for (const moves of ['request', 'requestfinished', 'requestfailed']) page.on(moves, () => { asked++ })
const quiet = async () => {
  for (let still = 0; still < 30; still++) {
    const before = asked
    await new Promise((resolve) => setTimeout(resolve, 100))
    if (asked !== before) still = 0
  }
}

// settled waits until the page shows one of the wanted things: arrival, or a locator.
const arrived = () => page.waitForURL((u) => String(u).startsWith(opt.until) && !/[?&](code|error)=/.test(u.search))
  .then(() => 'arrived')
const shown = (name, locator) => locator.first().waitFor({ state: 'visible' }).then(() => name)

let code = 0
try {
  await page.goto(start)
  const password = page.locator('input[type=password]:visible')
  const email = page.locator('input[type=email]:visible, input[name=email]:visible').and(page.locator(':not([readonly])'))
  const filled = new Set()
  for (;;) {
    const wanted = []
    if (opt.user && !filled.has('password')) wanted.push(shown('password', password))
    if (opt.email && !filled.has('email')) wanted.push(shown('email', email))
    const named = { name: opt.click[0], exact: false }
    const next = page.getByRole('link', named).or(page.getByRole('button', named))
    wanted.push(opt.click.length ? shown('click', next) : arrived())
    for (const w of wanted) w.catch(() => {}) // the ones not met end with the page
    const found = await Promise.any(wanted)
    if (found === 'arrived') break
    if (found === 'click') {
      opt.click.shift()
      await next.first().click()
      continue
    }
    filled.add(found)
    if (found === 'email' && !(await password.count())) {
      await email.first().fill(opt.email)
      await email.first().press('Enter')
      continue
    }
    filled.add('password')
    const user = page.locator('form:has(input[type=password])')
      .locator('input[type=text]:visible, input[type=email]:visible, input:not([type]):visible')
    if (await user.count() && !(await user.first().inputValue())) await user.first().fill(opt.user)
    await password.first().fill(opt.password)
    await password.first().press('Enter')
  }
  await page.waitForLoadState('load')
  console.log('arrived at', page.url())
  for (const url of opt.then) {
    await page.goto(url, { waitUntil: 'networkidle' })
    await quiet()
    console.log('then at', page.url(), 'with', page.frames().slice(1).map((f) => f.url()).join(' '))
  }
} catch (e) {
  console.error(e.errors ? e.errors.map((x) => x.message).join('\n') : e.message)
  console.error('at', page.url(), (await page.locator('body').innerText().catch(() => '')).slice(0, 1500))
  code = 1
}
if (opt.shot) await page.screenshot({ path: opt.shot }).catch(() => {})
if (opt.json) fs.writeFileSync(opt.json, JSON.stringify({ url: page.url(), status, body: await page.content().catch(() => '') }))
await browser.close()
process.exit(code)
