// @ts-check
import { html, useEffect, useMemo, useRef, useState } from "../preact.js";
import { api } from "../api.js";
import { count, nameOf, percent } from "../format.js";
import { navigate, part } from "../router.js";
import { Avatar } from "./avatar.js";
import { Icon } from "./icon.js";
import { Marked } from "./marked.js";
import { STOPS } from "./rail.js";

/** @typedef {[number, number][]} Parts */
/** @typedef {{group: string, key: string, href: string, text: string, at?: Parts, label?: string, note?: string, noteAt?: Parts, icon?: string, customer?: import("../types.js").Customer}} Found */

/** How many of each kind are offered. */
const OF_EACH = 6;
const PAUSE = 60;
/** How long until it is asked again while the index of the search is being built. */
const AGAIN = 1000;

/** A text as it is compared: small letters without accents, each with its place. @param {string} text */
function folded(text) {
  let plain = "";
  /** @type {number[]} */
  const places = [];
  for (let i = 0; i < text.length; i++) {
    const letter = (text[i] ?? "").normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase("en");
    for (const c of letter) {
      plain += c;
      places.push(i);
    }
  }
  return { plain, places };
}

/**
 * Where a text has each of the typed words, at the beginnings of its own words if it can;
 * null when it has not all of them.
 * @param {string} text @param {string} typed @returns {Parts|null}
 */
export function partsOf(text, typed) {
  const { plain, places } = folded(text);
  /** @type {Parts} */
  const parts = [];
  for (const word of folded(typed).plain.split(/\s+/u).filter(Boolean)) {
    let at = plain.startsWith(word) ? 0 : plain.search(new RegExp(`(?<![\\p{L}\\p{N}])${word.replace(/[^\p{L}\p{N}]/gu, "\\$&")}`, "u"));
    if (at < 0) at = plain.indexOf(word);
    if (at < 0) return null;
    parts.push([places[at] ?? 0, (places[at + word.length - 1] ?? 0) + 1]);
  }
  return parts.sort((a, b) => a[0] - b[0]).filter(([from], i, all) => i === 0 || from >= (all[i - 1]?.[1] ?? 0));
}

/** What is said of a field beside what it holds. @type {Record<string, string>} */
const LABELS = { alias: "Former id", list: "List", segment: "Segment", id: "Internal id" };

/** A customer as found: the name, and beside it what matches. @param {import("../types.js").Customer} c @returns {Found} */
function person(c) {
  const text = nameOf(c);
  const marks = c.marks ?? [];
  /** @type {Parts} */
  const at = [];
  let from = 0;
  for (const [field, value] of /** @type {const} */ ([["first_name", c.first_name], ["last_name", c.last_name], ["email", c.email], ["number", c.number], ["uid", c.uid]])) {
    const place = value ? text.indexOf(value.trim(), from) : -1;
    if (!value || place < 0) continue;
    const skipped = value.length - value.trimStart().length;
    for (const [a, b] of marks.find((m) => m.field === field)?.at ?? []) at.push([a - skipped + place, b - skipped + place]);
    from = place + value.trim().length;
    if (from >= text.length) break;
  }
  const found = { group: "Customers", key: c.id, href: `/app/customers/${c.id}`, text, at, customer: c };
  const beside = marks.find((m) => !m.field.endsWith("_name") && m.text !== text) ?? (at.length ? undefined : marks.find((m) => m.text !== text));
  if (!beside) return { ...found, note: c.email && c.email !== text ? c.email : c.uid };
  return { ...found, label: beside.field === "attribute" ? beside.name : LABELS[beside.field], note: beside.text, noteAt: beside.at };
}

/**
 * Everything that could be meant, by what was typed.
 * @param {string} typed
 * @param {import("../types.js").Customer[]} customers
 * @param {{lists: import("../types.js").List[], segments: import("../types.js").SegmentName[], events: import("../types.js").EventName[]}} named
 * @param {number} [total] how many customers match
 * @returns {Found[]}
 */
export function find(typed, customers, named, total = customers.length) {
  /** @type {Found[]} */
  const pages = STOPS.flat().flatMap((s) => {
    const at = partsOf(s.text, typed);
    return at ? [{ group: "Pages", key: s.path, href: s.path, text: s.text, at, icon: s.icon }] : [];
  });
  if (!typed) return pages;
  /** @template T @param {string} group @param {T[]} all @param {(one: T) => string} text @param {(one: T) => {key: string, href: string, note?: string}} more @param {string} icon @returns {Found[]} */
  const named_ = (group, all, text, more, icon) => all.flatMap((one) => {
    const at = partsOf(text(one), typed);
    return at ? [{ group, text: text(one), at, icon, ...more(one) }] : [];
  }).slice(0, OF_EACH);
  const shown = customers.slice(0, OF_EACH).map(person);
  /** @type {Found[]} */
  const more = total > shown.length ? [{ group: "Customers", key: "all of them", href: `/app/customers?query=${encodeURIComponent(typed)}`, text: `All ${count(total)} that match`, icon: "search" }] : [];
  return [
    ...shown, ...more, ...pages,
    ...named_("Segments", named.segments, (g) => g.title, (g) => ({ key: g.id, href: `/app/segments/${g.id}`, note: count(g.count) }), "rings"),
    ...named_("Lists", named.lists, (l) => l.title, (l) => ({ key: l.id, href: `/app/lists/${l.id}` }), "list"),
    ...named_("Events", named.events, (e) => e.name, (e) => ({ key: `event ${e.name}`, href: `/app/events/${part(e.name)}` }), "pulse"),
  ];
}

