// What a browser journey needs: people with a browser of their own, a look at every page, and security keys.
//
//   node journey.mjs NAME --base URL [--data JSON] [--shots FOLDER]
//
// runs journeys/NAME.mjs, which exports a function of a Journey. Every page that it looks at is held against axe, in light
// and dark, narrow and wide; any violation, any text wider than the page and any message of the browser about our content
// policy fails the journey. With --shots, each look leaves its pictures in FOLDER/NAME.
import fs from 'node:fs'
import path from 'node:path'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { launch } from './chromium.mjs'
import { PATIENCE } from './patience.mjs'

export const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const AXE = {
  light: { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'] },
  // The dark has other colours, and nothing else.
  dark: { runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] }, resultTypes: ['violations'] }
}

export const WIDTHS = { 360: 740, 1280: 800 }
const SCHEMES = ['light', 'dark']

export class Journey {
  // An axeURL is where the pages' own server has axe, which a browser reads faster from there.
  constructor (browser, { name, base, data = {}, shots, axeURL }) {
    Object.assign(this, { browser, name, base, data, shots, axeURL, people: [], problems: [], looks: new Set(), arrived: new Map() })
  }

  // person returns somebody with a new browser, without cookies.
  async person (options = {}) {
    const context = await this.browser.newContext({
      viewport: { width: 1280, height: WIDTHS[1280] }, locale: 'en', reducedMotion: 'reduce', baseURL: this.base, ...options
    })
    context.setDefaultTimeout(PATIENCE)
    const page = await context.newPage()
    const person = new Person(this, context, page)
    this.people.push(person)
    return person
  }

  // mail returns the next mail to an address: {subject, text, links}; sms the next one to a number: {text}.
  mail (to) { return this.#arrived('mail', to) }
  sms (to) { return this.#arrived('sms', to) }

  async #arrived (kind, to) {
    const seen = `${kind} ${to}`
    const n = this.arrived.get(seen) ?? 0
    this.arrived.set(seen, n + 1)
    const res = await fetch(`${this.data.post}/${kind}?${new URLSearchParams({ to, n })}`)
    if (!res.ok) throw new Error(`${kind} number ${n + 1} to ${to}: ${await res.text()}`)
    return res.json()
  }

  fail (text) {
    this.problems.push(text)
    console.error(text)
  }
}

// A Person is one browser. Use page for what playwright can do; look at every page that is new.
export class Person {
  constructor (journey, context, page) {
    Object.assign(this, { journey, context, page })
    page.on('console', (m) => {
      if (/Content Security Policy|was preloaded/.test(m.text())) journey.fail(`${page.url()}: ${m.text()}`)
    })
    page.on('pageerror', (e) => journey.fail(`${page.url()}: ${e.message}`))
  }

  async goto (where) { await this.page.goto(where); return this }

  // type fills the field with this label, and press the button or link with this name.
  async type (label, text) { await this.page.getByLabel(label, { exact: true }).fill(text); return this }
  // A button may need the page's scripts, so they are there first.
  async press (name) {
    await this.page.waitForLoadState('load')
    const named = { name, exact: true }
    await this.page.getByRole('button', named).or(this.page.getByRole('link', named)).first().click()
    return this
  }

  // sees waits for a text, and reads it.
  async sees (text) { await this.page.getByText(text).first().waitFor(); return this }

  // signOut goes to the account, opens the menu of the person, and signs out.
  async signOut () {
    await this.goto('/account')
    await this.page.locator('details.person > summary').click()
    await this.press('Sign out')
    return this.at('/signed-out')
  }

  // proves has somebody who has a password alone say it anew, before what wants that within ten minutes of the last time:
  // looks take long.
  async proves (password) {
    await this.goto('/login/confirm?back=/account')
    await this.type('Password', password)
    await this.press('Confirm')
    return this.at('/account')
  }

  async at (where) { await this.page.waitForURL((u) => u.pathname === where); return this }

