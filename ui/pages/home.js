// @ts-check
import { html, useEffect } from "../preact.js";
import { api } from "../api.js";
import { count, percent, plural, short } from "../format.js";
import { ended } from "../imports.js";
import { useLive } from "../live.js";
import { change, PERIODS, periodOf, pointsOf, spanOf } from "../period.js";
import { useResource } from "../resource.js";
import { here, navigate, part, usePlace } from "../router.js";
import { zone } from "../time.js";
import { FirstRun, NextSteps, begun } from "../components/first-run.js";
import { HomeHealth } from "../components/home-health.js";
import { Icon } from "../components/icon.js";
import { PageHead } from "../components/page-head.js";
import { Plot } from "../components/plot.js";
import { RecentImports } from "../components/recent-imports.js";
import { Line } from "../components/spark.js";
import { Trouble } from "../components/trouble.js";

/** @typedef {import("../types.js").Home} HomeData */
/** @typedef {import("../types.js").Session} Session */

/** How often the page is read again though nothing was heard of: a minute's events fade by themselves. */
const EVERY = 10_000;

/** The periods as links, and whether they stand beside the time before. @param {{compare: boolean}} props */
export function Periods({ compare }) {
  const chosen = periodOf(usePlace().query);
  return html`<label class="check compare"><input type="checkbox" checked=${compare} onChange=${() => navigate(here({ compare: compare ? "no" : undefined }), { keep: true })} /><span>Compare</span></label>
    <nav class="segments" aria-label="Period">${PERIODS.map((p) => html`<a key=${p.id} href=${here({ period: p.id === "30d" ? undefined : p.id })} data-keep aria-current=${p === chosen ? "true" : undefined}>${p.text}</a>`)}</nav>`;
}

/** @param {{name: string, figure: any, exact?: string, children?: any}} props */
function Figure({ name, figure, exact, children }) {
  return html`<div class="figure-cell"><span class="figure-name">${name}</span><b class="figure" title=${exact}>${figure}</b><span class="small quiet">${children}</span></div>`;
}

/** @param {{was: number, is: number, before: string}} props */
function Change({ was, is, before }) {
  const text = change(is, was);
  if (!text) return html`<span>nothing to compare with</span>`;
  return html`<span title=${`${count(is)} in the whole days or hours, ${count(was)} in ${before}`}>${text[0] === "+" ? html`<${Icon} name="up" tiny=${true} /> ` : ""}${text} against ${before}</span>`;
}

/** @param {{home: HomeData}} props */
function Figures({ home }) {
  const period = PERIODS.find((p) => p.id === home.period) ?? PERIODS[2];
  const { active } = home;
  const people = home.customers - home.archived;
  return html`<section class="figures" aria-label="Figures">
    <${Figure} name="Customers" figure=${count(home.customers)}>${count(home.sums.customers)} new in ${period.text}${home.archived ? `, ${count(home.archived)} archived` : ""}</${Figure}>
    <${Figure} name="Active today" figure=${active.loading === 1 ? count(active.today) : html`<span class="faint">–</span>`}>
      ${active.loading === 1
        ? html`<span title="Customers with an event today or in the six days before">7 days <b>${count(active.week)}</b></span> · <span title="Customers with an event today or in the 29 days before">30 days <b>${count(active.month)}</b>${people > 0 ? `, ${percent(active.month / people)}` : ""}</span>`
        : html`<span role="status">counted once the events are read: ${percent(active.loading)}</span>`}</${Figure}>
    <${Figure} name=${`Events in ${period.text}`} figure=${home.sums.events >= 1e7 ? short(home.sums.events) : count(home.sums.events)} exact=${count(home.sums.events)}><${Change} is=${home.sums.events_whole} was=${home.sums.events_before} before=${period.before} /></${Figure}>
    <${Figure} name="Events a minute, now" figure=${count(home.events_per_minute)}>${home.events_per_minute ? "came in the last minute" : "none came in the last minute"} · ${short(home.events)} in all</${Figure}>
  </section>`;
}

