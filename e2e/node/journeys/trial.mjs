// An owner tries connections before anybody signs in by them, mends what is wrong, and has somebody else try.

// login signs in at an identity provider, whichever it is. Who is signed in there is asked anew, at some after a click, and
// at some not when that was moments ago: then what comes of it stands there at once.
async function login (page, uid, result) {
  const password = page.locator('input[type=password]:visible')
  const renew = page.getByRole('button', { name: 'Renew session' })
  const back = result ? page.getByText(result).first() : password
  await password.or(renew).or(back).first().waitFor()
  if (result && await back.count()) return
  if (await renew.count()) await renew.click()
  await password.waitFor()
  const user = page.locator('form:has(input[type=password])').locator('input[type=text]:visible, input:not([type]):visible')
  await user.first().fill(uid)
  await password.fill(`${uid}pass`)
  await password.press('Enter')
}

// tries makes a test in a window of its own, as somebody, and waits until the page that stays has seen what came of it.
async function tries (owner, uid, button, result) {
  const opened = owner.context.waitForEvent('page')
  await owner.press(`${button} (opens another window)`)
  const other = await opened
  await login(other, uid, result)
  await other.getByText(result).first().waitFor()
  await owner.sees(result)
  await other.close()
}

export default async function (j) {
  const olga = await j.person()
  await olga.goto('/login')
  await olga.type('E-mail or username', 'olga@owner.test')
  await olga.press('Continue')
  await olga.type('Password', j.data.password)
  await olga.press('Sign in')
  await olga.at('/account')

  // SimpleSAMLphp names people anew each time. What lasts is offered, and taken by one click.
  await olga.goto('/console/sso')
  await olga.press('Acme Simple')
  await olga.at('/console/sso/acme-simple/test')
  await olga.sees('Nobody has tested yet')
  await olga.look('untested')
  const opened = olga.context.waitForEvent('page')
  await olga.press('Test the sign-in (opens another window)')
  const other = await opened
  await olga.sees('Sign in at the identity provider in the other window')
  await olga.look('waiting')
  await login(other, 'alice')
  await other.getByText('The sign-in would be refused').first().waitFor()
  await other.close()
  await olga.goto('/console/sso/acme-simple/test')
  await olga.sees('No lasting NameID')
  await olga.sees('Recognise people by uid')
  await olga.look('failed')
  await olga.press('Accept')
  await olga.sees('Accepted. Now test again.')
  await olga.sees('Older settings')
  await tries(olga, 'alice', 'Test again', 'The sign-in works')
  await olga.sees('The person would get a new account, and be signed in.')
  await olga.sees('Since the test before')
  await olga.look('passed')

  // What the identity provider itself shows is explained.
  await olga.type('Message or code', 'AADSTS50105: the signed in user is not assigned to a role')
  await olga.press('What does it mean?')
  await olga.sees('To be mended at the identity provider:')
  await olga.look('explained')

  // Somebody without an account tries, and is signed in nowhere.
  await olga.press('Make a test link')
  const link = await olga.page.locator('#made').textContent()
  await olga.look('link')
  const bob = await j.person()
  await bob.goto(link.trim())
  await bob.sees('Acme Ltd asks you to sign in by Acme Simple once')
  await bob.look('guest')
  await bob.press('Begin')
  await login(bob.page, 'bob')
  await bob.sees('The sign-in works')
  await bob.look('guest-passed')
  await bob.goto('/account')
  await bob.at('/login')
  await olga.goto('/console/sso/acme-simple/test')
  await olga.sees('bob@acme.test')
  await olga.press('Revoke')
  await olga.sees('The test link was revoked.')
  await bob.goto(link.trim())
  await bob.sees('This test link has expired or was revoked.')
  await olga.goto('/console/people')
  if (await olga.page.getByText('alice@acme.test').count()) throw new Error('a test has made somebody')

  // LemonLDAP::NG signs with a key that we do not have, in this very window.
  await olga.goto('/console/sso/acme-lemon/test')
  await olga.press('In this window')
  await login(olga.page, 'alice', 'Signed with a key that we do not have')
  await olga.at('/console/sso/acme-lemon/test')
  await olga.sees('Signed with a key that we do not have')
  await olga.look('failed-key')
  await olga.goto('/console/sso/acme-lemon/certificates')
  await olga.page.getByRole('textbox', { name: 'Certificate', exact: true }).fill(j.data.certificate)
  await olga.press('Add')
  await olga.goto('/console/sso/acme-lemon/test')
  await tries(olga, 'alice', 'Test again', 'The sign-in works')
  await olga.look('passed-key')
}
