// @ts-check
import { html, useState } from "../preact.js";
import { api } from "../api.js";
import { nameOf, plural } from "../format.js";
import { useResource } from "../resource.js";
import { start } from "../tasks.js";
import { Avatar } from "./avatar.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icon.js";
import { Marked } from "./marked.js";
import { Trouble } from "./trouble.js";
import { Value } from "./value.js";

/** @typedef {import("../types.js").CustomerDetail} Detail */

/** How many attributes show before the rest is only counted. */
const SHOWN = 12;

/** @param {{typed: string, self: string, choose: (id: string) => void}} props */
function Choice({ typed, self, choose }) {
  const found = useResource(`merge ${typed}`, (signal) => (typed ? api.customers({ query: typed, limit: 8 }, signal) : Promise.resolve({ data: [] })));
  const rows = (found.data?.data ?? []).filter((c) => c.id !== self);
  if (!typed) return html`<p class="small quiet">By name, e-mail, number or id.</p>`;
  if (found.error) return html`<${Trouble} error=${found.error} doing="look for customers" retry=${found.reload} />`;
  return html`<ul class=${found.stale ? "rows dim" : "rows"}>${rows.map((c) => html`<li key=${c.id}><button type="button" class="row pick-row" onClick=${() => choose(c.id)}><${Avatar} name=${nameOf(c)} id=${c.id} account=${c.is_account} />
    <span class="cut" dir="auto">${nameOf(c)}</span><span class="right cut">${c.marks?.[0] ? html`<${Marked} text=${c.marks[0].text} at=${c.marks[0].at} />` : c.email ?? c.uid}</span></button></li>`)}</ul>
    ${found.data && rows.length === 0 && !found.stale ? html`<p class="small quiet">Nobody else is found by that.</p>` : null}`;
}

/** What the one that stays gets, and what of the other is lost. @param {Detail} from @param {Detail} into */
export function outcome(from, into) {
  const theirs = new Map(into.attributes.map((a) => [`${a.standard} ${a.name}`, a]));
  const own = from.attributes.filter((a) => a.name !== "created_at");
  return {
    gained: own.filter((a) => !theirs.has(`${a.standard} ${a.name}`)),
    lost: own.map((a) => ({ a, kept: theirs.get(`${a.standard} ${a.name}`) })).filter((p) => p.kept && p.kept.text !== p.a.text),
  };
}

/** @param {{detail: Detail, id: string, done: (id: string) => void, back: () => void, leaving: (on: boolean) => void}} props id: of the one that stays */
function Preview({ detail, id, done, back, leaving }) {
  const into = useResource(`customer ${id}`, (signal) => api.customer(id, signal));
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  if (!into.data || into.stale) return into.error ? html`<${Trouble} error=${into.error} doing="read that customer" retry=${into.reload} />` : html`<div class="skeleton" aria-busy="true"></div>`;
  const { gained, lost } = outcome(detail, into.data);
  const [from, to] = [nameOf(detail.customer), nameOf(into.data.customer)];
  const merge = async () => {
    setBusy(true);
    leaving(true);
    try {
      await start({ action: "merge", ids: [detail.customer.id], into: id });
      done(id);
    } catch (e) {
      leaving(false);
      setError(e);
      setBusy(false);
    }
  };
  const list = (/** @type {any[]} */ rows, /** @type {(r: any) => any} */ say) => html`<ul class="merge-list">${rows.slice(0, SHOWN).map(say)}${rows.length > SHOWN ? html`<li class="quiet small">and ${rows.length - SHOWN} more</li>` : null}</ul>`;
  return html`${error ? html`<${Trouble} error=${error} doing="merge them" />` : null}
    <p><b><bdi>${to}</bdi></b> stays, and gets everything of <b><bdi>${from}</bdi></b>: ${plural(detail.events, "event")}, ${plural(detail.lists.length, "list")}, ${plural(detail.devices.length, "device")}. The id <code>${detail.customer.uid}</code> leads to ${to} from then on.</p>
    ${gained.length ? html`<div><h3>${plural(gained.length, "attribute")} that only ${from} has</h3>${list(gained, (a) => html`<li key=${a.name}><span class="quiet">${a.name}</span> <${Value} text=${a.text} value=${a.value} column=${a.type} known=${a.standard} /></li>`)}</div>` : null}
    ${lost.length ? html`<div><h3>${plural(lost.length, "attribute")} that both have: those of ${to} are kept</h3>${list(lost, (p) => html`<li key=${p.a.name}><span class="quiet">${p.a.name}</span> <b><${Value} text=${p.kept.text} value=${p.kept.value} column=${p.kept.type} known=${p.kept.standard} /></b> <span class="small faint">not</span> <s class="quiet"><${Value} text=${p.a.text} value=${p.a.value} column=${p.a.type} known=${p.a.standard} /></s></li>`)}</div>` : null}
    <p class="small quiet">It can be undone for three days.</p>
    <div class="buttons"><button type="button" class="button" onClick=${back}>Choose another</button><button type="button" class="button main" data-first disabled=${busy} onClick=${() => void merge()}><${Icon} name="merge" />Merge into ${to}</button></div>`;
}

/**
 * Merges a customer into another that is searched for.
 * @param {{detail: Detail, close: () => void, done: (id: string) => void, leaving: (on: boolean) => void}} props done: with the one that stays
 */
export function MergeDialog({ detail, close, done, leaving }) {
  const [typed, setTyped] = useState("");
  const [id, setID] = useState("");
  return html`<${Dialog} title=${`Merge ${nameOf(detail.customer)}`} close=${close}><div class="form merge">
    ${id ? html`<${Preview} detail=${detail} id=${id} done=${done} leaving=${leaving} back=${() => setID("")} />` : html`
      <label><span>Into which customer?</span><span class="field search"><${Icon} name="search" /><input data-first value=${typed} onInput=${(/** @type {any} */ e) => setTyped(e.target.value)} placeholder="Search customers" autocomplete="off" spellcheck=${false} /></span></label>
      <${Choice} typed=${typed.trim()} self=${detail.customer.id} choose=${setID} />`}
  </div></${Dialog}>`;
}
