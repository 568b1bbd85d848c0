// Calls the methods named in a list of calls (standard input, JSON: [[method, …arguments]])
// on an SDK, one after the other, and prints a JSON list of what each gave or threw. An
// argument {"$date": "…"} is a Date.
'use strict'

const path = require('path')
const engage = require(path.resolve(process.argv[2], 'node_modules', '@engage_so', 'node'))

const revive = (_, value) => value && value.$date ? new Date(value.$date) : value

async function main () {
  let text = ''
  for await (const chunk of process.stdin) text += chunk
  const results = []
  for (const [method, ...args] of JSON.parse(text, revive)) {
    try {
      const value = await engage[method](...args)
      results.push({ value: value === undefined ? null : value })
    } catch (error) {
      results.push({ thrown: error.message })
    }
  }
  console.log(JSON.stringify(results))
}

main()
