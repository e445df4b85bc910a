// Holds the document of the management API to the rules of others, generates a client from it, compiles what uses that, and runs
// it against a deployment:
//
//   node api.mjs DOCUMENT BASE KEY
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const [document, base, key] = process.argv.slice(2)
const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }
const run = (...argv) => {
  try {
    return execFileSync(process.execPath, argv, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (e) {
    console.error(e.stdout, e.stderr)
    process.exit(1)
  }
}
const tool = (...path) => join(here, 'node_modules', ...path)

// Within this folder, so that what is compiled finds its packages.
const folder = mkdtempSync(join(here, 'api-'))
process.on('exit', () => rmSync(folder, { recursive: true }))
run(tool('@redocly', 'cli', 'bin', 'cli.js'), 'lint', document, '--extends', 'recommended-strict')
run(tool('openapi-typescript', 'bin', 'cli.js'), document, '--output', join(folder, 'schema.ts'))
cpSync(join(here, 'api'), folder, { recursive: true })
writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
run(tool('typescript', 'bin', 'tsc'), '--project', folder)
process.stdout.write(run(join(folder, 'client.js'), base, key))
