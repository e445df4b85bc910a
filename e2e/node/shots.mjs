// Pictures of our pages, narrow and wide, light and dark, from a running demo.
//
//   node shots.mjs --app URL --email ADDRESS --out FOLDER
//
// Goes the way of the demo once for each width and colour scheme, and writes FOLDER/NAME-WIDTH-SCHEME.png.
import fs from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { launch } from './chromium.mjs'

const { values: opt } = parseArgs({ options: { app: { type: 'string' }, email: { type: 'string' }, out: { type: 'string' } } })
fs.mkdirSync(opt.out, { recursive: true })
const browser = await launch()
let pictures = 0

for (const width of [360, 1280]) {
  for (const colorScheme of ['light', 'dark']) {
    const context = await browser.newContext({ viewport: { width, height: width === 360 ? 740 : 800 }, colorScheme, locale: 'en' })
    const page = await context.newPage()
    page.setDefaultTimeout(20_000)
    const shot = async (name) => {
      await page.waitForLoadState('load')
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth)
      if (overflow) console.log(`${name} is wider than ${width} px`)
      await page.screenshot({ path: path.join(opt.out, `${name}-${width}-${colorScheme}.png`), fullPage: true })
      pictures++
    }
    await page.goto(opt.app)
    await shot('app')
    await page.getByRole('link', { name: 'Sign in' }).click()
    const email = page.locator('input[name=email]')
    await email.waitFor()
    const base = new URL(page.url()).origin
    await shot('sign-in')

    await email.fill('nobody@')
    await email.press('Enter')
    await page.locator('[role=alert]').waitFor()
    await shot('sign-in-problem')

    await email.fill(opt.email)
    await page.locator('button[value=password]').click()
    await page.locator('input[type=password]').waitFor()
    await shot('password')
    await page.locator('input[type=password]').fill('not the password')
    await page.locator('input[type=password]').press('Enter')
    await page.locator('[role=alert]').waitFor()
    await shot('password-problem')

    await page.goto(opt.app)
    await page.getByRole('link', { name: 'Sign in' }).click()
    await email.fill(opt.email)
    await email.press('Enter')
    await page.waitForURL((u) => u.origin !== base)
    await shot('identity-provider')
    await page.locator('button').first().click()
    await page.waitForURL((u) => u.href.startsWith(opt.app))
    await shot('app-signed-in')

    await page.goto(base + '/account')
    await shot('account')
    await page.locator('form[action="/logout"] button').click()
    await shot('signed-out')

    await page.goto(base + '/saml/none/acs')
    await shot('failure')
    await context.close()
  }
}
await browser.close()
console.log(`${pictures} pictures in ${opt.out}`)
