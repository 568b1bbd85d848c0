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
import { SearchField } from "../components/search-field.js";
import { Trouble } from "../components/trouble.js";

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
  const shown = all?.filter((l) => l.archived === archived && l.title.toLocaleLowerCase().includes(typed));
  const gone = all?.filter((l) => l.archived).length ?? 0;
  const tab = (/** @type {string|undefined} */ value, /** @type {string} */ text) => html`<a href=${here({ archived: value })} data-keep aria-current=${archived === (value === "true") ? "true" : undefined}>${text}</a>`;
  const form = making ? html`<${ListForm} close=${() => setMaking(false)} saved=${(/** @type {any} */ l) => { setMaking(false); void lists.reload(); navigate(`/app/lists/${l.id}`); }} />` : null;
  const create = html`<button type="button" class="button main" onClick=${() => setMaking(true)}><${Icon} name="plus" />New list</button>`;
  return html`<main id="content" class="page" tabindex="-1">
    <${PageHead} title="Lists" line=${all ? [html`<b>${count(all.length - gone)}</b> ${all.length - gone === 1 ? "list" : "lists"}${gone ? `, ${gone} archived` : ""}`, `times in ${zone()}`] : [lists.error ? null : html`<span class="faint">Reading…</span>`]}>${all?.length ? create : null}</${PageHead}>
    ${lists.error ? html`<${Trouble} error=${lists.error} doing="read the lists" retry=${lists.reload} />` : null}
    ${all?.length ? html`<div class="tools" role="search"><${SearchField} value=${query.query ?? ""} label="Search lists" change=${(/** @type {string} */ text) => navigate(here({ query: text }), { replace: true })} />
      ${gone || archived ? html`<span class="segments" role="group" aria-label="State">${tab(undefined, "In use")}${tab("true", "Archived")}</span>` : null}</div>` : null}
    ${shown?.length ? html`<div class="panel ledger two bleed"><div class="scroll"><table><thead><tr><th scope="col">List</th><th scope="col" class="more">Description</th><th scope="col" class="num">Subscribed</th><th scope="col" class="num">Pending</th><th scope="col" class="num">Unsubscribed</th><th scope="col">Joining</th><th scope="col">Made</th></tr></thead>
      <tbody>${shown.map((l) => html`<${Row} key=${l.id} l=${l} />`)}</tbody></table></div></div>` : null}
    ${all && shown?.length === 0 ? html`<section class="panel empty">${all.length === 0
      ? html`<h2>No lists yet.</h2><p>A list is what people subscribe to: a letter, service notices. They join by the API, by an SDK, or by a form on your own page, and may be asked to confirm first.</p><div class="actions">${create}</div>`
      : html`<h2>No list matches.</h2><p><a class="button" href="/app/lists">Show the lists in use</a></p>`}</section>` : null}
    ${!all && !lists.error ? html`<div class="panel skeleton" aria-busy="true"></div>` : null}
    ${form}</main>`;
}
