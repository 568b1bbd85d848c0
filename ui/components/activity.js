// @ts-check
import { html, useState } from "../preact.js";
import { count, plural } from "../format.js";
import { dayLabel, dayLong } from "../time.js";
import { Bars } from "./bars.js";
import { Icon } from "./icon.js";

/** Every 30th day carries its date below the plot. */
const TICK = 30;

/** The customer's last 90 days. @param {{days: import("../types.js").Day[]}} props */
export function Activity({ days }) {
  const [table, setTable] = useState(false);
  const total = days.reduce((sum, d) => sum + d.count, 0);
  const bars = days.map((d, i) => ({ label: dayLong(d.day), axis: dayLabel(d.day), count: d.count, part: i === days.length - 1 }));
  const ticks = [0, TICK, 2 * TICK].filter((i) => i < days.length - TICK / 2).concat(days.length - 1);
  const busy = days.filter((d) => d.count > 0).reverse();
  return html`<section class="panel" aria-label="Activity"><div class="panel-head"><h2>Activity</h2><span class="quiet">${plural(total, "event")} in ${days.length} days</span>
      <span class="right"><button type="button" class="button bare small" aria-expanded=${table ? "true" : "false"} onClick=${() => setTable(!table)}><${Icon} name="table" tiny=${true} />Table</button></span></div>
    <div class="plot"><${Bars} bars=${bars} ticks=${ticks} name="Events a day" say=${(/** @type {number} */ n) => plural(n, "event")} /></div>
    ${table ? html`<div class="plot-table" tabindex="0" role="region" aria-label="Events a day, as a table"><table><thead><tr><th scope="col">Day, UTC</th><th scope="col" class="num">Events</th></tr></thead>
      <tbody>${busy.map((d) => html`<tr key=${d.day}><td>${dayLong(d.day)}</td><td class="num">${count(d.count)}</td></tr>`)}${busy.length === 0 ? html`<tr><td colspan="2" class="quiet">No events in these days.</td></tr>` : null}</tbody></table></div>` : null}
  </section>`;
}
