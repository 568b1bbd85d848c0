// @ts-check
import { html } from "../preact.js";
import { plural } from "../format.js";

/** @param {{days: {day: string, count: number}[]}} props */
export function Spark({ days }) {
  const top = Math.max(1, ...days.map((d) => d.count));
  const last = Math.max(1, days.length - 1);
  const path = days.map((d, i) => `${i === 0 ? "M" : "L"}${((i / last) * 96).toFixed(1)} ${(19 - (d.count / top) * 18).toFixed(1)}`).join("");
  const total = days.reduce((sum, d) => sum + d.count, 0);
  return html`<svg class=${total ? "spark" : "spark flat"} viewBox="0 0 96 20" preserveAspectRatio="none" role="img" aria-label=${`${plural(total, "event")} in ${days.length} days, ${plural(top, "event")} on the busiest`}><path d=${path} /></svg>`;
}
