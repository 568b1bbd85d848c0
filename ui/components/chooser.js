// @ts-check
// What a condition is about: an attribute, an event, a list, a segment, or more. It knows
// the names, how common each is, and what its values are.
import { html, useEffect, useId, useMemo, useRef, useState } from "../preact.js";
import { api } from "../api.js";
import { count, percent, plural } from "../format.js";
import { parse } from "../json.js";
import { useResource } from "../resource.js";
import { firstTest, kindFor } from "../rule.js";
import { ago } from "../time.js";
import { Icon } from "./icon.js";
import { TypeMark, typeWord } from "./type-mark.js";
import { Value } from "./value.js";

/** @typedef {import("../rule.js").Node} Node */
/**
 * @typedef {object} Catalogue what there is to choose from
 * @property {import("../types.js").AttributeName[]} attributes
 * @property {import("../types.js").EventName[]} events
 * @property {import("../types.js").List[]} lists
 * @property {import("../types.js").SegmentName[]} segments
 * @property {number} customers
 */
/** @typedef {{key: string, group: string, text: string, icon?: string, type?: string, note?: string, node: Node, attribute?: import("../types.js").AttributeName, event?: import("../types.js").EventName}} Choice */

/** @param {import("../types.js").AttributeName} a */
export function mainType(a) {
  return Object.entries(a.types).sort((x, y) => y[1] - x[1])[0]?.[0] ?? "text";
}

/** Standard attributes that a rule may name though nobody has one yet, or the catalogue counts none. @type {[string, string][]} */
const STANDARD = [["first_name", "text"], ["last_name", "text"], ["email", "text"], ["number", "text"], ["uid", "text"], ["created_at", "date"], ["last_interaction", "date"], ["is_account", "boolean"], ["tz", "text"], ["device_platform", "list"]];

/** The categories of events, what their group is called, and their icon. */
const EVENTS = [
  ["custom", "Events, and how many customers did them", "pulse"],
  ["payment", "Payments, as gateways reported them", "card"],
  ["message", "Messages, as mail services reported them", "mail"],
];

/** @param {Catalogue} all @param {string} self the segment that is edited @returns {Choice[]} */
export function choicesOf(all, self) {
  const known = new Set(all.attributes.map((a) => a.name));
  const attribute = (/** @type {import("../types.js").AttributeName} */ a) => {
    const type = mainType(a);
    return { key: `a ${a.name}`, group: a.standard ? "Standard attributes" : "Custom attributes, share of customers", text: a.name, type, note: percent(a.customers / Math.max(1, all.customers)), node: { attribute: a.name, ...firstTest(kindFor(type)) }, attribute: a };
  };
  return [
    ...all.attributes.filter((a) => !a.standard).map(attribute),
    ...all.attributes.filter((a) => a.standard).map(attribute),
    ...STANDARD.filter(([name]) => !known.has(name)).map(([name, type]) => ({ key: `a ${name}`, group: "Standard attributes", text: name, type, node: { attribute: name, ...firstTest(kindFor(type)) } })),
    ...EVENTS.flatMap(([category, group, icon]) => [
      ...all.events.filter((e) => e.category === category).map((e) => ({ key: `e ${e.name}`, group, text: e.name, icon, note: count(e.customers), node: { event: e.name }, event: e })),
      ...(category === "custom" ? [{ key: "e *", group, text: "Any event", icon, node: { event: "*" } }] : []),
    ]),
    ...all.lists.map((l) => ({ key: `l ${l.id}`, group: "Lists", text: l.title, icon: "list", note: count(l.subscribed), node: { list: l.id } })),
    ...all.segments.filter((s) => s.id !== self).map((s) => ({ key: `s ${s.id}`, group: "Segments", text: s.title, icon: "rings", note: count(s.count), node: { segment: s.id } })),
    { key: "sequence", group: "More", text: "Events one after another", icon: "swap", node: { sequence: [{ event: "" }, { event: "" }] } },
    { key: "account", group: "More", text: "Member of an account", icon: "building", node: { account: "" } },
    { key: "bucket", group: "More", text: "A stable share of the customers", icon: "percent", node: { bucket: { seed: "a", from: 0, to: 10 } } },
  ];
}

