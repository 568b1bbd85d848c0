// @ts-check
import { html, useMemo, useRef } from "../preact.js";
import { api } from "../api.js";
import { can } from "../can.js";
import { count, percent, plural, short } from "../format.js";
import { write } from "../json.js";
import { useLive } from "../live.js";
import { periodOf, pointsOf, spanOf, change } from "../period.js";
import { useResource } from "../resource.js";
import { usePlace } from "../router.js";
import { zone } from "../time.js";
import { Ago } from "../components/ago.js";
import { Avatar } from "../components/avatar.js";
import { Icon } from "../components/icon.js";
import { PageHead } from "../components/page-head.js";
import { Plot } from "../components/plot.js";
import { Trouble } from "../components/trouble.js";
import { TypeMark, typeWord } from "../components/type-mark.js";
import { Value } from "../components/value.js";
import { Name } from "../components/attribute-panel.js";
import { Periods } from "./home.js";

/** @typedef {import("../types.js").EventDetail} Detail */
/** @typedef {import("../types.js").PropertyDetail} Property */
/** @typedef {import("../types.js").LatestEvent} Latest */

/** @param {{p: Property, of: number}} props */
function PropertyRow({ p, of }) {
  const main = p.types[0];
  const numbers = p.min !== undefined && p.max !== undefined && p.min !== p.max;
  return html`<tr><td class="a"><b><${Name} name=${p.name} /></b></td>
    <td class="c"><span class="type-list">${p.types.map((t, i) => html`<span key=${t} class=${p.types.length > 1 && i > 0 ? "warn nowrap" : "nowrap"}><${TypeMark} type=${t} odd=${p.types.length > 1 && i > 0} /> ${typeWord(t).toLowerCase()}</span>`)}
      ${p.numeric_text ? html`<span class="warn nowrap" title="Every text among the newest events is a number. Rules compare texts letter by letter; send it without the quotation marks."><${Icon} name="alert" tiny=${true} /> numbers as text</span>` : null}</span></td>
    <td class="b num quiet">${of ? percent(p.seen / of) : "–"}</td>
    <td class="wide"><span class="common">${p.values.map((v) => html`<span key=${v.value} class="common-value"><${Value} text=${v.value} column=${main} /> <span class="small faint num">${count(v.count)}</span></span>`)}
      ${p.distinct > p.values.length ? html`<span class="small faint">${plural(p.distinct - p.values.length, "other value")}</span>` : null}${p.seen === 0 ? html`<span class="faint">not in the newest</span>` : null}</span></td>
    <td class="d num quiet nowrap">${numbers ? html`${short(/** @type {number} */ (p.min))} – ${short(/** @type {number} */ (p.max))}` : ""}</td></tr>`;
}

/** @param {{e: Detail}} props */
function Properties({ e }) {
  return html`<section class="panel ledger two bleed properties-table" aria-label="Properties"><div class="panel-head"><h2>Properties</h2><span class="quiet">${e.detail.length ? `values of the ${e.sampled === 1 ? "newest event" : `newest ${plural(e.sampled, "event")}`}` : ""}</span></div>
    ${e.detail.length === 0 ? html`<p class="note">It comes without properties.</p>` : html`<div class="scroll"><table><thead><tr><th scope="col">Name</th><th scope="col">Types ever</th><th scope="col" class="num">In</th><th scope="col">Common values</th><th scope="col" class="num">From – to</th></tr></thead>
      <tbody>${e.detail.map((p) => html`<${PropertyRow} key=${p.name} p=${p} of=${e.sampled} />`)}</tbody></table></div>`}</section>`;
}

/** @param {{l: Latest, fresh: boolean}} props */
function LatestRow({ l, fresh }) {
  const name = l.name || l.uid;
  const members = Object.entries(l.properties ?? {});
  const said = [...(l.value === undefined ? [] : [["value", l.value]]), ...members];
  return html`<tr class=${fresh ? "fresh" : ""}><td class="a"><span class="who"><${Avatar} name=${name} id=${l.customer} /><a data-row class="cut" dir="auto" href=${`/app/customers/${l.customer}`} title=${l.uid}>${name}</a></span></td>
    <td class="wide says"><span class="cut said" title=${said.length ? write(Object.fromEntries(said)) : undefined}>${said.map(([key, value], i) => html`<span key=${key}>${i > 0 ? html`<span class="sep"></span>` : null}<span class="faint">${key}</span> <${Value} value=${value} /></span>`)}${said.length === 0 ? html`<span class="faint">–</span>` : null}</span></td>
    <td class="more quiet">${l.source}</td><td class="b quiet"><${Ago} at=${l.at} /></td></tr>`;
}

