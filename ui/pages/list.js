// @ts-check
import { html, useCallback, useState } from "../preact.js";
import { api } from "../api.js";
import { can } from "../can.js";
import { count, plural } from "../format.js";
import { useResource } from "../resource.js";
import { write } from "../json.js";
import { here, navigate, usePlace } from "../router.js";
import { useSelection } from "../selection.js";
import { start, useTaskMoves } from "../tasks.js";
import { zone } from "../time.js";
import { Ago } from "../components/ago.js";
import { Avatar } from "../components/avatar.js";
import { Copy } from "../components/copy.js";
import { Listing } from "../components/listing.js";
import { ListArchive, ListForm } from "../components/list-form.js";
import { Icon } from "../components/icon.js";
import { Menu } from "../components/menu.js";
import { PageHead } from "../components/page-head.js";
import { Pager } from "../components/pager.js";
import { PickCustomers, sayN } from "../components/pick-customers.js";
import { SearchField } from "../components/search-field.js";
import { Subscription } from "../components/status.js";
import { toast } from "../components/toast.js";
import { Trouble } from "../components/trouble.js";

/** @typedef {import("../types.js").List} ListShape */

/** The form for a page of one's own. @param {string} base @param {ListShape} list */
export function embedForm(base, list) {
  return `<form action="${base}/embed/${list.id}" method="post">
  <label>E-mail <input type="email" name="email" required></label>
  <label>First name <input name="first_name"></label>
  <button>Subscribe</button>
</form>`;
}

/** @param {{s: import("../types.js").Subscriber, selection?: any}} props */
function Row({ s, selection }) {
  const name = s.name || s.email || s.number || s.uid;
  const on = selection?.has(s.id) ?? false;
  return html`<tr class=${on ? "picked" : ""}>
    ${selection ? html`<td class="pick"><label><input type="checkbox" data-select aria-label=${`Select ${name}`} checked=${on} onClick=${(/** @type {MouseEvent} */ e) => selection.toggle(s.id, e.shiftKey)} /></label></td>` : null}
    <td class="a"><span class="who"><${Avatar} name=${name} id=${s.id} /><a data-row class="cut" dir="auto" href=${`/app/customers/${s.id}`} title=${name}>${name}</a></span></td>
    <td class="c indent limit quiet"><span class="cut" title=${s.email || s.number || undefined}>${s.email || s.number || html`<span class="faint">–</span>`}</span></td>
    <td class="d"><span class="copied"><${Subscription} status=${s.status} />${s.confirm_url ? html` <${Copy} text=${s.confirm_url} what="the confirmation link" label="Copy link" look="small" />` : null}</span></td>
    <td class="b quiet"><${Ago} at=${s.since} /></td></tr>`;
}

/** What the export, and the ledger of customers, are asked for. @param {string} list @param {Record<string, string>} query */
function whoOf(list, query) {
  return { ...(query.status ? { where: write([{ list, status: query.status }]) } : { list }), query: query.query };
}

/** What can be done with those who are selected. @param {{list: ListShape, chosen: {ids: string[], n: number}, clear: () => void, changed: () => void}} props */
function Selected({ list, chosen, clear, changed }) {
  const leave = () => start({ action: "leave_list", list: list.id, ids: chosen.ids }).then(() => { clear(); changed(); }, (e) => toast(`Not done: ${e.message}`));
  return html`<div class="bulk" role="region" aria-label="What to do with the selection"><div class="bulk-in">
    <span class="bulk-n" role="status"><b>${count(chosen.n)}</b> selected</span><span class="bulk-line"></span>
    <button type="button" class="button bare danger" onClick=${() => void leave()}>Take off the list</button><span class="bulk-line"></span>
    <button type="button" class="button bare square" aria-label="Clear the selection" onClick=${clear}><${Icon} name="cross" tiny=${true} /></button></div></div>`;
}

