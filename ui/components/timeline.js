// @ts-check
import { html, useEffect, useMemo, useRef, useState } from "../preact.js";
import { api } from "../api.js";
import { count, plural } from "../format.js";
import { useResource } from "../resource.js";
import { here } from "../router.js";
import { byDay, fold, merge } from "../timeline.js";
import { dayHead } from "../time.js";
import { Icon } from "./icon.js";
import { TimelineEntry } from "./timeline-entry.js";
import { Trouble } from "./trouble.js";

/** @typedef {import("../types.js").Page<import("../types.js").Entry>} EntryPage */

/**
 * A customer's history: the first page, read again when something changes, and
 * the older ones that were asked for. While the reader is further down, new
 * entries wait, counted, so that nothing moves under the eyes.
 * @param {string} id
 * @param {{kind?: string, event?: string}} filter
 */
export function useTimeline(id, filter) {
  const key = `timeline ${id} ${filter.kind ?? ""} ${filter.event ?? ""}`;
  const page = useResource(key, (signal) => api.timeline(id, filter, signal));
  const inSight = useRef(true);
  const [taken, setTaken] = useState(/** @type {{key: string, data: EntryPage|undefined}} */ ({ key: "", data: undefined }));
  const take = () => setTaken({ key, data: page.data });
  useEffect(() => {
    if (page.data && !page.stale && (inSight.current || taken.key !== key)) take();
  }, [page.data, page.stale, key]);
  const current = taken.key === key ? taken.data : page.stale ? taken.data : page.data;
  const [older, setOlder] = useState(/** @type {{key: string, known: EntryPage}|null} */ (null));
  const [more, setMore] = useState(/** @type {{busy: boolean, error: any}} */ ({ busy: false, error: null }));
  const shown = useMemo(() => {
    if (!current || page.stale) return current;
    return older?.key === key ? merge(current, older.known) : current;
  }, [current, page.stale, older, key]);
  const latest = useRef(shown);
  latest.current = shown;
  useEffect(() => {
    // Once for each page that was taken: what it was merged into is what is known from then on.
    if (shown && !page.stale) setOlder({ key, known: shown });
  }, [current, key, page.stale]);

  const loadMore = async () => {
    const from = latest.current;
    if (!from?.next_cursor) return;
    setMore({ busy: true, error: null });
    try {
      const next = await api.timeline(id, { ...filter, next_cursor: from.next_cursor });
      const now = latest.current ?? from;
      setOlder({ key, known: { data: [...now.data, ...next.data], next_cursor: next.next_cursor } });
      setMore({ busy: false, error: null });
    } catch (error) {
      setMore({ busy: false, error });
    }
  };
  const known = new Set(shown?.data.map((e) => e.id));
  const waiting = page.stale || current === page.data ? 0 : (page.data?.data.filter((e) => !known.has(e.id)).length ?? 0);
  /** Whether the top of the timeline is in sight: only then new entries go in by themselves. @param {boolean} on */
  const see = (on) => {
    inSight.current = on;
    if (on && page.data && !page.stale && current !== page.data) take();
  };
  return { page, shown, more, loadMore, waiting, see };
}

/** @param {{filter: {kind?: string, event?: string}, detail: import("../types.js").CustomerDetail}} props */
function Tabs({ filter, detail }) {
  const tab = (/** @type {string} */ text, /** @type {string|undefined} */ kind, /** @type {number|undefined} */ n) => html`
    <a href=${here({ show: kind, event: undefined })} data-keep aria-current=${(filter.kind ?? "") === (kind ?? "") ? "true" : undefined}>${text}${n === undefined ? null : html`<span class="n">${count(n)}</span>`}</a>`;
  return html`<nav class="tabs" aria-label="Kinds of entries">${tab("All", undefined, detail.entries)}${tab("Events", "events", detail.events)}${detail.payments || filter.kind === "payments" ? tab("Payments", "payments", detail.payments) : null}${detail.messages || filter.kind === "messages" ? tab("Messages", "messages", detail.messages) : null}${tab("Changes", "changes", detail.changes)}${detail.moves ? tab("Segments", "segments", detail.moves) : null}</nav>`;
}

/** What a timeline says that has no entries of its kind. */
const nothing = {
  "": "Nothing has happened yet.",
  events: "No events yet. They appear here as they are tracked.",
  payments: "No payments yet.",
  messages: "No messages yet.",
  changes: "Nothing has changed yet.",
  segments: "No segment was entered or left yet.",
};

/** @param {{timeline: ReturnType<typeof useTimeline>, filter: {kind?: string, event?: string}, detail: import("../types.js").CustomerDetail, live: boolean}} props */
export function Timeline({ timeline, filter, detail, live }) {
  const { page, shown, more, loadMore, waiting } = timeline;
  const top = useRef(/** @type {HTMLElement|null} */ (null));
  const see = useRef(timeline.see);
  see.current = timeline.see;
  useEffect(() => {
    const watch = new IntersectionObserver(([seen]) => see.current(seen.isIntersecting || seen.boundingClientRect.top > 0));
    watch.observe(/** @type {HTMLElement} */ (top.current));
    return () => watch.disconnect();
  }, []);
  const days = useMemo(() => byDay(fold(shown?.data ?? [])), [shown]);
  return html`<section class="panel" aria-label="Timeline">
    <div class="panel-head tight" ref=${top}><${Tabs} filter=${filter} detail=${detail} />
      <span class="right"><span class="small faint live" title=${live ? "New entries appear by themselves" : "Reconnecting"}><span class=${live ? "pulse" : "pulse off"}></span>${live ? "live" : "not live"}</span></span></div>
    ${waiting ? html`<div class="waiting-line"><button type="button" class="button" onClick=${() => top.current?.scrollIntoView({ block: "center" })}><${Icon} name="up" tiny=${true} />${plural(waiting, "new entry", "new entries")}</button></div>` : null}
    ${filter.event ? html`<p class="note small">Only <b>${filter.event}</b>. <a class="link" data-keep href=${here({ event: undefined })}>Show the rest</a></p>` : null}
    ${page.error ? html`<div class="note"><${Trouble} error=${page.error} doing="read the timeline" retry=${page.reload} /></div>` : null}
    <div class=${page.stale ? "days dim" : "days"}>${days.map((day) => html`<section key=${day.day} class="day"><h3>${dayHead(day.at)}</h3>
      <ul>${day.rows.map((row) => html`<${TimelineEntry} key=${row.id} row=${row} />`)}</ul></section>`)}
      ${shown?.data.length === 0 ? html`<p class="note">${nothing[/** @type {keyof typeof nothing} */ (filter.kind ?? "")] ?? nothing[""]}</p>` : null}</div>
    ${more.error ? html`<div class="note"><${Trouble} error=${more.error} doing="read further back" /></div>` : null}
    ${shown?.next_cursor ? html`<div class="older"><button type="button" class="button bare" disabled=${more.busy} onClick=${loadMore}><${Icon} name="down" tiny=${true} />${more.busy ? "Reading…" : "Further back"}</button></div>`
      : shown?.data.length ? html`<p class="older small faint">That is everything: ${plural(shown.data.length, "entry", "entries")}.</p>` : null}
  </section>`;
}
