// @ts-check
import { html, useEffect, useMemo, useRef, useState } from "../preact.js";
import { api } from "../api.js";
import { count, nameOf } from "../format.js";
import { navigate } from "../router.js";
import { Avatar } from "./avatar.js";
import { Icon } from "./icon.js";
import { STOPS } from "./rail.js";

/** @typedef {{group: string, key: string, href: string, text: string, note?: string, icon?: string, customer?: import("../types.js").Customer}} Found */

/** How many of each kind are offered. */
const OF_EACH = 6;
const PAUSE = 120;

/** @param {string} text @param {string} typed */
function has(text, typed) {
  return text.toLocaleLowerCase().includes(typed.toLocaleLowerCase());
}

/**
 * Everything that could be meant, by what was typed.
 * @param {string} typed
 * @param {import("../types.js").Customer[]} customers
 * @param {{lists: import("../types.js").List[], segments: import("../types.js").SegmentName[], events: import("../types.js").EventName[]}} named
 * @returns {Found[]}
 */
export function find(typed, customers, named) {
  /** @type {Found[]} */
  const pages = STOPS.flat().filter((s) => has(s.text, typed)).map((s) => ({ group: "Pages", key: s.path, href: s.path, text: s.text, icon: s.icon }));
  if (!typed) return pages;
  return [
    ...customers.slice(0, OF_EACH).map((c) => ({ group: "Customers", key: c.id, href: `/app/customers/${c.id}`, text: nameOf(c), note: c.email ?? c.uid, customer: c })),
    ...pages,
    ...named.segments.filter((g) => has(g.title, typed)).slice(0, OF_EACH).map((g) => ({ group: "Segments", key: g.id, href: `/app/segments/${g.id}`, text: g.title, icon: "rings", note: count(g.count) })),
    ...named.lists.filter((l) => has(l.title, typed)).slice(0, OF_EACH).map((l) => ({ group: "Lists", key: l.id, href: `/app/lists/${l.id}`, text: l.title, icon: "list" })),
    ...named.events.filter((e) => has(e.name, typed)).slice(0, OF_EACH).map((e) => ({ group: "Events", key: `event ${e.name}`, href: `/app/events/${encodeURIComponent(e.name)}`, text: e.name, icon: "pulse" })),
  ];
}

/** @param {{close: () => void}} props */
export function Palette({ close }) {
  const ref = useRef(/** @type {HTMLDialogElement|null} */ (null));
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const [customers, setCustomers] = useState(/** @type {import("../types.js").Customer[]} */ ([]));
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
      setCustomers([]);
      setBusy(false);
      return;
    }
    const ending = new AbortController();
    setBusy(true);
    const timer = setTimeout(() => {
      api.customers({ query: want, limit: OF_EACH }, ending.signal).then(
        (page) => { setCustomers(page.data); setBusy(false); },
        () => { if (!ending.signal.aborted) setBusy(false); });
    }, PAUSE);
    return () => {
      clearTimeout(timer);
      ending.abort();
    };
  }, [typed]);

  const found = useMemo(() => find(typed.trim(), customers, named), [typed, customers, named]);
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
          <bdi class="cut">${f.text}</bdi>${f.note ? html`<span class="right cut">${f.note}</span>` : null}</div>`)}
      ${found.length === 0 ? html`<p class="palette-none">${busy ? "Looking…" : `Nothing begins with “${typed.trim()}”.`}</p>` : null}
    </div>
  </dialog>`;
}