/** What the search says while it cannot find everybody. @param {import("../types.js").Page<any>["index"]} index */
function preparing(index) {
  if (!index || index.state === "ready" || index.serving) return "";
  return `The search is being prepared, ${percent(Math.min(index.customers ? index.indexed / index.customers : 0, 0.99))} so far. More is found as it goes on.`;
}

/** @param {{close: () => void}} props */
export function Palette({ close }) {
  const ref = useRef(/** @type {HTMLDialogElement|null} */ (null));
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const [page, setPage] = useState(/** @type {import("../types.js").Page<import("../types.js").Customer>} */ ({ data: [] }));
  const [busy, setBusy] = useState(false);
  const [named, setNamed] = useState({ lists: /** @type {import("../types.js").List[]} */ ([]), segments: /** @type {import("../types.js").SegmentName[]} */ ([]), events: /** @type {import("../types.js").EventName[]} */ ([]) });
  useEffect(() => {
    const back = /** @type {HTMLElement|null} */ (document.activeElement);
    ref.current?.showModal();
    Promise.all([api.lists(), api.segmentNames(), api.events()]).then(([l, g, e]) => setNamed({ lists: l.data, segments: g.data, events: e.data }), () => {});
    return () => {
      ref.current?.close();
      back?.focus({ preventScroll: true });
    };
  }, []);
  useEffect(() => {
    const want = typed.trim();
    if (!want) {
      setPage({ data: [] });
      setBusy(false);
      return;
    }
    const ending = new AbortController();
    setBusy(true);
    let timer = 0;
    const ask = () => {
      api.customers({ query: want, limit: OF_EACH }, ending.signal).then(
        (page) => {
          setPage(page);
          setBusy(false);
          if (preparing(page.index)) timer = setTimeout(ask, AGAIN);
        },
        () => { if (!ending.signal.aborted) setBusy(false); });
    };
    timer = setTimeout(ask, PAUSE);
    return () => {
      clearTimeout(timer);
      ending.abort();
    };
  }, [typed]);

  const found = useMemo(() => find(typed.trim(), page.data, named, page.total), [typed, page, named]);
  const chosen = Math.min(at, found.length - 1);
  useEffect(() => {
    document.getElementById(`found-${chosen}`)?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  const go = (/** @type {Found|undefined} */ f) => {
    if (!f) return;
    close();
    navigate(f.href);
  };
  const keys = (/** @type {KeyboardEvent} */ e) => {
    const step = e.key === "ArrowDown" || (e.ctrlKey && e.key === "n") ? 1 : e.key === "ArrowUp" || (e.ctrlKey && e.key === "p") ? -1 : 0;
    if (step) {
      e.preventDefault();
      setAt((chosen + step + found.length) % Math.max(1, found.length));
    }
    if (e.key === "Enter") {
      e.preventDefault();
      go(found[chosen]);
    }
  };
  return html`<dialog class="palette" ref=${ref} aria-label="Find anything" onCancel=${(/** @type {Event} */ e) => { e.preventDefault(); close(); }} onMouseDown=${(/** @type {any} */ e) => e.target === ref.current && close()}>
    <div class="palette-in"><${Icon} name="search" class="faint" />
      <input autofocus value=${typed} onInput=${(/** @type {any} */ e) => { setTyped(e.target.value); setAt(0); }} onKeyDown=${keys} placeholder="Name, e-mail, number, id, or a page" aria-label="Find anything" role="combobox" aria-expanded="true" aria-controls="found" aria-activedescendant=${found.length ? `found-${chosen}` : undefined} autocomplete="off" spellcheck=${false} />
      <kbd>Esc</kbd></div>
    <div class=${busy ? "palette-list dim" : "palette-list"} id="found" role="listbox" aria-label="Found">
      ${found.map((f, i) => html`
        ${i === 0 || found[i - 1].group !== f.group ? html`<div role="presentation" key=${`g${f.group}`}>${f.group}</div>` : null}
        <div role="option" id=${`found-${i}`} key=${f.key} aria-selected=${i === chosen ? "true" : "false"} onClick=${() => go(f)} onPointerMove=${() => i !== chosen && setAt(i)}>
          ${f.customer ? html`<${Avatar} name=${f.text} id=${f.customer.id} account=${f.customer.is_account} />` : html`<${Icon} name=${f.icon} />`}
          <bdi class="cut"><${Marked} text=${f.text} at=${f.at} /></bdi>${f.note ? html`<span class="right cut">${f.label ? `${f.label}: ` : null}<bdi><${Marked} text=${f.note} at=${f.noteAt} /></bdi></span>` : null}</div>`)}
      ${found.length === 0 ? html`<p class="palette-none">${busy ? "Looking…" : `Nothing matches “${typed.trim()}”.`}</p>` : null}
      ${preparing(page.index) ? html`<p class="palette-none" role="status">${preparing(page.index)}</p>` : null}
    </div>
  </dialog>`;
}
