// Debian's chromium, as it has to be started on a machine without a network: nothing is looked up, fetched or synced.
import { chromium } from 'playwright-core'
import { PATIENCE } from './patience.mjs'

export function launch () {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    timeout: PATIENCE,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync'
    ]
  })
}
