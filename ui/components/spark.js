// @ts-check
import { html } from "../preact.js";
import { plural } from "../format.js";

/** @param {{points: number[], unit: string, said?: string}} props unit: one of what is counted; said: of what time the points are */
export function Line({ points, unit, said }) {
  const top = Math.max(1, ...points);
  const last = Math.max(1, points.length - 1);
  const path = points.map((n, i) => `${i === 0 ? "M" : "L"}${((i / last) * 96).toFixed(1)} ${(19 - (n / top) * 18).toFixed(1)}`).join("");
  const total = points.reduce((sum, n) => sum + n, 0);
  return html`<svg class=${total ? "spark" : "spark flat"} viewBox="0 0 96 20" preserveAspectRatio="none" role="img" aria-label=${`${plural(total, unit)}${said ? ` in ${said}` : ""}, ${plural(top, unit)} at the most`}><path d=${path} /></svg>`;
}

/** @param {{days: {day: string, count: number}[]}} props */
export function Spark({ days }) {
  return html`<${Line} points=${days.map((d) => d.count)} unit="event" said=${`${days.length} days`} />`;
}
