// @ts-check
import { html, useState } from "../preact.js";
import { api } from "../api.js";
import { count, plural } from "../format.js";
import { useResource } from "../resource.js";
import { here, navigate, usePlace } from "../router.js";
import { zone } from "../time.js";
import { Ago } from "../components/ago.js";
import { Icon } from "../components/icon.js";
import { ListForm } from "../components/list-form.js";
import { PageHead } from "../components/page-head.js";
import { SortHead, sorted } from "../components/sort-head.js";
import { SearchField } from "../components/search-field.js";
import { Trouble } from "../components/trouble.js";

/** What the table is sorted by. @type {Record<string, {text: string, by: (l: import("../types.js").List) => number|string}>} */
const SORTS = {
  made: { text: "Made", by: (l) => -Date.parse(l.created_at) },
  title: { text: "List", by: (l) => l.title.toLocaleLowerCase() },
  subscribed: { text: "Subscribed", by: (l) => -l.subscribed },
  pending: { text: "Pending", by: (l) => -l.pending },
  unsubscribed: { text: "Unsubscribed", by: (l) => -l.unsubscribed },
};

/** @param {{l: import("../types.js").List}} props */
function Row({ l }) {
  return html`<tr>
    <td class="a limit title"><a data-row class="cut" dir="auto" href=${`/app/lists/${l.id}`} title=${l.title}><b>${l.title}</b></a></td>
    <td class="c limit more quiet"><span class="cut" dir="auto" title=${l.description ?? undefined}>${l.description || html`<span class="faint">–</span>`}</span></td>
    <td class="b num"><b>${count(l.subscribed)}</b><span class="narrow-only"> subscribed</span></td>
    <td class="num quiet">${count(l.pending)}</td><td class="num quiet">${count(l.unsubscribed)}</td>
    <td class="quiet">${l.double_optin ? "asked to confirm" : "at once"}</td>
    <td class="d quiet"><${Ago} at=${l.created_at} plainly=${true} /></td></tr>`;
}

export function Lists() {
  const { query } = usePlace();
  const [making, setMaking] = useState(false);
  const lists = useResource("lists", api.lists);
  const all = lists.data?.data;
  const archived = query.archived === "true";
  const typed = (query.query ?? "").toLocaleLowerCase();
  const shown = all?.filter((l) => l.archived === archived && (l.title.toLocaleLowerCase().includes(typed) || l.description?.toLocaleLowerCase().includes(typed)));
  const at = Object.hasOwn(SORTS, query.sort ?? "") ? query.sort : "made";
  const rows = shown && sorted(shown, SORTS[at].by);
  const head = (/** @type {string} */ name, look = "") => html`<${SortHead} sorts=${SORTS} at=${at} name=${name} class=${look} />`;
  const gone = all?.filter((l) => l.archived).length ?? 0;
  const tab = (/** @type {string|undefined} */ value, /** @type {string} */ text) => html`<a href=${here({ archived: value })} data-keep aria-current=${archived === (value === "true") ? "true" : undefined}>${text}</a>`;
  const form = making ? html`<${ListForm} close=${() => setMaking(false)} saved=${(/** @type {any} */ l) => { setMaking(false); void lists.reload(); navigate(`/app/lists/${l.id}`); }} />` : null;
  const create = html`<button type="button" class="button main" onClick=${() => setMaking(true)}><${Icon} name="plus" />New list</button>`;
  return html`<main id="content" class="page" tabindex="-1">
    <${PageHead} title="Lists" line=${all ? [html`<b>${count(all.length - gone)}</b> ${all.length - gone === 1 ? "list" : "lists"}${gone ? `, ${gone} archived` : ""}`, `times in ${zone()}`] : [lists.error ? null : html`<span class="faint">Reading…</span>`]}>${all?.length ? create : null}</${PageHead}>
    ${lists.error ? html`<${Trouble} error=${lists.error} doing="read the lists" retry=${lists.reload} />` : null}
    ${all?.length ? html`<div class="tools" role="search"><${SearchField} value=${query.query ?? ""} label="Search lists" change=${(/** @type {string} */ text) => navigate(here({ query: text }), { replace: true })} />
      ${gone || archived ? html`<span class="segments" role="group" aria-label="State">${tab(undefined, "In use")}${tab("true", "Archived")}</span>` : null}</div>` : null}
    ${rows?.length ? html`<div class="panel ledger two bleed"><div class="scroll"><table><thead><tr>${head("title")}<th scope="col" class="more">Description</th>${head("subscribed", "num")}${head("pending", "num")}${head("unsubscribed", "num")}<th scope="col">Joining</th>${head("made")}</tr></thead>
      <tbody>${rows.map((l) => html`<${Row} key=${l.id} l=${l} />`)}</tbody></table></div></div>` : null}
    ${all && shown?.length === 0 ? html`<section class="panel empty">${all.length === 0
      ? html`<h2>No lists yet.</h2><p>A list is what people subscribe to: a letter, service notices. They join by the API, by an SDK, or by a form on your own page, and may be asked to confirm first.</p><div class="actions">${create}</div>`
      : html`<h2>No list matches.</h2><p>The search reads titles and descriptions.</p><p><a class="button" href="/app/lists">Show the lists in use</a></p>`}</section>` : null}
    ${!all && !lists.error ? html`<div class="panel skeleton" aria-busy="true"></div>` : null}
    ${form}</main>`;
}
