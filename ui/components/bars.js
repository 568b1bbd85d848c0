// @ts-check
import { html, useState } from "../preact.js";
import { short } from "../format.js";

/** @typedef {{label: string, axis: string, count: number, refused?: number, part?: boolean}} Bar */

/**
 * The lowest round number at or above n, for the top of the axis: 1, 2, 4, 6, 10, 20, 40, 60, 100 …
 * @param {number} n
 */
export function roundUp(n) {
  let size = 1;
  for (;;) {
    for (const step of [1, 2, 4, 6, 10]) {
      if (step * size >= n) return step * size;
    }
    size *= 10;
  }
}

/** What a hover says of a bar. @param {Bar} bar @param {(n: number) => string} say */
function reading(bar, say) {
  return html`<b>${say(bar.count)}</b>${bar.refused ? html`, <b>${short(bar.refused)}</b> refused` : null} · ${bar.label}`;
}

/**
 * A small plot of bars with its axis. A hover, or the arrow keys, read a bar.
 * @param {{bars: Bar[], name: string, say: (n: number) => string, ticks: number[], soft?: boolean}} props ticks: the bars that carry a label below
 */
export function Bars({ bars, name, say, ticks, soft }) {
  const [at, setAt] = useState(-1);
  const top = roundUp(Math.max(2, ...bars.map((b) => b.count)));
  const width = 100 / Math.max(1, bars.length);
  const centre = (/** @type {number} */ i) => `${(i + 0.5) * width}%`;
  const move = (/** @type {PointerEvent} */ e) => {
    const box = /** @type {HTMLElement} */ (e.currentTarget).getBoundingClientRect();
    setAt(Math.min(bars.length - 1, Math.max(0, Math.floor(((e.clientX - box.left) / box.width) * bars.length))));
  };
  const keys = (/** @type {KeyboardEvent} */ e) => {
    const step = /** @type {Record<string, number>} */ ({ ArrowLeft: -1, ArrowRight: 1, Home: -bars.length, End: bars.length })[e.key];
    if (e.key === "Escape") setAt(-1);
    if (!step) return;
    e.preventDefault();
    setAt(Math.min(bars.length - 1, Math.max(0, (at < 0 ? bars.length - 1 : at) + (at < 0 && step < 0 ? 0 : step))));
  };
  const read = bars[at];
  const share = at / bars.length;
  const side = share < 0.2 ? "left" : share > 0.8 ? "right" : "";
  const x = (/** @type {number} */ i) => i * width + width * 0.14;
  const bar = (/** @type {number} */ i, /** @type {number} */ n, /** @type {string} */ look) => n > 0
    ? html`<rect key=${`${i}${look}`} class=${`bar ${look}`} x=${x(i)} width=${width * 0.72} y=${100 - Math.max(2, (n / top) * 100)} height=${Math.max(2, (n / top) * 100)} />` : null;
  return html`<div><div class="area" tabindex="0" role="group" aria-roledescription="plot" aria-label=${`${name}. Arrow keys read the points.`} onPointerMove=${move} onPointerLeave=${() => setAt(-1)} onBlur=${() => setAt(-1)} onKeyDown=${keys}>
    <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
      <line class="grid" x1="0" x2="100" y1="0" y2="0" /><line class="grid" x1="0" x2="100" y1="50" y2="50" /><line class="base" x1="0" x2="100" y1="100" y2="100" />
      ${read ? html`<rect class="band" x=${at * width} width=${width} y="0" height="100" />` : null}
      ${bars.map((b, i) => html`${bar(i, b.count, b.part ? "part" : soft ? "soft" : "")}${bar(i, b.refused ?? 0, "refused")}`)}
    </svg>
    ${[1, 0.5, 0].map((share) => html`<span class="y" key=${share} style=${{ top: `${(1 - share) * 100}%` }} aria-hidden="true">${short(top * share)}</span>`)}
    ${read ? html`<div class=${`tip ${side}`} style=${{ left: centre(at) }} role="status">${reading(read, say)}</div>` : null}
  </div>
  <div class="x" aria-hidden="true">${ticks.filter((i) => bars[i]).map((i, n, all) => html`<span key=${i} class=${n === 0 ? "first" : n === all.length - 1 ? "last" : ""} style=${{ left: n === 0 ? "0%" : n === all.length - 1 ? "100%" : centre(i) }}>${bars[i].axis}</span>`)}</div></div>`;
}
