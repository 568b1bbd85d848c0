import assert from "node:assert/strict";
import { test } from "node:test";
import { Digits, parse, write } from "../json.js";
import { asGroup, duration, emphasis, firstTest, groupOf, inPlaceOf, keyOf, kindOf, kindOfTest, lacks, numberOf, OPERATORS, operatorOf, placeOf, prune, same, withOperator } from "../rule.js";

const op = (kind, name) => OPERATORS.find((o) => o.kind === kind && o.op === name);

test("what a node is follows from its members", () => {
  assert.equal(kindOf({ all: [] }), "group");
  assert.equal(groupOf({ none: [] }), "none");
  for (const kind of ["attribute", "event", "sequence", "segment", "list", "account", "bucket"]) assert.equal(kindOf({ [kind]: "x" }), kind);
  assert.equal(kindOf({ fresh: true }), "empty");
  assert.deepEqual(asGroup({ attribute: "plan", op: "exists" }), { all: [{ attribute: "plan", op: "exists" }] });
});

test("a test compares as its value does, unless the operator or the type says otherwise", () => {
  assert.equal(kindOfTest({ op: "is", value: "pro" }), "text");
  assert.equal(kindOfTest({ op: "is", value: "2026-01-01" }), "text");
  assert.equal(kindOfTest({ op: "gt", value: "2026-01-01" }), "date");
  assert.equal(kindOfTest({ op: "is", value: 3 }), "number");
  assert.equal(kindOfTest({ op: "is", value: new Digits("79.50") }), "number");
  assert.equal(kindOfTest({ op: "is", value: true }), "boolean");
  assert.equal(kindOfTest({ op: "in", value: [1, 2] }), "number");
  assert.equal(kindOfTest({ op: "is", value: 3, type: "date" }), "date");
  assert.equal(kindOfTest({ op: "within_last", value: "30d" }), "date");
  assert.equal(kindOfTest({ op: "exists" }), "any");
});

test("every operator of the table is found again by what it makes", () => {
  for (const o of OPERATORS) {
    const made = withOperator({ attribute: "x", ...firstTest("text"), value: "1" }, o);
    assert.equal(made.op, o.op, `${o.kind} ${o.op}`);
    const again = operatorOf(made);
    assert.deepEqual([again.kind, again.op, again.takes], [o.kind, o.op, o.takes], `${o.kind} ${o.op} reads as ${again.kind} ${again.op}`);
  }
});

test("of the value stays what the new operator can hold", () => {
  const is = { attribute: "a", op: "is", value: "5" };
  assert.deepEqual(withOperator(is, op("text", "in")).value, ["5"]);
  assert.equal(withOperator(is, op("number", "gt")).value, 5);
  assert.equal("value" in withOperator({ attribute: "a", op: "is", value: "pro" }, op("number", "gt")), false);
  assert.equal(withOperator({ attribute: "a", op: "in", value: ["x", "y"] }, op("text", "is")).value, "x");
  assert.equal(withOperator({ attribute: "a", op: "more_than_ago", value: "2w" }, op("date", "within_last")).value, "2w");
  assert.equal(withOperator(is, op("date", "between")).type, "date");
  assert.equal(kindOfTest(withOperator({ attribute: "a", op: "is" }, op("number", "is"))), "number");
  assert.equal(withOperator({ ...is, case: true }, op("text", "contains")).case, true);
  assert.equal(withOperator({ ...is, case: true }, op("number", "gt")).case, undefined);
});

test("durations and numbers are read as they are written", () => {
  assert.deepEqual(duration("30d"), { n: 30, unit: "d" });
  assert.deepEqual(duration("3mo"), { n: 3, unit: "mo" });
  assert.deepEqual(duration(0), { n: 0, unit: "d" });
  assert.equal(duration("30"), null);
  assert.equal(numberOf("1,234.5"), 1234.5);
  assert.equal(numberOf("-7"), -7);
  assert.equal(write(numberOf("1.50")), "1.50");
  assert.equal(numberOf("12a"), undefined);
  assert.equal(numberOf(""), undefined);
});

