// What the drivers have in common. A driver is started in a folder with the keys and messages, reads lines
// "FILE COUNT" from its standard input, verifies the form field in that file so often, and answers each line with
// the CPU time that this took in nanoseconds, or with "refused" and why.
import {readFileSync} from 'node:fs'
import {createInterface} from 'node:readline'

// world is what the identity provider and the service provider know of each other.
export const world = {
  ...JSON.parse(readFileSync('world.json', 'utf8')),
  idpCertificate: readFileSync('idp.pem', 'utf8'),
  idpMetadata: readFileSync('idp.xml', 'utf8'),
  ownKey: readFileSync('sp.key', 'utf8'),
}

// serve answers lines. verify gets a form field and the name of its file, and rejects what it does not accept.
export async function serve(verify) {
  for await (const line of createInterface({input: process.stdin})) {
    const [name, count] = line.split(' ')
    const form = readFileSync(name, 'utf8')
    let answer
    const before = process.cpuUsage()
    try {
      for (let i = 0; i < Number(count); i++) await verify(form, name)
      const spent = process.cpuUsage(before)
      answer = `${(spent.user + spent.system) * 1000}`
    } catch (refused) {
      answer = `refused: ${String(refused?.message ?? refused).split('\n')[0]}`
    }
    process.stdout.write(`${answer}\n`)
  }
}
