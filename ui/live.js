// @ts-check
import { useEffect, useRef, useState } from "./preact.js";
import { follow } from "./api.js";

/**
 * Calls `changed` when the server says that something changed, at most once per
 * `gap`, and when the stream comes back after a break. An empty path follows nothing.
 * Answers whether the stream is open.
 * @param {string} path
 * @param {() => void} changed
 * @param {number} [gap] milliseconds
 */
export function useLive(path, changed, gap = 500) {
  const [on, setOn] = useState(false);
  const latest = useRef(changed);
  latest.current = changed;
  useEffect(() => {
    if (!path) return;
    let timer = 0;
    let last = 0;
    const tell = () => {
      if (timer) return;
      timer = window.setTimeout(() => {
        timer = 0;
        last = Date.now();
        latest.current();
      }, Math.max(0, last + gap - Date.now()));
    };
    const end = follow(path, { event: "change", message: tell, opened: tell, state: setOn });
    return () => {
      clearTimeout(timer);
      end();
      setOn(false);
    };
  }, [path]);
  return on;
}

/** How often what says "3 min ago" is said again. */
const TICK = 20_000;
/** @type {Set<(now: number) => void>} */
const clocks = new Set();
let ticking = 0;

/** Re-renders every 20 seconds, all by one timer, so that "3 min ago" stays true. Answers the time. */
export function useNow() {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    clocks.add(setNow);
    ticking ||= window.setInterval(() => clocks.forEach((tell) => tell(Date.now())), TICK);
    return () => {
      clocks.delete(setNow);
      if (clocks.size > 0) return;
      clearInterval(ticking);
      ticking = 0;
    };
  }, []);
  return now;
}
