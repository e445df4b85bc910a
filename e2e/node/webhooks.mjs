// Takes messages as the server signs them, on standard input, to the library by which others check them.
// Each must be taken as it is, and refused when anything of it is another.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { Webhook } from 'standardwebhooks'

const messages = JSON.parse(fs.readFileSync(0, 'utf8'))
const now = Date.now
for (const { name, secret, headers, body } of messages) {
  const receiver = new Webhook(secret)
  const check = (text, changed = {}) => receiver.verify(text, { ...headers, ...changed })
  Date.now = () => Number(headers['Webhook-Timestamp']) * 1000 // messages are refused when they are old
  assert.deepEqual(check(body), JSON.parse(body), name)
  assert.throws(() => check(body.replace('user', 'usir')), name + ': another body')
  assert.throws(() => check(body, { 'Webhook-Id': 'evt_9' }), name + ': another ID')
  assert.throws(() => check(body, { 'Webhook-Signature': 'v1,' + Buffer.alloc(32).toString('base64') }), name + ': another signature')
  Date.now = () => Number(headers['Webhook-Timestamp']) * 1000 + 6 * 60 * 1000
  assert.throws(() => check(body), name + ': after six minutes')
}
Date.now = now
console.log(`${messages.length} messages are taken`)
