// @ts-check
import { html } from "../preact.js";
import { can } from "../can.js";
import { count, plural } from "../format.js";
import { doing, ended, part } from "../imports.js";
import { Ago } from "./ago.js";
import { Icon } from "./icon.js";
import { Progress } from "./import-counts.js";

/** @typedef {import("../types.js").Import} Import */

/** Shape and colour of what became of an import. @type {Record<string, [string, string]>} */
const LOOKS = { done: ["check", "good"], failed: ["alert", "bad"], cancelled: ["cross", "faint"], undone: ["again", "faint"] };

/** @param {Import} imp */
function outcome(imp) {
  if (imp.state === "failed") return imp.error ?? "Failed";
  if (imp.state === "cancelled") return `Cancelled after ${plural(imp.done, "row")}`;
  if (imp.state === "undone") return `Undone: ${count(imp.removed)} removed, ${count(imp.restored)} restored`;
  if (imp.dry_run) return `Tried: ${plural(imp.rows, "row")}, not imported yet`;
  const parts = [[imp.created, "created"], [imp.updated, "updated"], [imp.failed, "refused"]].filter(([n]) => n).map(([n, word]) => `${count(/** @type {number} */ (n))} ${word}`);
  return parts.join(" · ") || "Nothing changed";
}

/** @param {{imports: Import[], session: import("../types.js").Session}} props */
export function RecentImports({ imports, session }) {
  return html`<section class="panel recent" aria-label="Recent imports"><div class="panel-head"><h2>Recent imports</h2><span class="right">${can(session, "build") ? html`<a class="button bare small" href="/app/imports"><${Icon} name="plus" tiny=${true} />Import a file</a>` : html`<a class="button bare small" href="/app/imports">All</a>`}</span></div>
    ${imports.length === 0 ? html`<p class="note">None yet. A file of customers is tried first; nothing is written before you have seen what would happen.</p>` : null}
    <ul class="rows">${imports.map((imp) => {
      const [icon, look] = ended(imp.state) ? (imp.dry_run && imp.state === "done" ? ["pencil", "faint"] : LOOKS[imp.state] ?? ["minus", "faint"]) : ["clock", "good"];
      return html`<li key=${imp.id}><a class="row" href=${`/app/imports/${imp.id}`}><${Icon} name=${icon} class=${look} /><span class="import-text"><bdi class="cut">${imp.file}</bdi>
        ${ended(imp.state) ? html`<span class="small quiet cut">${outcome(imp)}</span>` : html`<${Progress} part=${part(imp)} text=${doing(imp)} />`}</span>
        <span class="right"><${Ago} at=${imp.finished_at ?? imp.created_at} /></span></a></li>`;
    })}</ul></section>`;
}
