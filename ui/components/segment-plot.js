// @ts-check
// A segment's days: its size as a line, who entered and left as bars, and the table.
import { html, useState } from "../preact.js";
import { count, plural, short } from "../format.js";
import { dayLabel, dayLong } from "../time.js";
import { roundUp } from "./bars.js";
import { Icon } from "./icon.js";
import { useReading } from "./plot.js";

/** @typedef {import("../types.js").SegmentDay} Day */

/** The days from that on which the segment was made: before it had no size, not even none. @param {Day[]} days @param {string | null} [since] */
function there(days, since) {
  const first = since ? days.findIndex((d) => d.day >= since.slice(0, 10)) : 0;
  return first < 0 ? days.length - 1 : first;
}

/** The size over the last weeks, without an axis: for tables. @param {{days: Day[], since?: string | null}} props */
export function SizeSpark({ days, since }) {
  const first = there(days, since);
  const sizes = days.slice(first).map((d) => d.size);
  const low = Math.min(...sizes);
  const high = Math.max(...sizes);
  const last = Math.max(1, days.length - 1);
  const y = (/** @type {number} */ n) => (high === low ? 10 : 19 - ((n - low) / (high - low)) * 18);
  const x = (/** @type {number} */ i) => (((i + first) / last) * 96).toFixed(1);
  const path = sizes.length === 1 ? `M90 ${y(high)}L96 ${y(high)}` : sizes.map((n, i) => `${i === 0 ? "M" : "L"}${x(i)} ${y(n).toFixed(1)}`).join("");
  return html`<svg class=${high === low ? "spark flat" : "spark"} viewBox="0 0 96 20" preserveAspectRatio="none" role="img" aria-label=${`From ${count(sizes[0])} to ${plural(sizes[sizes.length - 1], "customer")} in ${plural(sizes.length, "day")}`}><path d=${path} /></svg>`;
}

/**
 * The frame of a plot: its axis, its labels, what a point reads.
 * @param {{days: Day[], name: string, top: number, bottom: number, marks: number[], say: (d: Day) => any, children?: any}} props
 */
function Frame({ days, name, top, bottom, marks, say, children }) {
  const reading = useReading(days.length);
  const width = 100 / days.length;
  const span = top - bottom || 1;
  const read = days[reading.at];
  const share = reading.at / days.length;
  const side = share < 0.2 ? "left" : share > 0.8 ? "right" : "";
  const ticks = [0, Math.floor((days.length - 1) / 2), days.length - 1];
  return html`<div><div class="area tall" tabindex="0" role="group" aria-roledescription="plot" aria-label=${`${name}. Arrow keys read the days.`} onPointerMove=${reading.move} onPointerLeave=${reading.leave} onBlur=${reading.leave} onKeyDown=${reading.keys}>
    <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
      ${marks.map((m) => html`<line key=${m} class=${m === 0 || m === bottom ? "base" : "grid"} x1="0" x2="100" y1=${(1 - (m - bottom) / span) * 100} y2=${(1 - (m - bottom) / span) * 100} />`)}
      ${read ? html`<rect class="band" x=${reading.at * width} width=${width} y="0" height="100" />` : null}${children}</svg>
    ${marks.map((m) => html`<span class="y" key=${m} style=${{ top: `${(1 - (m - bottom) / span) * 100}%` }} aria-hidden="true">${short(Math.abs(m))}</span>`)}
    ${read ? html`<div class=${`tip ${side}`} style=${{ left: `${(reading.at + 0.5) * width}%` }} role="status">${say(read)} · ${dayLong(read.day)}</div>` : null}</div>
  <div class="x" aria-hidden="true">${ticks.map((i, n) => html`<span key=${i} class=${n === 0 ? "first" : n === ticks.length - 1 ? "last" : ""} style=${{ left: n === 0 ? "0%" : n === ticks.length - 1 ? "100%" : `${(i + 0.5) * width}%` }}>${dayLabel(days[i].day)}</span>`)}</div></div>`;
}

