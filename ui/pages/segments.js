// @ts-check
import { html } from "../preact.js";
import { api } from "../api.js";
import { count, percent } from "../format.js";
import { useLive } from "../live.js";
import { useResource } from "../resource.js";
import { here, navigate, usePlace } from "../router.js";
import { zone } from "../time.js";
import { Ago } from "../components/ago.js";
import { Icon } from "../components/icon.js";
import { PageHead } from "../components/page-head.js";
import { SearchField } from "../components/search-field.js";
import { SizeSpark } from "../components/segment-plot.js";
import { Trouble } from "../components/trouble.js";

/** @typedef {import("../types.js").Segment} Shape */

/** A built segment's count, or how far the building is. @param {{g: Shape}} props */
export function SegmentCount({ g }) {
  if (g.state === "building") return html`<span class="small quiet nowrap">building, ${percent(g.progress)}</span>`;
  return html`<b>${count(g.count)}</b>`;
}

/** @param {{g: Shape}} props */
function Moves({ g }) {
  if (!g.days) return html`<span class="faint">–</span>`;
  const entered = g.days.reduce((n, d) => n + d.entered, 0);
  const left = g.days.reduce((n, d) => n + d.left, 0);
  if (!entered && !left) return html`<span class="faint">no change</span>`;
  return html`<span class="nowrap"><span class="good">+ ${count(entered)}</span> <span class="bad">− ${count(left)}</span></span>`;
}

/** @param {{g: Shape, all: number}} props */
function Row({ g, all }) {
  return html`<tr>
    <td class="a limit title"><a data-row class="cut" dir="auto" href=${`/app/segments/${g.id}`} title=${g.title}><b>${g.title}</b></a></td>
    <td class="c limit says quiet"><span class="cut" dir="auto" title=${g.description ?? g.words}>${g.description || g.words}</span></td>
    <td class="b num"><${SegmentCount} g=${g} /></td>
    <td class="num quiet more">${g.state === "ready" && all ? percent(g.count / all) : ""}</td>
    <td class="spark-cell more">${g.days ? html`<${SizeSpark} days=${g.days} since=${g.created_at} />` : html`<span class="faint">–</span>`}</td>
    <td class="d num"><${Moves} g=${g} /></td>
    <td class="quiet extra">${g.updated_at ? html`<${Ago} at=${g.updated_at} plainly=${true} />` : html`<span class="faint">built in</span>`}</td></tr>`;
}

export function Segments() {
  const { query } = usePlace();
  const segments = useResource("segments", api.segments);
  useLive("/api/live", segments.reload, 2000);
  const all = segments.data?.data;
  const typed = (query.query ?? "").toLocaleLowerCase();
  const shown = all?.filter((g) => g.title.toLocaleLowerCase().includes(typed) || (g.description ?? "").toLocaleLowerCase().includes(typed));
  const everybody = all?.find((g) => g.built_in)?.count ?? 0;
  const own = all ? all.length - 1 : 0;
  const create = html`<a class="button main" href="/app/segments/new"><${Icon} name="plus" />New segment</a>`;
  return html`<main id="content" class="page" tabindex="-1">
    <${PageHead} title="Segments" line=${all ? [html`<b>${count(own)}</b> ${own === 1 ? "segment" : "segments"} of your own`, "who is in them changes by itself", `times in ${zone()}`] : [segments.error ? null : html`<span class="faint">Reading…</span>`]}>${create}</${PageHead}>
    ${segments.error ? html`<${Trouble} error=${segments.error} doing="read the segments" retry=${segments.reload} />` : null}
    ${own > 0 ? html`<div class="tools" role="search"><${SearchField} value=${query.query ?? ""} label="Search segments" change=${(/** @type {string} */ text) => navigate(here({ query: text }), { replace: true })} /></div>` : null}
    ${shown?.length ? html`<div class="panel ledger two bleed"><div class="scroll"><table><thead><tr><th scope="col">Segment</th><th scope="col" class="says">Who</th><th scope="col" class="num">In it</th><th scope="col" class="num more">Share</th><th scope="col" class="more">28 days</th><th scope="col" class="num">Entered, left</th><th scope="col" class="extra">Changed</th></tr></thead>
      <tbody>${shown.map((g) => html`<${Row} key=${g.id} g=${g} all=${everybody} />`)}</tbody></table></div></div>` : null}
    ${all && own === 0 ? html`<section class="panel empty"><h2>No segment of your own yet.</h2><p>A segment is a rule: who pays for a plan, who has not been seen for a month, who bought twice in a week. Customers enter and leave by themselves, at the instant at which the rule turns, and Kith says why.</p><div class="actions">${create}</div></section>` : null}
    ${all && own > 0 && shown?.length === 0 ? html`<section class="panel empty"><h2>No segment matches.</h2><p><a class="button" href="/app/segments">Show all segments</a></p></section>` : null}
    ${!all && !segments.error ? html`<div class="panel skeleton" aria-busy="true"></div>` : null}</main>`;
}
