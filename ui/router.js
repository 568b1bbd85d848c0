// @ts-check
// Addresses under /app/: real links, the history API, and the scroll position
// that Back returns to. Filters live in the query; there is no other state here.
import { useEffect, useState } from "./preact.js";
import { withQuery } from "./api.js";

/** @typedef {{path: string, query: Record<string, string>, hash: string}} Place */
/** @type {Set<() => void>} */
const listeners = new Set();

/** @returns {Place} */
export function place() {
  return {
    path: location.pathname.replace(/(.)\/+$/, "$1"),
    query: Object.fromEntries(new URLSearchParams(location.search)),
    hash: location.hash.slice(1),
  };
}

/**
 * Goes to an address of the dashboard.
 * @param {string} href
 * @param {{replace?: boolean, keep?: boolean}} [options] keep leaves the scroll position alone
 */
export function navigate(href, { replace = false, keep = false } = {}) {
  const samePage = new URL(href, location.href).pathname === location.pathname;
  history.replaceState({ ...history.state, scroll: window.scrollY }, "");
  if (replace) history.replaceState({ scroll: window.scrollY }, "", href);
  else history.pushState({ scroll: 0 }, "", href);
  for (const tell of listeners) tell();
  if (replace || keep) return;
  window.scrollTo(0, 0);
  if (!samePage) document.getElementById("content")?.focus({ preventScroll: true });
}

/**
 * The address of this page with some of its query changed; undefined or "" takes one away.
 * @param {Record<string, string|undefined>} changes
 */
export function here(changes) {
  const { path, query } = place();
  return withQuery(path, { ...query, ...changes });
}

/** The place the browser is at, re-rendering when it changes. @returns {Place} */
export function usePlace() {
  const [now, setNow] = useState(place);
  useEffect(() => {
    const tell = () => setNow(place());
    listeners.add(tell);
    return () => void listeners.delete(tell);
  }, []);
  return now;
}

/**
 * A name as one part of an address. A browser takes "." and ".." for steps, even
 * escaped, so those, and what would read like them, have a tilde before them.
 * @param {string} name
 */
export function part(name) {
  return encodeURIComponent(/^~*\.{1,2}$/.test(name) ? `~${name}` : name);
}

/**
 * The name that a part of an address means: the reverse of part.
 * @param {string} text
 */
function partOf(text) {
  const name = decodeURIComponent(text);
  return /^~+\.{1,2}$/.test(name) ? name.slice(1) : name;
}

/**
 * Matches "/app/customers/:id" against a path.
 * @param {string} pattern
 * @param {string} path
 * @returns {Record<string, string>|null}
 */
export function match(pattern, path) {
  const want = pattern.split("/");
  const have = path.split("/");
  if (want.length !== have.length) return null;
  /** @type {Record<string, string>} */
  const params = {};
  for (let i = 0; i < want.length; i++) {
    if (want[i].startsWith(":")) {
      try {
        params[want[i].slice(1)] = partOf(have[i]);
      } catch {
        return null;
      }
    } else if (want[i] !== have[i]) return null;
  }
  return params;
}

/** Takes over clicks on links of the dashboard, and Back. Called once. */
export function start() {
  history.scrollRestoration = "manual";
  document.addEventListener("click", (e) => {
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    const link = /** @type {Element} */ (e.target).closest?.("a[href]");
    if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute("download")) return;
    if (link.origin !== location.origin || !link.pathname.startsWith("/app")) return;
    if (link.hash && link.pathname === location.pathname && link.search === location.search) return;
    e.preventDefault();
    navigate(link.href, { keep: link.dataset.keep !== undefined });
  });
  window.addEventListener("popstate", () => {
    for (const tell of listeners) tell();
    restore(history.state?.scroll ?? 0);
  });
  window.addEventListener("pagehide", () => history.replaceState({ ...history.state, scroll: window.scrollY }, ""));
  if (history.state?.scroll) restore(history.state.scroll);
}

/**
 * Scrolls back as soon as the page is tall enough, within a second.
 * @param {number} top
 */
function restore(top) {
  const until = performance.now() + 1000;
  const step = () => {
    const tall = document.documentElement.scrollHeight - window.innerHeight >= top;
    if (tall || performance.now() > until) window.scrollTo(0, top);
    else requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}
