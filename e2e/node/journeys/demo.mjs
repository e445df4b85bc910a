// Somebody signs out of the demo's application, and is signed out everywhere; then signs out here, and the application knows.
import { PATIENCE } from '../patience.mjs'

export default async function (j) {
  const { app, email, password } = j.data
  const root = await j.person()
  const signIn = async () => {
    await root.goto(app)
    await root.press('Sign in')
    await root.type('E-mail or username', email)
    await root.press('Continue')
    await root.type('Password', password)
    await root.press('Sign in')
    await root.sees('Hello, Robin Root')
  }
  await signIn()
  await root.look('signed-in')
  await root.press('Sign out')
  await root.page.waitForURL(app + '/')
  await root.sees('You are not signed in')
  await root.goto('/account')
  await root.at('/login')

  await signIn()
  await root.signOut()
  // The application hears of it by itself, a moment later.
  await root.goto(app)
  for (let i = 0; i < PATIENCE / 100 && !await root.page.locator('#ended').count(); i++) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    await root.page.reload()
  }
  await root.sees('You were signed out')
  await root.look('signed-out')
}
