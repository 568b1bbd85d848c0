// @ts-check
import { html } from "../preact.js";
import { api } from "../api.js";
import { count } from "../format.js";
import { useResource } from "../resource.js";
import { Trouble } from "./trouble.js";

/** @typedef {import("../types.js").Import} Import */

/**
 * The first rows that were refused, each with its line and the reason, and where all are.
 * @param {{imp: Import}} props
 */
export function ImportRefused({ imp }) {
  const rows = useResource(`import refused ${imp.id} ${imp.finished_at}`, (signal) => api.importRefused(imp.id, signal));
  if (rows.error?.code === "forbidden") return null; // whoever may only look at customers sees none that are not
  if (rows.error) return html`<${Trouble} error=${rows.error} doing="read the refused rows" retry=${rows.reload} />`;
  const all = rows.data?.data ?? [];
  return html`<section class="panel refused" aria-label="Refused rows"><div class="panel-head"><h2>Refused rows</h2><span class="n">${count(imp.failed)}</span></div>
    <ul>${all.map((r) => html`<li key=${r.line}><span class="num quiet small">line ${count(r.line)}</span><span>${r.reason}</span><code class="cut quiet" dir="auto" title=${r.row}>${r.row}</code></li>`)}</ul>
    ${all.length < imp.failed && all.length ? html`<p class="note small">The first ${count(all.length)} are shown. The file has all: mend them there, and import it.</p>` : null}</section>`;
}