/** Those that hold what was typed; of equals, those that begin with it. @param {Choice[]} choices @param {string} typed */
export function matching(choices, typed) {
  const want = typed.trim().toLocaleLowerCase();
  if (!want) return choices;
  const rank = (/** @type {Choice} */ c) => (c.text.toLocaleLowerCase().startsWith(want) ? 0 : 1);
  const found = choices.filter((c) => c.text.toLocaleLowerCase().includes(want) || (c.type && c.text.replaceAll("_", " ").toLocaleLowerCase().includes(want)));
  const groups = [...new Set(found.map((c) => c.group))];
  return groups.flatMap((g) => found.filter((c) => c.group === g).sort((a, b) => rank(a) - rank(b)));
}

/** What is typed and not known: it may come yet. @param {string} typed @param {boolean} events @returns {Choice[]} */
function unknown(typed, events) {
  const name = typed.trim();
  if (!name) return [];
  const group = "Not seen yet";
  const event = { key: "new e", group, text: name, note: "event", icon: "pulse", node: { event: name } };
  return events ? [event] : [{ key: "new a", group, text: name, note: "attribute", type: "text", node: { attribute: name, ...firstTest("text") } }, event];
}

/** @param {{attribute: import("../types.js").AttributeName}} props */
function AttributeDetail({ attribute }) {
  const values = useResource(`values ${attribute.name}`, (signal) => api.values(attribute.name, signal));
  const type = mainType(attribute);
  const top = Math.max(1, ...(values.data?.data ?? []).map((v) => v.count));
  const types = Object.keys(attribute.types);
  return html`<h3><${TypeMark} type=${type} />${attribute.name}</h3>
    <p class="small quiet">${typeWord(type)}${types.length > 1 ? ` and ${types.filter((t) => t !== type).map((t) => typeWord(t).toLowerCase()).join(", ")}` : ""} in ${plural(attribute.customers, "customer")}</p>
    ${values.data && !values.stale ? html`<ul class="shares">${values.data.data.slice(0, 6).map((v) => html`<li key=${JSON.stringify(v.value)}><span class="cut"><${Value} value=${v.value} column=${type} /></span><span class="n">${count(v.count)}</span><i style=${{ width: `${(v.count / top) * 100}%` }}></i></li>`)}</ul>
      ${values.data.missing ? html`<p class="small faint">Missing in ${count(values.data.missing)}</p>` : null}`
      : html`<ul class="shares quiet">${attribute.samples.slice(0, 6).map((s) => html`<li key=${s}><span class="cut"><${Value} text=${s} column=${type} /></span></li>`)}</ul>`}`;
}

/** @param {{event: import("../types.js").EventName}} props */
function EventDetail({ event }) {
  return html`<h3><${Icon} name=${EVENTS.find(([category]) => category === event.category)?.[2] ?? "pulse"} /><bdi>${event.name}</bdi></h3>
    <p class="small quiet">${plural(event.count, "time")} by ${plural(event.customers, "customer")}, last ${ago(event.last_at)}</p>
    ${event.properties.length ? html`<ul class="props">${event.properties.slice(0, 8).map((p) => html`<li key=${p.name}><${TypeMark} type=${p.types[0]} />${p.name}</li>`)}</ul>` : html`<p class="small faint">No properties.</p>`}`;
}

/**
 * A button that says what is chosen, and the list below it.
 * @param {{catalogue: Catalogue, self: string, shown: any, label: string, choose: (node: Node) => void, only?: "events", open?: boolean}} props shown: what the button says; null: nothing chosen yet
 */