/** @param {{list: ListShape, may: boolean, changed: () => void}} props */
function Subscribers({ list, may, changed }) {
  const { query } = usePlace();
  const ask = { status: query.status, query: query.query, next_cursor: query.next_cursor, previous_cursor: query.previous_cursor };
  const page = useResource(`subscribers ${list.id} ${JSON.stringify(ask)}`, (signal) => api.subscribers(list.id, ask, signal));
  const reload = useCallback(() => void page.reload(), [page.reload]);
  useTaskMoves(reload);
  const first = { next_cursor: undefined, previous_cursor: undefined };
  const tab = (/** @type {string|undefined} */ status, /** @type {string} */ text, /** @type {number} */ n) => html`
    <a href=${here({ status, ...first })} data-keep aria-current=${(query.status ?? "") === (status ?? "") ? "true" : undefined}>${text}<span class="n">${count(n)}</span></a>`;
  const loading = page.data?.loading !== undefined && page.data.loading < 1;
  const rows = loading ? undefined : page.data?.data;
  const total = list.subscribed + list.pending + list.unsubscribed;
  const selection = useSelection(`${list.id} ${query.status ?? ""} ${query.query ?? ""}`, rows ?? [], undefined);
  const picks = may ? selection.table : undefined;
  const typed = (/** @type {string} */ text) => navigate(here({ query: text || undefined, ...first }), { replace: Boolean(text && query.query), keep: true });
  return html`<section class="panel ledger two bleed" aria-label="Subscribers"><div class="panel-head tight"><nav class="tabs" aria-label="Status">
      ${tab(undefined, "All", total)}${tab("subscribed", "Subscribed", list.subscribed)}${tab("pending", "Pending", list.pending)}${tab("unsubscribed", "Unsubscribed", list.unsubscribed)}</nav></div>
    ${total || query.query ? html`<div class="list-tools" role="search"><${SearchField} value=${query.query ?? ""} label="Search subscribers" change=${typed} />${rows && query.query ? html`<span class="small quiet" role="status">${page.data?.total === undefined ? "" : `${plural(page.data.total, "subscriber")} found, best first`}</span>` : null}</div>` : null}
    ${page.error ? html`<div class="note"><${Trouble} error=${page.error} doing="read the subscribers" retry=${page.reload} /></div>` : null}
    ${rows?.length ? html`<div class=${page.stale ? "scroll dim" : "scroll"} tabindex="0" role="region" aria-label="Subscribers of this page"><table class=${picks ? "picks" : ""}><thead><tr>${picks ? html`<th class="pick"><label><input type="checkbox" aria-label="Select all on this page" checked=${picks.all} ref=${(/** @type {HTMLInputElement|null} */ el) => { if (el) el.indeterminate = picks.some && !picks.all; }} onClick=${() => picks.page(!picks.all)} /></label></th>` : null}
      <th scope="col">Customer</th><th scope="col">E-mail or number</th><th scope="col">Status</th><th scope="col">Since</th></tr></thead>
      <tbody>${rows.map((s) => html`<${Row} key=${s.id} s=${s} selection=${picks} />`)}</tbody></table></div><${Pager} page=${page.data} said=${`${plural(rows.length, "subscriber")} on this page`} />` : null}
    ${rows?.length === 0 ? html`<p class="note">${query.query ? html`No subscriber ${query.status ? "with this status " : ""}is found by that. <a class="link" data-keep href=${here({ query: undefined, ...first })}>Show all</a>` : total === 0 ? "Nobody yet. Put the form on a page of yours, subscribe people by the API, or add customers that are here." : query.next_cursor || query.previous_cursor ? html`Nobody is left on this page. <a class="link" data-keep href=${here(first)}>The first one</a>` : "Nobody with this status."}</p>` : null}
    ${rows === undefined && !page.error ? html`<div class="skeleton" aria-busy="true"></div>` : null}
    ${may && selection.chosen.n > 0 ? html`<${Selected} list=${list} chosen=${selection.chosen} clear=${selection.clear} changed=${() => { reload(); changed(); }} />` : null}
  </section>`;
}

