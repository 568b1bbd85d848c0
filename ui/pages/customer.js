// @ts-check
import { html, useRef, useState } from "../preact.js";
import { api } from "../api.js";
import { can } from "../can.js";
import { count, nameOf, plural } from "../format.js";
import { useLive } from "../live.js";
import { useResource } from "../resource.js";
import { here, navigate, usePlace } from "../router.js";
import { useSteady } from "../steady.js";
import { start } from "../tasks.js";
import { since, zone } from "../time.js";
import { Activity } from "../components/activity.js";
import { Ago } from "../components/ago.js";
import { AttributePanel } from "../components/attribute-panel.js";
import { Avatar } from "../components/avatar.js";
import { Copy } from "../components/copy.js";
import { EraseDialog } from "../components/erase-dialog.js";
import { Icon } from "../components/icon.js";
import { Listing } from "../components/listing.js";
import { Menu } from "../components/menu.js";
import { MergeDialog } from "../components/merge-dialog.js";
import { PageHead } from "../components/page-head.js";
import { Accounts, Members } from "../components/relations.js";
import { Select } from "../components/select.js";
import { Subscription } from "../components/status.js";
import { Timeline, useTimeline } from "../components/timeline.js";
import { toast } from "../components/toast.js";
import { Trouble } from "../components/trouble.js";
import { Why } from "../components/why.js";

/** @typedef {import("../types.js").CustomerDetail} Detail */

/** @param {{title: string, n?: any, children?: any, right?: any}} props */
function Panel({ title, n, right, children }) {
  return html`<section class="panel" aria-label=${title}><div class="panel-head"><h2>${title}</h2>${n === undefined ? null : html`<span class="n">${n}</span>`}${right ? html`<span class="right">${right}</span>` : null}</div>${children}</section>`;
}

/** @param {{devices: Detail["devices"]}} props */
function Devices({ devices }) {
  if (!devices.length) return null;
  return html`<${Panel} title="Devices" n=${`${devices.length} of 5`}><ul class="rows">${devices.map((d) => html`
    <li key=${d.token}><div class="row"><${Icon} name="phone" class="faint" /><span class="nowrap">${d.platform === "ios" ? "iOS" : "Android"}</span>
      <code class="cut faint" title=${d.token}>${d.token}</code><span class="right faint"><${Ago} at=${d.added_at} /></span><${Copy} text=${d.token} what="the device token" /></div></li>`)}</ul></${Panel}>`;
}

/** @param {{id: string, lists: Detail["lists"], may: boolean, changed: () => void}} props */
function Lists({ id, lists, may, changed }) {
  const all = useResource("lists", api.lists);
  const others = may ? (all.data?.data ?? []).filter((l) => !l.archived && !lists.some((have) => have.id === l.id)) : [];
  const act = (/** @type {string} */ action, /** @type {string} */ list) => start({ action, list, ids: [id] }).then(changed, (e) => toast(`Not done: ${e.message}`));
  if (!lists.length && !others.length) return null;
  return html`<${Panel} title="Lists" n=${count(lists.length)}>${lists.length ? html`<ul class="rows">${lists.map((l) => html`
    <li key=${l.id}><div class="row"><${Subscription} status=${l.status} bare=${true} /><a class="cut row-link" dir="auto" href=${`/app/lists/${l.id}`} title=${l.title}>${l.title}</a>
      <span class="right">${l.status === "subscribed" ? "since " : `${l.status} `}<${Ago} at=${l.since} plainly=${true} />${may ? html`<button type="button" class="button bare small square edit" aria-label=${`Take off ${l.title}`} onClick=${() => void act("leave_list", l.id)}><${Icon} name="cross" tiny=${true} /></button>` : null}</span></div></li>`)}</ul>` : html`<p class="note">On none.</p>`}
    ${others.length ? html`<div class="row"><${Select} label="Add to a list" value="" options=${[["", "Add to …"], ...others.map((l) => [l.id, l.title])]} change=${(/** @type {string} */ list) => list && void act("join_list", list)} /></div>` : null}</${Panel}>`;
}

