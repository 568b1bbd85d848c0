process.env.TZ = "UTC";
import assert from "node:assert/strict";
import { test } from "node:test";
import { classes, text } from "./text.js";

const { Value } = await import("../components/value.js");
const { columns, nextSort, OWN, sorted, usual, write } = await import("../columns.js");
const { roundUp } = await import("../components/bars.js");
const { STOPS } = await import("../components/rail.js");
const { find, partsOf } = await import("../components/palette.js");
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
  assert.deepEqual(usual(all, rows).filter((c) => !c.key.startsWith("@")).map((c) => [c.name, c.type]), [["usage", "number"], ["plan", "text"], ["city", "text"]]);
});

test("an attribute may be named like what every object has", () => {
  const attribute = (/** @type {string} */ name) => ({ name, label: name, standard: false, types: { text: 1 }, customers: 1, samples: [], changed_at: null });
  const rows = /** @type {any[]} */ ([{ meta: { toString: "x" } }, { meta: {} }]);
  assert.deepEqual(usual([attribute("constructor"), attribute("toString")], rows).filter((c) => !c.key.startsWith("@")).map((c) => c.name), ["toString"]);
});

test("columns of an address are those, in that order, whatever their names hold", () => {
  const attribute = (/** @type {string} */ name) => ({ name, label: name, standard: false, types: { number: 1 }, customers: 1, samples: [], changed_at: null });
  const asked = write(["@last", "a,b %", "@uid", "gone", "@nothing"]);
  assert.deepEqual(columns(asked, [attribute("a,b %")], []).map((c) => [c.key, c.type, c.sort]), [["@last", "date", "last_interaction"], ["a,b %", "number", undefined], ["@uid", "text", "uid"], ["gone", "text", "gone"]]);
  assert.deepEqual(columns("%E0%A4%A", [], []), []);
  assert.deepEqual(columns(undefined, [], []).map((c) => c.key), OWN.map((c) => c.key));
});

test("a column's head sorts the way one wants first, then the other, then not at all", () => {
  const last = { type: "date", sort: "last_interaction" };
  assert.deepEqual([nextSort("", last), nextSort("-last_interaction", last), nextSort("last_interaction", last)], ["-last_interaction", "last_interaction", undefined]);
  const plan = { type: "text", sort: "plan" };
  assert.deepEqual([nextSort("-last_interaction", plan), nextSort("plan", plan), nextSort("-plan", plan)], ["plan", "-plan", undefined]);
  assert.deepEqual([sorted("plan", "plan"), sorted("-plan", "plan"), sorted("gb", "plan"), sorted(undefined, undefined)], ["ascending", "descending", undefined, undefined]);
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

test("the palette marks what was typed, accents and all", () => {
  const parts = (/** @type {string} */ text, /** @type {string} */ typed) => partsOf(text, typed)?.map(([a, b]) => text.slice(a, b)).join("|");
  assert.equal(parts("Monthly letter", "let"), "let");
  assert.equal(parts("Adébáyọ̀ friends", "adebayo fr"), "Adébáyọ|fr");
  assert.equal(parts("A (b) [c] \\d+", "(b) \\d+"), "(b)|\\d+");
  assert.equal(parts("Newsletter", "letter"), "letter");
  assert.equal(partsOf("Newsletter", "news other"), null);
  const named = /** @type {any} */ ({ segments: [], lists: [], events: [] });
  const person = /** @type {any} */ ({ id: "c1", uid: "u1", first_name: " Ada", last_name: "Obi", email: "ada@example.com", is_account: false, marks: [
    { field: "first_name", text: " Ada", at: [[1, 3]] }, { field: "last_name", text: "Obi", at: [[0, 1]] }, { field: "attribute", name: "city", text: "Adamawa", at: [[0, 2]] }] });
  const [ada, all] = find("ad o", [person], named, 40);
  assert.deepEqual([ada?.text, ada?.at, ada?.label, ada?.note, ada?.noteAt], ["Ada Obi", [[0, 2], [4, 5]], "city", "Adamawa", [[0, 2]]]);
  assert.deepEqual([all?.text, all?.href], ["All 40 that match", "/app/customers?query=ad%20o"]);
});

test("the form for a page posts to the list", () => {
  assert.match(embedForm("https://kith.example", /** @type {any} */ ({ id: "abc" })), /^<form action="https:\/\/kith\.example\/embed\/abc" method="post">/);
});