test("what is not filled in is left out of the count, and named by its place", () => {
  const whole = { attribute: "plan", op: "is", value: "pro" };
  const { rule, paths, missing } = prune({ all: [{ fresh: true }, whole, { any: [{ event: "Paid", where: [{ property: "", op: "is" }] }, { event: "Paid" }] }, { none: [{ attribute: "x", op: "is" }] }] });
  assert.deepEqual(rule, { all: [whole, { any: [{ event: "Paid" }] }] });
  assert.deepEqual(paths, { "": "", "all[0]": "all[1]", "all[1]": "all[2]", "all[1].any[0]": "all[2].any[1]" });
  assert.deepEqual(Object.keys(missing), ["all[0]", "all[2].any[0]", "all[3].none[0]"]);
  assert.deepEqual(prune({ all: [{ any: [] }] }).missing, { "all[0]": "Add a condition, or take the group away" });
  assert.deepEqual(prune({ any: [] }).rule, { any: [] });
});

test("each kind of condition says what it lacks", () => {
  assert.equal(lacks({ event: "Paid", sum: { of: "amount", op: "gt", value: 3 } }), "");
  assert.notEqual(lacks({ event: "Paid", sum: { of: "", op: "gt", value: 3 } }), "");
  assert.notEqual(lacks({ event: "Paid", count: { op: "between", value: [1, undefined] } }), "");
  assert.notEqual(lacks({ event: "Paid", within: { last: "" } }), "");
  assert.equal(lacks({ event: "Paid", within: { from: "90d" } }), "");
  assert.notEqual(lacks({ sequence: [{ event: "A" }, { event: "" }] }), "");
  assert.equal(lacks({ sequence: [{ event: "A" }, { event: "B", not: true }] }), "");
  assert.notEqual(lacks({ account: "" }), "");
  assert.notEqual(lacks({ bucket: { seed: "x", from: 10, to: 10 } }), "");
});

test("a fault belongs to the innermost condition of its path", () => {
  const known = ["", "all[0]", "all[1]", "all[1].any[0]", "all[10]"];
  assert.equal(placeOf("all[1].any[0].count.op", known), "all[1].any[0]");
  assert.equal(placeOf("all[10].value", known), "all[10]");
  assert.equal(placeOf("all[1].any[7].op", known), "all[1]");
  assert.equal(placeOf("rule", known), "");
  assert.equal(placeOf(undefined, known.slice(1)), undefined);
});

test("rules are the same whatever the order of their members; digits count", () => {
  assert.ok(same({ op: "is", attribute: "a", value: 1 }, { attribute: "a", value: 1, op: "is", zone: undefined }));
  assert.ok(!same({ all: [] }, { any: [] }));
  assert.ok(!same(parse(`{"value":1.50}`), parse(`{"value":1.5}`)));
});

test("a copy is known by its original's key", () => {
  const a = { attribute: "a" };
  const b = { attribute: "a" };
  assert.notEqual(keyOf(a), keyOf(b));
  assert.equal(keyOf({ ...a, op: "is" }), keyOf(a));
  assert.equal(keyOf(inPlaceOf({ event: "x" }, a)), keyOf(a));
  assert.equal(write(inPlaceOf({ event: "x" }, a)), `{"event":"x"}`);
});

test("a sentence makes stand out what was given", () => {
  const strong = emphasis("Customers whose plan is “Fibre 50”, whose usage is more than 1,400, and who did “Paid” at least 2 times in the last 30 days").filter((p) => p.strong).map((p) => p.text);
  assert.deepEqual(strong, ["Fibre 50", "1,400", "Paid", "2 times", "30 days"]);
  assert.deepEqual(emphasis("from 1 January 2027 to 30 June 2028").filter((p) => p.strong).map((p) => p.text), ["1 January 2027", "30 June 2028"]);
});
