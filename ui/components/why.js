// @ts-check
// Why a customer is in a segment, or is not: the rule's tree, each part with whether it
// holds and what decided it, and what time alone will change.
import { html } from "../preact.js";
import { api } from "../api.js";
import { count, figure, plural } from "../format.js";
import { write } from "../json.js";
import { useResource } from "../resource.js";
import { emphasis, groupOf, GROUPS, kindOf } from "../rule.js";
import { useNow } from "../live.js";
import { ago, clock, date, dayHead, instant } from "../time.js";
import { Ago } from "./ago.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icon.js";
import { Trouble } from "./trouble.js";
import { Value } from "./value.js";

/** @typedef {import("../types.js").Explained} Explained */

/** How many events a condition names before it says how many more. */
const NAMED = 3;

/** "12 Mar 09:12", with what the rule looks at of it. @param {{event: NonNullable<Explained["events"]>[0], named?: boolean}} props */
function Happened({ event, named }) {
  const looked = Object.entries(event.properties ?? {}).filter(([, v]) => v !== null);
  return html`<span class="happened">${named ? html`<bdi>${event.name}</bdi> ` : null}${date(event.timestamp)}, ${clock(event.timestamp)}${looked.length ? html` (${looked.map(([name, v], i) => html`${i ? ", " : ""}${name} ${typeof v === "string" ? v : write(v)}`)})` : null}</span>`;
}

/** What decided a condition. @param {{e: Explained}} props */
function Evidence({ e }) {
  const kind = kindOf(e.rule);
  if (kind === "attribute") return html`<${Value} value=${e.value === null ? undefined : e.value} />${e.value === null ? html` <span>missing</span>` : null}`;
  if (kind === "list") return html`${e.value === null ? "Not on it" : `Is ${e.value}`}`;
  if (kind === "account") return html`${e.value ? "Belongs to it" : "Does not belong to it"}`;
  if (kind === "bucket") return html`Stands at ${figure(e.value)} %`;
  if (kind === "sequence") {
    const events = e.events ?? [];
    const steps = e.rule.sequence.filter((/** @type {any} */ s) => !s.not).length;
    return html`${e.reached === steps ? "All steps" : `${count(e.reached ?? 0)} of ${plural(steps, "step")}`}${events.length ? html`: ${events.map((ev, i) => html`${i ? html` <span aria-hidden="true">→</span> ` : ""}<${Happened} key=${i} event=${ev} named=${true} />`)}` : null}`;
  }
  if (kind === "event") {
    const events = e.events ?? [];
    const n = e.count ?? 0;
    const result = e.result === undefined ? "" : e.result === null ? "Nothing to reckon with, " : `${figure(e.result)} from `;
    if (n === 0) return html`${result}${e.seen ? `none of the ${plural(e.seen, "event")} counts` : "it never happened"}`;
    return html`${result}${plural(n, "time")}${e.seen && e.seen > n ? ` of ${count(e.seen)}` : ""}: ${events.slice(0, NAMED).map((ev, i) => html`${i ? "; " : ""}<${Happened} key=${i} event=${ev} named=${e.rule.event === "*"} />`)}${n > Math.min(NAMED, events.length) ? html`; ${count(n - Math.min(NAMED, events.length))} more` : null}`;
  }
  return null;
}

/** @param {{e: Explained}} props */
function Part({ e }) {
  const group = groupOf(e.rule);
  const says = GROUPS.find(([k]) => k === group);
  const evidence = group || kindOf(e.rule) === "segment" ? null : html`<span class="evidence"><${Evidence} e=${e} /></span>`;
  return html`<li class=${e.holds ? "holds" : "fails"}><${Icon} name=${e.holds ? "check" : "cross"} class=${e.holds ? "good" : "faint"} />
    <div><span class="why-what"><span class="hidden">${e.holds ? "Holds: " : "Does not hold: "}</span>${says ? html`<b>${says[1]}</b> ${says[2]}` : emphasis(e.words).map((p, i) => (p.strong ? html`<b key=${i}><bdi>${p.text}</bdi></b>` : p.text))}</span>
      ${evidence}${e.turns_at && !group ? html`<span class="evidence turns"><${Icon} name="clock" tiny=${true} />turns <${When} at=${e.turns_at} /></span>` : null}
      ${e.parts?.length ? html`<ul>${e.parts.map((p, i) => html`<${Part} key=${i} e=${p} />`)}</ul>` : null}</div></li>`;
}

/** "in 3 days", "on 7 Feb 2027". @param {{at: string}} props */
function When({ at }) {
  const now = useNow();
  return html`<time datetime=${at} title=${instant(at)}>${/^(in |now)/.test(ago(at, now)) ? ago(at, now) : `on ${ago(at, now)}`}</time>`;
}

/** What time alone will do, and when. @param {{e: Explained}} props */
function Foot({ e }) {
  if (e.archived) return html`<p class="why-foot"><${Icon} name="box" /><span><b>Archived customers are in no segment.</b><br />Brought back, it would be looked at again.</span></p>`;
  if (!e.turns_at) return html`<p class="why-foot still"><${Icon} name="clock" /><span>Time alone changes nothing here.</span></p>`;
  return html`<p class="why-foot"><${Icon} name="clock" /><span><b>${e.holds ? "Leaves" : "Enters"} <${When} at=${e.turns_at} /> if nothing happens.</b><br />On ${dayHead(e.turns_at)} at ${clock(e.turns_at)} the rule turns by time alone.</span></p>`;
}

/**
 * @param {{customer: string, name: string, segment: {id: string, title: string}, since?: string|null, close: () => void}} props
 */
export function Why({ customer, name, segment, since, close }) {
  const why = useResource(`why ${customer} ${segment.id}`, (signal) => api.why(customer, segment.id, signal));
  const e = why.stale ? undefined : why.data;
  const title = e ? `Why is ${name} ${e.holds ? "" : "not "}in “${segment.title}”?` : `${name} and “${segment.title}”`;
  return html`<${Dialog} title=${title} close=${close}><div class="why">
    ${why.error ? html`<${Trouble} error=${why.error} doing="say why" retry=${why.reload} />` : null}
    ${since ? html`<p class="small quiet">In it since <${Ago} at=${since} plainly=${true} />, ${clock(since)}</p>` : null}
    ${e ? html`<ul class="why-tree"><${Part} e=${e} /></ul><${Foot} e=${e} />` : why.error ? null : html`<div class="skeleton" aria-busy="true"></div>`}
    <p class="small"><a class="link" href=${`/app/segments/${segment.id}`}>Open the segment</a></p></div></${Dialog}>`;
}
