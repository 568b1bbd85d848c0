// @ts-check
import { html, useState } from "../preact.js";
import { api } from "../api.js";
import { count, plural } from "../format.js";
import { useResource } from "../resource.js";
import { here, usePlace } from "../router.js";
import { zone } from "../time.js";
import { Ago } from "../components/ago.js";
import { Avatar } from "../components/avatar.js";
import { Copy } from "../components/copy.js";
import { Listing } from "../components/listing.js";
import { ListArchive, ListForm } from "../components/list-form.js";
import { PageHead } from "../components/page-head.js";
import { Pager } from "../components/pager.js";
import { Subscription } from "../components/status.js";
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

/** @param {{s: import("../types.js").Subscriber}} props */
function Row({ s }) {
  return html`<tr>
    <td class="a"><span class="who"><${Avatar} name=${s.name || s.uid} id=${s.id} /><a data-row class="cut" dir="auto" href=${`/app/customers/${s.id}`} title=${s.name || s.uid}>${s.name || s.uid}</a></span></td>
    <td class="c indent limit quiet"><span class="cut" title=${s.email || s.number || undefined}>${s.email || s.number || html`<span class="faint">–</span>`}</span></td>
    <td class="d"><span class="copied"><${Subscription} status=${s.status} />${s.confirm_url ? html` <${Copy} text=${s.confirm_url} what="the confirmation link" label="Copy link" look="small" />` : null}</span></td>
    <td class="b quiet"><${Ago} at=${s.since} /></td></tr>`;
}

/** @param {{list: ListShape}} props */
function Subscribers({ list }) {
  const { query } = usePlace();
  const ask = { status: query.status, next_cursor: query.next_cursor, previous_cursor: query.previous_cursor };
  const page = useResource(`subscribers ${list.id} ${JSON.stringify(ask)}`, (signal) => api.subscribers(list.id, ask, signal));
  const tab = (/** @type {string|undefined} */ status, /** @type {string} */ text, /** @type {number} */ n) => html`
    <a href=${here({ status, next_cursor: undefined, previous_cursor: undefined })} data-keep aria-current=${(query.status ?? "") === (status ?? "") ? "true" : undefined}>${text}<span class="n">${count(n)}</span></a>`;
  const rows = page.data?.data;
  const total = list.subscribed + list.pending + list.unsubscribed;
  return html`<section class="panel ledger two bleed" aria-label="Subscribers"><div class="panel-head tight"><nav class="tabs" aria-label="Status">
      ${tab(undefined, "All", total)}${tab("subscribed", "Subscribed", list.subscribed)}${tab("pending", "Pending", list.pending)}${tab("unsubscribed", "Unsubscribed", list.unsubscribed)}</nav></div>
    ${page.error ? html`<div class="note"><${Trouble} error=${page.error} doing="read the subscribers" retry=${page.reload} /></div>` : null}
    ${rows?.length ? html`<div class=${page.stale ? "scroll dim" : "scroll"}><table><thead><tr><th scope="col">Customer</th><th scope="col">E-mail or number</th><th scope="col">Status</th><th scope="col">Since</th></tr></thead>
      <tbody>${rows.map((s) => html`<${Row} key=${s.id} s=${s} />`)}</tbody></table></div><${Pager} page=${page.data} said=${`${plural(rows.length, "subscriber")} on this page`} />` : null}
    ${rows?.length === 0 ? html`<p class="note">${total === 0 ? "Nobody yet. Put the form on a page of yours, or subscribe people by the API." : "Nobody with this status."}</p>` : null}
  </section>`;
}

/** @param {{id: string}} props */
export function List({ id }) {
  const [open, setOpen] = useState("");
  const list = useResource(`list ${id}`, (signal) => api.list(id, signal));
  const keys = useResource("keys", api.keys);
  const l = list.data;
  const crumb = { href: "/app/lists", text: "Lists" };
  if (!l) {
    return html`<main id="content" class="page" tabindex="-1"><${PageHead} title=${list.error?.code === "not_found" ? "No such list" : "List"} crumb=${crumb} />
      ${list.error ? html`<${Trouble} error=${list.error} doing="read this list" retry=${list.reload} />` : html`<div class="panel skeleton" aria-busy="true"></div>`}</main>`;
  }
  const base = keys.data?.base_url ?? location.origin;
  const close = () => setOpen("");
  const line = [html`<b>${count(l.subscribed)}</b> subscribed`, `${count(l.pending)} pending`, `${count(l.unsubscribed)} unsubscribed`, l.double_optin ? "asks to confirm" : "joins at once", `times in ${zone()}`];
  return html`<main id="content" class="page" tabindex="-1">
    <${PageHead} title=${l.title} line=${line} crumb=${crumb}>
      ${l.archived ? html`<span class="tag">archived</span>` : html`<button type="button" class="button" onClick=${() => setOpen("archive")}>Archive</button>`}
      <button type="button" class="button" onClick=${() => setOpen("edit")}>Change</button></${PageHead}>
    ${l.description ? html`<p class="list-says" dir="auto">${l.description}</p>` : null}
    <div class="list-two"><${Subscribers} list=${l} />
      <div><${Listing} title="Form for your page" text=${embedForm(base, l)} what="the form" plain=${true} />
        <p class="small quiet list-note">${l.archived ? "The list is archived: the form is refused. " : ""}More inputs become attributes under their own names. ${l.redirect_url ? html`Afterwards the form leads to <a class="link" href=${l.redirect_url} rel="noreferrer" target="_blank">${l.redirect_url}</a>.` : "Afterwards Kith says thank you."}</p>
        <div class="small quiet list-note"><div>Made <${Ago} at=${l.created_at} plainly=${true} /></div><div class="copied">Id <code>${l.id}</code><${Copy} text=${l.id} what="the list's id" /></div></div></div></div>
    ${open === "edit" ? html`<${ListForm} list=${l} close=${close} saved=${(/** @type {any} */ next) => { close(); list.set({ ...l, ...next }); }} />` : null}
    ${open === "archive" ? html`<${ListArchive} list=${l} close=${close} done=${() => { close(); void list.reload(); }} />` : null}
  </main>`;
}
