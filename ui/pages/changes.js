// @ts-check
import { html, useCallback } from "../preact.js";
import { api } from "../api.js";
import { can } from "../can.js";
import { count, percent } from "../format.js";
import { useResource } from "../resource.js";
import { taskWords, undo, useTaskMoves } from "../tasks.js";
import { dayHead, clock, zone } from "../time.js";
import { Ago } from "../components/ago.js";
import { PageHead } from "../components/page-head.js";
import { Trouble } from "../components/trouble.js";

/** @typedef {import("../types.js").Task} Task */

/** @param {Task} t */
function state(t) {
  switch (t.state) {
    case "running": return `${percent(t.done / Math.max(1, t.total))} done`;
    case "undoing": return "being undone";
    case "undone": return `undone for ${count(t.restored)}${t.kept ? `, ${count(t.kept)} had changed since` : ""}`;
    case "stopped": return t.error ? `stopped: ${t.error}` : "stopped";
    default: return t.changed === t.total ? "done" : `done, ${count(t.total - t.changed)} needed no change`;
  }
}

/** @param {{t: Task, may: boolean}} props */
function Row({ t, may }) {
  return html`<tr><td class="a"><span class="cut">${taskWords(t)}</span></td>
    <td class="c quiet"><span class="cut">${state(t)}</span></td><td class="quiet more"><span class="cut">${t.by}</span></td>
    <td class="b quiet"><${Ago} at=${t.created_at} /></td>
    <td class="d num">${t.undoable && may ? html`<span class="undo-until small quiet">until ${dayHead(t.until ?? "")} ${clock(t.until ?? "")}</span> <button type="button" class="button small" onClick=${() => void undo(t.id)}>Undo</button>` : null}</td></tr>`;
}

/** What people did to many customers at once. @param {{session: import("../types.js").Session}} props */
export function Changes({ session }) {
  const page = useResource("tasks", (signal) => api.tasks({}, signal));
  useTaskMoves(useCallback(() => void page.reload(), []));
  const rows = page.data?.data;
  return html`<main id="content" class="page" tabindex="-1">
    <${PageHead} title="Changes" crumb=${{ href: "/app/customers", text: "Customers" }} line=${["what people did to customers from here, each to be undone for three days", `times in ${zone()}`]} />
    ${page.error ? html`<${Trouble} error=${page.error} doing="read the changes" retry=${page.reload} />` : null}
    ${rows?.length ? html`<section class="panel ledger two bleed" aria-label="Changes"><div class="scroll"><table><thead><tr><th scope="col">What</th><th scope="col">State</th><th scope="col" class="more">By</th><th scope="col">When</th><th scope="col"><span class="hidden">Undo</span></th></tr></thead>
      <tbody>${rows.map((t) => html`<${Row} key=${t.id} t=${t} may=${can(session, "build")} />`)}</tbody></table></div></section>` : null}
    ${rows?.length === 0 ? html`<section class="panel empty"><h2>Nothing has been changed from here yet.</h2><p>Choose customers on their page to add them to a list, archive, change or delete them. What was done then stands here, and can be undone for three days.</p><p><a class="button" href="/app/customers">Choose customers</a></p></section>` : null}
    ${rows === undefined && !page.error ? html`<div class="panel skeleton" aria-busy="true"></div>` : null}
  </main>`;
}
