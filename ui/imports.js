// @ts-check
// What an import says in words, and what a person's choices ask for. Pure.
import { count, plural } from "./format.js";

/** @typedef {import("./types.js").Import} Import */
/** @typedef {import("./types.js").ImportColumn} Column */
/** @typedef {import("./types.js").ImportOptions} Options */
/** @typedef {import("./types.js").Target} Target */

/** What a column can become beside an attribute of the team's own. @type {[string, string][]} */
export const STANDARD = [
  ["uid", "Customer id"],
  ["first_name", "First name"],
  ["last_name", "Last name"],
  ["full_name", "Full name, split"],
  ["email", "E-mail"],
  ["number", "Number"],
  ["created_at", "Signed up"],
];

/** Those whose type is not chosen. */
const FIXED = new Set(["uid", "first_name", "last_name", "full_name", "email", "number"]);

/** @param {string} state */
export function ended(state) {
  return !["queued", "running", "undoing"].includes(state);
}

/** 1234567 → "1.2 MB". @param {number} bytes */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  const [unit, by] = bytes < 1e6 ? ["KB", 1e3] : bytes < 1e9 ? ["MB", 1e6] : ["GB", 1e9];
  const n = bytes / by;
  return `${n < 10 ? n.toFixed(1).replace(/\.0$/, "") : Math.round(n)} ${unit}`;
}

