process.env.TZ = "UTC";
import assert from "node:assert/strict";
import { test } from "node:test";
import { classes, text } from "./text.js";

const { Value } = await import("../components/value.js");
const { chooseColumns } = await import("../components/customer-table.js");
const { roundUp } = await import("../components/bars.js");
const { STOPS } = await import("../components/rail.js");
const { find } = await import("../components/palette.js");
const { embedForm } = await import("../pages/list.js");
const { Digits } = await import("../json.js");

/** @param {object} props */
const shown = (props) => text(Value(props));

test("blank, missing, null and false look different", () => {
  assert.equal(shown({ value: "" }), '""');
  assert.equal(shown({ value: undefined }), "–");
  assert.equal(shown({ value: null }), "null");
  assert.equal(shown({ value: false }), "no");
});

test("a text 79.5 and a number 79.5 look different", () => {
  assert.equal(shown({ value: 79.5, column: "number" }), "79.5");
  assert.match(shown({ value: "79.5", column: "number" }), /^Text"79\.5"$/);
  assert.ok(classes(Value({ value: "79.5", column: "number" })).includes("odd"));
  assert.equal(shown({ value: "79.5", column: "text" }), '"79.5"');
  assert.equal(shown({ value: "2348035550142", column: "text", known: true }), "2348035550142");
});

test("a value shows the digits of its JSON text", () => {
  assert.equal(shown({ value: 9007199254740992, text: "9007199254740993" }), "9,007,199,254,740,993");
  assert.equal(shown({ value: new Digits("1.50") }), "1.50");
});

test("dates, lists and objects", () => {
  assert.equal(shown({ value: "2025-01-31", column: "date" }), "31 Jan 2025");
  assert.equal(shown({ value: ["static-ip", "family"] }), "static-ip, family");
  assert.equal(shown({ value: ["a, b"] }), '["a, b"]');
  assert.equal(shown({ value: { city: "Lagos", n: new Digits("1.0") } }), '{"city":"Lagos","n":1.0}');
});

test("columns are the custom attributes that most customers have, of equals the first", () => {
  const attribute = (/** @type {string} */ name, /** @type {number} */ customers, more = {}) => ({ name, label: name, standard: false, types: { text: customers }, customers, samples: [], changed_at: null, ...more });
  const rows = /** @type {any[]} */ ([{ meta: { plan: "x", usage: 1, city: "y", tier: "z", home: {} } }]);
  const all = [attribute("email", 99, { standard: true }), attribute("home", 98, { types: { object: 98 } }), attribute("plan", 5), attribute("usage", 9, { types: { text: 1, number: 8 } }), attribute("city", 5), attribute("tier", 1), attribute("absent", 50)];
  assert.deepEqual(chooseColumns(all, rows), [{ name: "usage", type: "number" }, { name: "plan", type: "text" }, { name: "city", type: "text" }]);
});

test("an attribute may be named like what every object has", () => {
  const attribute = (/** @type {string} */ name) => ({ name, label: name, standard: false, types: { text: 1 }, customers: 1, samples: [], changed_at: null });
  const rows = /** @type {any[]} */ ([{ meta: { toString: "x" } }, { meta: {} }]);
  assert.deepEqual(chooseColumns([attribute("constructor"), attribute("toString")], rows).map((c) => c.name), ["toString"]);
});

test("the top of an axis is a round number", () => {
  assert.deepEqual([1, 2, 3, 5, 7, 11, 35, 61, 101].map(roundUp), [1, 2, 4, 6, 10, 20, 40, 100, 200]);
});

test("the palette finds pages, customers, lists and events", () => {
  const named = /** @type {any} */ ({ segments: [{ id: "g1", title: "Letter readers", count: 3 }], lists: [{ id: "l1", title: "Monthly letter" }], events: [{ name: "Opened letter" }] });
  const customer = /** @type {any} */ ({ id: "c1", uid: "u1", first_name: "Ada", last_name: "Letterman", email: null, is_account: false });
  assert.deepEqual(find("letter", [customer], named).map((f) => f.href), ["/app/customers/c1", "/app/segments/g1", "/app/lists/l1", "/app/events/Opened%20letter"]);
  assert.deepEqual(find("req", [], named).map((f) => f.text), ["Requests"]);
  assert.equal(find("", [], named).length, STOPS.flat().length);
});

test("the form for a page posts to the list", () => {
  assert.match(embedForm("https://kith.example", /** @type {any} */ ({ id: "abc" })), /^<form action="https:\/\/kith\.example\/embed\/abc" method="post">/);
});
