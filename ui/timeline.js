// @ts-check
// A customer's history as rows: equal events folded, days apart, new ones merged in. Pure.
import { write } from "./json.js";
import { dayKey } from "./time.js";

/** @typedef {import("./types.js").Entry} Entry */
/** @typedef {{id: string, entry: Entry, times: number, first: string}} Row first: the instant of the earliest of the run */

/** Events that are equal and this near to each other are one row. */
const RUN = 60_000;

/** @param {Entry} a @param {Entry} b */
function equal(a, b) {
  return a.kind === "event" && b.kind === "event" && a.event === b.event &&
    write(a.value ?? null) === write(b.value ?? null) && write(a.properties ?? {}) === write(b.properties ?? {});
}

/**
 * Folds runs of equal events within a minute into one row. The row keeps the
 * newest entry, but the id of the earliest, so that a run that grows stays the same row.
 * @param {Entry[]} entries newest first
 * @returns {Row[]}
 */
export function fold(entries) {
  /** @type {Row[]} */
  const rows = [];
  for (const entry of entries) {
    const last = rows[rows.length - 1];
    if (last && equal(last.entry, entry) && Date.parse(last.entry.at) - Date.parse(entry.at) <= RUN) {
      last.times++;
      last.id = entry.id;
      last.first = entry.at;
    } else rows.push({ id: entry.id, entry, times: 1, first: entry.at });
  }
  return rows;
}

/**
 * @param {Row[]} rows
 * @returns {{day: string, at: string, rows: Row[]}[]}
 */
export function byDay(rows) {
  /** @type {{day: string, at: string, rows: Row[]}[]} */
  const days = [];
  for (const row of rows) {
    const day = dayKey(row.entry.at);
    const last = days[days.length - 1];
    if (last?.day === day) last.rows.push(row);
    else days.push({ day, at: row.entry.at, rows: [row] });
  }
  return days;
}

/**
 * Puts a freshly read first page on top of what is known. Where they do not
 * touch, entries between them are unknown, so only the fresh page remains.
 * @template {{id: string}} T
 * @param {{data: T[], next_cursor?: string}} fresh
 * @param {{data: T[], next_cursor?: string}} known
 * @returns {{data: T[], next_cursor?: string}}
 */
export function merge(fresh, known) {
  const ids = new Set(fresh.data.map((e) => e.id));
  const touch = known.data.some((e) => ids.has(e.id));
  if (!touch) return fresh;
  const rest = known.data.slice(known.data.findLastIndex((e) => ids.has(e.id)) + 1);
  return rest.length ? { data: [...fresh.data, ...rest], next_cursor: known.next_cursor } : fresh;
}
