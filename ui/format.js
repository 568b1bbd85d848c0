// @ts-check
// Figures, names and kinds of values in words. Pure functions.
import { Digits, write } from "./json.js";

/** @typedef {import("./types.js").Customer} Customer */

/**
 * 12345 → "12,345".
 * @param {number|bigint|null|undefined} n
 */
export function count(n) {
  return n === null || n === undefined ? "–" : n.toLocaleString("en-US");
}

/**
 * For tiles and axes, where the exact figure stands on hover: 1,234,567 → "1.2 M".
 * @param {number} n
 */
export function short(n) {
  const steps = /** @type {[number, string][]} */ ([[1e9, "bn"], [1e6, "M"], [1e3, "k"]]);
  for (const [size, unit] of steps) {
    if (Math.abs(n) >= size * 10) return `${Math.round(n / size)} ${unit}`;
    if (Math.abs(n) >= size && (size > 1e3 || n % size === 0 || n >= 1e4)) return `${trim(n / size)} ${unit}`;
  }
  return count(n);
}

/** @param {number} n */
function trim(n) {
  return n.toFixed(1).replace(/\.0$/, "");
}

/**
 * "1 customer", "2 customers", "1 entry", "3 entries".
 * @param {number} n
 * @param {string} one
 * @param {string} [many]
 */
export function plural(n, one, many = `${one}s`) {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/**
 * The name to call a customer by: first and last name, else e-mail, else number, else the id.
 * @param {Pick<Customer, "first_name"|"last_name"|"email"|"number"|"uid">} c
 */
export function nameOf(c) {
  const name = [c.first_name, c.last_name].map((part) => (part ?? "").trim()).filter(Boolean).join(" ");
  return name || c.email || c.number || c.uid;
}

/**
 * One or two letters for the avatar, by what a reader sees as a letter: marks
 * that combine stay with their letter. An e-mail goes by what stands before the @.
 * @param {string} name
 */
export function initials(name) {
  const words = name.replace(/(.)@\S*$/u, "$1").split(/[\s@._-]+/u).filter((w) => /[\p{L}\p{N}]/u.test(w));
  const picked = words.length > 1 ? [words[0], words[words.length - 1]] : words.slice(0, 1);
  return picked.map(firstLetter).join("").toLocaleUpperCase("en") || "–";
}

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** @param {string} word */
function firstLetter(word) {
  for (const { segment } of graphemes.segment(word)) {
    if (/[\p{L}\p{N}]/u.test(segment)) return segment;
  }
  return "";
}

/**
 * Which of the six plot colours stands for this id, always the same.
 * @param {string} id
 */
export function tone(id) {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return (sum % 6) + 1;
}

/**
 * A share as a percentage that never claims all or nothing: 0.9999 → "> 99 %".
 * @param {number} share
 */
export function percent(share) {
  const whole = Math.round(share * 100);
  if (whole === 0 && share > 0) return "< 1 %";
  if (whole === 100 && share < 1) return "> 99 %";
  return `${whole} %`;
}

/**
 * Bytes in words: 146 → "146 bytes", 16384 → "16 KB".
 * @param {number} n
 */
export function bytes(n) {
  if (n < 1024) return plural(n, "byte");
  if (n < 1024 * 1024) return `${trim(n / 1024)} KB`;
  return `${trim(n / 1024 / 1024)} MB`;
}

/**
 * How long a request took, short: 0.42 → "0.4 ms", 1234 → "1.2 s".
 * @param {number} ms
 */
export function took(ms) {
  if (ms >= 1000) return `${trim(ms / 1000)} s`;
  if (ms >= 10) return `${Math.round(ms)} ms`;
  return `${trim(ms)} ms`;
}

const DATE = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/;

/**
 * What kind of value this is: "text", "number", "boolean", "date", "list",
 * "object", "null", or "missing" for undefined.
 * @param {any} value
 */
export function typeOf(value) {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  if (typeof value === "number" || value instanceof Digits) return "number";
  if (typeof value === "boolean") return "boolean";
  if (Array.isArray(value)) return "list";
  if (typeof value === "object") return "object";
  return DATE.test(value) && !Number.isNaN(Date.parse(value)) ? "date" : "text";
}

/**
 * What an object has under a name that others chose: "constructor" may be one.
 * @param {Record<string, any>|null|undefined} object
 * @param {string} name
 */
export function own(object, name) {
  return object && Object.hasOwn(object, name) ? object[name] : undefined;
}

/**
 * Whether a text would be taken for a number or a word of JSON if it stood without quotes.
 * @param {string} text
 */
export function looksOther(text) {
  return /^\s*[+-]?(\d[\d,.\s]*|\.\d+)([eE][+-]?\d+)?\s*$/.test(text) || /^(true|false|null|yes|no)$/i.test(text) || text !== text.trim();
}

/**
 * A number with separators, digits as they were written: 90000 → "90,000", 1.50 → "1.50".
 * @param {number|Digits} value
 */
export function figure(value) {
  const text = value instanceof Digits ? value.text : String(value);
  const parts = /^(-?)(\d+)(\..*)?$/.exec(text);
  if (!parts) return text;
  return parts[1] + parts[2].replace(/\B(?=(\d{3})+(?!\d))/g, ",") + (parts[3] ?? "");
}

/**
 * A value on one line for places without marks: titles, the clipboard.
 * @param {any} value
 */
export function plain(value) {
  return typeof value === "string" ? value : write(value);
}
