// A team's own test of signup.js against `kith mock`, by Node's own test runner:
//
//   kith mock &
//   NODE_OPTIONS="--require $(kith mock preload)" node --test signup.test.js
'use strict'

const { test, beforeEach } = require('node:test')
const assert = require('node:assert')
const { signUp } = require('./signup.js')

const mock = 'http://' + (process.env.KITH_MOCK || '127.0.0.1:5485') + '/mock'

// control calls the mock's control API.
async function control (method, path, body) {
  const answer = await fetch(mock + path, { method, body: body && JSON.stringify(body) })
  const json = await answer.json()
  assert.ok(answer.ok, json.error)
  return json
}

// Each test begins with an empty Engage, at the machine's time.
beforeEach(() => control('POST', '/reset'))

test('a sign-up reaches Engage', async () => {
  await signUp({ id: 'u1', email: 'ada@example.com', from: 'landing page' })
  const { data } = await control('GET', '/requests?path=/users/u1/events&wait=5s')
  assert.strictEqual(data[0].body.event, 'Signed up')
  assert.deepStrictEqual(data[0].body.properties, { from: 'landing page' })
})

test('two failures in a row are survived, and the third is reported', async () => {
  await control('POST', '/failures', [{ method: 'PUT', status: 503 }, { method: 'PUT', drop: true }])
  await signUp({ id: 'u2', email: 'bo@example.com', from: 'referral' })
  const { data } = await control('GET', '/requests?method=PUT')
  assert.deepStrictEqual(data.map(request => request.status), [503, 0, 200])

  await control('POST', '/failures', { method: 'PUT', status: 503, count: 3 })
  await assert.rejects(signUp({ id: 'u3', email: 'cy@example.com', from: 'referral' }), /did not take u3/)
})

test('a trial is over after two weeks', async () => {
  const { segments } = await control('POST', '/fixture', {
    segments: [{ title: 'Trial over', rule: { event: 'Signed up', within: { from: '30d', to: '14d' } } }]
  })
  await signUp({ id: 'u4', email: 'di@example.com', from: 'landing page' })
  assert.deepStrictEqual(await members(segments['Trial over']), [])
  await control('POST', '/clock', { by: '15d' }) // answers once the segment has followed
  assert.deepStrictEqual(await members(segments['Trial over']), ['u4'])
})

async function members (segment) {
  const answer = await fetch('https://api.engage.so/v1/users?segment=' + segment, {
    headers: { Authorization: 'Basic ' + Buffer.from('pk:sk').toString('base64') }
  })
  return (await answer.json()).data.map(user => user.uid)
}
