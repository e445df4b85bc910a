// An owner connects an identity provider, by its guide, and looks at all that can be changed about it.
export default async function (j) {
  const { password } = j.data
  const alice = await j.person({ permissions: ['clipboard-read', 'clipboard-write'] })
  const { page } = alice
  await alice.goto('/login')
  await alice.type('E-mail or username', 'alice@acme.test')
  await alice.press('Continue')
  await alice.type('Password', password)
  await alice.press('Sign in')
  await alice.at('/account')
  await alice.goto('/console/sso')
  await alice.sees('No identity provider is connected')

  // The ten minutes: how many screens, pastes and typed characters it takes until the button is there that tests the connection.
  const took = { screens: new Set(), pastes: 0, typed: 0 }
  const screen = (frame) => { if (frame === page.mainFrame()) took.screens.add(new URL(page.url()).pathname) }
  page.on('framenavigated', screen)
  await page.exposeFunction('counted', (what) => { took[what]++ })
  await page.addInitScript(() => {
    addEventListener('paste', () => window.counted('pastes'), true)
    addEventListener('keydown', (e) => { if (e.key.length === 1 && !e.ctrlKey && !e.metaKey) window.counted('typed') }, true)
  })
  await alice.page.getByRole('link', { name: 'Connect an identity provider' }).first().click()
  await alice.at('/console/sso/new')
  await alice.look('new')
  await page.getByRole('button', { name: /^Microsoft Entra ID/ }).click()
  await alice.at('/console/sso/acme-entra-id/configure')
  await alice.look('configure')

  // Each of our values is copied by its button.
  const origin = new URL(j.base).origin
  for (const [label, value] of [['Entity ID', `${origin}/saml/acme-entra-id/metadata`], ['ACS URL', `${origin}/saml/acme-entra-id/acs`], ['Sign-on URL', `${origin}/login/acme`]]) {
    const field = page.locator('.pair .field', { has: page.getByText(label, { exact: true }) })
    await field.getByRole('button').click()
    await field.getByText('Copied').waitFor()
    const copied = await page.evaluate(() => navigator.clipboard.readText())
    if (copied !== value) throw new Error(`${label} is copied as ${copied}, want ${value}`)
  }

  // What is pasted is read at once, without a button.
  await page.evaluate((text) => navigator.clipboard.writeText(text), j.data['entra-id'])
  await page.getByLabel('Metadata: the URL or the XML').click()
  await page.keyboard.press('Control+V')
  await alice.sees('The metadata are saved')
  await alice.sees('Recognised')
  await alice.sees(j.data['entra-id issuer'])
  await alice.sees('days left')
  await page.locator('.stages li').first().getByText('Done').waitFor()
  await alice.press('Continue with the test')
  await alice.at('/console/sso/acme-entra-id/test')
  await page.getByRole('button', { name: /^Test the sign-in/ }).waitFor()
  page.off('framenavigated', screen)
  const screens = [...took.screens]
  if (screens.length !== 3 || took.pastes !== 1 || took.typed !== 0) {
    throw new Error(`it took the screens ${screens}, ${took.pastes} pastes and ${took.typed} typed characters, want 3, 1 and 0`)
  }
  await alice.goto('/console/sso/acme-entra-id/configure')
  await alice.look('configured')

  // What is no metadata is told, and a private key does not come back.
  const paste = async (text) => {
    await page.getByLabel('Metadata: the URL or the XML').fill(text)
    await alice.press('Read the metadata')
  }
  await paste('<!doctype html><html><body>Sign in</body></html>')
  await alice.sees('This is a web page')
  await alice.look('web-page')
  await paste('-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----')
  await alice.sees('This holds a private key')
  if (await page.getByLabel('Metadata: the URL or the XML').inputValue() !== '') throw new Error('the private key comes back')
  await paste(`${origin}/saml/acme-entra-id/metadata`)
  await alice.sees('These are our own metadata')
  await paste(`<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">${[j.data['entra-id'], j.data.okta].map((x) => x.replace(/^\uFEFF?<\?xml[^>]*\?>/, '')).join('')}</md:EntitiesDescriptor>`)
  await alice.sees('Which one is yours?')
  await alice.look('several')
  await page.getByLabel(j.data['okta issuer']).check()
  await alice.press('Read the metadata')
  await alice.sees('This looks like Okta')
  await alice.look('another')
  await page.getByLabel('Or the file').setInputFiles({ name: 'entra.xml', mimeType: 'application/xml', buffer: Buffer.from(j.data['entra-id']) })
  await alice.sees('Recognised') // a file is read at once too

  const tabOf = (name) => page.locator('.tabs').getByRole('link', { name, exact: true }).click()

  // A colleague is quicker: nothing that they saved is lost.
  const tab = await alice.context.newPage()
  await tab.goto('/console/sso/acme-entra-id/attributes')
  await tabOf('Attributes')
  await alice.look('attributes')
  await tab.getByLabel('E-mail address (optional)').fill('user.mail')
  await tab.getByRole('button', { name: 'Save', exact: true }).click()
  await tab.getByText('The attributes are saved').waitFor()
  await alice.type('Groups (optional)', 'memberOf')
  await alice.press('Save')
  await alice.sees('Saved by somebody else meanwhile')
  if (await page.getByLabel('Groups (optional)').inputValue() !== 'memberOf') throw new Error('what was typed is lost')
  await alice.look('changed-meanwhile')
  await tab.close()

  // Settings, certificates, another name.
  await tabOf('Settings')
  await page.getByLabel('Encrypted assertions').selectOption('Accepted')
  await alice.type('Our entity ID (optional)', 'https://OLD.example/saml/')
  await page.getByLabel('Shared ACS URL').check()
  await page.getByText('Old practices').click()
  await alice.look('settings')
  await alice.press('Save')
  await alice.sees('The settings are saved')
  const metadata = await (await fetch(`${origin}/saml/acme-entra-id/metadata`)).text()
  for (const part of ['entityID="https://OLD.example/saml/"', `Location="${origin}/saml/acs"`, 'use="encryption"']) {
    if (!metadata.includes(part)) throw new Error(`our metadata lack ${part}`)
  }
  await tabOf('Certificates')
  await alice.look('certificates')
  await tabOf('Guide')
  const [pem] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Our encryption certificate' }).first().click()])
  if (pem.suggestedFilename() !== 'acme-entra-id-encryption.pem') throw new Error(`the certificate is called ${pem.suggestedFilename()}`)
  await tabOf('Name')
  await alice.type('Name', 'Entra of Acme')
  await alice.press('Save')
  await alice.sees('Entra of Acme')
  await alice.look('name')

  // A second one by its metadata alone, and deleted.
  await alice.goto('/console/sso/new')
  await page.getByRole('searchbox').fill('azure')
  await page.keyboard.press('Enter')
  await page.waitForURL(/q=azure/)
  await page.getByRole('button', { name: /^Microsoft Entra ID/ }).waitFor()
  await page.getByLabel('Metadata: the URL or the XML').fill(j.data.okta)
  await alice.press('Read the metadata')
  await alice.at('/console/sso/acme-okta/configure')
  await alice.sees('Recognised')
  await alice.press('There are no metadata: enter the values one by one')
  await alice.at('/console/sso/acme-okta/values')
  await alice.look('values')
  await tabOf('Name')
  await alice.press('Delete the connection')
  await page.getByRole('dialog').waitFor()
  await alice.look('delete')
  await page.getByRole('dialog').getByRole('textbox').fill('okta')
  await page.getByRole('dialog').getByRole('button', { name: 'Delete the connection' }).click()
  await alice.at('/console/sso')
  await alice.sees('The connection is deleted')
  await alice.sees('Entra of Acme')
  await alice.look('overview')
}