/** The actions of the page's head. @param {{l: ListShape, may: boolean, open: (what: string) => void, back: () => void}} props */
function Actions({ l, may, open, back }) {
  const { query } = usePlace();
  const total = l.subscribed + l.pending + l.unsubscribed;
  if (!may) return l.archived ? html`<span class="tag">archived</span>` : null;
  const n = query.query ? "whom the search finds" : plural(query.status ? l[/** @type {"subscribed"|"pending"|"unsubscribed"} */ (query.status)] ?? 0 : total, "customer");
  return html`${l.archived ? html`<span class="tag">archived</span><button type="button" class="button" onClick=${back}>Bring back</button>` : html`<button type="button" class="button" onClick=${() => open("archive")}>Archive</button>`}
    <button type="button" class="button" onClick=${() => open("edit")}>Change</button>
    ${total ? html`<${Menu} label="Export" text="Export">${[["csv", "As CSV"], ["ndjson", "As NDJSON"]].map(([format, say]) => html`<a key=${format} class="button bare" download href=${api.exportHref(whoOf(l.id, query), format)}>${say}, ${n}</a>`)}<//>` : null}
    ${l.archived ? null : html`<button type="button" class="button main" aria-haspopup="dialog" onClick=${() => open("add")}><${Icon} name="plus" />Add customers</button>`}`;
}

/** @param {{id: string, session: import("../types.js").Session}} props */
export function List({ id, session }) {
  const [open, setOpen] = useState("");
  const list = useResource(`list ${id}`, (signal) => api.list(id, signal));
  const may = can(session, "build");
  const keys = useResource("keys", () => (may ? api.keys() : Promise.resolve(/** @type {any} */ ({}))));
  const reload = useCallback(() => void list.reload(), [list.reload]);
  useTaskMoves(reload);
  const l = list.data;
  const crumb = { href: "/app/lists", text: "Lists" };
  if (!l) {
    return html`<main id="content" class="page" tabindex="-1"><${PageHead} title=${list.error?.code === "not_found" ? "No such list" : "List"} crumb=${crumb} />
      ${list.error ? html`<${Trouble} error=${list.error} doing="read this list" retry=${list.reload} />` : html`<div class="panel skeleton" aria-busy="true"></div>`}</main>`;
  }
  const base = keys.data?.base_url ?? location.origin;
  const close = () => setOpen("");
  const back = () => void api.restoreList(id).then((next) => { list.set(next); toast(`“${next.title}” takes subscribers again.`, { good: true }); }, (e) => toast(`Not brought back: ${e.message}`));
  const line = [html`<b>${count(l.subscribed)}</b> subscribed`, `${count(l.pending)} pending`, `${count(l.unsubscribed)} unsubscribed`, l.double_optin ? "asks to confirm" : "joins at once", `times in ${zone()}`];
  return html`<main id="content" class="page" tabindex="-1">
    <${PageHead} title=${l.title} line=${line} crumb=${crumb}>
      <${Actions} l=${l} may=${may} open=${setOpen} back=${back} /></${PageHead}>
    ${list.error ? html`<${Trouble} error=${list.error} doing="read this list again" retry=${list.reload} />` : null}
    ${l.description ? html`<p class="list-says" dir="auto">${l.description}</p>` : null}
    <div class="list-two"><${Subscribers} list=${l} may=${may} changed=${reload} />
      <div><${Listing} title="Form for your page" text=${embedForm(base, l)} what="the form" plain=${true} />
        <p class="small quiet list-note">${l.archived ? "The list is archived: the form is refused. " : ""}More inputs become attributes under their own names. ${l.redirect_url ? html`Afterwards the form leads to <a class="link" href=${l.redirect_url} rel="noreferrer" target="_blank">${l.redirect_url}</a>.` : "Afterwards Kith says thank you."}</p>
        <div class="small quiet list-note"><div>Made <${Ago} at=${l.created_at} plainly=${true} /></div><div class="copied">Id <code>${l.id}</code><${Copy} text=${l.id} what="the list's id" /></div></div></div></div>
    ${open === "edit" ? html`<${ListForm} list=${l} close=${close} saved=${(/** @type {any} */ next) => { close(); list.set({ ...l, ...next }); }} />` : null}
    ${open === "add" ? html`<${PickCustomers} title="Add customers" ask="Who joins this list?" button=${sayN("Add")} close=${close} note="They are subscribed at once, without being asked to confirm. Whoever has unsubscribed stays so."
      taken=${(/** @type {import("../types.js").Customer} */ c) => { const on = (c.lists ?? []).find((x) => x.id === l.id); return on && on.status !== "pending" ? on.status : ""; }}
      act=${(/** @type {string[]} */ ids) => start({ action: "join_list", list: l.id, ids }).then(reload)} />` : null}
    ${open === "archive" ? html`<${ListArchive} list=${l} close=${close} done=${() => { close(); void list.reload(); }} />` : null}
  </main>`;
}
