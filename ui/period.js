// @ts-check
// The periods that plots show, and their points as a plot takes them.
import { clock, dayLabel, dayLong } from "./time.js";

/** @typedef {import("./types.js").PlotPoint} PlotPoint */

/** @type {{id: string, text: string, span: string, before: string}[]} */
export const PERIODS = [
  { id: "24h", text: "24 hours", span: "last 24 hours", before: "the 24 hours before" },
  { id: "7d", text: "7 days", span: "last 7 days", before: "the 7 days before" },
  { id: "30d", text: "30 days", span: "last 30 days", before: "the 30 days before" },
  { id: "90d", text: "90 days", span: "last 90 days", before: "the 90 days before" },
];

/** The period that an address asks for; without any, 30 days. @param {Record<string, string>} query */
export function periodOf(query) {
  return PERIODS.find((p) => p.id === query.period) ?? PERIODS[2];
}

/** How a step is called in full and on an axis. @param {string} unit @param {string} at */
export function stepName(unit, at) {
  if (unit !== "hour") return { label: dayLong(at), axis: dayLabel(at) };
  const day = new Date(at).toLocaleDateString("en-GB", { weekday: "short", day: "numeric", month: "short" }).replace(",", "").replace("Sept", "Sep");
  return { label: `${day}, ${clock(at)}`, axis: clock(at) };
}

/**
 * @param {PlotPoint[]} points
 * @param {string} unit
 * @param {"events"|"customers"} what
 * @param {boolean} compare
 * @returns {import("./components/plot.js").Point[]}
 */
export function pointsOf(points, unit, what, compare) {
  return points.map((p, i) => ({
    key: p.at,
    ...stepName(unit, p.at),
    value: p[what],
    ...(compare ? { before: what === "events" ? p.events_before : p.customers_before, beforeLabel: stepName(unit, p.before).label } : {}),
    part: i === points.length - 1,
  }));
}

/** The first to the last step: "14 Mar – 12 Apr". @param {PlotPoint[]} points @param {string} unit @param {"at"|"before"} which */
export function spanOf(points, unit, which) {
  if (points.length === 0) return "";
  if (unit === "hour") return which === "at" ? `since ${stepName(unit, points[0].at).label}` : "24 hours before";
  const name = (/** @type {PlotPoint} */ p) => dayLabel(p[which]);
  return `${name(points[0])} – ${name(points[points.length - 1])}`;
}

/**
 * How much more or less: "+6.9 %", "−4.2 %"; "" where there is nothing to compare with.
 * @param {number} now
 * @param {number} before
 */
export function change(now, before) {
  if (before === 0) return "";
  const share = ((now - before) / before) * 100;
  const text = Math.abs(share) >= 1000 ? `${Math.round(Math.abs(share) / 100)}×` : `${Math.abs(share).toFixed(Math.abs(share) >= 100 ? 0 : 1)} %`;
  if (Math.abs(share) < 0.05) return "±0 %";
  return `${share > 0 ? "+" : "−"}${text}`;
}
