import { test } from "node:test";
import assert from "node:assert/strict";
import { before, doubtful, foundBy, goingIn, part, shortDoubt, size, span, ways, withColumn } from "../imports.js";

const column = (name, more = {}) => ({ name, to: name, type: "text", filled: 3, samples: [], ...more });
const file = (columns, options = {}) => ({ columns, options, rows: 10, done: 4, rows_read: 6, phase: "writing" });

test("a column is left out, renamed and read otherwise, and the other choices stay", () => {
  const imp = file([column("a"), column("b", { to: "email" })], { map: { b: { to: "email" } }, mode: "create" });
  assert.deepEqual(withColumn(imp, "a", null), { map: { a: null, b: { to: "email" } }, mode: "create" });
  assert.deepEqual(withColumn(imp, "a", { to: "plan" }).map.a, { to: "plan" });
  assert.deepEqual(withColumn(imp, "a", { type: "number", format: "1,234.56" }).map.a, { to: "a", type: "number", format: "1,234.56" });
});

test("what two columns would become goes to the one that was chosen last", () => {
  const imp = file([column("a"), column("b", { to: "email" })]);
  assert.deepEqual(withColumn(imp, "a", { to: "email" }).map, { a: { to: "email" }, b: { to: "b" } });
});

test("a column whose meaning another one takes stays under a name of its own", () => {
  const imp = file([column("email", { to: "email" }), column("email_2"), column("Work mail")]);
  assert.deepEqual(withColumn(imp, "Work mail", { to: "email" }).map, { "Work mail": { to: "email" }, email: { to: "email_3" } });
});

test("an offer may say what the column becomes", () => {
  const c = column("Joined", { doubt: "…", offers: [{ type: "date", format: "DD/MM/YYYY", to: "created_at", why: "Day first" }] });
  assert.equal(ways(c)[1].to, "created_at");
  assert.deepEqual(withColumn(file([c]), "Joined", { to: "created_at", type: "date", format: "DD/MM/YYYY" }).map, { Joined: { to: "created_at", type: "date", format: "DD/MM/YYYY" } });
  assert.deepEqual(ways({ ...c, to: "created_at", type: "date" }).map((w) => w.on), [false]); // nobody has said which
});

test("a doubt in a few words", () => {
  const doubt = (offers, more) => shortDoubt(column("x", { doubt: "…", offers, ...more }));
  assert.equal(doubt([{ type: "date", format: "DD/MM/YYYY" }]), "Dates read two ways");
  assert.equal(doubt([{ type: "date", format: "excel" }], { type: "number" }), "Read as a date?");
  assert.equal(doubt([{ type: "number", format: "1.234,56" }]), "Read as a number?");
  assert.equal(doubt([{ type: "number", format: "1.234,56" }], { type: "number" }), "Thousands?");
  assert.equal(doubt([{ type: "text", to: "number" }]), "No number to message");
  assert.equal(doubt([]), "To look at");
});

test("a file with the columns of an earlier one can be read like it", () => {
  const imp = { ...file([column("a"), column("b")], { dry_run: true }), id: "new", dry_run: true, state: "done" };
  const old = { ...imp, id: "old", dry_run: false, options: { map: { a: null } } };
  assert.equal(before(imp, [imp, old])?.id, "old");
  assert.equal(before(imp, [{ ...old, options: {} }]), undefined);
  assert.equal(before(imp, [{ ...old, dry_run: true }, { ...old, state: "undone" }, { ...old, columns: [column("a")] }]), undefined);
  assert.equal(before({ ...imp, options: { dry_run: true, id: "a" } }, [old]), undefined);
});

test("a column that becomes something else is read anew", () => {
  const imp = file([column("a")], { map: { a: { to: "a", type: "date", format: "DD/MM/YYYY" } } });
  assert.deepEqual(withColumn(imp, "a", { to: "other" }).map.a, { to: "other" });
});

test("customers are found by a column, or by none", () => {
  const imp = file([column("no", { to: "uid" }), column("mail", { to: "email" })], { match: undefined });
  assert.deepEqual(foundBy(imp, "#mail").map, { mail: { to: "uid" }, no: { to: "no" } });
  const by = foundBy(imp, "email");
  assert.equal(by.match, "email");
  assert.deepEqual(by.map, { no: { to: "no" } });
});

test("cells that a doubt is about are told from the others", () => {
  const dates = column("d", { doubt: "…", type: "date", format: "MM/DD/YYYY", offers: [{ type: "text", why: "Text" }] });
  assert.equal(doubtful(dates, "03/04/2024"), true);
  assert.equal(doubtful(dates, "13/04/2024"), false);
  assert.equal(doubtful(dates, ""), false);
  assert.equal(doubtful({ ...dates, to: null }, "03/04/2024"), false);
  const money = column("m", { doubt: "…", offers: [{ type: "number", format: "1,234.56", why: "Number 90000" }] });
  assert.equal(doubtful(money, "$90,000 "), true);
  assert.equal(doubtful(money, "12"), false);
});

test("the way a column is read stands before the offers", () => {
  const c = column("m", { samples: ["$90,000 "], offers: [{ type: "number", format: "1,234.56", why: "Number 90000" }] });
  assert.deepEqual(ways(c).map((w) => [w.label, w.on]), [['Text "$90,000 "', true], ["Number 90000", false]]);
  assert.deepEqual(ways(column("x")), []);
});

test("figures in words", () => {
  assert.equal(size(999), "999 bytes");
  assert.equal(size(970457), "970 KB");
  assert.equal(size(1_975_363), "2 MB");
  assert.equal(span(59), "59 s");
  assert.equal(span(3700), "1 h 2 min");
  assert.equal(part(file([])), 0.4);
  assert.equal(part({ ...file([]), phase: "reading" }), null);
  assert.equal(goingIn({ created: 1, updated: 2, unchanged: 4 }), 7);
});
