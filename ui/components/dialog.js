// @ts-check
import { html, useEffect, useRef } from "../preact.js";
import { Icon } from "./icon.js";

/**
 * A dialog of the browser's own kind: focus stays inside, Escape closes, and
 * focus returns to where it came from.
 * @param {{title: string, close: () => void, children?: any, locked?: boolean}} props locked: only its own buttons close it
 */
export function Dialog({ title, close, children, locked }) {
  const ref = useRef(/** @type {HTMLDialogElement|null} */ (null));
  useEffect(() => {
    const back = /** @type {HTMLElement|null} */ (document.activeElement);
    const dialog = /** @type {HTMLDialogElement} */ (ref.current);
    dialog.showModal();
    dialog.querySelector(/** @type {any} */ ("[data-first]"))?.focus();
    return () => {
      dialog.close();
      back?.focus();
    };
  }, []);
  const cancel = (/** @type {Event} */ e) => {
    e.preventDefault();
    if (!locked) close();
  };
  // A browser closes at the second Escape whatever the first was answered.
  const closed = () => {
    if (!ref.current?.isConnected) return;
    if (locked) ref.current.showModal();
    else close();
  };
  const outside = (/** @type {MouseEvent} */ e) => {
    if (e.target === ref.current && !locked) close();
  };
  return html`<dialog class="dialog" ref=${ref} closedby=${locked ? "none" : undefined} onCancel=${cancel} onClose=${closed} onMouseDown=${outside} aria-label=${title}>
    <div class="dialog-head"><h2>${title}</h2>${locked ? null : html`<button type="button" class="button bare square" aria-label="Close" onClick=${close}><${Icon} name="cross" /></button>`}</div>
    <div class="dialog-body">${children}</div>
  </dialog>`;
}
