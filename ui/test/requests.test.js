import assert from "node:assert/strict";
import { test } from "node:test";
import { asCurl, explain, matches, named, outcome, prepend } from "../requests.js";

const request = { seq: 7, id: "req_1", at: "2026-11-23T14:00:00Z", method: "POST", path: "/v1/users/u1/events", query: "", key: { name: "server", hint: "sk_…9f2c" }, status: 400, took_ms: 1, error: "timestamp: not a date", ip: "192.0.2.1", user_agent: "", bytes: 2 };

test("statuses have three outcomes", () => {
  assert.deepEqual([200, 302, 400, 499, 500, 503].map(outcome), ["answered", "answered", "refused", "refused", "failed", "failed"]);
});

test("a request is let in by every part of the filter", () => {
  assert.equal(matches(request, {}), true);
  assert.equal(matches(request, { status: "refused", method: "POST", key: "server", query: "TIMESTAMP" }), true);
  assert.equal(matches(request, { status: "failed" }), false);
  assert.equal(matches(request, { method: "GET" }), false);
  assert.equal(matches({ ...request, key: null }, { key: "server" }), false);
  assert.equal(matches(request, { query: "u2" }), false);
});

test("what came live is added once, newest first, and the list stays bounded", () => {
  const row = (/** @type {number} */ seq) => ({ ...request, seq });
  const shown = [row(3), row(2), row(1)];
  assert.deepEqual(prepend(shown, [row(4), row(5), row(3)], 4).map((r) => r.seq), [5, 4, 3, 2]);
  assert.equal(prepend(shown, [row(3)], 4), shown);
});

test("the property an error names is found", () => {
  assert.equal(named('timestamp: "x" is not a date'), "timestamp");
  assert.equal(named("data[2].meta.plan: must be a text"), "plan");
  assert.equal(named('"email" is not an address'), "email");
  assert.equal(named("The disk is full"), undefined);
  assert.equal(named(""), undefined);
});

test("every refusal has a title and says what to do", () => {
  for (const status of [400, 401, 403, 404, 409, 413, 418, 429, 500, 503]) {
    const said = explain({ ...request, status });
    assert.ok(said.title.endsWith(".") && said.next.length > 10, String(status));
  }
});

test("the curl command repeats the request without the private key", () => {
  const detail = { ...request, query: "a=1", content_type: "application/json", body: `{"name":"O'Neil"}`, body_truncated: false, answer: "", answer_truncated: false };
  assert.equal(asCurl(detail, "http://127.0.0.1:5484", "pk_1"), `curl -X POST 'http://127.0.0.1:5484/v1/users/u1/events?a=1' \\
  -u 'pk_1:PRIVATE_KEY' \\
  -H 'Content-Type: application/json' \\
  --data-binary '{"name":"O'\\''Neil"}'`);
  assert.equal(asCurl({ ...detail, method: "GET", query: "", body: "" }, "http://kith.example", "pk_1"), "curl 'http://kith.example/v1/users/u1/events' \\\n  -u 'pk_1:PRIVATE_KEY'");
});