  // look holds the page as it is now against axe and takes its pictures, narrow and wide, or as wide as told.
  async look (name, widths = WIDTHS) {
    const { journey, page } = this
    if (journey.looks.has(name)) throw new Error(`two looks are called ${name}`)
    journey.looks.add(name)
    await page.waitForLoadState('load')
    await page.evaluate(() => { // a page that looks again by itself stands still meanwhile
      for (let id = setTimeout(() => {}); id > 0; id--) clearTimeout(id)
    })
    for (const [width, height] of Object.entries(widths)) {
      await page.setViewportSize({ width: Number(width), height })
      for (const colorScheme of SCHEMES) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
        for (const problem of await this.#judge(colorScheme)) journey.fail(`${name} at ${width} px, ${colorScheme}: ${problem}`)
        if (!journey.shots) continue
        const folder = path.join(journey.shots, journey.name)
        fs.mkdirSync(folder, { recursive: true })
        const shot = path.join(folder, `${String(journey.looks.size).padStart(2, '0')}-${name}.${width}.${colorScheme}.png`)
        await page.screenshot({ path: shot, fullPage: true })
      }
    }
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
    await page.setViewportSize({ width: 1280, height: WIDTHS[1280] })
    return this
  }

  async #judge (colorScheme) {
    const { page, journey: { axeURL } } = this
    if (!await page.evaluate(() => 'axe' in globalThis)) await (axeURL ? page.addScriptTag({ url: axeURL }) : page.evaluate(axe))
    const { violations } = await page.evaluate((options) => globalThis.axe.run(document, options), AXE[colorScheme])
    const problems = violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.failureSummary.replace(/\s+/g, ' ')} ${n.html.slice(0, 200)}`))
    const wide = await page.evaluate(() => {
      const room = document.documentElement.clientWidth
      return document.documentElement.scrollWidth > room
        ? [...document.body.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > room + 1).slice(0, 3).map((e) => e.outerHTML.slice(0, 120))
        : []
    })
    return problems.concat(wide.map((e) => `is wider than the page: ${e}`))
  }

  // securityKey plugs in an authenticator that consents by itself. A passkey keeps its credentials and knows its owner.
  securityKey (options = {}) { return Authenticator.add(this, { transport: 'usb', hasResidentKey: false, hasUserVerification: false, ...options }) }
  passkey (options = {}) {
    return Authenticator.add(this, { transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, ...options })
  }
}

// An Authenticator is a virtual one, by the browser's own protocol.
class Authenticator {
  constructor (client, id) { Object.assign(this, { client, id }) }

  static async add (person, options) {
    if (!person.cdp) {
      person.cdp = await person.context.newCDPSession(person.page)
      await person.cdp.send('WebAuthn.enable', { enableUI: false })
    }
    const { authenticatorId } = await person.cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: { protocol: 'ctap2', ctap2Version: 'ctap2_1', automaticPresenceSimulation: true, ...options }
    })
    return new Authenticator(person.cdp, authenticatorId)
  }

  async credentials () { return (await this.client.send('WebAuthn.getCredentials', { authenticatorId: this.id })).credentials }
  async forget (credentialId) { await this.client.send('WebAuthn.removeCredential', { authenticatorId: this.id, credentialId }) }
  // verified says whether the owner passes the authenticator's own check from now on, as with a finger that it does not know.
  async verified (isUserVerified) { await this.client.send('WebAuthn.setUserVerified', { authenticatorId: this.id, isUserVerified }) }
  async unplug () { await this.client.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: this.id }) }
}

// run runs a journey to its end and returns how many problems it found.
export async function run (journey, steps) {
  try {
    await steps(journey)
  } catch (e) {
    journey.fail(e.stack)
    for (const [i, { page }] of journey.people.entries()) {
      console.error(`person ${i + 1} is at ${page.url()}:`, (await page.locator('body').innerText().catch(() => '')).slice(0, 1500))
      if (journey.shots) await page.screenshot({ path: path.join(journey.shots, `${journey.name}-failed-${i + 1}.png`), fullPage: true }).catch(() => {})
    }
  }
  return journey.problems.length
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values: opt, positionals: [name] } = parseArgs({
    allowPositionals: true,
    options: { base: { type: 'string' }, data: { type: 'string', default: '{}' }, shots: { type: 'string' } }
  })
  const file = path.join(path.dirname(fileURLToPath(import.meta.url)), 'journeys', `${name}.mjs`)
  const { default: steps } = await import(pathToFileURL(file))
  const browser = await launch()
  const problems = await run(new Journey(browser, { name, base: opt.base, data: JSON.parse(opt.data), shots: opt.shots }), steps)
  await browser.close()
  process.exit(problems ? 1 : 0)
}
