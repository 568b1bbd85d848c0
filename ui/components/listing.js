// @ts-check
import { html, useMemo } from "../preact.js";
import { lines, pretty } from "../json.js";
import { Copy } from "./copy.js";

/**
 * Text in numbered lines: JSON laid out and coloured, other text as it is.
 * `hit` is a property whose line is washed, because an error names it.
 * @param {{title: string, note?: any, text: string, what: string, hit?: string, cut?: string, plain?: boolean, tall?: boolean, children?: any}} props
 */
export function Listing({ title, note, text, what, hit, cut, plain, tall, children }) {
  const rows = useMemo(() => (plain ? text.split("\n").map((line) => [{ kind: "other", text: line }]) : lines(text)), [text, plain]);
  const struck = (/** @type {{kind: string, text: string}[]} */ row) => hit !== undefined && row.some((t) => t.kind === "key" && t.text === JSON.stringify(hit));
  return html`<section class=${`listing${plain ? " plain" : ""}${tall ? " tall" : ""}`} aria-label=${title}>
    <div class="listing-head"><h3>${title}</h3><span class="small quiet cut">${note ?? null}</span><span class="right">${children ?? null}
      ${text ? html`<${Copy} text=${() => (plain ? text : pretty(text))} what=${what} label="Copy" look="bare small" />` : null}</span></div>
    ${text ? html`<div class="listing-lines" tabindex="0" role="region" aria-label=${title}><ol>${rows.map((row, i) => html`<li key=${i} class=${struck(row) ? "hit" : ""}>${row.map((t, j) => html`<span key=${j} class=${`t-${t.kind}`}>${t.text}</span>`)}</li>`)}</ol></div>` : html`<p class="nothing">Nothing.</p>`}
    ${cut ? html`<p class="cutoff">${cut}</p>` : null}
  </section>`;
}