/** The segments that the customer is in, and why; and why not in another. @param {{id: string, name: string, segments: Detail["segments"]}} props */
function Segments({ id, name, segments }) {
  const [asked, setAsked] = useState(/** @type {{id: string, title: string, since?: string|null}|null} */ (null));
  const all = useResource("segment names", api.segmentNames);
  const others = (all.data?.data ?? []).filter((g) => !g.built_in && !segments.some((s) => s.id === g.id));
  if (!segments.length && !others.length) return null;
  const ask = (/** @type {string} */ which) => setAsked(others.find((g) => g.id === which) ?? null);
  return html`<${Panel} title="Segments" n=${count(segments.length)}>
    ${segments.length ? html`<ul class="rows">${segments.map((g) => html`<li key=${g.id}><div class="row"><span class="move-text"><a class="cut row-link" dir="auto" href=${`/app/segments/${g.id}`} title=${g.title}>${g.title}</a>
      ${g.since ? html`<span class="small quiet">since <${Ago} at=${g.since} plainly=${true} /></span>` : null}</span><button type="button" class="button small" aria-haspopup="dialog" aria-label=${`Why in ${g.title}`} onClick=${() => setAsked(g)}>Why</button></div></li>`)}</ul>` : html`<p class="note">In none of yours.</p>`}
    ${others.length ? html`<div class="row"><${Select} label="Why not in another segment" value="" options=${[["", "Why not in …"], ...others.map((g) => [g.id, g.title])]} change=${ask} /></div>` : null}
    ${asked ? html`<${Why} customer=${id} name=${name} segment=${asked} since=${asked.since} close=${() => setAsked(null)} />` : null}</${Panel}>`;
}

/** @param {{aliases: string[]}} props */
function Aliases({ aliases }) {
  if (!aliases?.length) return null;
  return html`<${Panel} title="Also known as" n=${count(aliases.length)}><ul class="rows">${aliases.map((uid) => html`
    <li key=${uid}><div class="row"><code class="cut" title=${uid}>${uid}</code><${Copy} text=${uid} what="the id" /></div></li>`)}</ul></${Panel}>`;
}

/** What services that are connected call the customer. @param {{ids: Detail["external"]}} props */
function External({ ids }) {
  if (!ids?.length) return null;
  return html`<${Panel} title="At other services" n=${count(ids.length)}><ul class="rows">${ids.map((e) => html`
    <li key=${e.service + e.id}><div class="row"><span class="nowrap">${e.service}</span><code class="cut faint" title=${e.id}>${e.id}</code><${Copy} text=${e.id} what="the id" /></div></li>`)}</ul></${Panel}>`;
}

/** @param {{text: string|null|undefined, what: string, code?: boolean}} props */
function Known({ text, what, code }) {
  if (!text) return null;
  return html`<span class="copied">${code ? html`<code class="cut" title=${text}>${text}</code>` : html`<span class="cut" title=${text}>${text}</span>`}<${Copy} text=${text} what=${what} /></span>`;
}

/**
 * What can be done with the whole customer.
 * @param {{detail: Detail, session: import("../types.js").Session, changed: () => void, leaving: (on: boolean) => void}} props leaving: it is about to be gone
 */
function Actions({ detail, session, changed, leaving }) {
  const [open, setOpen] = useState("");
  const c = detail.customer;
  const close = () => setOpen("");
  const act = (/** @type {string} */ action) => start({ action, ids: [c.id] });
  const said = (/** @type {any} */ e) => toast(`Not done: ${e.message}`);
  const list = c.is_account ? "/app/accounts" : "/app/customers";
  if (!can(session, "build")) return null;
  return html`<button type="button" class="button" onClick=${() => act(c.archived ? "unarchive" : "archive").then(changed, said)}>${c.archived ? "Bring back" : "Archive"}</button>
    <${Menu} label="More"><button type="button" class="button bare" onClick=${() => setOpen("merge")}><${Icon} name="merge" />Merge into another</button>
      <a class="button bare" download href=${`/api/customers/${encodeURIComponent(c.id)}/dossier`}><${Icon} name="intray" />Download everything (JSON)</a><hr />
      <button type="button" class="button bare danger" onClick=${() => { leaving(true); act("delete").then(() => navigate(list), (e) => { leaving(false); said(e); }); }}><${Icon} name="cross" />Delete</button>
      ${can(session, "run") ? html`<button type="button" class="button bare danger" onClick=${() => setOpen("erase")}><${Icon} name="alert" />Erase for good</button>` : null}<//>
    ${open === "merge" ? html`<${MergeDialog} detail=${detail} close=${close} leaving=${leaving} done=${(/** @type {string} */ id) => { close(); navigate(`/app/customers/${id}`); }} />` : null}
    ${open === "erase" ? html`<${EraseDialog} detail=${detail} close=${close} leaving=${leaving} done=${() => { close(); toast("Erased.", { good: true }); navigate(list); }} />` : null}`;
}

