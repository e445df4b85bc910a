// A company changes to another identity provider while people sign in, changes back, and leaves single sign-on.

// login signs in at an identity provider, whichever it is. Who is signed in there is asked anew, at some after a click.
async function login (page, uid) {
  const password = page.locator('input[type=password]:visible')
  const renew = page.getByRole('button', { name: 'Renew session' })
  await password.or(renew).first().waitFor()
  if (await renew.count()) await renew.click()
  await password.waitFor()
  const user = page.locator('form:has(input[type=password])').locator('input[type=text]:visible, input:not([type]):visible')
  await user.first().fill(uid)
  await password.fill(`${uid}pass`)
  await password.press('Enter')
}

// leaves goes as far as the identity provider, which has to be at this origin.
async function leaves (j, uid, origin) {
  const person = await j.person()
  await person.goto('/login')
  await person.type('E-mail or username', `${uid}@acme.test`)
  await person.press('Continue')
  await person.page.waitForURL((u) => u.origin === origin)
  return person
}

async function signsIn (j, uid, origin) {
  const person = await leaves(j, uid, origin)
  await login(person.page, uid)
  await person.at('/account')
  return person
}

// confirms opens a question and answers it.
async function confirms (person, link, button, typed) {
  await person.press(link)
  const dialog = person.page.getByRole('dialog')
  await dialog.waitFor()
  if (typed) await dialog.getByRole('textbox').fill(typed)
  await dialog.getByRole('button', { name: button }).click()
}

export default async function (j) {
  const { old, fresh } = j.data
  const olga = await j.person()
  await olga.goto('/login')
  await olga.type('E-mail or username', 'olga@owner.test')
  await olga.press('Continue')
  await olga.type('Password', j.data.password)
  await olga.press('Sign in')
  await olga.at('/account')
  await signsIn(j, 'alice', old)

  // The settings of the new one are prepared beside those that are live.
  await olga.goto('/console/sso/acme-idp/configure')
  await olga.press('Prepared')
  await olga.at('/console/sso/acme-idp/swap')
  await olga.look('nothing-prepared')
  await olga.press('Prepare a second configuration')
  await olga.sees('These settings are prepared')
  await olga.page.locator('textarea[name=metadata]').fill(j.data.metadata)
  await olga.press('Read the metadata')
  await olga.sees('The metadata are saved')
  await olga.look('prepared')
  await olga.goto('/console/sso/acme-idp/swap')
  await olga.sees('This is another identity provider')
  await olga.sees('Not yet')
  await olga.look('untested')

  // They are tried, and meanwhile people sign in by the old one.
  await olga.goto('/console/sso/acme-idp/test?of=prepared')
  const opened = olga.context.waitForEvent('page')
  await olga.press('Test the sign-in (opens another window)')
  const other = await opened
  await login(other, 'alice')
  await other.getByText('The sign-in works').first().waitFor()
  await other.close()
  await olga.sees('The sign-in works')
  await olga.look('tested')
  await signsIn(j, 'bob', old)

  // Bob is on the way when they are swapped: he comes back as he left. Then everybody is sent to the new one, and known there.
  const late = await leaves(j, 'bob', old)
  await olga.goto('/console/sso/acme-idp/swap')
  await olga.look('ready')
  await confirms(olga, 'Swap now', 'Swap now')
  await olga.sees('The prepared settings are live.')
  await olga.look('swapped')
  await login(late.page, 'bob')
  await late.at('/account')
  await signsIn(j, 'alice', fresh)

  // One click back, and everybody is where they were.
  await confirms(olga, 'Swap back', 'Swap back')
  await olga.sees('The former settings are live again.')
  await signsIn(j, 'alice', old)

  // What would become of whom is seen before anything is demanded.
  await olga.goto('/console/enforcement')
  await olga.press('What would become of whom')
  await olga.sees('come in as known')
  await olga.look('foreseen')

  // Who has no other way in is written to, and then it is off.
  await olga.proves(j.data.password)
  await olga.goto('/console/enforcement')
  await olga.press('Turn single sign-on off')
  await olga.sees('alice@acme.test')
  await olga.look('stranded')
  await confirms(olga, 'Reset 2 accounts', 'Reset and send')
  const { links } = await j.mail('alice@acme.test')
  await j.mail('bob@acme.test')
  await olga.goto('/console/enforcement/off')
  await olga.sees('2 accounts were reset')
  await confirms(olga, 'Turn off', 'Turn off', 'Acme Ltd')
  await olga.sees('Single sign-on is off')
  await olga.look('off')
  const alice = await j.person()
  await alice.goto(links[0])
  await alice.page.locator('input[name=new]').fill('violet-teapot-seldom-73')
  await alice.page.locator('form button[type=submit], form button:not([type])').first().click()
  await alice.page.waitForURL((u) => !u.pathname.startsWith('/login/register/'))
}
