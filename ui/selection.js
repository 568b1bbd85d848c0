// @ts-check
// Which rows of a ledger are selected.
import { useRef, useState } from "./preact.js";

/**
 * Who is selected: some by their ids, over several pages, or all who match.
 * @param {string} filter selecting begins anew when it changes
 * @param {{id: string}[]} rows
 * @param {number|undefined} total
 */
export function useSelection(filter, rows, total) {
  const [state, redraw] = useState({ filter, ids: /** @type {Set<string>} */ (new Set()), all: false });
  const anchor = useRef("");
  const latest = useRef(state); // clicks may come faster than the page is drawn
  if (latest.current.filter !== filter) latest.current = { filter, ids: new Set(), all: false };
  const now = latest.current;
  const order = rows.map((c) => c.id);
  const setState = (/** @type {typeof state} */ next) => {
    latest.current = next;
    redraw(next);
  };
  const set = (/** @type {Iterable<string>} */ ids) => setState({ filter, ids: new Set(ids), all: false });
  const has = (/** @type {string} */ id) => latest.current.all || latest.current.ids.has(id);
  const toggle = (/** @type {string} */ id, /** @type {boolean} */ range) => {
    const ids = new Set(latest.current.all ? order : latest.current.ids);
    const on = !has(id);
    const [from, to] = [order.indexOf(range ? anchor.current : id), order.indexOf(id)].sort((a, b) => a - b);
    for (const each of from < 0 ? [id] : order.slice(from, to + 1)) {
      if (on || range) ids.add(each);
      else ids.delete(each);
    }
    anchor.current = id;
    set(ids);
  };
  const here = order.filter(has).length;
  return {
    table: { has, toggle, all: order.length > 0 && here === order.length, some: here > 0, page: (/** @type {boolean} */ on) => set(on ? [...now.ids, ...order] : [...now.ids].filter((id) => !order.includes(id))) },
    chosen: { ids: [...now.ids], all: now.all, n: now.all ? total ?? 0 : now.ids.size, filter },
    everybody: () => setState({ filter, ids: new Set(), all: true }),
    clear: () => set([]),
  };
}
