// @ts-check
import { html } from "../preact.js";

/**
 * A text with the parts that match a search marked.
 * @param {{text: string, at?: [number, number][]}} props at: from and to, in order
 */
export function Marked({ text, at }) {
  if (!at?.length) return html`${text}`;
  /** @type {any[]} */
  const parts = [];
  let end = 0;
  for (const [from, to] of at) {
    if (from > end) parts.push(text.slice(end, from));
    parts.push(html`<mark key=${from}>${text.slice(from, to)}</mark>`);
    end = to;
  }
  parts.push(text.slice(end));
  return html`${parts}`;
}
