// @ts-check
// A plot over days or hours beside the time before: bars or a line, its axis, what a point
// reads by pointer or arrow keys, and the same as a table.
import { html, useState } from "../preact.js";
import { count, short } from "../format.js";
import { roundUp } from "./bars.js";
import { Icon } from "./icon.js";

/**
 * @typedef {object} Point
 * @property {string} key
 * @property {string} label what it is called in full: "Wed 3 Apr 2024"
 * @property {string} axis the same below the plot
 * @property {number} value
 * @property {string} [beforeLabel]
 * @property {number} [before]
 * @property {boolean} [part] it is not over yet
 */

/** How many lines of the grid a top is divided by: 1, 2, 4 or 6 times a power of ten. @param {number} top */
function divisions(top) {
  const lead = Number(String(top)[0]);
  if (top < 4) return top;
  return lead === 4 ? 4 : lead === 6 ? 3 : 2;
}

/** Which points carry a label below: the last, and others in even steps. @param {number} n */
export function ticksOf(n) {
  const step = Math.max(1, Math.ceil((n - 1) / 4));
  const ticks = [];
  for (let i = n - 1; i >= 0; i -= step) ticks.unshift(i);
  return ticks;
}

/** Moves a reading along points by pointer and by keys. @param {number} n */
export function useReading(n) {
  const [at, setAt] = useState(-1);
  const bound = (/** @type {number} */ i) => Math.min(n - 1, Math.max(0, i));
  return {
    at: Math.min(at, n - 1),
    move: (/** @type {PointerEvent} */ e) => {
      const box = /** @type {HTMLElement} */ (e.currentTarget).getBoundingClientRect();
      setAt(bound(Math.floor(((e.clientX - box.left) / box.width) * n)));
    },
    leave: () => setAt(-1),
    keys: (/** @type {KeyboardEvent} */ e) => {
      const step = /** @type {Record<string, number>} */ ({ ArrowLeft: -1, ArrowRight: 1, Home: -n, End: n })[e.key];
      if (e.key === "Escape") setAt(-1);
      if (!step) return;
      e.preventDefault();
      setAt(at < 0 ? n - 1 : bound(at + step));
    },
  };
}

/** @param {number[]} values @param {number} top @param {number} width */
function pathOf(values, top, width) {
  return values.map((v, i) => `${i === 0 ? "M" : "L"}${((i + 0.5) * width).toFixed(2)} ${((1 - v / top) * 100).toFixed(2)}`).join("");
}

/** What the reading says. @param {{p: Point, unit: string, share: number, x: string}} props */
function Tip({ p, unit, share, x }) {
  return html`<div class=${share > 0.5 ? "reading to-left" : "reading"} style=${{ left: x }} role="status"><b>${p.label}${p.part ? html`<span class="quiet">, so far</span>` : null}</b>
    <span><span>${unit}</span><b>${count(p.value)}</b></span>${p.before === undefined ? null : html`<span><span>${p.beforeLabel}</span><b>${count(p.before)}</b></span>`}</div>`;
}