/** @param {number} seconds */
export function span(seconds) {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

/** How long an import took. @param {Import} imp */
export function took(imp) {
  if (!imp.started_at || !imp.finished_at) return "";
  const ms = Date.parse(imp.finished_at) - Date.parse(imp.started_at);
  if (ms < 100) return "under 0.1 s";
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : span(Math.round(ms / 1000));
}

/** What is going on, in words. @param {Import} imp */
export function doing(imp) {
  if (imp.state === "queued") return "Waits for its turn";
  switch (imp.phase) {
    case "reading": return `Reading the file: ${plural(imp.rows_read, "row")}`;
    case "checking": return `Checking ${count(imp.rows_read)} of ${plural(imp.rows, "row")}`;
    case "undoing": return `Undoing: ${count(imp.removed)} removed, ${count(imp.restored)} restored`;
    case "writing": return `${count(imp.done)} of ${plural(imp.rows, "row")}, ${count(imp.rows_per_second)} a second${imp.seconds_left ? `, ${span(imp.seconds_left)} left` : ""}`;
  }
  return imp.state === "undoing" ? "Undoing" : "Begins";
}

/** From 0 to 1, or null when that is not known. @param {Import} imp */
export function part(imp) {
  if (imp.rows === 0 || imp.phase === "reading") return null;
  if (imp.phase === "checking") return imp.rows_read / imp.rows;
  return imp.phase === "writing" ? imp.done / imp.rows : null;
}

/** Whether a column has something that a person should look at. @param {Column} c */
export function toDecide(c) {
  return Boolean(c.to !== null && c.doubt);
}

/** Whether a cell is one of those that a column's doubt is about. @param {Column} c @param {string} cell */
export function doubtful(c, cell) {
  if (!toDecide(c) || !cell.trim()) return false;
  if (c.offers?.some((o) => o.format === "first")) return cell.split("@").length > 2;
  const date = /^(\d{1,2})[/.-](\d{1,2})[/.-]\d{2,4}/.exec(cell.trim());
  if (date) return Number(date[1]) <= 12 && Number(date[2]) <= 12 && date[1] !== date[2];
  return Boolean(c.offers?.some((o) => o.type === "number")) && !/^-?\d+(\.\d+)?$/.test(cell.trim());
}

/** The ways to read a column: how it is read now, and the offers. @param {Column} c @returns {{label: string, type: string, format?: string, to?: string, on: boolean}[]} */
export function ways(c) {
  const offers = c.offers ?? [];
  if (offers.length === 0) return [];
  const others = offers.map((o) => ({ label: o.why, type: o.type, format: o.format, to: o.to, on: false }));
  if (c.type === "date" && !c.format) return others; // somebody wants dates, and has not said which
  return [{ label: wayName(c), type: c.type, format: c.format, on: true }, ...others];
}

/** @param {Column} c */
function wayName(c) {
  if (c.format === "first") return "Take the first";
  if (c.offers?.some((o) => o.format === "first")) return "Refuse them";
  if (c.type === "date") return c.format === "DD/MM/YYYY" ? "Day first" : c.format === "MM/DD/YYYY" ? "Month first" : "Date";
  if (c.type === "text") return c.samples[0] && c.offers?.some((o) => o.format) ? `Text "${c.samples[0]}"` : "Text";
  return c.type === "number" ? "Number" : "Yes or no";
}

/** A column's doubt in a few words, to stand under its name. @param {Column} c */
export function shortDoubt(c) {
  const offers = c.offers ?? [];
  if (offers.some((o) => o.format === "first")) return "Several addresses";
  if (c.type === "date" || offers.some((o) => o.format?.includes("/"))) return "Dates read two ways";
  if (offers.some((o) => o.type === "date")) return "Read as a date?";
  if (offers.some((o) => o.to === "number")) return "No number to message";
  if (c.type === "number" && offers.some((o) => o.format)) return "Thousands?";
  return offers.some((o) => o.type === "number") ? "Read as a number?" : "To look at";
}

/** The sign of what a column becomes. @param {Column} c */
export function sign(c) {
  if (c.to === null) return "";
  if (c.to === "created_at") return "date";
  return FIXED.has(c.to) ? "text" : c.type;
}

/**
 * The options with one column changed; null leaves the column out.
 * @param {Import} imp
 * @param {string} name
 * @param {Target|null} change
 * @returns {Options}
 */
export function withColumn(imp, name, change) {
  const map = { ...imp.options.map };
  const column = imp.columns.find((c) => c.name === name);
  if (change === null) {
    map[name] = null;
    return { ...imp.options, map, ...(imp.options.id === name ? { id: undefined } : {}) };
  }
  const before = map[name] ?? {};
  const to = change.to ?? before.to ?? column?.to ?? name;
  if (change.to !== undefined) { // what two columns would become goes to the one chosen last
    for (const other of imp.columns) {
      if (other.name !== name && other.to === to) map[other.name] = { to: ownName(imp, other.name, to) };
    }
  }
  map[name] = { ...before, ...change, to };
  if (change.to !== undefined && change.type === undefined) {
    delete map[name]?.type;
    delete map[name]?.format;
  }
  const options = { ...imp.options, map };
  if (to === "uid") delete options.match;
  if (options.id && (to === "uid" || options.id === name)) delete options.id;
  return options;
}

/** Names that no attribute of a team's own can have. */
const TAKEN = new Set(["id", "uid", ...STANDARD.map(([to]) => to)]);

/**
 * The attribute that a column becomes when another one takes what it was.
 * @param {Import} imp
 * @param {string} name
 * @param {string} taken what it was
 */
function ownName(imp, name, taken) {
  const others = new Set(imp.columns.filter((c) => c.name !== name).map((c) => c.to));
  let own = name;
  for (let n = 2; TAKEN.has(own) || own === taken || others.has(own); n++) own = `${name}_${n}`;
  return own;
}

/** Whether a file has the same columns as another. @param {Import} a @param {Import} b */
export function sameColumns(a, b) {
  return a.columns.length === b.columns.length && a.columns.every((c, i) => c.name === b.columns[i]?.name);
}

/**
 * The newest import that was written with choices of a person and whose file had the same
 * columns, if nothing was chosen for this one yet.
 * @param {Import} imp
 * @param {Import[]} all
 */
export function before(imp, all) {
  if (Object.keys(imp.options).some((key) => key !== "dry_run")) return undefined;
  return all.find((b) => b.id !== imp.id && !b.dry_run && b.state === "done" && Object.keys(b.options).some((key) => key !== "dry_run") && sameColumns(b, imp));
}

/**
 * The options with customers found by something else: a column that becomes the id, or
 * "email", "number", "none".
 * @param {Import} imp
 * @param {string} by "#" and a column, or a word
 * @returns {Options}
 */
export function foundBy(imp, by) {
  if (by.startsWith("#")) return withColumn(imp, by.slice(1), { to: "uid" });
  const map = { ...imp.options.map };
  for (const c of imp.columns) {
    if (c.to === "uid") map[c.name] = { to: ownName(imp, c.name, "uid") };
  }
  return { ...imp.options, map, id: undefined, match: by };
}

/** The rows that go in. @param {Import} imp */
export function goingIn(imp) {
  return imp.created + imp.updated + imp.unchanged;
}

/** How the file was read, in words. @param {Import} imp @returns {string[]} */
export function readAs(imp) {
  const out = imp.columns.filter((c) => c.to === null).length;
  const plurals = /** @type {Record<string, string>} */ ({ comma: "commas", semicolon: "semicolons", tab: "tabs", pipe: "pipes", space: "spaces" });
  return [
    `${count(imp.columns.length - out)} of ${plural(imp.columns.length, "column")}`,
    `${imp.sniffed.encoding.value}${imp.gzip ? ", packed" : ""}, ${plurals[imp.sniffed.delimiter.value] ?? imp.sniffed.delimiter.value}, ${imp.sniffed.header.value !== "yes" ? "no header" : imp.header_line > 1 ? `line ${count(imp.header_line)} is the header` : "first line is the header"}`,
    size(imp.bytes),
  ];
}
