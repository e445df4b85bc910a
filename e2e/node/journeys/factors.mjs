// An authenticator app is added at the first sign-in that demands it, and asked for from then on.
import fs from 'node:fs'
import { totp } from '../totp.mjs'

export default async function (j) {
  const { email, password } = j.data
  const alice = await j.person()
  const signIn = async (person) => {
    await person.goto('/login')
    await person.type('E-mail or username', email)
    await person.press('Continue')
    await person.type('Password', password)
    await person.press('Sign in')
  }

  await signIn(alice)
  await alice.at('/login/enrol')
  await alice.look('enrol')
  await alice.page.getByRole('link', { name: /^Authenticator app/ }).click()
  await alice.look('enrol-app')
  const secret = await alice.page.locator('#secret').innerText()
  const uri = new URL(await alice.page.getByRole('link', { name: 'Open in an app on this device' }).getAttribute('href'))
  if (uri.searchParams.get('secret') !== secret.replaceAll(' ', '')) throw new Error('the link and the text hold two secrets')
  await alice.type('Code', '000000')
  await alice.press('Add')
  await alice.sees('That code is not right.')
  await alice.look('enrol-app-problem')
  if (await alice.page.locator('#secret').innerText() !== secret) throw new Error('a wrong code changes the secret')
  await alice.type('Code', totp(secret))
  await alice.press('Add')
  await alice.sees('Keep your recovery codes')
  await alice.look('recovery-codes')
  const codes = await alice.page.locator('.recovery code').allInnerTexts()
  const [download] = await Promise.all([alice.page.waitForEvent('download'), alice.press('Download')])
  if (fs.readFileSync(await download.path(), 'utf8') !== codes.join('\r\n') + '\r\n') throw new Error('the file holds other codes')
  await alice.press('I have kept them')
  await alice.at('/account')
  await alice.signOut()

  await signIn(alice)
  await alice.at('/login/factor')
  await alice.look('factor')
  await alice.type('Code', totp(secret)) // added it, or is of the next step by now
  await alice.press('Continue')
  await alice.page.getByRole('alert').or(alice.page.getByRole('heading', { name: 'Alice Archer' })).first().waitFor()
  if (new URL(alice.page.url()).pathname === '/login/factor') {
    await alice.sees('That code was used already. Wait for the next one.')
    await alice.look('factor-used')
    await alice.page.getByLabel('Do not ask again in this browser').check()
    await alice.type('Code', totp(secret, 1))
    await alice.press('Continue')
  }
  await alice.at('/account')
  await alice.signOut()

  const elsewhere = await j.person()
  await signIn(elsewhere)
  await elsewhere.at('/login/factor')
  await elsewhere.press('Recovery code')
  await elsewhere.look('factor-recovery')
  await elsewhere.type('Recovery code', codes[4].toLowerCase())
  await elsewhere.press('Continue')
  await elsewhere.at('/account')
  await elsewhere.signOut()
  await signIn(elsewhere)
  await elsewhere.press('Recovery code')
  await elsewhere.type('Recovery code', codes[4])
  await elsewhere.press('Continue')
  await elsewhere.sees('That code is not right.')

  // Where nothing runs, the same pages work.
  const plain = await j.person({ javaScriptEnabled: false })
  await signIn(plain)
  await plain.at('/login/factor')
  await plain.press('Recovery code')
  await plain.type('Recovery code', codes[5])
  await plain.press('Continue')
  await plain.at('/account')

  // The link that leads to a fresh proof goes there and back.
  await plain.goto('/login/confirm?back=/account')
  await plain.sees('Confirm that it is you')
  await plain.type('Password', password)
  await plain.press('Confirm')
  await plain.press('Recovery code')
  await plain.type('Recovery code', codes[6])
  await plain.press('Continue')
  await plain.at('/account')
}
