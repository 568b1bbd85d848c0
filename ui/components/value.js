// @ts-check
import { html } from "../preact.js";
import { figure, looksOther, plain, typeOf } from "../format.js";
import { Digits, parse, write } from "../json.js";
import { valueDate } from "../time.js";
import { TypeMark } from "./type-mark.js";

/**
 * One value of a customer, so that its type can be seen. `column` is the type its
 * column's head already says; a value of another type then carries its own mark.
 * `text` is the value's JSON as the server wrote it, and wins over `value`.
 * @param {{value?: any, text?: string, column?: string, known?: boolean}} props known: a standard attribute, whose text needs no quotes
 */
export function Value({ value, text, column, known }) {
  const v = text === undefined ? value : read(text, value);
  const type = typeOf(v);
  const odd = column !== undefined && type !== "missing" && type !== "null" && v !== "" && type !== column && !(column === "text" && type === "date");
  const mark = odd ? html`<${TypeMark} type=${type} odd=${true} />` : null;
  if (type === "missing") return html`<span class="value missing" title="Missing">–</span>`;
  if (type === "null") return html`<span class="value null" title="Null">null</span>`;
  if (v === "") return html`<span class="value blank" title="Blank text">""</span>`;
  if (type === "boolean") return html`<span class="value">${mark}${v ? "yes" : "no"}</span>`;
  if (type === "number") return html`<span class="value number" title=${write(v)}>${mark}${figure(v)}</span>`;
  if (type === "date" && column !== "text") return html`<span class="value" title=${v}>${mark}${valueDate(v)}</span>`;
  if (type === "list" && v.every(simple)) {
    return html`<bdi class="value" title=${write(v)}>${mark}${v.length ? v.map(plain).join(", ") : html`<span class="value raw faint">[]</span>`}</bdi>`;
  }
  if (type === "list" || type === "object") return html`<span class="value raw" title=${write(v)}>${mark}${write(v)}</span>`;
  if (odd || (!known && looksOther(v))) return html`<span class="value quoted" title=${v}>${mark}<bdi>${JSON.stringify(v)}</bdi></span>`;
  return html`<bdi class="value" title=${v.length > 24 ? v : undefined}>${v}</bdi>`;
}

/** @param {any} item */
function simple(item) {
  return (typeof item === "string" && item !== "" && !item.includes(",")) || typeof item === "number" || item instanceof Digits;
}

/**
 * @param {string} text
 * @param {any} fallback
 */
function read(text, fallback) {
  try {
    return parse(text);
  } catch {
    return fallback;
  }
}