/** @param {{days: Day[], since?: string | null}} props */
function Size({ days, since }) {
  const first = there(days, since);
  const top = roundUp(Math.max(2, ...days.map((d) => d.size)));
  const width = 100 / days.length;
  const y = (/** @type {Day} */ d) => (1 - d.size / top) * 100;
  const x = (/** @type {number} */ i) => ((i + 0.5) * width).toFixed(2);
  const size = days.slice(first);
  const line = size.length === 1 ? `M${(first * width).toFixed(2)} ${y(size[0]).toFixed(2)}L100 ${y(size[0]).toFixed(2)}`
    : size.map((d, i) => `${i === 0 ? "M" : "L"}${x(first + i)} ${y(d).toFixed(2)}`).join("");
  const fill = `${line}L${size.length === 1 ? "100" : x(days.length - 1)} 100L${size.length === 1 ? (first * width).toFixed(2) : x(first)} 100Z`;
  return html`<${Frame} days=${days} name="Customers in it at the end of each day" top=${top} bottom=${0} marks=${[top, top / 2, 0]} say=${(/** @type {Day} */ d) => (since && d.day < since.slice(0, 10) ? html`not made yet` : html`<b>${plural(d.size, "customer")}</b>`)}><path class="fill" d=${fill} /><path class="line" d=${line} /></${Frame}>`;
}

/** @param {{days: Day[]}} props */
function Moves({ days }) {
  const top = roundUp(Math.max(2, ...days.map((d) => Math.max(d.entered, d.left))));
  const width = 100 / days.length;
  const bar = (/** @type {number} */ i, /** @type {number} */ n, /** @type {boolean} */ up) => n > 0
    ? html`<rect key=${`${i}${up}`} class=${`${up ? "bar" : "bar left"}${i === days.length - 1 ? " part" : ""}`} x=${i * width + width * 0.14} width=${width * 0.72} y=${up ? 50 - Math.max(1.5, (n / top) * 50) : 50} height=${Math.max(1.5, (n / top) * 50)} />` : null;
  return html`<${Frame} days=${days} name="Customers who entered and left on each day" top=${top} bottom=${-top} marks=${[top, 0, -top]} say=${(/** @type {Day} */ d) => html`<b>${count(d.entered)}</b> entered, <b>${count(d.left)}</b> left`}>${days.map((d, i) => html`${bar(i, d.entered, true)}${bar(i, d.left, false)}`)}</${Frame}>`;
}

/** @param {{days: Day[], since?: string | null, children?: any}} props since: when it was made; children: how far back */
export function SegmentPlot({ days, since, children }) {
  const [table, setTable] = useState(false);
  const entered = days.reduce((n, d) => n + d.entered, 0);
  const left = days.reduce((n, d) => n + d.left, 0);
  const moved = [...days].reverse().filter((d, i) => i === 0 || d.entered || d.left);
  return html`<section class="panel over-time" aria-label="Over time"><div class="panel-head"><h2>Over time</h2><span class="quiet">${count(entered)} entered, ${count(left)} left in ${days.length} days</span>
      <span class="right">${children}<button type="button" class="button bare small" aria-expanded=${table ? "true" : "false"} onClick=${() => setTable(!table)}><${Icon} name="table" tiny=${true} />Table</button></span></div>
    <div class="plot two-plots"><div><p class="key"><span><i class="size"></i>Customers in it</span></p><${Size} days=${days} since=${since} /></div>
      <div><p class="key"><span><i></i>Entered</span><span><i class="left"></i>Left</span><span>a day</span></p><${Moves} days=${days} /></div></div>
    ${table ? html`<div class="plot-table" tabindex="0" role="region" aria-label="The days as a table"><table><thead><tr><th scope="col">Day, UTC</th><th scope="col" class="num">Entered</th><th scope="col" class="num">Left</th><th scope="col" class="num">In it</th></tr></thead>
      <tbody>${moved.map((d) => html`<tr key=${d.day}><td>${dayLong(d.day)}</td><td class="num">${count(d.entered)}</td><td class="num">${count(d.left)}</td><td class="num">${count(d.size)}</td></tr>`)}</tbody></table></div>` : null}</section>`;
}
