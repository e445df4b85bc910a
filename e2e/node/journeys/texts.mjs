// A telephone number is added, and codes go to it.
import { PATIENCE } from '../patience.mjs'

export default async function (j) {
  const { email, password, texts } = j.data
  const sent = async (n) => {
    for (let i = 0; i < PATIENCE / 100; i++) {
      const all = await (await fetch(texts)).json()
      if (all.length >= n) return all[n - 1].text.match(/\d{6}/)[0]
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error(`${n} texts were not sent in time`)
  }
  const alice = await j.person()
  const signIn = async () => {
    await alice.goto('/login')
    await alice.type('E-mail or username', email)
    await alice.press('Continue')
    await alice.type('Password', password)
    await alice.press('Sign in')
  }
  await signIn()
  await alice.page.getByRole('link', { name: /^Text message/ }).click()
  await alice.look('enrol-number')
  await alice.type('Phone number', '0151 23456789')
  await alice.press('Send code')
  await alice.page.getByRole('alert').waitFor()
  await alice.look('enrol-number-problem')
  await alice.type('Phone number', '+49 151 23456789')
  await alice.press('Send code')
  await alice.sees('ends with 89')
  await alice.look('enrol-number-code')
  await alice.type('Code', await sent(1))
  await alice.press('Add')
  await alice.sees('Keep your recovery codes')
  await alice.press('I have kept them')
  await alice.at('/account')
  await alice.signOut()

  await signIn()
  await alice.at('/login/factor')
  await alice.look('factor-send')
  await alice.press('Send to the number ending with 89')
  await alice.sees('ends with 89')
  const there = alice.page.url()
  let codes = 2 // one from when the number was added
  for (;;) { // a look takes longer than the half minute after which there may be another one, and so may one step on a busy machine
    await alice.press('Send another code')
    await alice.page.waitForLoadState('load')
    if (await alice.page.getByText('We cannot send another code yet.').count()) break
    codes++
  }
  await alice.look('factor-sent-limit')
  await alice.goto(there)
  await alice.look('factor-sent')
  await alice.type('Code', await sent(codes))
  await alice.press('Continue')
  await alice.at('/account')
}
