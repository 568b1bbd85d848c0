// @ts-check
import { html, useEffect, useRef, useState } from "../preact.js";
import { Icon } from "./icon.js";

/** How long the typing pauses before the list follows. */
const PAUSE = 180;

/**
 * A search box that reports what was typed, after a pause or at Enter. `/` goes to it.
 * @param {{value: string, label: string, change: (text: string) => void}} props
 */
export function SearchField({ value, label, change }) {
  const [text, setText] = useState(value);
  const timer = useRef(0);
  const said = useRef(value);
  useEffect(() => {
    if (value !== said.current) setText(value);
    said.current = value;
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const say = (/** @type {string} */ next) => {
    clearTimeout(timer.current);
    if (next.trim() === said.current) return;
    said.current = next.trim();
    change(next.trim());
  };
  const input = (/** @type {InputEvent} */ e) => {
    const next = /** @type {HTMLInputElement} */ (e.target).value;
    setText(next);
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => say(next), PAUSE);
  };
  const keys = (/** @type {KeyboardEvent} */ e) => {
    if (e.key === "Enter") say(text);
    if (e.key !== "Escape") return;
    if (text) {
      setText("");
      say("");
    } else /** @type {HTMLElement} */ (e.target).blur();
  };
  return html`<label class="field search"><${Icon} name="search" /><span class="hidden">${label}</span>
    <input type="search" data-search placeholder=${label} value=${text} onInput=${input} onKeyDown=${keys} autocomplete="off" spellcheck=${false} />
    <kbd aria-hidden="true">/</kbd></label>`;
}