/** @param {{home: HomeData}} props */
function TopEvents({ home }) {
  const period = PERIODS.find((p) => p.id === home.period) ?? PERIODS[2];
  return html`<section class="panel ledger two bleed top-events" aria-label="Top events"><div class="panel-head"><h2>Top events</h2><span class="right"><a class="button bare small" href="/app/events">${home.event_names > 1 ? `All ${count(home.event_names)} events` : "Events"}</a></span></div>
    ${!home.top_ready ? html`<p class="note" role="status">The last hours of each event are counted once the events are read: ${percent(home.active.loading)}.</p>`
      : home.top.length === 0 ? html`<p class="note">No events in the ${period.span}.</p>`
      : html`<div class="scroll"><table><thead><tr><th scope="col">Event</th><th scope="col" class="more">${period.span[0].toUpperCase() + period.span.slice(1)}</th><th scope="col" class="num" aria-sort="descending">Count</th><th scope="col" class="num">Customers</th><th scope="col" class="num">Change</th></tr></thead>
        <tbody>${home.top.map((e) => html`<tr key=${e.name}><td class="a limit"><a data-row class="cut" dir="auto" title=${e.name} href=${`/app/events/${part(e.name)}${home.period === "30d" ? "" : `?period=${home.period}`}`}>${e.name}</a></td>
          <td class="more spark-cell"><${Line} points=${e.points} unit="event" /></td><td class="b num"><b>${count(e.count)}</b></td><td class="c num quiet">${count(e.customers)}<span class="narrow-only"> ${e.customers === 1 ? "customer" : "customers"} ever</span></td>
          <td class="d num quiet" title=${`${count(e.whole)} against ${count(e.before)}, the step under way left out of both`}>${change(e.whole, e.before) || (e.whole ? "new" : "–")}</td></tr>`)}</tbody></table></div>`}
  </section>`;
}

/** @param {{home: HomeData, session: Session, compare: boolean, stale: boolean}} props */
function Overview({ home, session, compare, stale }) {
  const { unit, points } = home;
  const a = unit === "hour" ? "an hour" : "a day";
  const shared = { span: spanOf(points, unit, "at"), spanBefore: compare ? spanOf(points, unit, "before") : undefined, when: unit === "hour" ? "Hour" : "Day, UTC" };
  return html`<div class=${stale ? "home dim" : "home"}>
    <${Figures} home=${home} />
    <div class="home-two"><${Plot} ...${shared} span=${`${shared.span}, by date of sign-up`} title=${`New customers ${a}`} total=${count(home.sums.customers)} unit="Customers" points=${pointsOf(points, unit, "customers", compare)} />
      <${Plot} ...${shared} title=${`Events ${a}`} total=${count(home.sums.events)} unit="Events" line=${true} points=${pointsOf(points, unit, "events", compare)} /></div>
    <div class="home-three"><${TopEvents} home=${home} /><${RecentImports} imports=${home.imports} session=${session} /></div>
    <${HomeHealth} home=${home} session=${session} />
  </div>`;
}

/** @param {{session: Session}} props */
export function Home({ session }) {
  const { query } = usePlace();
  const period = periodOf(query);
  const compare = query.compare !== "no";
  const home = useResource(`home ${period.id}`, (signal) => api.home(period.id, signal));
  const data = home.data;
  const first = data ? !begun(data.setup) : false;
  const busy = data?.imports.some((i) => !ended(i.state)) ?? false;
  const live = useLive("/api/live", () => void home.reload(), first || busy ? 1000 : 5000);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || home.reload(), EVERY);
    return () => clearInterval(timer);
  }, [home.reload]);
  const line = data && !first
    ? [compare ? `${period.span} beside ${period.before}` : period.span, data.unit === "hour" ? null : "days in UTC", `times in ${zone()}`, html`<span class="live"><i class=${live ? "pulse" : "pulse off"}></i>${live ? "live" : "not live"}</span>`]
    : [home.error || first ? null : html`<span class="faint">Reading…</span>`];
  return html`<main id="content" class="page" tabindex="-1">
    <${PageHead} title="Home" line=${line}>${data && !first ? html`<${Periods} compare=${compare} />` : null}</${PageHead}>
    ${home.error ? html`<${Trouble} error=${home.error} doing="read the figures" retry=${home.reload} />` : null}
    ${data && first ? html`<${FirstRun} setup=${data.setup} session=${session} />` : null}
    ${data && !first ? html`<${NextSteps} setup=${data.setup} session=${session} /><${Overview} home=${data} session=${session} compare=${compare} stale=${home.stale} />` : null}
    ${!data && !home.error ? html`<div class="panel skeleton" aria-busy="true"></div>` : null}
  </main>`;
}
