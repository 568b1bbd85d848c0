// @ts-check
import { html } from "../preact.js";
import { initials, tone } from "../format.js";

/** @param {{name: string, id: string, account?: boolean, large?: boolean}} props */
export function Avatar({ name, id, account, large }) {
  return html`<span class=${`avatar tone-${tone(id)}${large ? " large" : ""}${account ? " account" : ""}`} aria-hidden="true">${initials(name)}</span>`;
}
