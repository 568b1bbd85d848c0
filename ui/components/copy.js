// @ts-check
import { html, useEffect, useRef, useState } from "../preact.js";
import { Icon } from "./icon.js";
import { toast } from "./toast.js";

/**
 * Puts text on the clipboard, also where the page is not a secure context.
 * @param {string} text
 */
export async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "hidden";
    const host = document.querySelector("dialog[open]") ?? document.body;
    host.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

/**
 * A button that copies. `text` may be a function, called on the click.
 * @param {{text: string|(() => string|Promise<string>), what: string, label?: string, look?: string}} props
 */
export function Copy({ text, what, label, look = "bare small" }) {
  const [done, setDone] = useState(false);
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async () => {
    const ok = await toClipboard(typeof text === "function" ? await text() : text);
    toast(ok ? `Copied ${what}.` : `The browser did not allow copying ${what}.`, { good: ok });
    if (!ok) return;
    setDone(true);
    timer.current = window.setTimeout(() => setDone(false), 1500);
  };
  return html`<button type="button" class=${`button ${look}${label ? "" : " square"}${done ? " done" : ""}`} onClick=${copy} aria-label=${label ? undefined : `Copy ${what}`} title=${label ? undefined : `Copy ${what}`}>
    <${Icon} name=${done ? "check" : "copy"} tiny=${!label} />${label ?? null}
  </button>`;
}
