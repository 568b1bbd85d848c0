// @ts-check
import { html } from "../preact.js";
import { api } from "../api.js";
import { count } from "../format.js";
import { useResource } from "../resource.js";
import { here, navigate, part, usePlace } from "../router.js";
import { zone } from "../time.js";
import { Ago } from "../components/ago.js";
import { FirstEvent } from "../components/first-event.js";
import { PageHead } from "../components/page-head.js";
import { Icon } from "../components/icon.js";
import { SearchField } from "../components/search-field.js";
import { SortHead, sorted } from "../components/sort-head.js";
import { Select } from "../components/select.js";
import { Spark } from "../components/spark.js";
import { Trouble } from "../components/trouble.js";
import { TypeMark } from "../components/type-mark.js";

/** How many properties a row names before the rest is counted. */
const SHOWN = 4;

/** What events are, beside the team's own. @type {Record<string, {icon: string, one: string, all: string}>} */
const CATEGORIES = { payment: { icon: "card", one: "A payment event", all: "Payments" }, message: { icon: "mail", one: "A message event", all: "Messages" } };

/** What the table is sorted by, with what each column is called. @type {Record<string, {text: string, by: (e: import("../types.js").EventName) => number|string}>} */
const SORTS = {
  count: { text: "Count", by: (e) => -e.count },
  name: { text: "Event", by: (e) => e.name.toLocaleLowerCase() },
  today: { text: "Today", by: (e) => -e.today },
  customers: { text: "Customers", by: (e) => -e.customers },
  first: { text: "First", by: (e) => -Date.parse(e.first_at) },
  last: { text: "Last", by: (e) => -Date.parse(e.last_at) },
};

/** How many rows are drawn before one asks for the others. */
const DRAWN = 500;

/** @param {{e: import("../types.js").EventName}} props */
function Row({ e }) {
  const shown = e.properties.slice(0, SHOWN);
  const rest = e.properties.length - shown.length;
  return html`<tr>
    <td class="a limit title"><a data-row class="cut" dir="auto" href=${`/app/events/${part(e.name)}`} title=${e.name}>${CATEGORIES[e.category] ? html`<span class="faint" title=${CATEGORIES[e.category].one}><${Icon} name=${CATEGORIES[e.category].icon} /> </span>` : null}<b>${e.name}</b></a></td>
    <td class="more spark-cell"><${Spark} days=${e.days} /></td>
    <td class="b num"><b>${count(e.count)}</b></td><td class="num quiet">${count(e.today)}</td>
    <td class="c num quiet">${count(e.customers)}<span class="narrow-only"> ${e.customers === 1 ? "customer" : "customers"}</span></td>
    <td class="extra quiet"><${Ago} at=${e.first_at} plainly=${true} /></td><td class="d quiet"><${Ago} at=${e.last_at} /></td>
    <td class="wide properties"><span class="property-list">${shown.map((p) => html`<span class="property" key=${p.name}>${p.types.map((t) => html`<${TypeMark} key=${t} type=${t} odd=${p.types.length > 1} />`)}<span class="quiet">${p.name}</span></span>`)}
      ${rest > 0 ? html`<span class="small faint">and ${rest} more</span>` : null}${e.properties.length === 0 ? html`<span class="faint">–</span>` : null}</span></td></tr>`;
}

/** @param {{session: import("../types.js").Session}} props */
export function Events({ session }) {
  const { query } = usePlace();
  const events = useResource("events", api.events);
  const all = events.data?.data;
  const typed = (query.query ?? "").toLocaleLowerCase();
  const shown = all?.filter((e) => (!query.category || e.category === query.category) && (!typed || e.name.toLocaleLowerCase().includes(typed) || e.properties.some((p) => p.name.toLocaleLowerCase().includes(typed))));
  const sort = SORTS[query.sort] ? query.sort : "count";
  const rows = shown && sorted(shown, SORTS[sort].by);
  const drawn = query.all ? rows : rows?.slice(0, DRAWN);
  const total = all?.reduce((sum, e) => sum + e.count, 0);
  return html`<main id="content" class="page wide" tabindex="-1">
    <${PageHead} title="Events" line=${all ? [html`<b>${count(total)}</b> events of <b>${count(all.length)}</b> ${all.length === 1 ? "name" : "names"}`, `${count(all.reduce((sum, e) => sum + e.today, 0))} today`, `times in ${zone()}`] : [events.error ? null : html`<span class="faint">Reading…</span>`]} />
    ${events.error ? html`<${Trouble} error=${events.error} doing="read the events" retry=${events.reload} />` : null}
    ${all?.length ? html`<div class="tools" role="search"><${SearchField} value=${query.query ?? ""} label="Search events and properties" change=${(/** @type {string} */ text) => navigate(here({ query: text }), { replace: true })} />
      ${all.some((e) => CATEGORIES[e.category]) ? html`<span class="chips"><${Select} label="Category" value=${query.category ?? ""} options=${[["", "Any category"], ["custom", "Your own"], ...Object.entries(CATEGORIES).map(([value, c]) => [value, c.all])]} change=${(/** @type {string} */ category) => navigate(here({ category }), { keep: true })} /></span>` : null}</div>` : null}
    ${shown?.length ? html`<div class="panel ledger two bleed"><div class="scroll"><table><thead><tr><${SortHead} sorts=${SORTS} at=${sort} name="name" /><th scope="col" class="more">Last 30 days</th><${SortHead} sorts=${SORTS} at=${sort} name="count" class="num" /><${SortHead} sorts=${SORTS} at=${sort} name="today" class="num" /><${SortHead} sorts=${SORTS} at=${sort} name="customers" class="num" /><${SortHead} sorts=${SORTS} at=${sort} name="first" class="extra" /><${SortHead} sorts=${SORTS} at=${sort} name="last" /><th scope="col">Properties</th></tr></thead>
      <tbody>${drawn?.map((e) => html`<${Row} key=${e.name} e=${e} />`)}</tbody></table></div>${rows && drawn && drawn.length < rows.length ? html`<p class="pager"><span>${count(drawn.length)} of ${count(rows.length)} names</span><span class="right"><a class="button" href=${here({ all: "yes" })} data-keep>Show all</a></span></p>` : null}</div>` : null}
    ${all && all.length > 0 && shown?.length === 0 ? html`<section class="panel empty"><h2>No event matches.</h2><p><a class="button" href="/app/events">Show every event</a></p></section>` : null}
    ${all?.length === 0 ? html`<${FirstEvent} session=${session} />` : null}
    ${!all && !events.error ? html`<div class="panel skeleton" aria-busy="true"></div>` : null}
  </main>`;
}
