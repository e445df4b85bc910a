// A security key is added and used beside a password; a passkey signs in alone.
export default async function (j) {
  const { email, other, password } = j.data
  const name = async (person, address) => {
    await person.goto('/login')
    await person.type('E-mail or username', address)
    await person.press('Continue')
    await person.type('Password', password)
    await person.press('Sign in')
  }
  const add = async (person) => {
    await person.page.getByRole('link', { name: /^Passkey or security key/ }).click()
    await person.sees('Add a passkey or security key')
  }

  const bob = await j.person()
  const key = await bob.securityKey()
  await name(bob, email)
  await bob.at('/login/enrol')
  await add(bob)
  await bob.look('enrol-passkey')
  await bob.press('Add')
  await bob.sees('Keep your recovery codes')
  await bob.press('I have kept them')
  await bob.at('/account')
  await bob.signOut()

  await name(bob, email)
  await bob.at('/login/factor')
  await bob.look('factor-passkey')
  await key.unplug()
  const strange = await bob.securityKey()
  await bob.press('Use key or passkey')
  await bob.page.getByRole('alert').filter({ hasText: 'did not work' }).waitFor()
  await bob.look('factor-passkey-failed')
  await strange.unplug()

  // Carol has a passkey of her own device, which knows who she is.
  const carol = await j.person()
  await carol.passkey()
  await name(carol, other)
  await carol.at('/login/enrol')
  await add(carol)
  await carol.press('Add')
  await carol.sees('Keep your recovery codes')
  await carol.press('I have kept them')
  await carol.at('/account')
  await carol.signOut()
  await carol.goto('/login') // the field offers the passkey, and the authenticator consents by itself
  await carol.at('/account')
  await carol.sees('Carol Clark')

  // She confirms by it, too.
  await carol.goto('/login/confirm?back=/account')
  await carol.sees('Confirm that it is you')
  await carol.look('confirm')
  await carol.press('Use a passkey')
  await carol.at('/account')
}
