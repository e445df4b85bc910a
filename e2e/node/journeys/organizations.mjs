// Somebody who is in many organizations signs in to an application: they choose one, are asked for another one, and sign
// out, at the wish of the application.
export default async function (j) {
  const { app, email, password } = j.data
  const alice = await j.person()
  const shows = async (org) => {
    await alice.page.waitForURL(app + '/')
    await alice.sees(`"key": "${org}"`)
  }
  await alice.goto(app + '/login')
  await alice.type('E-mail or username', email)
  await alice.press('Continue')
  await alice.type('Password', password)
  await alice.press('Sign in')
  await alice.at('/login/choose')
  await alice.sees('Choose an organization')
  await alice.look('many')
  await alice.type('Name of the organization', 'nothing of this name')
  await alice.press('Search')
  await alice.sees('None of your organizations has this in its name.')
  await alice.look('none-found')
  await alice.type('Name of the organization', 'globex')
  await alice.press('Search')
  await alice.press('Globex Corporation')
  await shows('globex')

  await alice.goto('/account')
  await alice.look('account')
  for (const org of ['Acme Ltd', 'Globex Corporation']) {
    await alice.press('Switch ' + org)
    await alice.page.locator('.facts', { hasText: org }).waitFor()
  }

  await alice.goto(app + '/login?organization=acme')
  await alice.sees('Where do you want to continue?')
  await alice.look('another-one')
  await alice.press('Continue as Alice Archer in Acme Ltd')
  await shows('acme')

  await alice.goto(app + '/login?prompt=select_account')
  await alice.sees('Where do you want to continue?')
  await alice.press('Not you?')
  await alice.at('/login/email')
  await alice.page.goBack()
  await alice.press('Continue as Alice Archer in Acme Ltd') // who was there last stands first
  await shows('acme')

  await alice.goto('/oauth2/logout?client_id=node-app&post_logout_redirect_uri=' + encodeURIComponent(app + '/'))
  await alice.sees('Sign out?')
  await alice.look('sign-out')
  await alice.press('Stay signed in')
  await alice.at('/account')
  await alice.goto(app + '/signout')
  await alice.sees('Not signed in')
  await alice.goto('/account')
  await alice.at('/login')
  await alice.goto('/oauth2/logout?post_logout_redirect_uri=https%3A%2F%2Fevil.example')
  await alice.at('/signed-out')
  await alice.goto('/oauth2/logout?client_id=node-app&post_logout_redirect_uri=https%3A%2F%2Fevil.example')
  await alice.sees('The application asked us to sign you out and to send you to an address that is not registered for it.')
  await alice.look('sign-out-elsewhere')
}
