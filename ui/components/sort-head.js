// @ts-check
// The head of a column that the table can be sorted by; the address says by which.
import { html } from "../preact.js";
import { here } from "../router.js";

/**
 * Rows in the order of a column; equal ones stay as they were.
 * @template T
 * @param {T[]} rows
 * @param {(row: T) => number|string} by
 * @returns {T[]}
 */
export function sorted(rows, by) {
  const keys = new Map(rows.map((r) => [r, by(r)]));
  return [...rows].sort((a, b) => {
    const x = /** @type {number|string} */ (keys.get(a));
    const y = /** @type {number|string} */ (keys.get(b));
    return typeof x === "string" && typeof y === "string" ? x.localeCompare(y) : Number(x) - Number(y);
  });
}

/**
 * The first of `sorts` is the one that no address names.
 * @param {{sorts: Record<string, {text: string, by: (row: any) => number|string}>, at: string, name: string, class?: string}} props at: the one that the table is sorted by
 */
export function SortHead({ sorts, at, name, class: look = "" }) {
  const first = Object.keys(sorts)[0];
  const text = name === "name" || name === "title";
  return html`<th scope="col" class=${look} aria-sort=${at === name ? (text ? "ascending" : "descending") : undefined}><a class="sort" href=${here({ sort: name === first ? undefined : name })} data-keep title=${`Sort by ${sorts[name].text.toLowerCase()}`}>${sorts[name].text}</a></th>`;
}
