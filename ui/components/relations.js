// @ts-check
// Who belongs to an account, and to which accounts somebody belongs.
import { html, useState } from "../preact.js";
import { api } from "../api.js";
import { count } from "../format.js";
import { write } from "../json.js";
import { useResource } from "../resource.js";
import { here, usePlace } from "../router.js";
import { start } from "../tasks.js";
import { Icon } from "./icon.js";
import { PickCustomers, sayN } from "./pick-customers.js";
import { toast } from "./toast.js";
import { Trouble } from "./trouble.js";

/** @typedef {import("../types.js").Relation} Relation */
/** @typedef {import("../types.js").CustomerDetail} Detail */

/** How many members one page of the panel has. */
const PAGE = 10;

/** @param {{p: Relation, icon: string, say: string, drop?: () => void}} props */
function Row({ p, icon, say, drop }) {
  const name = p.name || p.uid;
  return html`<li><div class="row relation"><${Icon} name=${icon} class="faint" /><a class="cut row-link" dir="auto" href=${`/app/customers/${p.id}`} title=${name}>${name}</a>
    <span class="right"><span class="cut" dir="auto" title=${p.role ?? undefined}>${p.role ?? ""}</span>${drop ? html`<button type="button" class="button bare small square edit" aria-label=${`${say} ${name}`} title=${say} onClick=${drop}><${Icon} name="cross" tiny=${true} /></button>` : null}</span></div></li>`;
}

/** @param {string} what */
const failed = (what) => (/** @type {any} */ e) => toast(`${what}: ${e.message}`);

/** The members of an account, a page at a time. @param {{detail: Detail, may: boolean, changed: () => void}} props */
export function Members({ detail, may, changed }) {
  const { query } = usePlace();
  const [adding, setAdding] = useState(false);
  const c = detail.customer;
  const ask = { limit: PAGE, next_cursor: query.members_after, previous_cursor: query.members_before };
  const paged = Boolean(query.members_after || query.members_before);
  const page = useResource(`members ${c.id} ${JSON.stringify(ask)} ${detail.customer.member_count}`, (signal) => (paged ? api.members(c.id, ask, signal) : Promise.resolve(/** @type {any} */ (null))));
  if (!c.is_account) return null;
  const shown = paged ? page.data : { data: detail.members ?? [], next_cursor: detail.members_next, previous_cursor: undefined };
  const people = /** @type {Relation[]|undefined} */ (shown?.data);
  const go = (/** @type {string} */ say, /** @type {string|undefined} */ after, /** @type {string|undefined} */ before) => html`<a class="button small" data-keep aria-disabled=${after || before ? undefined : "true"} href=${after || before ? here({ members_after: after, members_before: before }) : undefined}>${say}</a>`;
  const drop = (/** @type {Relation} */ p) => start({ action: "leave_account", into: c.id, ids: [p.id] }).then(changed, failed("Not taken out"));
  const all = `/app/customers?where=${encodeURIComponent(write([{ account: c.uid }]))}`;
  return html`<section class="panel" aria-label="Members"><div class="panel-head"><h2>Members</h2><span class="n">${count(c.member_count)}</span>
      ${may ? html`<span class="right"><button type="button" class="button small" aria-haspopup="dialog" onClick=${() => setAdding(true)}><${Icon} name="plus" tiny=${true} />Add</button></span>` : null}</div>
    ${page.error && paged ? html`<div class="note"><${Trouble} error=${page.error} doing="read the members" retry=${page.reload} /></div>` : null}
    ${people?.length ? html`<ul class=${paged && page.stale ? "rows dim" : "rows"}>${people.map((p) => html`<${Row} key=${p.id} p=${p} icon="person" say="Take out" drop=${may ? () => void drop(p) : undefined} />`)}</ul>` : null}
    ${people?.length === 0 ? html`<p class="note">${c.member_count ? html`Nobody is left on this page. <a class="link" data-keep href=${here({ members_after: undefined, members_before: undefined })}>The first one</a>` : "Nobody yet."}</p>` : null}
    ${!people && !page.error ? html`<div class="note" aria-busy="true">Reading…</div>` : null}
    ${shown && (paged || shown.next_cursor) ? html`<nav class="row members-pages" aria-label="Pages of members"><a class="link small" href=${all} aria-label="See all members as customers">See all</a><span class="right">${go("Previous", undefined, shown.previous_cursor)}${go("Next", shown.next_cursor, undefined)}</span></nav>` : null}
    ${adding ? html`<${PickCustomers} title="Add members" ask="Who belongs to this account?" role=${true} button=${sayN("Add")} close=${() => setAdding(false)}
      taken=${(/** @type {any} */ x) => (x.id === c.id ? "this account" : (detail.members ?? []).some((m) => m.id === x.id) ? "a member" : "")}
      act=${(/** @type {string[]} */ ids, /** @type {string} */ role) => start({ action: "join_account", into: c.id, ids, ...(role ? { value: role } : {}) }).then(changed)} />` : null}</section>`;
}

/** The accounts that somebody belongs to. @param {{detail: Detail, may: boolean, changed: () => void}} props */
export function Accounts({ detail, may, changed }) {
  const [adding, setAdding] = useState(false);
  const overview = useResource("overview", api.overview);
  const c = detail.customer;
  const offer = may && !c.is_account && Boolean(overview.data?.accounts);
  if (!detail.accounts.length && !offer) return null;
  const drop = (/** @type {Relation} */ a) => start({ action: "leave_account", into: a.id, ids: [c.id] }).then(changed, failed("Not taken out"));
  return html`<section class="panel" aria-label="Accounts"><div class="panel-head"><h2>Accounts</h2><span class="n">${count(detail.accounts.length)}</span>
      ${offer ? html`<span class="right"><button type="button" class="button small" aria-haspopup="dialog" onClick=${() => setAdding(true)}><${Icon} name="plus" tiny=${true} />Add</button></span>` : null}</div>
    ${detail.accounts.length ? html`<ul class="rows">${detail.accounts.map((a) => html`<${Row} key=${a.id} p=${a} icon="building" say="Take out of" drop=${may ? () => void drop(a) : undefined} />`)}</ul>` : html`<p class="note">In none.</p>`}
    ${adding ? html`<${PickCustomers} title="Add to an account" ask="Which account?" accounts=${true} one=${true} role=${true} button=${() => "Add to the account"} close=${() => setAdding(false)}
      taken=${(/** @type {any} */ x) => (x.id === c.id ? "this one" : detail.accounts.some((a) => a.id === x.id) ? "has it already" : "")}
      act=${(/** @type {string[]} */ ids, /** @type {string} */ role) => start({ action: "join_account", into: ids[0], ids: [c.id], ...(role ? { value: role } : {}) }).then(changed)} />` : null}</section>`;
}
