// @ts-check
// What a page reads: kept while it is read again, remembered for Back.
import { useCallback, useEffect, useRef, useState } from "./preact.js";

/** How many answers are remembered, so that Back shows at once what was there. */
const REMEMBERED = 60;
/** @type {Map<string, any>} */
const memory = new Map();

/**
 * @param {string} key
 * @param {any} data
 */
function remember(key, data) {
  memory.delete(key);
  memory.set(key, data);
  if (memory.size > REMEMBERED) memory.delete(/** @type {string} */ (memory.keys().next().value));
}

/** Forgets everything: at sign-out. */
export function forget() {
  memory.clear();
}

/**
 * Reads something by key. While another key loads, the data of the last one
 * stays, with `stale` true, so that the page keeps its layout.
 * @template T
 * @param {string} key
 * @param {(signal: AbortSignal) => Promise<T>} load
 * @returns {{data: T|undefined, error: any, loading: boolean, stale: boolean, reload: () => Promise<void>, set: (data: T) => void}}
 */
export function useResource(key, load) {
  const [, redraw] = useState({});
  const held = useRef(/** @type {{key: string, data: any, error: any, loading: boolean}} */ ({ key: "", data: undefined, error: null, loading: true }));
  const loader = useRef(load);
  loader.current = load;
  const ending = useRef(/** @type {AbortController|null} */ (null));

  const read = useCallback(async (/** @type {string} */ want) => {
    ending.current?.abort();
    const mine = new AbortController();
    ending.current = mine;
    try {
      const data = await loader.current(mine.signal);
      if (mine.signal.aborted) return;
      remember(want, data);
      held.current = { key: want, data, error: null, loading: false };
    } catch (error) {
      if (mine.signal.aborted) return;
      const same = held.current.key === want;
      held.current = { key: want, data: same ? held.current.data : undefined, error, loading: false };
    }
    redraw({});
  }, []);

  useEffect(() => {
    if (memory.has(key)) held.current = { key, data: memory.get(key), error: null, loading: true };
    else held.current = { ...held.current, error: null, loading: true };
    redraw({});
    void read(key);
    return () => ending.current?.abort();
  }, [key]);

  const now = held.current;
  const stale = now.key !== key; // from the very render that asks for another key
  return {
    data: now.data,
    error: stale ? null : now.error,
    loading: stale || now.loading,
    stale,
    reload: useCallback(() => read(key), [key]),
    set: (data) => {
      remember(key, data);
      held.current = { key, data, error: null, loading: false };
      redraw({});
    },
  };
}
