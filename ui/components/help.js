// @ts-check
import { html } from "../preact.js";
import { Dialog } from "./dialog.js";

/** @type {[string, string[]][]} */
const KEYS = [
  ["Find a customer, list, event or page", ["Ctrl K", "⌘ K"]],
  ["Search the list", ["/"]],
  ["Next row", ["j"]],
  ["Previous row", ["k"]],
  ["Open the row", ["Enter"]],
  ["Select the row, or up to it", ["x", "Shift x"]],
  ["Close, clear, leave", ["Esc"]],
  ["Read a plot", ["←", "→"]],
  ["These keys", ["?"]],
];

/** @param {{close: () => void}} props */
export function Help({ close }) {
  return html`<${Dialog} title="By keyboard" close=${close}><dl class="keys-list">${KEYS.map(([what, keys]) => html`
    <div key=${what}><dt>${what}</dt><dd>${keys.map((k) => html`<kbd key=${k}>${k}</kbd>`)}</dd></div>`)}</dl></${Dialog}>`;
}
