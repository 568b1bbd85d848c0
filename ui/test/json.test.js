import assert from "node:assert/strict";
import { test } from "node:test";
import { Digits, lines, parse, pretty, write } from "../json.js";

test("a number that a double cannot hold keeps its digits", () => {
  const value = parse('{"id":9007199254740993,"price":1.50,"small":1e-400,"plain":12.5,"zero":-0}');
  assert.ok(value.id instanceof Digits);
  assert.equal(value.id.text, "9007199254740993");
  assert.equal(String(value.price), "1.50");
  assert.equal(String(value.small), "1e-400");
  assert.equal(value.plain, 12.5);
  assert.equal(String(value.zero), "-0");
});

test("digits inside a text are left alone", () => {
  const value = parse('{"a":"1.50 and \\"2.00\\"","b":["9007199254740993"],"c":"x\\\\","d":1.0}');
  assert.equal(value.a, '1.50 and "2.00"');
  assert.equal(value.b[0], "9007199254740993");
  assert.equal(value.c, "x\\");
  assert.equal(String(value.d), "1.0");
});

test("what was parsed is written back as it came", () => {
  const text = '{"a":[1.50,9007199254740993,null,true,"x\\ny"],"b":{"c":{}},"d":""}';
  assert.equal(write(parse(text)), text);
});

test("what is not JSON is refused", () => {
  assert.throws(() => parse("{1.50}"), SyntaxError);
  assert.throws(() => parse(""), SyntaxError);
});

test("a long text with escapes does not exhaust the stack", () => {
  const long = JSON.stringify({ a: 'quote " and \\ '.repeat(100_000), n: "1.50" });
  assert.equal(parse(long).a.length, 14 * 100_000);
});

test("JSON is laid out by two, with empty things on one line and digits untouched", () => {
  assert.equal(pretty('{"a":1.50,"b":[],"c":{"d":[1,"x"]},"e":{}}'),
    '{\n  "a": 1.50,\n  "b": [],\n  "c": {\n    "d": [\n      1,\n      "x"\n    ]\n  },\n  "e": {}\n}');
});

test("keys, texts, numbers and words are told apart", () => {
  const kinds = lines('{"a":"b","c":1,"d":true}').flat().filter((t) => t.text.trim() && t.kind !== "mark").map((t) => `${t.kind} ${t.text}`);
  assert.deepEqual(kinds, ['key "a"', 'text "b"', 'key "c"', "number 1", 'key "d"', "word true"]);
});

test("a body that was cut off shows as far as it goes", () => {
  const shown = pretty('{"event":"x","properties":{"name":"Ada Lovel');
  assert.ok(shown.startsWith('{\n  "event": "x",\n  "properties": {\n    "name": '));
  assert.match(shown, /Ada/);
});

test("a body that is no JSON shows as it is, and none shows nothing", () => {
  assert.equal(pretty("email=ada%40example.com\nname=Ada"), "email=ada%40example.com\nname=Ada");
  assert.deepEqual(lines(""), []);
});

test("an object that is named like the mark of a number stays an object", () => {
  const text = '{"\\u0001digits":{"a":1.50},"b":1.50}';
  assert.equal(write(parse(text)), '{"\\u0001digits":{"a":1.50},"b":1.50}');
});
