// An owner connects an identity provider by the URL of its metadata, and then tries it, switches it on, and somebody comes in by it.
// The identity provider is told of us in between.

// login signs in at an identity provider, whichever it is.
async function login (page) {
  const password = page.locator('input[type=password]:visible')
  await password.waitFor()
  const user = page.locator('form:has(input[type=password])').locator('input[type=text]:visible, input:not([type]):visible')
  await user.first().fill('alice')
  await password.fill('alicepass')
  await password.press('Enter')
}

export default async function (j) {
  const { url, product, connection, step } = j.data
  const olga = await j.person({ permissions: ['clipboard-read', 'clipboard-write'] })
  const { page } = olga
  await olga.goto('/login')
  await olga.type('E-mail or username', 'olga@owner.test')
  await olga.press('Continue')
  await olga.type('Password', j.data.password)
  await olga.press('Sign in')
  await olga.at('/account')
  if (step === 'connect') {
    await olga.goto('/console/sso/new')
    await page.evaluate((text) => navigator.clipboard.writeText(text), url)
    await page.getByLabel('Metadata: the URL or the XML').click()
    await page.keyboard.press('Control+V')
    await olga.at(`/console/sso/${connection}/configure`)
    await olga.sees(product)
    await olga.sees(url)
    await page.locator('.stages li').first().getByText('Done').waitFor()
    await olga.look(`${connection}-connected`)

    // What is not reachable changes nothing, and says so.
    await page.getByLabel('Metadata: the URL or the XML').fill(`${new URL(url).origin}/nothing-here`)
    await olga.press('Read the metadata')
    await olga.sees(/There is nothing at this address|There is a web page|This address leads to a web page|The server at this address demands/) // not every one has a 404
    await page.getByLabel('Metadata: the URL or the XML').fill('https://10.0.0.1/metadata')
    await olga.press('Read the metadata')
    await olga.sees('This address leads into a private network')
    await olga.goto(`/console/sso/${connection}/configure`)
    await olga.sees(url)
    return
  }
  await olga.goto(`/console/sso/${connection}/test`)
  const opened = olga.context.waitForEvent('page')
  await olga.press('Test the sign-in (opens another window)')
  const other = await opened
  await login(other)
  await other.getByText('The sign-in works').first().waitFor()
  await other.close()

  // What came is what the attributes are tried with.
  await olga.goto(`/console/sso/${connection}/attributes`)
  await olga.sees('What is read of the last test')
  await olga.sees('alice@acme.test')
  await olga.look(`${connection}-attributes`)
  await olga.type('First name (optional)', 'nothing')
  await olga.press('Try with the last test')
  await page.locator('#sent .facts div', { hasText: 'First name' }).getByText('Not set').waitFor()
}
