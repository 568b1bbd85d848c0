// @ts-check
// Which columns the ledger of customers shows, and how it is sorted by them: from the
// address, else as chosen last, else those that most customers have. Pure but for storage.
import { typeOf, own } from "./format.js";

/**
 * @typedef {object} Column
 * @property {string} key of the address: a custom attribute's name, or one of OWN with an @ before
 * @property {string} name
 * @property {string} type
 * @property {string} [sort] what the server sorts by; none: it cannot be sorted
 * @property {string} [look] when a small window leaves it out
 */

/** What every customer has a place for. @type {Column[]} */
export const OWN = [
  { key: "@uid", name: "Id", type: "text", sort: "uid", look: "more" },
  { key: "@email", name: "E-mail", type: "text", sort: "email" },
  { key: "@number", name: "Number", type: "text", sort: "number", look: "roomy" },
  { key: "@lists", name: "Lists", type: "list", look: "more" },
  { key: "@last", name: "Last seen", type: "date", sort: "last_interaction" },
  { key: "@since", name: "Since", type: "date", sort: "created_at", look: "roomy" },
];

/** What the ledger of accounts has beside the name. @type {Column} */
export const MEMBERS = { key: "@members", name: "Members", type: "number" };

/** How the names are sorted. */
export const BY_NAME = "first_name,last_name";

/** How many custom attributes have a column unless one chooses. */
const COLUMNS = 3;
const KEPT = "kith.columns";

/** @param {import("./types.js").AttributeName} a @returns {Column} */
export function columnOf(a) {
  const type = Object.entries(a.types).sort((x, y) => y[1] - x[1])[0]?.[0] ?? "text";
  return { key: a.name, name: a.name, type, sort: sortable(a.name) ? a.name : undefined };
}

/** A name with a comma, or one that begins like the other direction, cannot stand in the address as what is sorted by. @param {string} name */
const sortable = (name) => !name.includes(",") && !name.startsWith("-");

/**
 * The columns that nobody chose: the own ones, and the custom attributes that most
 * customers have, but for those that would be empty.
 * @param {import("./types.js").AttributeName[]} attributes
 * @param {import("./types.js").Customer[]} rows what is on the page
 * @param {number} [most] how many custom ones
 * @returns {Column[]}
 */
export function usual(attributes, rows, most = COLUMNS) {
  const custom = attributes
    .filter((a) => !a.standard && rows.some((c) => typeOf(own(c.meta, a.name)) !== "missing"))
    .map((a) => ({ ...columnOf(a), customers: a.customers }))
    .filter((a) => a.type !== "object")
    .sort((a, b) => b.customers - a.customers) // of equals those that arrived first
    .slice(0, most)
    .map(({ customers: _, ...column }) => ({ ...column, look: "extra" }));
  return [...OWN.slice(0, 3), ...custom, ...OWN.slice(3)];
}

/** Columns as the address has them. @param {string[]} keys */
export const write = (keys) => keys.map((k) => encodeURIComponent(k)).join(",");

/** @param {string} text */
function read(text) {
  try {
    return text.split(",").filter(Boolean).map(decodeURIComponent);
  } catch {
    return [];
  }
}

/**
 * The columns to show.
 * @param {string|undefined} asked of the address
 * @param {import("./types.js").AttributeName[]} attributes
 * @param {import("./types.js").Customer[]} rows
 * @returns {Column[]}
 */
export function columns(asked, attributes, rows) {
  const text = asked ?? recall();
  if (!text) return usual(attributes, rows);
  const keys = [...new Set(read(text))];
  const known = new Map([...OWN.map((c) => /** @type {[string, Column]} */ ([c.key, { ...c, look: undefined }])), ...attributes.filter((a) => !a.standard).map((a) => /** @type {[string, Column]} */ ([a.name, columnOf(a)]))]);
  return keys.flatMap((k) => /** @type {Column|Column[]} */ (known.get(k)) ?? (k.startsWith("@") ? [] : [{ key: k, name: k, type: "text", sort: sortable(k) ? k : undefined }]));
}

/** What was chosen last in this browser, "" for nothing. */
export function recall() {
  try {
    return localStorage.getItem(KEPT) ?? "";
  } catch {
    return "";
  }
}

/** @param {string} text "" forgets */
export function remember(text) {
  try {
    if (text) localStorage.setItem(KEPT, text);
    else localStorage.removeItem(KEPT);
  } catch {
    // then it stands in the address alone
  }
}

/**
 * What a click on a column's head sorts by next: the way that one wants first, the other
 * way, then not at all.
 * @param {string} now
 * @param {Column|{type: string, sort: string}} column
 */
export function nextSort(now, column) {
  const first = column.type === "number" || column.type === "date" ? `-${column.sort}` : column.sort;
  const second = first === column.sort ? `-${column.sort}` : column.sort;
  return now === first ? second : now === second ? undefined : first;
}

/** How a column is sorted, for aria-sort. @param {string|undefined} now @param {string|undefined} sort */
export function sorted(now, sort) {
  if (!sort) return undefined;
  return now === sort ? "ascending" : now === `-${sort}` ? "descending" : undefined;
}
