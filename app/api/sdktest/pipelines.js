// Sends a day's calls through the SDK of a pipeline (the third argument) to the server
// under test (the fourth, its address) with a key (the fifth), as an application would.
'use strict'

const https = require('https')
const net = require('net')
const path = require('path')
const [,, folder, sdk, host, key, secret] = process.argv
const load = (name) => require(path.resolve(folder, 'node_modules', ...name.split('/')))

const sdks = {
  async segment () {
    const { Analytics } = load('@segment/analytics-node')
    const options = { writeKey: key, host, flushAt: 20, maxRetries: 0 }
    if (process.env.KITH_SEGMENT_PATH) options.path = process.env.KITH_SEGMENT_PATH
    const analytics = new Analytics(options)
    const failed = []
    analytics.on('error', (e) => failed.push(String(e.reason || e.message || e)))
    analytics.track({ anonymousId: 'visitor-1', event: 'Landed', properties: { page: '/' } })
    analytics.identify({ userId: 'ada', anonymousId: 'visitor-1', traits: { firstName: 'Ada', lastName: 'Obi', email: 'ada@example.com', plan: 'pro', address: { city: 'Lagos' } } })
    analytics.track({ userId: 'ada', event: 'Order Completed', properties: { total: 25.5, products: [{ sku: 'x' }] }, timestamp: new Date('2026-02-01T10:00:00Z') })
    analytics.page({ userId: 'ada', category: 'Help', name: 'Contact', properties: { url: 'https://x.example/help' } })
    analytics.screen({ userId: 'ada', name: 'Home' })
    analytics.group({ userId: 'ada', groupId: 'acme', traits: { name: 'Acme Inc', employees: 20 } })
    analytics.alias({ userId: 'ada', previousId: 'old-ada' })
    await analytics.closeAndFlush({ timeout: 10000 })
    return failed
  },
  async rudderstack () {
    const Analytics = load('@rudderstack/rudder-sdk-node').default || load('@rudderstack/rudder-sdk-node')
    const failed = []
    const options = { dataPlaneUrl: host, flushAt: 20, logLevel: 'error', errorHandler: (e) => failed.push(String(e)) }
    if (process.env.KITH_SEGMENT_PATH) options.path = process.env.KITH_SEGMENT_PATH
    const analytics = new Analytics(key, options)
    analytics.track({ anonymousId: 'visitor-1', event: 'Landed', properties: { page: '/' } })
    analytics.identify({ userId: 'ada', anonymousId: 'visitor-1', traits: { firstName: 'Ada', lastName: 'Obi', email: 'ada@example.com', plan: 'pro', address: { city: 'Lagos' } } })
    analytics.track({ userId: 'ada', event: 'Order Completed', properties: { total: 25.5, products: [{ sku: 'x' }] }, timestamp: new Date('2026-02-01T10:00:00Z') })
    analytics.page({ userId: 'ada', category: 'Help', name: 'Contact', properties: { url: 'https://x.example/help' } })
    analytics.screen({ userId: 'ada', name: 'Home' })
    analytics.group({ userId: 'ada', groupId: 'acme', traits: { name: 'Acme Inc', employees: 20 } })
    analytics.alias({ userId: 'ada', previousId: 'old-ada' })
    await analytics.flush((e) => { if (e) failed.push(String(e)) })
    return failed
  },
  async posthog () {
    const { PostHog } = load('posthog-node')
    const posthog = new PostHog(key, { host, flushAt: 20, fetchRetryCount: 0, disableGeoip: true })
    const failed = []
    posthog.on('error', (e) => failed.push(String(e)))
    posthog.capture({ distinctId: 'visitor-1', event: 'Landed', properties: { page: '/' } })
    posthog.identify({ distinctId: 'ada', properties: { first_name: 'Ada', last_name: 'Obi', email: 'ada@example.com', plan: 'pro' } })
    posthog.alias({ distinctId: 'ada', alias: 'visitor-1' })
    posthog.capture({ distinctId: 'ada', event: 'Order Completed', properties: { total: 25.5, $set: { seats: 3 } }, timestamp: new Date('2026-02-01T10:00:00Z') })
    posthog.groupIdentify({ groupType: 'company', groupKey: 'acme', properties: { employees: 20 } })
    posthog.capture({ distinctId: 'ada', event: '$pageview', properties: { $current_url: 'https://x.example/help' } })
    await posthog.shutdown(10000)
    return failed
  },
  async customerio () {
    const { TrackClient } = load('customerio-node')
    // It speaks TLS to port 443 and nothing else; its agent, an option of its own, stands
    // for the proxy that would be in front.
    class Plain extends https.Agent {
      createConnection (_, connected) { return net.connect(Number(new URL(host).port), '127.0.0.1', connected) }
    }
    const cio = new TrackClient(key, secret, { url: 'https://kith.example.com/api/v1', agent: new Plain() })
    await cio.trackAnonymous('visitor-1', { name: 'Landed', data: { page: '/' } })
    await cio.identify('ada', { email: 'ada@example.com', first_name: 'Ada', last_name: 'Obi', plan: 'pro', created_at: 1361205308, anonymous_id: 'visitor-1' })
    await cio.track('ada', { name: 'Order Completed', data: { total: 25.5 }, timestamp: 1769940000 })
    await cio.trackPageView('ada', 'https://x.example/help')
    await cio.addDevice('ada', 'token/1', 'ios', { last_used: 1769940000 })
    await cio.addDevice('ada', 'token-2', 'android')
    await cio.deleteDevice('ada', 'token/1')
    await cio.identify('ben b/ç@example.com', { plan: 'free' })
    await cio.mergeCustomers('id', 'ada', 'email', 'ben b/ç@example.com')
    await cio.identify('gone', {})
    await cio.suppress('gone')
    await cio.unsuppress('gone')
    await cio.destroy('gone')
    await cio.trackPush({ event: 'opened', delivery_id: 'd', device_id: 'token-2', timestamp: 1769940000 })
    return []
  }
}

sdks[sdk]().then(
  (failed) => { console.log(JSON.stringify({ failed })); process.exit(0) },
  (error) => { console.log(JSON.stringify({ failed: [error.stack] })); process.exit(0) }
)
