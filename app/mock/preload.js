// Leads what a program means for Engage to `kith mock`, without TLS: load it with
// node --require. KITH_MOCK (host:port) overrides where the mock listens.
'use strict'

const https = require('https')
const net = require('net')

const mock = new URL('http://' + (process.env.KITH_MOCK || '127.0.0.1:5485'))
const engage = new Set(['api.engage.so', 'app.engage.so', 'ws.engage.so'])

// Engage's SDK comes by node-fetch, which comes by https with the agent that is set here.
class MockAgent extends https.Agent {
  createConnection (options, connected) {
    if (!engage.has(options.host)) return super.createConnection(options, connected)
    return net.connect(Number(mock.port || 80), mock.hostname.replace(/^\[|\]$/g, ''))
  }
}
https.globalAgent = new MockAgent(https.globalAgent.options)

// What calls the API by Node's own fetch does not use that agent.
const ownFetch = globalThis.fetch
if (ownFetch) {
  globalThis.fetch = function fetch (what, options) {
    const url = new URL(what instanceof Request ? what.url : what)
    if (!engage.has(url.hostname)) return ownFetch(what, options)
    url.protocol = 'http:'
    url.host = mock.host
    return ownFetch(what instanceof Request ? new Request(url, what) : url, options)
  }
}
