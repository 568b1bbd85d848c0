// @ts-check
// The rule as the builder handles it: what a condition is, which operators fit a type,
// durations in words, and what is still to be filled in. Pure; the grammar itself is
// checked by the server.
import { Digits } from "./json.js";
import { typeOf } from "./format.js";

/** @typedef {Record<string, any>} Node a group or a condition, as on the wire */
/** @typedef {"none"|"one"|"many"|"two"|"duration"} Takes */
/** @typedef {"text"|"number"|"boolean"|"date"|"list"|"any"} Kind */
/** @typedef {{kind: Kind, op: string, say: string, takes: Takes}} Operator */

/** The groups, and what each says of the rules inside it. @type {[string, string, string][]} */
export const GROUPS = [["all", "All", "of these hold"], ["any", "Any", "of these holds"], ["none", "None", "of these holds"]];

/** Groups nest so deep. */
export const DEPTH = 8;

/** @param {Node} node */
export function groupOf(node) {
  return GROUPS.map(([kind]) => kind).find((kind) => Array.isArray(node?.[kind]));
}

/** What a node is. "empty" is a condition that nothing was chosen for yet. @param {Node} node */
export function kindOf(node) {
  if (groupOf(node)) return "group";
  for (const kind of ["attribute", "event", "sequence", "segment", "list", "account", "bucket"]) {
    if (node?.[kind] !== undefined) return kind;
  }
  return "empty";
}

const KEY = Symbol("key");
let keys = 0;

/** What a node is known by while it is edited; copies of it keep it. @param {Node} node @returns {string} */
export function keyOf(node) {
  const n = /** @type {any} */ (node);
  n[KEY] ??= `k${++keys}`;
  return n[KEY];
}

/** A node in the place of another. @param {Node} next @param {Node} before @returns {Node} */
export function inPlaceOf(next, before) {
  return { ...next, [KEY]: keyOf(before) };
}

/** @param {string} path @param {string} group @param {number} i */
export function pathOf(path, group, i) {
  return `${path ? `${path}.` : ""}${group}[${i}]`;
}

/** A rule as a group, which is what the builder shows. @param {Node} rule */
export function asGroup(rule) {
  return groupOf(rule) ? rule : { all: kindOf(rule) === "empty" ? [] : [rule] };
}

/** @param {Kind} kind @param {[string, string, Takes][]} rows @returns {Operator[]} */
const ops = (kind, rows) => rows.map(([op, say, takes]) => ({ kind, op, say, takes }));

/** Every operator, by the type of what it compares with. @type {Operator[]} */
export const OPERATORS = [
  ...ops("text", [["is", "is", "one"], ["is_not", "is not", "one"], ["in", "is one of", "many"], ["not_in", "is none of", "many"], ["contains", "contains", "one"], ["not_contains", "does not contain", "one"],
    ["starts_with", "starts with", "one"], ["ends_with", "ends with", "one"], ["matches", "matches the expression", "one"], ["not_matches", "does not match the expression", "one"]]),
  ...ops("number", [["gt", "is over", "one"], ["gte", "is at least", "one"], ["lt", "is under", "one"], ["lte", "is at most", "one"], ["between", "is between", "two"], ["is", "is", "one"], ["is_not", "is not", "one"], ["in", "is one of", "many"], ["not_in", "is none of", "many"]]),
  ...ops("boolean", [["is", "is", "one"], ["is_not", "is not", "one"]]),
  ...ops("date", [["within_last", "is within the last", "duration"], ["more_than_ago", "is longer ago than", "duration"], ["within_next", "is within the next", "duration"], ["more_than_ahead", "is further ahead than", "duration"],
    ["on", "is on", "one"], ["before", "is before", "one"], ["after", "is after", "one"], ["between", "is between", "two"], ["anniversary", "comes round within", "duration"]]),
  ...ops("list", [["includes_any", "includes any of", "many"], ["includes_all", "includes all of", "many"], ["includes_none", "includes none of", "many"]]),
  ...ops("any", [["exists", "is known", "none"], ["not_exists", "is missing", "none"]]),
];

/** How the builder calls each kind of operators. @type {Record<Kind, string>} */
export const KIND_WORDS = { text: "As a text", number: "As a number", boolean: "As yes or no", date: "As a date", list: "As a list", any: "Whatever it is" };

const DATES = new Set(["within_last", "more_than_ago", "within_next", "more_than_ahead", "on", "before", "after", "anniversary"]);
const TEXTS = new Set(["contains", "not_contains", "starts_with", "ends_with", "matches", "not_matches"]);

/** What a test that has no value yet is to compare; a copy keeps it, and JSON does not see it. */
const AS = Symbol("as");

