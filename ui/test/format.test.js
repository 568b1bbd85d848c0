import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, count, figure, initials, looksOther, nameOf, percent, plural, short, took, typeOf } from "../format.js";
import { Digits } from "../json.js";

test("figures have separators, and are short only where asked", () => {
  assert.equal(count(1184710), "1,184,710");
  assert.equal(count(undefined), "–");
  assert.equal(short(1184710), "1.2 M");
  assert.equal(short(844698), "845 k");
  assert.equal(short(60000), "60 k");
  assert.equal(short(999), "999");
  assert.equal(short(1500), "1,500");
  assert.equal(plural(1, "customer"), "1 customer");
  assert.equal(plural(2, "entry", "entries"), "2 entries");
});

test("a share never claims all or nothing when it is not", () => {
  assert.equal(percent(48000 / 48212), "> 99 %");
  assert.equal(percent(12 / 48212), "< 1 %");
  assert.equal(percent(1), "100 %");
  assert.equal(percent(0), "0 %");
});

test("a number keeps the digits it was written with", () => {
  assert.equal(figure(new Digits("9007199254740993")), "9,007,199,254,740,993");
  assert.equal(figure(new Digits("1234.50")), "1,234.50");
  assert.equal(figure(-90000), "-90,000");
  assert.equal(figure(new Digits("1e400")), "1e400");
});

test("a customer goes by name, then e-mail, then number, then id", () => {
  const c = { uid: "u1", first_name: " Ada ", last_name: null, email: "ada@example.com", number: "1" };
  assert.equal(nameOf(c), "Ada");
  assert.equal(nameOf({ ...c, first_name: "" }), "ada@example.com");
  assert.equal(nameOf({ ...c, first_name: null, email: null }), "1");
  assert.equal(nameOf({ ...c, first_name: null, email: "", number: null }), "u1");
});

test("initials keep combining marks with their letter, in any script", () => {
  assert.equal(initials("Adaeze Okonkwo-Lindqvist"), "AL");
  assert.equal(initials("e\u0301lan Vital"), "E\u0301V");
  assert.equal(initials("محمد عبد الرحمن"), "ما");
  assert.equal(initials("李 小龙"), "李小");
  assert.equal(initials("jane.doe@mail.example.com"), "JD");
  assert.equal(initials("mint_0204817"), "M0");
  assert.equal(initials("…"), "–");
});

test("blank, missing, null and false are four kinds", () => {
  assert.equal(typeOf(""), "text");
  assert.equal(typeOf(undefined), "missing");
  assert.equal(typeOf(null), "null");
  assert.equal(typeOf(false), "boolean");
});

test("a date is a text in a date's form that is a date", () => {
  assert.equal(typeOf("2026-11-23"), "date");
  assert.equal(typeOf("2026-11-23T14:05:09.120Z"), "date");
  assert.equal(typeOf("2026-11-23T14:05:09+01:00"), "date");
  assert.equal(typeOf("2026-31-03"), "text");
  assert.equal(typeOf("2026"), "text");
  assert.equal(typeOf(new Digits("1.50")), "number");
});

test("a text that could be taken for something else is told", () => {
  for (const t of ["79.5", "0042", "1,000", "-1e5", "true", "No", " x", "x "]) assert.equal(looksOther(t), true, t);
  for (const t of ["Fibre 50", "abc", "1a", "12 rue", "not"]) assert.equal(looksOther(t), false, t);
});

test("sizes and durations are short", () => {
  assert.equal(bytes(146), "146 bytes");
  assert.equal(bytes(16384), "16 KB");
  assert.equal(took(0.42), "0.4 ms");
  assert.equal(took(38.4), "38 ms");
  assert.equal(took(1234), "1.2 s");
});
