// @ts-check
// JSON that keeps its digits. A customer's 1.50 or 9007199254740993 is shown as
// it was sent, so numbers that a double cannot hold exactly stay text (Digits).

/** A number whose written form says more than a double can. */
export class Digits {
  /** @param {string} text the number as JSON wrote it */
  constructor(text) {
    this.text = text;
  }
  toString() {
    return this.text;
  }
  valueOf() {
    return Number(this.text);
  }
}

const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const MARK = "\u0001digits";

/**
 * Parses JSON; a number that would not be written back the same becomes Digits.
 * Throws SyntaxError as JSON.parse does.
 * @param {string} text
 * @returns {any}
 */
export function parse(text) {
  let kept = false;
  const marked = text.replace(STRING_OR_NUMBER, (token) => {
    if (token[0] === '"' || String(Number(token)) === token) return token;
    kept = true;
    return `{${JSON.stringify(MARK)}:"${token}"}`;
  });
  if (!kept) return JSON.parse(text);
  return JSON.parse(marked, (_, value) => (isMark(value) ? new Digits(value[MARK]) : value));
}

/** Whether a value is what parse made of a number, and not somebody's object of that name. @param {any} value */
function isMark(value) {
  if (value === null || typeof value !== "object" || !Object.hasOwn(value, MARK)) return false;
  return Object.keys(value).length === 1 && typeof value[MARK] === "string" && /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(value[MARK]);
}

/**
 * Writes a parsed value as JSON again, Digits as they came.
 * @param {any} value
 * @returns {string}
 */
export function write(value) {
  if (value instanceof Digits) return value.text;
  if (Array.isArray(value)) return `[${value.map(write).join(",")}]`;
  if (value !== null && typeof value === "object") {
    return `{${Object.entries(value).filter(([, v]) => v !== undefined).map(([k, v]) => `${JSON.stringify(k)}:${write(v)}`).join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}

/** @typedef {{kind: "key"|"text"|"number"|"word"|"mark"|"other", text: string}} Token */

const TOKEN = /\s+|"[^"\\\n]*(?:\\.[^"\\\n]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[{}[\],:]|[^\s{}[\],:"]+|"/g;

/**
 * Lays JSON text out in lines of coloured tokens, indented by two, without
 * reading the values. Text that is not JSON, or is cut off, comes as far as it
 * goes; text that does not even begin like JSON comes line by line, as it is.
 * @param {string} text
 * @returns {Token[][]}
 */
export function lines(text) {
  if (!/^\s*[[{"]/.test(text)) {
    return text === "" ? [] : text.split("\n").map((line) => [{ kind: "other", text: line }]);
  }
  const tokens = (text.match(TOKEN) ?? []).filter((t) => t.trim() !== "");
  /** @type {Token[][]} */
  const out = [[]];
  let depth = 0;
  const last = () => out[out.length - 1];
  const breakLine = () => out.push(depth > 0 ? [{ kind: "other", text: "  ".repeat(depth) }] : []);
  tokens.forEach((t, i) => {
    const next = tokens[i + 1];
    if (t === "{" || t === "[") {
      last().push({ kind: "mark", text: t });
      depth++;
      if (next !== "}" && next !== "]") breakLine();
      return;
    }
    if (t === "}" || t === "]") {
      depth = Math.max(0, depth - 1);
      const before = tokens[i - 1];
      if (before !== "{" && before !== "[") breakLine();
      last().push({ kind: "mark", text: t });
      return;
    }
    last().push({ kind: kindOf(t, next), text: t === ":" ? ": " : t });
    if (t === ",") breakLine();
  });
  return out;
}

/**
 * @param {string} t
 * @param {string|undefined} next
 * @returns {Token["kind"]}
 */
function kindOf(t, next) {
  if (t === "," || t === ":") return "mark";
  if (t.length > 1 && t[0] === '"') return next === ":" ? "key" : "text";
  if (/^-?\d/.test(t)) return "number";
  if (t === "true" || t === "false" || t === "null") return "word";
  return "other";
}

/**
 * The laid-out text, for the clipboard.
 * @param {string} text
 * @returns {string}
 */
export function pretty(text) {
  return lines(text).map((line) => line.map((t) => t.text).join("")).join("\n");
}