/** @param {{points: Point[], name: string, unit: string, line?: boolean}} props */
function Area({ points, name, unit, line }) {
  const reading = useReading(points.length);
  const compared = points.some((p) => p.before !== undefined);
  const top = roundUp(Math.max(2, ...points.map((p) => Math.max(p.value, p.before ?? 0))));
  const parts = divisions(top);
  const marks = Array.from({ length: parts + 1 }, (_, i) => (top * i) / parts);
  const width = 100 / points.length;
  const read = points[reading.at];
  const centre = (/** @type {number} */ i) => `${((i + 0.5) * width).toFixed(2)}%`;
  const whole = points.length - (points[points.length - 1]?.part ? 1 : 0);
  const values = points.map((p) => p.value);
  return html`<div class="series"><div class="area" tabindex="0" role="group" aria-roledescription="plot" aria-label=${`${name}. Arrow keys read the points.`} onPointerMove=${reading.move} onPointerLeave=${reading.leave} onBlur=${reading.leave} onKeyDown=${reading.keys}>
    <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
      ${marks.map((m) => html`<line key=${m} class=${m === 0 ? "base" : "grid"} x1="0" x2="100" y1=${(1 - m / top) * 100} y2=${(1 - m / top) * 100} />`)}
      ${read && !line ? html`<rect class="band" x=${reading.at * width} width=${width} y="0" height="100" />` : null}
      ${read && line ? html`<line class="cross" x1=${(reading.at + 0.5) * width} x2=${(reading.at + 0.5) * width} y1="0" y2="100" />` : null}
      ${line
        ? html`<path class="line part" d=${pathOf(values, top, width)} /><path class="line" d=${pathOf(values.slice(0, whole), top, width)} />`
        : points.map((p, i) => (p.value > 0 ? html`<rect key=${p.key} class=${p.part ? "bar part" : "bar"} x=${(i + 0.14) * width} width=${0.72 * width} y=${100 - Math.max(1, (p.value / top) * 100)} height=${Math.max(1, (p.value / top) * 100)} />` : null))}
      ${compared ? html`<path class="before" d=${pathOf(points.map((p) => p.before ?? 0), top, width)} />` : null}
    </svg>
    ${marks.map((m) => html`<span class="y" key=${m} style=${{ top: `${(1 - m / top) * 100}%` }} aria-hidden="true">${short(m)}</span>`)}
    ${read && line ? html`<i class="dot" style=${{ left: centre(reading.at), top: `${(1 - read.value / top) * 100}%` }}></i>` : null}
    ${read ? html`<${Tip} p=${read} unit=${unit} share=${reading.at / points.length} x=${centre(reading.at)} />` : null}</div>
  <div class="x" aria-hidden="true">${ticksOf(points.length).map((i) => html`<span key=${i} class=${i === 0 ? "first" : i === points.length - 1 ? "last" : ""} style=${{ left: i === 0 ? "0%" : i === points.length - 1 ? "100%" : centre(i) }}>${points[i].axis}</span>`)}</div></div>`;
}

/**
 * A plot in a panel of its own.
 * @param {{title: string, points: Point[], unit: string, span: string, spanBefore?: string, when: string, line?: boolean, total?: any, note?: any, children?: any}} props
 *   unit: what is counted ("Events"); span, spanBefore: what the two series are called; when: the head of the table's first column; note: said in the plot's place when there is nothing to draw
 */
export function Plot({ title, points, unit, span, spanBefore, when, line, total, note, children }) {
  const [table, setTable] = useState(false);
  const compared = spanBefore !== undefined && points.some((p) => p.before !== undefined);
  return html`<section class="panel plot-panel" aria-label=${title}><div class="panel-head"><h2>${title}</h2>${total === undefined ? null : html`<span class="quiet num">${total}</span>`}
      <span class="right">${children}<button type="button" class="button bare small" aria-expanded=${table ? "true" : "false"} onClick=${() => setTable(!table)}><${Icon} name="table" tiny=${true} />Table</button></span></div>
    ${note ? html`<p class="note">${note}</p>` : html`<div class="plot"><p class="key"><span><i class=${line ? "size" : ""}></i>${span}</span>${compared ? html`<span><i class="before"></i>${spanBefore}</span>` : null}</p><${Area} points=${points} name=${title} unit=${unit} line=${line} /></div>`}
    ${table ? html`<div class="plot-table" tabindex="0" role="region" aria-label=${`${title}, as a table`}><table><thead><tr><th scope="col">${when}</th><th scope="col" class="num">${unit}</th>${compared ? html`<th scope="col">Before</th><th scope="col" class="num">${unit}</th>` : null}</tr></thead>
      <tbody>${[...points].reverse().map((p) => html`<tr key=${p.key}><td>${p.label}${p.part ? html` <span class="faint">so far</span>` : null}</td><td class="num">${count(p.value)}</td>${compared ? html`<td class="quiet">${p.beforeLabel}</td><td class="num quiet">${count(p.before)}</td>` : null}</tr>`)}</tbody></table></div>` : null}</section>`;
}
