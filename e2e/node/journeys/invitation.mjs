// An owner invites somebody, who reads the mail, makes an account and comes in.
export default async function (j) {
  const alice = await j.person()
  await alice.goto('/login')
  await alice.type('E-mail or username', j.data.email)
  await alice.press('Continue')
  await alice.type('Password', j.data.password)
  await alice.press('Sign in')
  await alice.at('/account')
  await alice.goto('/console/invite')
  await alice.type('E-mail addresses', 'bob@acme.test')
  await alice.press('Send invitations')
  await alice.sees('bob@acme.test')

  const { links: [link] } = await j.mail('bob@acme.test')
  await alice.goto(link) // she is somebody else
  await alice.sees('This invitation is for another address')
  await alice.look('invitation-other')

  const bob = await j.person()
  for (let i = 0; i < 2; i++) await bob.goto(link) // looking accepts nothing
  await bob.look('invitation')
  await bob.type('First name', 'Bob')
  await bob.type('Last name', 'Baker')
  await bob.type('New password', 'bob@acme.test')
  await bob.press('Accept and create account')
  await bob.look('invitation-weak')
  await bob.type('New password', 'violet-teapot-seldom-73')
  await bob.press('Accept and create account')
  await bob.at('/login/password')
  await bob.type('Password', 'violet-teapot-seldom-73')
  await bob.press('Sign in')
  await bob.at('/account')
  await bob.sees('Bob Baker')
  await bob.goto('/console')
  await bob.sees('This page is for administrators')
  await bob.goto('/operator')
  await bob.sees('There is nothing here')
  await bob.goto(link) // it is theirs, and done
  await bob.at('/account')
  const eve = await j.person()
  await eve.goto(link)
  await eve.sees('This invitation has been accepted')
}
