// @ts-check
import { html, useState } from "../preact.js";
import { clock, clockExact, instant } from "../time.js";
import { write } from "../json.js";
import { figure, typeOf } from "../format.js";
import { causeWords } from "./cause.js";
import { Icon } from "./icon.js";
import { Value } from "./value.js";

/** @typedef {import("../types.js").Entry} Entry */
/** How many changes, or properties, show before the rest folds away. */
const SHOWN = 4;

/** A value among an event's properties, in monospace, texts without quotes unless they look like something else. @param {{value: any}} props */
function Property({ value }) {
  const type = typeOf(value);
  if (type === "number") return html`<span class="t-number">${figure(value)}</span>`;
  if (type === "boolean") return html`${value ? "yes" : "no"}`;
  if (type === "list" || type === "object") return html`${write(value)}`;
  return html`<${Value} value=${value} column="text" />`;
}

/** @param {{entry: Entry}} props */
function Properties({ entry }) {
  const [all, setAll] = useState(false);
  const pairs = Object.entries(entry.properties ?? {});
  if (entry.value !== undefined && entry.value !== true) pairs.unshift(["value", entry.value]);
  if (pairs.length === 0) return null;
  const shown = all ? pairs : pairs.slice(0, SHOWN);
  return html`<span class="pairs">${shown.map(([name, value]) => html`<span key=${name} class="pair"><span class="faint">${name}: </span><${Property} value=${value} /></span>`)}
    ${shown.length < pairs.length ? html`<button type="button" class="link small" onClick=${() => setAll(true)}>${pairs.length - SHOWN} more</button>` : null}</span>`;
}

/** @param {{entry: Entry}} props */
function Changes({ entry }) {
  const [all, setAll] = useState(false);
  const changes = entry.changes ?? [];
  const shown = all ? changes : changes.slice(0, SHOWN);
  return html`${shown.map((c) => html`<span class="change" key=${c.name}><span class="quiet">${c.name}</span>
      ${"to" in c ? null : html`<span class="faint">removed, was</span>`}
      ${"from" in c ? html`<span class="quiet"><${Value} value=${c.from} /></span>` : null}
      ${"to" in c ? html`<span class="faint">${"from" in c ? "→" : "is"}</span><b><${Value} value=${c.to} /></b>` : null}</span>`)}
    ${shown.length < changes.length ? html`<button type="button" class="link small" onClick=${() => setAll(true)}>and ${changes.length - SHOWN} more</button>` : null}`;
}

/**
 * What each kind of entry says: its icon, and its words.
 * @type {Record<string, {icon: string, say: (e: Entry) => any}>}
 */
const KINDS = {
  event: { icon: "pulse", say: (e) => html`<b><bdi>${e.event}</bdi></b>` },
  created: { icon: "plusPerson", say: () => "Created" },
  changed: { icon: "pencil", say: (e) => html`<${Changes} entry=${e} />` },
  imported: { icon: "intray", say: (e) => html`${e.made ? "Created" : "Changed"} by the import of <a class="entry-link" href=${`/app/imports/${e.import?.id}`}><bdi>${e.import?.file}</bdi></a>${e.changes ? html`<${Changes} entry=${e} />` : null}` },
  device_added: { icon: "phone", say: (e) => html`${platform(e)} device added` },
  device_removed: { icon: "phone", say: (e) => html`${platform(e)} device removed` },
  list: { icon: "list", say: (e) => html`${LISTED[e.status ?? ""] ?? e.status} <a class="entry-link" href=${`/app/lists/${e.list?.id}`}><bdi>${e.list?.title}</bdi></a>` },
  segment: { icon: "rings", say: (e) => html`${e.entered ? "Entered" : "Left"} <a class="entry-link" href=${`/app/segments/${e.segment?.id}`}><bdi>${e.segment?.title}</bdi></a> <span class="small faint">${causeWords(e.cause ?? { kind: "" })}</span>` },
  account: { icon: "building", say: (e) => html`${e.joined === false ? "Left" : "Joined"} account <b><bdi>${e.account?.uid}</bdi></b>${e.role ? ` as ${e.role}` : ""}` },
  member: { icon: "person", say: (e) => html`Member <b><bdi>${e.member?.uid}</bdi></b> ${e.joined === false ? "left" : "joined"}${e.role ? ` as ${e.role}` : ""}` },
  merged: { icon: "merge", say: (e) => html`<code>${e.uid}</code> was merged into this customer` },
  restored: { icon: "again", say: (e) => (e.uid ? html`The merge of <code>${e.uid}</code> was undone` : e.into ? html`Brought back: the merge into <code>${e.into}</code> was undone` : "Brought back by an undo") },
  archived: { icon: "box", say: () => "Archived" },
  unarchived: { icon: "box", say: () => "Brought back from the archive" },
  converted: { icon: "swap", say: (e) => `Became ${e.to === "account" ? "an account" : "a customer"}` },
  renamed: { icon: "pencil", say: (e) => html`Got this id, was <code>${e.from}</code>` },
};

/** What an event shows beside it, by what it is. @type {Record<string, string>} */
const CATEGORIES = { payment: "card", message: "mail" };

/** @type {Record<string, string>} */
const LISTED = { subscribed: "Subscribed to", unsubscribed: "Unsubscribed from", pending: "Asked to confirm", removed: "Taken off" };

/** @param {Entry} e */
function platform(e) {
  return e.platform === "ios" ? "iOS" : e.platform === "android" ? "Android" : e.platform;
}

/** @param {{row: import("../timeline.js").Row}} props */
export function TimelineEntry({ row }) {
  const { entry, times, first } = row;
  const kind = KINDS[entry.kind] ?? { icon: "more", say: () => entry.kind };
  const token = entry.token ? html`<code class="cut small faint" title=${entry.token}>${entry.token}</code>` : null;
  const source = entry.source && entry.source !== "api" ? html`<span class="small faint">from ${entry.source}</span>` : null;
  return html`<li class="entry" data-anchor data-id=${row.id}>
    <time datetime=${entry.at} title=${times > 1 ? `${clockExact(first)} to ${instant(entry.at)}` : instant(entry.at)}>${clock(entry.at)}</time>
    <${Icon} name=${CATEGORIES[entry.category ?? ""] ?? kind.icon} />
    <div class="entry-body"><span class="entry-what">${kind.say(entry)}${times > 1 ? html` <span class="quiet" title=${`${times} equal events within a minute`}>× ${times}</span>` : null}${entry.kind === "changed" ? null : html` ${source}`}</span>
      ${entry.kind === "changed" ? source : null}${entry.kind === "event" ? html`<${Properties} entry=${entry} />` : null}${token}</div>
  </li>`;
}
