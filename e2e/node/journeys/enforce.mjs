// An owner makes single sign-on the only way in, and nobody is locked out for good.

// password signs in by a password: with the name of a user, of which it is not known yet where it leads.
async function password (person, name, word) {
  await person.goto('/login')
  await person.type('E-mail or username', name)
  await person.press('Use a password instead')
  await person.type('Password', word)
  await person.press('Sign in')
}

// login signs in at the identity provider.
async function login (page, uid) {
  const word = page.locator('input[type=password]:visible')
  await word.waitFor()
  await page.locator('input[name=username]').fill(uid)
  await word.fill(`${uid}pass`)
  await word.press('Enter')
}

// choose marks a choice of the form about who must use single sign-on, and saves it.
async function choose (person, degree, sessions) {
  await person.goto('/console/enforcement')
  await person.page.getByRole('radio', { name: degree }).check()
  await person.page.getByRole('radio', { name: sessions }).check()
  await person.press('Save')
}

export default async function (j) {
  const olga = await j.person()
  await password(olga, 'olga', j.data.password)
  await olga.at('/account')

  // The gate says what is missing, and holds.
  await olga.goto('/console/sso')
  await olga.press('Who must use single sign-on')
  await olga.at('/console/enforcement')
  await olga.sees('Use a way that stays open once')
  await olga.look('early')
  await choose(olga, 'the only way for everybody', 'end now')
  await olga.sees('Not every step of the list is done yet.')
  await olga.look('not-ready')

  // Two people try the connection, each in a browser of their own.
  await olga.goto('/console/sso/acme-idp/test')
  await olga.press('Make a test link')
  const link = (await olga.page.locator('#made').textContent()).trim()
  for (const uid of ['alice', 'bob']) {
    const guest = await j.person()
    await guest.goto(link)
    await guest.press('Begin')
    await login(guest.page, uid)
    await guest.sees('The sign-in works')
  }

  // Codes are made, and one is tried.
  await olga.goto('/console/enforcement')
  await olga.press('Make new codes')
  await olga.at('/console/enforcement/codes')
  await olga.look('codes-ask')
  await olga.press('Make new codes')
  await olga.sees('These codes are shown now and never again.')
  await olga.look('codes')
  const codes = await olga.page.locator('ol.recovery code').allTextContents()
  const file = olga.page.waitForEvent('download')
  await olga.press('Download as a text file')
  const stream = await (await file).createReadStream()
  let text = ''
  for await (const part of stream) text += part
  if (codes.length !== 10 || !text.includes('/login/break-glass') || !codes.every((c) => text.includes(c))) j.fail(`the file says ${text}`)
  await olga.press('I have kept them')
  await olga.sees('10 codes')

  const glass = await j.person()
  await glass.goto('/login/break-glass')
  await glass.look('break-glass')
  await glass.type('E-mail or username', 'olga@acme.test')
  await glass.type('Break-glass code', 'ABCD')
  await glass.press('Sign in')
  await glass.sees('This code does not fit this address')
  await glass.look('break-glass-problem')
  await glass.type('Break-glass code', codes[0])
  await glass.press('Sign in')
  await glass.at('/account')
  const { subject } = await j.mail('olga@acme.test')
  if (!subject.includes('break-glass code of Acme Ltd was used')) j.fail(`Olga was told: ${subject}`)

  // The gate is open. Whoever is in by a password is signed out; who is in by a code stays.
  const paul = await j.person()
  await password(paul, 'paul', j.data.password)
  await paul.at('/account')
  await choose(glass, 'the only way for everybody', 'end now')
  await glass.sees('Saved. It holds from now on.')
  await glass.sees('Single sign-on is the only way in')
  await glass.look('required')
  for (const person of [olga, paul]) {
    await person.goto('/account')
    await person.at('/login')
  }

  // Paul reads why, and what to do; by his address he would be led to the identity provider.
  await password(paul, 'paul', j.data.password)
  await paul.sees('Your organization demands that you sign in through your company, not with a password.')
  await paul.look('locked-out')
  await paul.press('Owner? Use a break-glass code')
  await paul.at('/login/break-glass')
  await paul.type('E-mail or username', 'paul@acme.test')
  await paul.type('Break-glass code', codes[1])
  await paul.press('Sign in')
  await paul.sees('This code does not fit this address')

  // A pause lets passwords in, and its end stops them.
  await glass.goto('/console/enforcement')
  await glass.type('Why', 'no')
  await glass.press('Pause enforcement')
  await glass.sees('Say why, in at least 10 characters.')
  await glass.look('pause-problem')
  await glass.type('Why', 'The identity provider does not answer.')
  await glass.press('Pause enforcement')
  await glass.sees('Everybody can use a password until the pause ends.')
  await glass.sees('Olga Owner')
  await glass.look('paused')
  const paused = await j.person()
  await password(paused, 'paul', j.data.password)
  await paused.at('/account')
  await glass.goto('/console/enforcement')
  await glass.press('End the pause now')
  await glass.sees('The pause is over.')
  await paused.goto('/account')
  await paused.at('/login')
  await password(paused, 'paul', j.data.password)
  await paused.sees('Your organization demands that you sign in through your company, not with a password.')

  // Who comes through the identity provider is in.
  const alice = await j.person()
  await alice.goto('/login')
  await alice.type('E-mail or username', 'alice@acme.test')
  await alice.press('Continue')
  await login(alice.page, 'alice')
  await alice.at('/account')

  // It is all in the audit list.
  await glass.goto('/console/audit')
  await glass.sees('Came in by a break-glass code')
  await glass.sees('Paused enforcement')
}