/** As what a test compares. @param {Node} test @returns {Kind} */
export function kindOfTest(test) {
  const { op, type } = test;
  if (op === "exists" || op === "not_exists") return "any";
  if (op?.startsWith("includes_")) return "list";
  if (DATES.has(op) || type === "date") return "date";
  if (TEXTS.has(op) || type === "text") return "text";
  if (type === "number" || type === "boolean") return type;
  const value = Array.isArray(test.value) ? test.value.find((v) => v !== undefined) : test.value;
  const is = typeOf(value);
  if (is === "number" || is === "boolean") return is;
  if (is === "missing" && /** @type {any} */ (test)[AS]) return /** @type {any} */ (test)[AS];
  if (is === "missing") return ["gt", "gte", "lt", "lte", "between"].includes(op) ? "number" : "text";
  return is === "date" && ["gt", "gte", "lt", "lte", "between"].includes(op) ? "date" : "text";
}

/** The operator of a test; one that the table lacks reads as its own name. @param {Node} test @returns {Operator} */
export function operatorOf(test) {
  const kind = kindOfTest(test);
  return OPERATORS.find((o) => o.kind === kind && o.op === test.op) ?? OPERATORS.find((o) => o.op === test.op && o.kind !== kind && o.takes !== "duration" && !Array.isArray(test.value) === (o.takes === "one")) ?? { kind, op: test.op ?? "is", say: test.op ?? "is", takes: Array.isArray(test.value) ? (test.op === "between" ? "two" : "many") : "one" };
}

/** The types of an attribute, most frequent first, as kinds. @param {string} type @returns {Kind} */
export function kindFor(type) {
  return type === "number" || type === "boolean" || type === "date" || type === "list" ? type : type === "object" ? "any" : "text";
}

/** What a newly chosen attribute or property is asked first. @param {Kind} kind @returns {Node} */
export function firstTest(kind) {
  switch (kind) {
    case "number": return { op: "gte" };
    case "boolean": return { op: "is", value: true };
    case "date": return { op: "within_last", value: "30d" };
    case "list": return { op: "includes_any", value: [] };
    case "any": return { op: "exists" };
    default: return { op: "is" };
  }
}

/** A value as one of a kind, undefined where it cannot be. @param {any} value @param {Kind} kind */
function cast(value, kind) {
  if (value === undefined || value === null || value === "") return undefined;
  if (kind === "number") return numberOf(String(value));
  if (kind === "boolean") return typeof value === "boolean" ? value : true;
  if (kind === "date") return typeOf(value) === "date" ? value : undefined;
  return typeof value === "object" && !(value instanceof Digits) ? undefined : String(value);
}

/** A number as JSON writes it, undefined for a text that is none. @param {string} text */
export function numberOf(text) {
  const plain = text.trim().replace(/[ ,_](?=\d{3})/g, "");
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(plain)) return undefined;
  const n = Number(plain);
  if (!Number.isFinite(n)) return undefined;
  return String(n) === plain || !/^-?\d+(\.\d+)?$/.test(plain) ? n : new Digits(plain);
}

/** The test with another operator; of its value stays what fits. @param {Node} test @param {Operator} to @returns {Node} */
export function withOperator(test, to) {
  const from = operatorOf(test);
  const { op: _, value, type: __, case: exact, zone, ...rest } = test;
  const next = /** @type {Node} */ ({ ...rest, op: to.op, [AS]: to.kind });
  if (to.kind === "text" && exact) next.case = exact;
  if (to.kind === "date" && zone) next.zone = zone;
  if (to.kind === "date" && to.op === "between") next.type = "date";
  const have = value === undefined ? [] : Array.isArray(value) ? value : [value];
  const values = from.takes === "duration" ? [] : have.map((v) => cast(v, to.kind === "list" ? (typeOf(v) === "number" ? "number" : "text") : to.kind)).filter((v) => v !== undefined);
  switch (to.takes) {
    case "none": return next;
    case "duration": return { ...next, value: from.takes === "duration" && value !== undefined ? value : to.op === "anniversary" ? "7d" : "30d" };
    case "many": return { ...next, value: values };
    case "two": return { ...next, value: [values[0], values[1]] };
    default: return values[0] === undefined ? (to.kind === "boolean" ? { ...next, value: true } : next) : { ...next, value: values[0] };
  }
}

/** @type {[string, string, string][]} unit on the wire, one, many */
export const UNITS = [["m", "minute", "minutes"], ["h", "hour", "hours"], ["d", "day", "days"], ["w", "week", "weeks"], ["mo", "month", "months"], ["y", "year", "years"]];

/** "30d" → {n: 30, unit: "d"}; null for what is none. @param {any} text @returns {{n: number, unit: string}|null} */
export function duration(text) {
  const m = /^(\d+)(s|m|h|d|w|mo|y)$/.exec(String(text));
  if (m) return { n: Number(m[1]), unit: m[2] };
  return text === 0 ? { n: 0, unit: "d" } : null;
}

/** @param {Node} test */
function tested(test) {
  const { takes } = operatorOf(test);
  const value = test.value;
  switch (takes) {
    case "none": return true;
    case "duration": return duration(value) !== null;
    case "many": return Array.isArray(value) && value.length > 0;
    case "two": return Array.isArray(value) && value.length === 2 && value.every((v) => v !== undefined && v !== "");
    default: return value !== undefined && value !== "";
  }
}

export const AGGREGATES = ["sum", "avg", "min", "max", "distinct"];

