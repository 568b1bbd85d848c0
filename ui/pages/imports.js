// @ts-check
import { html, useEffect } from "../preact.js";
import { api } from "../api.js";
import { count, plural } from "../format.js";
import { doing, ended, part } from "../imports.js";
import { useResource } from "../resource.js";
import { zone } from "../time.js";
import { Ago } from "../components/ago.js";
import { Icon } from "../components/icon.js";
import { Progress } from "../components/import-counts.js";
import { ImportDrop } from "../components/import-drop.js";
import { PageHead } from "../components/page-head.js";
import { Trouble } from "../components/trouble.js";

/** @typedef {import("../types.js").Import} Import */

/** How often a running import is looked at. */
const LOOK = 1000;

/** @param {{imp: Import}} props */
export function ImportState({ imp }) {
  if (imp.state === "failed") return html`<span class="status bad" title=${imp.error ?? undefined}><${Icon} name="alert" tiny=${true} />failed</span>`;
  if (imp.state === "done" && imp.dry_run) return html`<span class="status warn"><${Icon} name="pause" tiny=${true} />waits for you</span>`;
  if (imp.state === "done") return html`<span class="status"><${Icon} name="check" tiny=${true} class="good" />imported</span>`;
  return html`<span class="status quiet">${imp.state}</span>`;
}

/** @param {{imp: Import}} props */
function Row({ imp }) {
  const live = !ended(imp.state);
  const figure = (/** @type {number} */ n) => (n ? count(n) : html`<span class="faint">–</span>`);
  return html`<tr><td class="a limit title"><a data-row class="cut" dir="auto" href=${`/app/imports/${imp.id}`} title=${imp.file}><b>${imp.file}</b></a></td>
    <td class="b">${live ? html`<${Progress} part=${part(imp)} text=${doing(imp)} />` : html`<${ImportState} imp=${imp} />`}</td>
    <td class="num quiet">${count(imp.rows)}</td><td class="num">${figure(imp.dry_run ? 0 : imp.created)}</td><td class="num">${figure(imp.dry_run ? 0 : imp.updated)}</td>
    <td class="num quiet more">${figure(imp.dry_run ? 0 : imp.unchanged)}</td><td class=${imp.failed && !imp.dry_run ? "num bad" : "num"}>${figure(imp.dry_run ? 0 : imp.failed)}</td>
    <td class="c narrow-only"><span class="quiet">${imp.dry_run ? `${plural(imp.rows, "row")}, tried` : `${count(imp.created)} created, ${count(imp.updated)} updated`}${imp.failed && !imp.dry_run ? `, ${count(imp.failed)} refused` : ""}</span></td>
    <td class="d quiet"><${Ago} at=${imp.created_at} /></td></tr>`;
}

export function Imports() {
  const list = useResource("imports", (signal) => api.imports({}, signal));
  const all = list.data?.data;
  const live = all?.some((i) => !ended(i.state));
  useEffect(() => {
    if (!live) return;
    const timer = setInterval(() => document.hidden || list.reload(), LOOK);
    return () => clearInterval(timer);
  }, [live]);
  const line = all ? [html`<b>${count(all.filter((i) => i.state === "done" && !i.dry_run).length)}</b> imported${list.data?.next_cursor ? ` of the newest ${all.length}` : ""}`, "attributes only, no events are made", `times in ${zone()}`] : [list.error ? null : html`<span class="faint">Reading…</span>`];
  return html`<main id="content" class="page" tabindex="-1">
    <${PageHead} title="Imports" line=${line} />
    ${list.error ? html`<${Trouble} error=${list.error} doing="read the imports" retry=${list.reload} />` : null}
    <${ImportDrop} large=${all?.length === 0} />
    ${all?.length ? html`<div class="panel ledger two bleed imports"><div class="scroll"><table><thead><tr><th scope="col">File</th><th scope="col">State</th><th scope="col" class="num">Rows</th><th scope="col" class="num">Created</th><th scope="col" class="num">Updated</th><th scope="col" class="num more">Unchanged</th><th scope="col" class="num">Refused</th><th scope="col">Sent</th></tr></thead>
      <tbody>${all.map((imp) => html`<${Row} key=${imp.id} imp=${imp} />`)}</tbody></table></div></div>` : all || list.error ? null : html`<div class="panel skeleton" aria-busy="true"></div>`}
    ${all?.length === 0 ? html`<p class="small quiet import-hint">A file can come over the API too, <code>POST /v1/imports</code>, or from a terminal: <code>kith import customers.csv</code></p>` : null}
  </main>`;
}
