// The way of a domain, in the console and by a setup link; and what an organization sees that has no single sign-on.

// standsStill holds a page that is asked for anew by itself, each 20 seconds, to leave alone whoever waits for an answer or is
// being asked a question.
async function standsStill (page) {
  await page.clock.install()
  await page.goto('/console/domains/acme.test')
  let anew = 0
  page.on('request', (r) => { if (r.isNavigationRequest() && r.method() === 'GET') anew++ })
  const later = async () => {
    await page.clock.fastForward(25_000)
    await page.title().catch(() => {}) // it may be gone by now
  }
  await page.getByRole('link', { name: 'Remove the domain' }).click()
  await page.getByRole('dialog').waitFor()
  await later()
  if (anew || !await page.getByRole('dialog').isVisible()) throw new Error('an open question is taken away')
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  const form = page.locator('form[action$="/check"]')
  await form.evaluate((f) => f.setAttribute('aria-busy', 'true')) // as it says of itself until its answer is there
  await later()
  if (anew) throw new Error('a page is asked for anew while the answer to a form is on its way')
  await form.evaluate((f) => f.removeAttribute('aria-busy'))
  const loaded = page.waitForEvent('load')
  await page.clock.fastForward(25_000)
  await loaded
}

export default async function (j) {
  const signIn = async (name) => {
    const person = await j.person({ permissions: ['clipboard-read', 'clipboard-write'] })
    await person.goto('/login')
    await person.type('E-mail or username', name)
    await person.press('Continue')
    await person.type('Password', j.data.password)
    await person.press('Sign in')
    await person.at('/account')
    return person
  }
  // zone changes what the DNS holds at a name.
  const zone = async (what, name, ...values) => {
    const query = new URLSearchParams({ what, name })
    for (const value of values) query.append('value', value)
    const res = await fetch(`${j.data.dns}/?${query}`)
    if (!res.ok) throw new Error(`changing the zone: ${res.status}`)
  }
  const record = (person, form = 'value') => person.page.locator(`#record-${form}`).textContent()

  const alice = await signIn('alice@acme.test')
  await alice.goto('/console/domains')
  await alice.sees('No domain is connected')
  await alice.look('none')
  await alice.press('Connect a domain')
  await alice.type('Domain', 'gmail.com')
  await alice.press('Connect')
  await alice.sees('This domain belongs to a public e-mail service')
  await alice.look('new-problem')
  await alice.type('Domain', ' Acme.Test ')
  await alice.press('Connect')
  await alice.at('/console/domains/acme.test')
  await alice.sees('In review')
  if (await record(alice, 'within') !== '_sallyport') throw new Error('the short name is another one')
  const value = await record(alice)
  const copy = alice.page.locator('[data-copies=record-value]')
  await copy.click()
  await copy.getByText('Copied').waitFor()
  if (await alice.page.evaluate(() => navigator.clipboard.readText()) !== value) throw new Error('the value was not copied')
  await alice.look('record')
  const still = await j.person() // she again: the clock is that of all pages of a browser
  await still.context.addCookies(await alice.context.cookies())
  await standsStill(still.page)

  // What is found instead is said as it is.
  const host = '_sallyport.acme.test'
  const says = async (text, look) => {
    await alice.press('Check DNS')
    await alice.sees(text)
    if (look) await alice.look(look)
  }
  await says('No record was found', 'found-nothing')
  await zone('txt', host, 'sallyport-verification=another')
  await says('Another value was found')
  await alice.sees('sallyport-verification=another')
  await zone('clear', host)
  await zone('txt', 'acme.test', 'v=spf1 -all', value)
  await says('The record is at another name: acme.test', 'found-elsewhere')
  await zone('clear', 'acme.test')
  await zone('txt', `${host}.acme.test`, value)
  await says('The record is at another name: _sallyport.acme.test.acme.test')
  await zone('clear', `${host}.acme.test`)
  await zone('servfail', host)
  await says('The DNS servers of the domain report an error')
  await zone('silence', host)
  await says('No answer came')

  // Truncated by UDP, and whole by TCP.
  await zone('truncated', host, 'v=spf1 -all', value)
  await says('The domain is verified')
  await alice.sees('Verified')
  await alice.look('verified')
  await alice.page.getByLabel('Single sign-on only').check()
  await alice.press('Save')
  await alice.sees('There is no active connection for the people of this domain')
  await alice.look('ways-problem')
  await alice.page.getByLabel('Password only').check()
  await alice.press('Save')
  await alice.sees('Saved')

  // Another organization claims it too, and is not told whose it is.
  const rita = await signIn('rita@rival.test')
  await rita.goto('/console/domains/new')
  await rita.type('Domain', 'acme.test')
  await rita.press('Connect')
  await rita.sees('Another organization has verified this domain')
  if ((await rita.page.locator('body').innerText()).includes('Acme')) throw new Error('the other organization is named')
  await zone('txt', host, value, await record(rita))
  await rita.press('Check DNS')
  await rita.sees('Your record is there')
  await rita.look('contested')
  const contested = await j.mail('alice@acme.test')
  if (!contested.subject.startsWith('Somebody else has proved')) throw new Error(`a mail about ${contested.subject}`)

  // A setup link, for whoever administers DNS.
  await alice.proves(j.data.password)
  await alice.goto('/console/sso/links')
  await alice.sees('There is no link')
  await alice.press('New link')
  await alice.look('link-new')
  await alice.page.getByLabel('Domains only').check()
  await alice.press('Make the link')
  await alice.sees('Write down for whom the link is')
  await alice.type('For whom', 'Dora, DNS')
  await alice.type('Send it to (optional)', 'dora@dns.test')
  await alice.press('Make the link')
  await alice.sees('The link is ready')
  const link = await alice.page.locator('#link').textContent()
  await alice.look('link-made')
  const sent = await j.mail('dora@dns.test')
  if (!sent.links.includes(link)) throw new Error(`the mail leads to ${sent.links}, and not to ${link}`)

  const dora = await j.person()
  await dora.goto(link)
  await dora.sees('Alice Archer made this link')
  await dora.look('link-open')
  await dora.press('Begin')
  await dora.at('/setup/domains')
  await dora.look('link-domains')
  for (const closed of ['/setup/sso', '/console/domains']) {
    await dora.goto(closed)
    if (await dora.page.getByRole('heading', { name: 'Connections' }).count()) throw new Error(`${closed} is open`)
  }
  await dora.goto('/setup/domains')
  await dora.press('Connect a domain')
  await dora.type('Domain', 'München.test')
  await dora.press('Connect')
  await dora.at('/setup/domains/xn--mnchen-3ya.test')
  await dora.sees('münchen.test')
  // The record is found without anybody asking.
  await zone('txt', '_sallyport.xn--mnchen-3ya.test', await record(dora))
  await dora.page.getByText('Verified', { exact: true }).first().waitFor({ timeout: 300_000 })
  const verified = await j.mail('alice@acme.test')
  if (verified.subject.replaceAll('\u2060', '') !== 'münchen.test is verified') throw new Error(`a mail about ${verified.subject}`)
  await dora.look('link-verified')

  await alice.goto('/console/sso/links')
  await alice.sees('Opened')
  await alice.look('links')
  await alice.page.getByRole('button', { name: /^Revoke/ }).first().click()
  await alice.sees('The link opens nothing any more')
  await dora.goto('/setup/domains')
  await dora.sees('This setup link has expired or was revoked')
  await dora.look('link-over')
  await alice.goto('/console/audit')
  await alice.sees('Dora, DNS')

  // Removing names what follows, and wants the name.
  await alice.goto('/console/domains/acme.test')
  await alice.press('Remove the domain')
  await alice.page.getByRole('dialog').waitFor()
  await alice.sees('1 person has an address of the domain')
  await alice.look('remove')
  await alice.page.getByRole('dialog').getByRole('textbox').fill('acme.test')
  await alice.page.getByRole('dialog').getByRole('button', { name: 'Remove the domain' }).click()
  await alice.at('/console/domains')
  await rita.press('Check DNS')
  await rita.sees('The domain is verified')

  // Without single sign-on, the plan is named, and whom to ask.
  const paul = await signIn('paul@poor.test')
  for (const [page, look] of [['/console/sso', 'plan'], ['/console/security', 'plan-security'], ['/console/domains', 'plan-domains']]) {
    await paul.goto(page)
    await paul.sees('Single sign-on is part of the plan Enterprise')
    await paul.sees('sales@vendor.test')
    await paul.look(look)
  }
  await paul.goto('/console/domains/new')
  await paul.page.getByRole('textbox').count().then((n) => { if (n) throw new Error('a domain can be claimed without the plan') })
}
