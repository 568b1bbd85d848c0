// @ts-check
import { html } from "../preact.js";

/** Each type's word and its sign, drawn on a grid of 14. @type {Record<string, [string, string]>} */
const MARKS = {
  text: ["Text", "M3 3.500h8M7 3.500v7.500"],
  number: ["Number", "M5.300 2.500l-1 9M9.700 2.500l-1 9M2.500 5.250h9.500M2 8.750h9.500"],
  boolean: ["Yes or no", "M4.500 4h5a3 3 0 0 1 0 6h-5a3 3 0 0 1 0-6M9.500 7h.01"],
  date: ["Date", "M2 3.500h10v8.500H2zM2 6.250h10M5 2v2.500M9 2v2.500"],
  list: ["List", "M5 2.500H3v9h2M9 2.500h2v9H9"],
  object: ["Object", "M5.500 2.500c-2 0-.5 3.500-2.500 4.500 2 1 .5 4.500 2.500 4.500M8.500 2.500c2 0 .5 3.500 2.500 4.500-2 1-.5 4.500-2.500 4.500"],
  null: ["Null", "M7 11.500a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9M4 10l6-6"],
};

/**
 * The sign of a type; `odd` says that it differs from its column's.
 * @param {{type: string, odd?: boolean}} props
 */
export function TypeMark({ type, odd }) {
  const mark = MARKS[type];
  if (!mark) return html`<span class="type"></span>`;
  return html`<span class=${odd ? "type odd" : "type"} title=${mark[0]}><svg viewBox="0 0 14 14" aria-hidden="true"><path d=${mark[1]} /></svg><span class="hidden">${mark[0]}</span></span>`;
}

/** @param {string} type */
export function typeWord(type) {
  return MARKS[type]?.[0] ?? type;
}
