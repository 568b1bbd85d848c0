// @ts-check
import { html, useEffect, useRef, useState } from "../preact.js";
import { api, follow } from "../api.js";
import { count, plural, took } from "../format.js";
import { matches, prepend } from "../requests.js";
import { useResource } from "../resource.js";
import { here, navigate, usePlace } from "../router.js";
import { useSteady } from "../steady.js";
import { ago, clock, zone } from "../time.js";
import { Bars } from "../components/bars.js";
import { Icon } from "../components/icon.js";
import { PageHead } from "../components/page-head.js";
import { RequestRow } from "../components/request-row.js";
import { SearchField } from "../components/search-field.js";
import { Select } from "../components/select.js";
import { Trouble } from "../components/trouble.js";

/** @typedef {import("../types.js").LoggedRequest} LoggedRequest */
/** @typedef {import("../types.js").RequestLog} RequestLog */

/** How many rows the live list holds; the log itself goes further back. */
const MOST = 200;
/** How often what the stream brought is drawn. */
const DRAW_EVERY = 250;
/** How often the plot and the figures are read again. */
const FIGURES_EVERY = 30_000;

/**
 * What came by the stream since the log was read, drawn in batches; while
 * paused it waits, counted.
 * @param {(r: LoggedRequest) => boolean} wanted
 * @param {boolean} paused
 * @param {string} key of what is shown: another one begins anew
 * @param {() => void} missed the stream was broken: read again
 */
function useStream(wanted, paused, key, missed) {
  const [came, setCame] = useState(/** @type {LoggedRequest[]} */ ([]));
  const [on, setOn] = useState(false);
  const latest = useRef({ wanted, missed });
  latest.current = { wanted, missed };
  useEffect(() => setCame([]), [key]);
  useEffect(() => {
    /** @type {LoggedRequest[]} */
    let batch = [];
    const end = follow("/api/requests/live", { event: "request", message: (r) => batch.push(r), opened: () => latest.current.missed(), state: setOn });
    const timer = setInterval(() => {
      const drawn = batch.filter(latest.current.wanted);
      batch = [];
      if (drawn.length) setCame((c) => [...drawn, ...c].slice(0, MOST));
    }, DRAW_EVERY);
    return () => {
      clearInterval(timer);
      end();
    };
  }, []);
  const [held, setHeld] = useState(came);
  useEffect(() => {
    if (!paused) setHeld(came);
  }, [paused, came]);
  return { came: paused ? held : came, waiting: paused ? came.filter((r) => !held.includes(r)).length : 0, on };
}

/** @param {{log: RequestLog}} props */
function Minutes({ log }) {
  const [table, setTable] = useState(false);
  const bars = log.minutes.map((m, i) => ({ label: clock(m.at), axis: clock(m.at), count: m.count, refused: m.refused, part: false, i }));
  const ticks = [0, 15, 30, 45, bars.length - 1];
  return html`<section class="panel minutes" aria-label="Requests a minute"><div class="plot">
      <div class="key"><span><i class="soft"></i>Requests a minute, last hour</span><span><i class="refused"></i>Refused or failed</span>
        <button type="button" class="button bare small end" aria-expanded=${table ? "true" : "false"} onClick=${() => setTable(!table)}><${Icon} name="table" tiny=${true} />Table</button></div>
      <${Bars} bars=${bars} ticks=${ticks} soft=${true} name="Requests a minute" say=${(/** @type {number} */ n) => plural(n, "request")} /></div>
    ${table ? html`<div class="plot-table" tabindex="0" role="region" aria-label="Requests a minute, as a table"><table><thead><tr><th scope="col">Minute</th><th scope="col" class="num">Requests</th><th scope="col" class="num">Refused or failed</th></tr></thead>
      <tbody>${[...log.minutes].reverse().map((m) => html`<tr key=${m.at}><td>${clock(m.at)}</td><td class="num">${count(m.count)}</td><td class="num">${count(m.refused)}</td></tr>`)}</tbody></table></div>` : null}
  </section>`;
}

/** @param {{query: Record<string, string>, keys: import("../types.js").Key[]}} props */
function Tools({ query, keys }) {
  const set = (/** @type {string} */ name) => (/** @type {string} */ value) => navigate(here({ [name]: value, open: undefined }), { keep: true });
  const state = (/** @type {string|undefined} */ value, /** @type {string} */ text) => html`<a href=${here({ status: value, open: undefined })} data-keep aria-current=${(query.status ?? "") === (value ?? "") ? "true" : undefined}>${text}</a>`;
  const names = [...new Set([...keys.map((k) => k.name), ...(query.key ? [query.key] : [])])];
  return html`<div class="tools" role="search">
    <${SearchField} value=${query.query ?? ""} label="Path, id or reason" change=${(/** @type {string} */ text) => navigate(here({ query: text, open: undefined }), { replace: Boolean(text && query.query), keep: true })} />
    <span class="chips"><span class="segments" role="group" aria-label="Outcome">${state(undefined, "All")}${state("answered", "Answered")}${state("refused", "Refused")}${state("failed", "Failed")}</span>
      <${Select} label="Key" value=${query.key ?? ""} options=${[["", "Any key"], ...names.map((n) => [n, n])]} change=${set("key")} />
      <${Select} label="Method" value=${query.method ?? ""} options=${[["", "Any method"], ...["GET", "POST", "PUT", "DELETE"].map((m) => [m, m])]} change=${set("method")} /></span></div>`;
}

