// The way to a session with a password, its wrong turns, and the way out again.
export default async function (j) {
  const alice = await j.person()
  await alice.goto('/account') // nobody is signed in yet
  await alice.at('/login')
  await alice.look('sign-in')

  await alice.type('E-mail or username', 'nobody@')
  await alice.press('Continue')
  await alice.look('sign-in-problem')

  await alice.type('E-mail or username', j.data.email)
  await alice.press('Continue')
  await alice.look('password')
  await alice.type('Password', 'not the password')
  await alice.press('Sign in')
  await alice.look('password-problem')
  await alice.press('Not you?')
  await alice.at('/login/email')

  await alice.type('E-mail or username', j.data.email)
  await alice.press('Use a password instead')
  await alice.type('Password', j.data.password)
  await alice.press('Sign in')
  await alice.at('/account')
  await alice.sees('Alice Archer')
  await alice.look('account')

  await alice.goto('/nowhere')
  await alice.look('not-found')

  await alice.signOut()
  await alice.look('signed-out')
  await alice.goto('/account')
  await alice.at('/login')
}
