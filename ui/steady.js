// @ts-check
import { useLayoutEffect, useRef } from "./preact.js";

/**
 * Keeps what is being read in its place when something is put in above it: call
 * it in the component that re-renders. Elements that may be held on to are marked data-anchor.
 * @param {any} version changes when the content may have grown
 */
export function useSteady(version) {
  const held = useRef(/** @type {{element: Element, top: number}|null} */ (null));
  const seen = useRef(version);
  if (seen.current !== version) {
    seen.current = version;
    held.current = window.scrollY > 0 ? firstVisible() : null;
  }
  useLayoutEffect(() => {
    const was = held.current;
    held.current = null;
    if (!was?.element.isConnected) return;
    const moved = was.element.getBoundingClientRect().top - was.top;
    if (moved !== 0) window.scrollBy({ top: moved, behavior: "instant" });
  }, [version]);
}

/** @returns {{element: Element, top: number}|null} */
function firstVisible() {
  for (const element of document.querySelectorAll("#content [data-anchor]")) {
    const { top } = element.getBoundingClientRect();
    if (top >= 0) return { element, top };
  }
  return null;
}
