// @ts-check
import { html, useEffect, useRef } from "../preact.js";
import { Icon } from "./icon.js";

/**
 * A button with a few more below it. Escape, a click elsewhere and a choice close it.
 * @param {{label: string, text?: any, look?: string, children?: any}} props
 */
export function Menu({ label, text, look = "", children }) {
  const ref = useRef(/** @type {HTMLDetailsElement|null} */ (null));
  useEffect(() => {
    const box = /** @type {HTMLDetailsElement} */ (ref.current);
    const close = () => {
      box.open = false;
    };
    const away = (/** @type {Event} */ e) => box.contains(/** @type {Node} */ (e.target)) || close();
    const keys = (/** @type {KeyboardEvent} */ e) => {
      if (e.key !== "Escape" || !box.open) return;
      e.stopPropagation();
      e.preventDefault();
      close();
      /** @type {HTMLElement} */ (box.firstElementChild).focus();
    };
    document.addEventListener("pointerdown", away);
    box.addEventListener("keydown", keys);
    return () => {
      document.removeEventListener("pointerdown", away);
      box.removeEventListener("keydown", keys);
    };
  }, []);
  const chosen = (/** @type {any} */ e) => {
    if (e.target.closest("a, button") && ref.current) ref.current.open = false;
  };
  return html`<details class="menu" ref=${ref}><summary class=${`button ${text ? "" : "square"} ${look}`} aria-label=${text ? undefined : label} title=${text ? undefined : label}>${text ?? html`<${Icon} name="more" />`}${text ? html`<${Icon} name="down" tiny=${true} />` : null}</summary>
    <div class="menu-pop" role="group" aria-label=${label} onClick=${chosen}>${children}</div></details>`;
}
