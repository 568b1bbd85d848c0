// @ts-check
// The keys that work on every page. Lists mark their rows' links with data-row,
// and their search box with data-search; nothing else is needed to take part.

/** @param {EventTarget|null} target */
function typing(target) {
  if (target instanceof HTMLInputElement && (target.type === "checkbox" || target.type === "radio")) return false;
  return target instanceof HTMLElement && (target.isContentEditable || /^(input|select|textarea)$/i.test(target.tagName));
}

/** @param {number} step */
function moveRow(step) {
  const rows = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("#content [data-row]")]).filter((r) => r.offsetParent !== null);
  if (rows.length === 0) return;
  const inside = document.activeElement?.closest("tr, li");
  const now = rows.findIndex((r) => r === document.activeElement || (inside !== null && inside !== undefined && r.closest("tr, li") === inside));
  const next = rows[now < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, now + step))];
  next.focus({ preventScroll: true });
  next.closest("tr, li")?.scrollIntoView({ block: "nearest" });
}

/** Selects the row that has the focus, or those since the last one that was. @param {boolean} range */
function selectRow(range) {
  const box = /** @type {HTMLInputElement|null|undefined} */ (document.activeElement?.closest("tr, li")?.querySelector("input[data-select]"));
  box?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey: range }));
}

/**
 * Listens until the answered function is called.
 * @param {{find: () => void, help: () => void}} does
 */
export function listen({ find, help }) {
  /** @param {KeyboardEvent} e */
  const key = (e) => {
    if ((e.ctrlKey || e.metaKey) && !e.shiftKey && !e.altKey && e.key.toLowerCase() === "k") {
      e.preventDefault();
      if (!document.querySelector("dialog[open]")) find();
      return;
    }
    if (e.ctrlKey || e.metaKey || e.altKey || typing(e.target) || document.querySelector("dialog[open]")) return;
    if (e.key === "?") help();
    else if (e.key === "j") moveRow(1);
    else if (e.key === "k") moveRow(-1);
    else if (e.key === "x" || e.key === "X") selectRow(e.shiftKey);
    else if (e.key === "/") {
      const field = /** @type {HTMLInputElement|null} */ (document.querySelector("#content [data-search]"));
      if (!field) return;
      field.focus();
      field.select();
    } else if (e.key === "Escape") /** @type {HTMLElement|null} */ (document.activeElement)?.blur();
    else return;
    e.preventDefault();
  };
  document.addEventListener("keydown", key);
  return () => document.removeEventListener("keydown", key);
}