/** @param {Node} node an event condition, or a step */
function eventFilled(node) {
  if (!node.event || (node.where ?? []).some((/** @type {Node} */ w) => !w.property || !tested(w))) return false;
  const within = node.within;
  if (within && typeof within === "object" && within.last === undefined && within.from === undefined && within.to === undefined) return false;
  if (within && [within.last, within.from, within.to].some((b) => b === "")) return false;
  const aggregate = AGGREGATES.find((a) => node[a]);
  const test = aggregate ? node[aggregate] : node.count;
  if (aggregate && !test.of) return false;
  return !test || (Array.isArray(test.value) ? test.value.length === 2 && test.value.every((/** @type {any} */ v) => v !== undefined) : test.value !== undefined);
}

/** What is still missing in a condition, in words; "" when it is whole. @param {Node} node */
export function lacks(node) {
  switch (kindOf(node)) {
    case "empty": return "Choose what this is about";
    case "attribute": return tested(node) ? "" : "Say which value";
    case "event": return eventFilled(node) ? "" : "Fill in the rest";
    case "sequence": return node.sequence.length > 1 && node.sequence.every(eventFilled) ? "" : "Choose the events, two at least";
    case "segment": return node.segment ? "" : "Choose a segment";
    case "list": return node.list ? "" : "Choose a list";
    case "account": return node.account ? "" : "Say which account";
    case "bucket": return node.bucket.from < node.bucket.to ? "" : "From must be below to";
    default: return "";
  }
}

/**
 * The rule without what is still to be filled in, so that the rest can be counted, and
 * where each of its paths stands in the whole rule. `missing` says what is lacking, by
 * path in the whole rule.
 * @param {Node} rule
 * @returns {{rule: Node, paths: Record<string, string>, missing: Record<string, string>}}
 */
export function prune(rule) {
  /** @type {Record<string, string>} */
  const paths = {};
  /** @type {Record<string, string>} */
  const missing = {};
  /** @param {Node} node @param {string} from @param {string} to @param {boolean} root @returns {Node|null} */
  const walk = (node, from, to, root) => {
    const group = groupOf(node);
    if (!group) {
      const lack = lacks(node);
      if (lack) {
        missing[from] = lack;
        return null;
      }
      paths[to] = from;
      return clean(node);
    }
    /** @type {Node[]} */
    const kept = [];
    node[group].forEach((/** @type {Node} */ in_, /** @type {number} */ i) => {
      const part = walk(in_, pathOf(from, group, i), pathOf(to, group, kept.length), false);
      if (part) kept.push(part);
    });
    if (!root && kept.length === 0) {
      if (node[group].length === 0) missing[from] = "Add a condition, or take the group away";
      return null;
    }
    paths[to] = from;
    return { [group]: kept };
  };
  const whole = walk(rule, "", "", true) ?? { all: [] };
  return { rule: whole, paths, missing };
}

/** A condition without members that say nothing. @param {Node} node @returns {Node} */
function clean(node) {
  if (node.sequence) node = { ...node, sequence: node.sequence.map(clean) };
  return Object.fromEntries(Object.entries(node).filter(([, v]) => v !== undefined && v !== "" && !(Array.isArray(v) && v.length === 0)));
}

/**
 * The condition that an error of the server belongs to: of the paths known, the longest
 * that the field begins with.
 * @param {string|undefined} field
 * @param {string[]} known
 */
export function placeOf(field, known) {
  const inside = known.filter((path) => field !== undefined && (path === "" || field === path || field.startsWith(`${path}.`) || field.startsWith(`${path}[`)));
  return inside.sort((a, b) => b.length - a.length)[0];
}

/** Two rules that say the same, whatever the order of members. @param {Node} a @param {Node} b */
export function same(a, b) {
  return stable(a) === stable(b);
}

/** @param {any} value @returns {string} */
function stable(value) {
  if (value instanceof Digits) return value.text;
  if (Array.isArray(value)) return `[${value.map(stable).join()}]`;
  if (value && typeof value === "object") {
    return `{${Object.entries(value).filter(([, v]) => v !== undefined).sort(([x], [y]) => (x < y ? -1 : 1)).map(([k, v]) => `${JSON.stringify(k)}:${stable(v)}`).join()}}`;
  }
  return JSON.stringify(value) ?? "null";
}

/** A sentence of the server in pieces; what it quotes, and its figures and times, stand out. @param {string} words @returns {{text: string, strong: boolean}[]} */
export function emphasis(words) {
  const pieces = [];
  let at = 0;
  for (const m of words.matchAll(/“[^”]*”|\b\d{1,2} (?:January|February|March|April|May|June|July|August|September|October|November|December) \d{4}|\b\d(?:[\d,.]*\d)?(?: (?:times?|seconds?|minutes?|hours?|days?|weeks?|months?|years?|%))?/g)) {
    if (m.index > at) pieces.push({ text: words.slice(at, m.index), strong: false });
    pieces.push({ text: m[0].replace(/^“|”$/g, ""), strong: true });
    at = m.index + m[0].length;
  }
  if (at < words.length) pieces.push({ text: words.slice(at), strong: false });
  return pieces;
}