/** @param {{detail: Detail, name: string, view: string, session: import("../types.js").Session, changed: () => void, leaving: (on: boolean) => void}} props */
function Header({ detail, name, view, session, changed, leaving }) {
  const c = detail.customer;
  const line = [
    c.last_interaction ? html`Seen <${Ago} at=${c.last_interaction} />` : "Not seen yet",
    `${c.is_account ? "account" : "customer"} for ${since(c.created_at)}`,
    plural(detail.events, "event"), `times in ${zone()}`,
  ];
  return html`<div class="person"><${Avatar} name=${name} id=${c.id} account=${c.is_account} large=${true} />
    <div class="person-text"><${PageHead} title=${name} line=${line} crumb=${c.is_account ? { href: "/app/accounts", text: "Accounts" } : { href: "/app/customers", text: "Customers" }}>
      <span class="segments" role="group" aria-label="View"><a href=${here({ view: undefined })} aria-current=${view === "json" ? undefined : "true"}>Profile</a><a href=${here({ view: "json" })} aria-current=${view === "json" ? "true" : undefined}>JSON</a></span>
      <${Actions} detail=${detail} session=${session} changed=${changed} leaving=${leaving} />
    </${PageHead}>
    <div class="facts known"><${Known} text=${c.uid} what="the id" code=${true} /><${Known} text=${c.email} what="the e-mail" /><${Known} text=${c.number} what="the number" />
      ${c.archived ? html`<span class="tag"><${Icon} name="box" tiny=${true} />archived</span>` : null}
      ${c.uid_updateable ? html`<span class="tag" title="It came without an id of your own; the first update that names one claims it">id not claimed</span>` : null}</div></div></div>`;
}

/** @param {{id: string, version: any}} props version: changes when the customer did */
function AsJSON({ id, version }) {
  const text = useResource(`json ${id} ${version}`, (signal) => api.customerJSON(id, signal));
  if (text.error) return html`<${Trouble} error=${text.error} doing="read the customer" retry=${text.reload} />`;
  return html`<${Listing} title="User" note="as GET /v1/users answers it" text=${text.data ?? ""} what="the JSON" />`;
}

/** @param {{id: string, session: import("../types.js").Session}} props */
export function Customer({ id, session }) {
  const { query } = usePlace();
  const detail = useResource(`customer ${id}`, (signal) => api.customer(id, signal));
  const going = useRef(false); // deleted, merged away or erased from here: not to be read again
  const filter = { kind: query.show, event: query.event };
  const timeline = useTimeline(id, filter);
  const live = useLive(detail.error?.code === "not_found" ? "" : `/api/customers/${encodeURIComponent(id)}/live`, () => {
    if (going.current) return;
    void detail.reload();
    void timeline.page.reload();
  });
  useSteady(`${timeline.shown?.data[0]?.id} ${detail.data?.attributes.length} ${detail.data?.lists.length} ${detail.data?.segments.length}`);
  const d = detail.data;
  if (!d) {
    return html`<main id="content" class="page" tabindex="-1">${detail.error
      ? html`<${PageHead} title=${detail.error.code === "not_found" ? "No such customer" : "Customer"} crumb=${{ href: "/app/customers", text: "Customers" }} /><${Trouble} error=${detail.error} doing="read this customer" retry=${detail.error.code === "not_found" ? undefined : detail.reload} />`
      : html`<div class="skeleton head-skeleton"></div><div class="panel skeleton" aria-busy="true"></div>`}</main>`;
  }
  const name = nameOf(d.customer);
  return html`<main id="content" class="page steady" tabindex="-1">
    <${Header} detail=${d} name=${name} view=${query.view} session=${session} changed=${() => void detail.reload()} leaving=${(/** @type {boolean} */ on) => { going.current = on; }} />
    ${detail.error ? html`<${Trouble} error=${detail.error} doing="read this customer again" retry=${detail.reload} />` : null}
    ${query.view === "json" ? html`<${AsJSON} id=${id} version=${`${d.customer.last_interaction} ${d.events} ${JSON.stringify(d.attributes.map((a) => a.changed_at))}`} />` : html`
    <div class="profile">
      <div class="profile-left"><${AttributePanel} id=${id} attributes=${d.attributes} may=${can(session, "build")} changed=${() => void detail.reload()} /><${Devices} devices=${d.devices} /></div>
      <div class="profile-middle"><${Activity} days=${d.activity} /><${Timeline} timeline=${timeline} filter=${filter} detail=${d} live=${live} /></div>
      <div class="profile-right"><${Members} detail=${d} may=${can(session, "build")} changed=${() => void detail.reload()} />
        <${Accounts} detail=${d} may=${can(session, "build")} changed=${() => void detail.reload()} /><${Lists} id=${id} lists=${d.lists} may=${can(session, "build")} changed=${() => void detail.reload()} /><${Segments} id=${id} name=${name} segments=${d.segments} /><${Aliases} aliases=${d.aliases} /><${External} ids=${d.external} /></div>
    </div>`}
  </main>`;
}