/** @param {RequestLog|undefined} log @param {any} error */
function headLine(log, error) {
  if (!log) return [error ? null : html`<span class="faint">Reading…</span>`];
  return [
    html`<b>${count(log.hour.count)}</b> in the last hour, <b>${count(log.hour.refused)}</b> refused`,
    log.hour.count > 0 ? `half within ${took(log.p50_ms)}, 99 % within ${took(log.p99_ms)}` : null,
    log.kept === 0 ? null : html`<span title="In memory only: the newest 2,000, and the newest 1,000 refused ones apart">${plural(log.kept, "request")} kept, since ${ago(log.since)}</span>`,
    `times in ${zone()}`,
  ];
}

export function Requests() {
  const { query } = usePlace();
  const filter = { status: query.status, method: query.method, key: query.key, query: query.query };
  const any = Object.values(filter).some(Boolean);
  const key = `requests ${JSON.stringify(filter)} ${query.before ?? ""}`;
  const [paused, setPaused] = useState(false);
  const log = useResource(key, (signal) => api.requests({ ...filter, before: query.before, limit: 100 }, signal));
  const keys = useResource("keys", api.keys);
  const stream = useStream((r) => matches(r, filter), paused || Boolean(query.before), key, log.reload);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || paused || query.before || log.reload(), FIGURES_EVERY);
    return () => clearInterval(timer);
  }, [key, paused]);
  const read = log.data?.data ?? [];
  const shown = query.before || log.stale ? read : prepend(read, stream.came, MOST);
  const freshFrom = read[0]?.seq ?? 0;
  useSteady(shown[0]?.seq);
  const toggle = (/** @type {number} */ seq) => navigate(here({ open: query.open === String(seq) ? undefined : String(seq) }), { replace: true });
  const base = keys.data?.base_url ?? location.origin;
  const last = shown[shown.length - 1];
  return html`<main id="content" class="page wide steady" tabindex="-1">
    <${PageHead} title="Requests" line=${headLine(log.data, log.error)}>
      ${query.before ? html`<a class="button" href=${here({ before: undefined })}>Newest</a>` : html`
      <button type="button" class="button live" aria-pressed=${paused ? "true" : "false"} onClick=${() => setPaused(!paused)}>${paused
        ? html`<${Icon} name="pause" tiny=${true} />Paused${stream.waiting ? `, ${stream.waiting} new` : ""} <span class="quiet">Go on</span>`
        : html`<span class=${stream.on ? "pulse" : "pulse off"}></span>${stream.on ? "Live" : "Reconnecting"} <span class="quiet">Pause</span>`}</button>`}
    </${PageHead}>
    ${log.data?.minutes?.length && (log.data.kept > 0 || shown.length > 0) ? html`<${Minutes} log=${log.data} />` : null}
    <${Tools} query=${query} keys=${keys.data?.data ?? []} />
    ${log.error ? html`<${Trouble} error=${log.error} doing="read the requests" retry=${log.reload} />` : null}
    ${log.data && shown.length === 0 && !log.error ? html`<section class="panel empty"><h2>${any ? "No request matches." : "No requests yet."}</h2>
      <p>${any ? "The log is in memory and keeps the newest 2,000 requests, and the newest 1,000 refused ones apart." : "Each request to the API appears here the moment it is answered, with its body, the answer, and the reason if it was refused. It is kept in memory only."}</p>
      <div class="actions">${any ? html`<a class="button" href="/app/requests">Show every request</a>` : html`<a class="button main" href="/app/keys">How to send the first one</a>`}</div></section>` : null}
    ${shown.length ? html`<div class=${`panel ledger two log bleed${log.stale ? " dim" : ""}`}><div class="scroll"><table>
      <thead><tr><th scope="col" aria-sort="descending" class="time">Time</th><th scope="col">Method</th><th scope="col">Path</th><th scope="col" class="extra">Key</th><th scope="col" class="num">Status</th><th scope="col" class="num">Took</th><th scope="col">Reason</th></tr></thead>
      <tbody>${shown.map((r) => html`<${RequestRow} key=${r.seq} r=${r} open=${query.open === String(r.seq)} fresh=${r.seq > freshFrom && freshFrom > 0} toggle=${toggle} base=${base} />`)}</tbody></table></div>
      <nav class="pager" aria-label="Pages"><span>${plural(shown.length, "request")} shown</span><span class="right">
        ${log.data && read.length >= 100 && last ? html`<a class="button" href=${here({ before: String(last.seq), open: undefined })}>Older</a>` : null}</span></nav></div>` : null}
    ${!log.data && !log.error ? html`<div class="panel skeleton" aria-busy="true"></div>` : null}
  </main>`;
}
