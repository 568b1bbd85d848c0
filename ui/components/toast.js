// @ts-check
import { html, useEffect, useState } from "../preact.js";
import { Icon } from "./icon.js";

/** @typedef {{id: number, text: string, good?: boolean, action?: string, act?: () => void}} Note */
/** How long a note stays; one with an action stays longer, to be undone. */
const STAY = 4000;
const STAY_ACTION = 10_000;

let last = 0;
/** @type {Note[]} */
let notes = [];
/** @type {() => void} */
let redraw = () => {};

/**
 * Says something in the corner, and to screen readers.
 * @param {string} text
 * @param {{good?: boolean, action?: string, act?: () => void}} [options]
 */
export function toast(text, options = {}) {
  const note = { id: ++last, text, ...options };
  notes = [...notes.slice(-1), note];
  redraw();
  setTimeout(() => drop(note.id), options.act ? STAY_ACTION : STAY);
}

/** @param {number} id */
function drop(id) {
  notes = notes.filter((n) => n.id !== id);
  redraw();
}

export function Toasts() {
  const [, set] = useState({});
  useEffect(() => {
    redraw = () => set({});
  }, []);
  return html`<div class="toasts" role="status" aria-live="polite">${notes.map((n) => html`
    <div class="toast" key=${n.id}>
      ${n.good ? html`<${Icon} name="check" class="good" />` : null}<span>${n.text}</span>
      ${n.act ? html`<button type="button" class="button bare" onClick=${() => { drop(n.id); n.act?.(); }}>${n.action}</button>` : null}
      <button type="button" class="button bare square" aria-label="Dismiss" onClick=${() => drop(n.id)}><${Icon} name="cross" tiny=${true} /></button>
    </div>`)}</div>`;
}
