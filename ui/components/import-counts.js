// @ts-check
import { html } from "../preact.js";
import { count } from "../format.js";

/** What can become of a row, and the look of each. @type {["created"|"updated"|"unchanged"|"skipped"|"failed", string][]} */
const KINDS = [["created", "created"], ["updated", "updated"], ["unchanged", "unchanged"], ["skipped", "passed over"], ["failed", "refused"]];

/**
 * What became of the rows, or would: a bar and its legend.
 * @param {{imp: import("../types.js").Import, children?: any}} props
 */
export function ImportCounts({ imp, children }) {
  const shown = KINDS.filter(([key]) => imp[key] > 0 || key === "created" || key === "updated" || key === "unchanged");
  const said = shown.map(([key, word]) => `${count(imp[key])} ${word}`).join(", ");
  return html`<div class="fates"><div class="fate-bar" role="img" aria-label=${said}>${shown.filter(([key]) => imp[key] > 0).map(([key]) => html`<i key=${key} class=${key} style=${`flex-grow:${imp[key]}`}></i>`)}</div>
    <div class="fate-words">${shown.map(([key, word]) => html`<span key=${key}><i class=${key}></i><b class="num">${count(imp[key])}</b> <span class="quiet">${word}</span></span>`)}${children}</div></div>`;
}

/**
 * How far something is. Without a part it only says that it goes on.
 * @param {{part: number|null, text: string}} props
 */
export function Progress({ part, text }) {
  return html`<div class="progress"><progress class="hidden" max="1" value=${part ?? undefined}>${text}</progress>
    <div class=${part === null ? "progress-bar unknown" : "progress-bar"} aria-hidden="true"><i style=${part === null ? "" : `width:${(part * 100).toFixed(1)}%`}></i></div>
    <span class="small quiet num" role="status">${text}</span></div>`;
}
