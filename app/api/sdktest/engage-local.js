// Sends what an SDK means for api.engage.so to the server under test: plain TCP to
// KITH_TEST_PORT on this machine. Loaded with node --require, so that the SDK itself
// stays as it is.
'use strict'

const https = require('https')
const net = require('net')

class LocalAgent extends https.Agent {
  createConnection (options, connected) {
    if (options.host === 'api.engage.so') {
      return net.connect(Number(process.env.KITH_TEST_PORT), '127.0.0.1')
    }
    return super.createConnection(options, connected)
  }
}

https.globalAgent = new LocalAgent()
