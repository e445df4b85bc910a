// Looks at every specimen that the tests of the pages have written, with SALLYPORT_PAGES=FOLDER.
//
//   node specimens.mjs --pages FOLDER [--only PART] [--shots FOLDER]
//
// Serves the folder under our content policy and holds each page against the same as a journey does.
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { launch } from './chromium.mjs'
import { Journey, WIDTHS, axe, run } from './journey.mjs'

const { values: opt } = parseArgs({
  options: { pages: { type: 'string' }, only: { type: 'string', default: '' }, shots: { type: 'string' } }
})
const POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'"
const KINDS = { '.html': 'text/html; charset=utf-8', '.css': 'text/css', '.js': 'text/javascript', '.svg': 'image/svg+xml' }

const axeURL = '/axe.min.js'
const server = http.createServer((req, res) => {
  if (req.url === axeURL) return res.writeHead(200, { 'content-type': 'text/javascript', 'cache-control': 'max-age=3600, immutable' }).end(axe)
  const file = path.join(opt.pages, path.normalize(new URL(req.url, 'http://x').pathname))
  const kind = KINDS[path.extname(file)]
  if (!kind || !fs.existsSync(file)) return res.writeHead(404).end()
  res.writeHead(200, { 'content-type': kind, 'content-security-policy': POLICY, 'permissions-policy': 'publickey-credentials-get=()' })
  // A page that moves on by itself, or comes back, is looked at before it does.
  res.end(kind.startsWith('text/html') ? fs.readFileSync(file, 'utf8').replace(/<meta http-equiv="refresh"[^>]*>|<script[^>]*post\.[^>]*><\/script>| data-reloads="[0-9]+"/g, '') : fs.readFileSync(file))
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const base = `http://127.0.0.1:${server.address().port}`

const browser = await launch()
let problems = 0
let looked = 0
for (const set of fs.readdirSync(opt.pages).filter((s) => s !== 'assets').sort()) {
  const names = fs.readdirSync(path.join(opt.pages, set)).filter((f) => f.endsWith('.en.html') && `${set}/${f}`.includes(opt.only)).sort()
  if (!names.length) continue
  problems += await run(new Journey(browser, { name: set, base, shots: opt.shots, axeURL }), async (j) => {
    const person = await j.person()
    for (const file of names) {
      await person.goto(`/${set}/${file}`)
      await person.look(file.replace('.en.html', ''))
      looked++
      await opened(person, file.replace('.en.html', ''))
    }
  })
}

// opened looks at what a page shows only when it is asked to: its first question, and in the gallery the menus.
async function opened (person, name) {
  const { page } = person
  const show = async (what, selector, widths) => {
    if (!await page.locator(selector).count()) return
    if (widths) await page.setViewportSize({ width: Number(Object.keys(widths)[0]), height: WIDTHS[360] })
    await page.locator(selector).first().click()
    await person.look(`${name}-${what}`, widths)
    await page.reload()
  }
  await show('question', 'a[data-opens]')
  if (!['gallery-frame', 'gallery-list'].includes(name)) return
  await show('menu', '.dots summary')
  await show('person', '.person summary', { 1280: WIDTHS[1280] })
  await show('navigation', '[popovertarget]', { 360: WIDTHS[360] })
}

await browser.close()
server.close()
console.log(`${looked} pages looked at, ${problems} problems`)
process.exit(problems || !looked ? 1 : 0)
