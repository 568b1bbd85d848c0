// A team's own code: what happens in their product when somebody signs up. It knows
// Engage's SDK and nothing of the mock.
'use strict'

const Engage = require(process.env.ENGAGE_SDK || '@engage_so/node')

Engage.init({ key: process.env.ENGAGE_KEY || 'pk', secret: process.env.ENGAGE_SECRET || 'sk' })

// signUp tells Engage of a new customer. The SDK swallows errors: it answers {error}
// instead of throwing, so whoever calls it must look.
async function signUp (user) {
  for (let attempt = 1; ; attempt++) {
    const answer = await Engage.identify({ id: user.id, email: user.email, plan: 'trial' })
    if (!answer.error) break
    if (attempt === 3) throw new Error('Engage did not take ' + user.id + ': ' + answer.error)
  }
  await Engage.track(user.id, { event: 'Signed up', properties: { from: user.from } })
}

module.exports = { signUp }
