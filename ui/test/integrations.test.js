import assert from "node:assert/strict";
import { test } from "node:test";
import { at, became, leaves, roleOf, splitPath, standing, withRole } from "../integrations.js";
import { parse } from "../json.js";

const none = { applied: 0, ignored: 0, failed: 0, repeated: 0 };

test("what a delivery became, in words", () => {
  assert.equal(became({ state: "applied", became: [{ uid: "ada", event: "Paid", properties: {} }, { uid: "ada", attributes: { plan: "pro", email: "a@example.com" } }] }), "1 event, 2 attributes of ada");
  assert.equal(became({ state: "applied", became: [{ uid: "6b05420edbb21766cba40c3f", event: "Paid" }, { uid: "6b05420edbb21766cba40c3f", attributes: { email: "a@example.com" } }] }), "1 event, 1 attribute of a@example.com");
  assert.equal(became({ state: "applied", became: [{ uid: "a", event: "x" }, { uid: "b", event: "y" }] }), "2 events of 2 customers");
  assert.equal(became({ state: "failed", became: [{ uid: "a", event: "x" }], error: "the rest was wrong" }), "1 event of a; the rest was wrong");
  assert.equal(became({ state: "ignored", became: [], error: "It concerns no customer." }), "It concerns no customer.");
  assert.equal(became({ state: "repeated", became: null }), "It came before, and changed nothing.");
});

test("how a connection is doing", () => {
  assert.equal(standing(/** @type {any} */ ({ last_at: null, today: none })).text, "Waiting for the first hook");
  assert.equal(standing(/** @type {any} */ ({ last_at: "2026-01-01T00:00:00Z", today: none })).look, "good");
  assert.equal(standing(/** @type {any} */ ({ last_at: "2026-01-01T00:00:00Z", today: { ...none, failed: 3 } })).text, "3 failed today");
});

test("every value of a body has the path that leads to it", () => {
  const body = parse('{"id":12345678901234567890,"user":{"e.mail":"a","x\\\\y":{"z":[{"q":1},2,3,4]}},"none":null,"empty":{}}');
  const all = leaves(body);
  for (const leaf of all) assert.deepEqual(at(body, leaf.path), leaf.value, leaf.path);
  assert.deepEqual(all.filter((l) => l.leaf).map((l) => l.path), ["id", "user.e\\.mail", "user.x\\\\y.z.0.q", "user.x\\\\y.z.1", "user.x\\\\y.z.2", "none", "empty"]);
  assert.deepEqual(splitPath("user.e\\.mail"), ["user", "e.mail"]);
  assert.equal(leaves(Array.from({ length: 10 }, () => ({ a: 1 })))[0].path, "a");
  assert.equal(at({ a: 1 }, "a.b.c"), undefined);
});

test("a value gets one role, and loses it", () => {
  let m = withRole({}, "user.id", "uid");
  m = withRole(m, "user.mail", "email");
  m = withRole(m, "order.total", "property");
  m = withRole(m, "cart.total", "property");
  assert.deepEqual([m.uid, m.email, m.properties], ["user.id", "user.mail", { total: "order.total", cart_total: "cart.total" }]);
  assert.equal(roleOf(m, "cart.total"), "property");
  m = withRole(m, "order.total", "attribute");
  assert.deepEqual([m.properties, m.attributes], [{ cart_total: "cart.total" }, { total: "order.total" }]);
  m = withRole({ ...m, event_name: "Ordered" }, "type", "event");
  assert.deepEqual([m.event, m.event_name], ["type", undefined]);
  m = withRole(m, "user.id", "");
  assert.equal(m.uid, undefined);
  assert.equal(roleOf(m, "user.id"), "");
});