export function Chooser({ catalogue, self, shown, label, choose, only, open: first }) {
  const [open, setOpen] = useState(Boolean(first));
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const id = useId();
  const box = useRef(/** @type {HTMLElement|null} */ (null));
  const button = useRef(/** @type {HTMLButtonElement|null} */ (null));
  const field = useRef(/** @type {HTMLInputElement|null} */ (null));
  const all = useMemo(() => choicesOf(catalogue, self).filter((c) => only !== "events" || "event" in c.node), [catalogue, self, only]);
  const found = useMemo(() => [...matching(all, typed), ...(all.some((c) => c.text === typed.trim()) ? [] : unknown(typed, only === "events"))], [all, typed, only]);
  const chosen = found[Math.min(at, found.length - 1)];
  useEffect(() => {
    if (open) field.current?.focus({ preventScroll: Boolean(first) });
  }, [open]);
  useEffect(() => {
    if (!open) return undefined;
    const away = (/** @type {Event} */ e) => box.current?.contains(/** @type {any} */ (e.target)) || setOpen(false);
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, [open]);
  const scroll = (/** @type {number} */ i) => document.getElementById(`${id}-${i}`)?.scrollIntoView({ block: "nearest" });
  const close = () => {
    setOpen(false);
    setTyped("");
    setAt(0);
    button.current?.focus();
  };
  const take = (/** @type {Choice|undefined} */ c) => {
    if (!c) return;
    close();
    choose(c.node);
  };
  const keys = (/** @type {KeyboardEvent} */ e) => {
    const step = e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0;
    if (step) {
      e.preventDefault();
      const next = (Math.min(at, found.length - 1) + step + found.length) % Math.max(1, found.length);
      setAt(next);
      scroll(next);
    } else if (e.key === "Enter") {
      e.preventDefault();
      take(chosen);
    } else if (e.key === "Escape") {
      e.preventDefault();
      e.stopPropagation();
      close();
    } else if (e.key === "Tab") setOpen(false);
  };
  return html`<span class="about" ref=${box}><button type="button" ref=${button} class=${shown ? "button chosen" : "button chosen none"} aria-haspopup="listbox" aria-expanded=${open ? "true" : "false"} aria-description=${label} onClick=${() => setOpen(!open)}>${shown ?? (only === "events" ? "Choose an event" : "Choose an attribute, event or list")}<${Icon} name="down" tiny=${true} /></button>
    ${open ? html`<div class="about-pop">
      <div class="about-in"><${Icon} name="search" class="faint" /><input ref=${field} value=${typed} onInput=${(/** @type {any} */ e) => { setTyped(e.target.value); setAt(0); }} onKeyDown=${keys} role="combobox" aria-expanded="true" aria-controls=${id} aria-label=${only === "events" ? "Find an event" : "Find an attribute, event, list or segment"} aria-activedescendant=${chosen ? `${id}-${found.indexOf(chosen)}` : undefined} placeholder=${only === "events" ? "An event's name" : "Attribute, event, list, segment"} autocomplete="off" spellcheck=${false} /><kbd>Esc</kbd></div>
      <div class="about-two"><div class="about-list" id=${id} role="listbox" aria-label="What a condition can be about">
        ${found.map((c, i) => html`${i === 0 || found[i - 1].group !== c.group ? html`<div role="presentation" key=${`g ${c.group}`}>${c.group}</div>` : null}
          <div role="option" key=${c.key} id=${`${id}-${i}`} aria-selected=${c === chosen ? "true" : "false"} onPointerMove=${() => c !== chosen && setAt(i)} onClick=${() => take(c)}>
            ${c.type ? html`<${TypeMark} type=${c.type} />` : html`<${Icon} name=${c.icon ?? "more"} />`}<bdi class="cut">${c.text}</bdi>${c.note ? html`<span class="n">${c.note}</span>` : null}</div>`)}
      </div>
      <div class="about-detail" aria-hidden="true">${chosen?.attribute ? html`<${AttributeDetail} key=${chosen.key} attribute=${chosen.attribute} />` : chosen?.event ? html`<${EventDetail} event=${chosen.event} />` : null}</div></div></div>` : null}</span>`;
}

/** An attribute's samples as texts, for the fields that values are typed into. @param {import("../types.js").AttributeName|undefined} a @returns {string[]} */
export function samplesOf(a) {
  return (a?.samples ?? []).flatMap((s) => {
    const v = parse(s);
    return Array.isArray(v) ? v.map(String) : v !== null && typeof v === "object" && !("text" in v) ? [] : [String(v)];
  }).filter((s, i, all) => s !== "" && all.indexOf(s) === i);
}