/** @param {{name: string}} props */
function LatestEvents({ name }) {
  const latest = useResource(`latest ${name}`, (signal) => api.latestEvents(name, signal));
  const live = useLive("/api/live", () => void latest.reload(), 1000);
  const rows = latest.data?.data;
  const known = useRef(/** @type {Set<string>|null} */ (null));
  const fresh = useMemo(() => {
    const before = known.current;
    if (rows) known.current = new Set(rows.map((r) => r.id));
    return new Set(before && rows ? rows.filter((r) => !before.has(r.id)).map((r) => r.id) : []);
  }, [rows]);
  return html`<section class="panel ledger two bleed latest-events" aria-label="Latest"><div class="panel-head"><h2>Latest</h2><span class="quiet">as they came in</span><span class="right"><span class="live small quiet"><i class=${live ? "pulse" : "pulse off"}></i>${live ? "live" : "not live"}</span></span></div>
    ${latest.error ? html`<div class="note"><${Trouble} error=${latest.error} doing="read the latest events" retry=${latest.reload} /></div>` : null}
    ${rows?.length ? html`<div class="scroll"><table><thead><tr><th scope="col">Customer</th><th scope="col">Value and properties</th><th scope="col" class="more">From</th><th scope="col">When</th></tr></thead><tbody>${rows.map((l) => html`<${LatestRow} key=${l.id} l=${l} fresh=${fresh.has(l.id)} />`)}</tbody></table></div>` : null}
    ${rows?.length === 0 ? html`<p class="note">The newest of its events were removed with their customers.</p>` : null}</section>`;
}

/** @param {{name: string, session: import("../types.js").Session}} props */
export function Event({ name, session }) {
  const { query } = usePlace();
  const period = periodOf(query);
  const compare = query.compare !== "no";
  const event = useResource(`event ${name} ${period.id}`, (signal) => api.event(name, period.id, signal));
  useLive("/api/live", () => void event.reload(), 5000);
  const e = event.data;
  const crumb = { href: "/app/events", text: "Events" };
  if (!e) {
    return html`<main id="content" class="page" tabindex="-1"><${PageHead} title=${event.error?.code === "not_found" ? "No such event" : name} crumb=${crumb} />
      ${event.error ? html`<${Trouble} error=${event.error} doing="read this event" retry=${event.reload} />` : html`<div class="panel skeleton" aria-busy="true"></div>`}</main>`;
  }
  const more = change(e.sums.events_whole, e.sums.events_before);
  const line = [html`<b>${count(e.count)}</b> in all`, html`<b>${count(e.customers)}</b> ${e.customers === 1 ? "customer" : "customers"}`, `${count(e.today)} today`, html`first <${Ago} at=${e.first_at} plainly=${true} />`, html`last <${Ago} at=${e.last_at} />`, `times in ${zone()}`];
  return html`<main id="content" class="page" tabindex="-1">
    <${PageHead} title=${e.name} crumb=${crumb} line=${line}>${can(session, "plan") ? html`<a class="button" href=${`/app/segments/new?event=${encodeURIComponent(e.name)}`}>New segment</a>` : null}</${PageHead}>
    ${event.error ? html`<${Trouble} error=${event.error} doing="read this event" retry=${event.reload} />` : null}
    <div class="tools period-tools"><${Periods} compare=${compare} /></div>
    <div class=${event.stale ? "dim" : ""}><${Plot} title=${e.unit === "hour" ? "Events an hour" : "Events a day"} unit="Events" when=${e.unit === "hour" ? "Hour" : "Day, UTC"} points=${pointsOf(e.points, e.unit, "events", compare)} span=${spanOf(e.points, e.unit, "at")} spanBefore=${compare ? spanOf(e.points, e.unit, "before") : undefined}
      total=${html`${count(e.sums.events)}${more ? html` <span class="small" title="The step under way left out of both">${more} against ${period.before}</span>` : null}`} note=${e.ready ? undefined : "The hours are counted once the events are read, a moment after the start."} /></div>
    <div class="event-two"><${Properties} e=${e} /><${LatestEvents} name=${e.name} /></div>
    ${e.sources.length ? html`<p class="small quiet sources">It comes from ${e.sources.join(", ")}.</p>` : null}
  </main>`;
}
