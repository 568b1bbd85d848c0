// @ts-check
import { html } from "../preact.js";
import { ago, date, instant } from "../time.js";
import { useNow } from "../live.js";

/**
 * "3 min ago", with the instant on hover; `plainly` gives the date alone.
 * @param {{at: string|null|undefined, never?: string, plainly?: boolean}} props
 */
export function Ago({ at, never = "–", plainly }) {
  const now = useNow();
  if (!at) return html`<span class="faint">${never}</span>`;
  return html`<time datetime=${at} title=${instant(at)}>${plainly ? date(at, now) : ago(at, now)}</time>`;
}
