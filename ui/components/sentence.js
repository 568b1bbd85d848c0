// @ts-check
import { html } from "../preact.js";
import { emphasis } from "../rule.js";

/** From so many letters on a sentence is read, and no longer taken in at once. */
const LONG = 420;

/** A rule in words, as the server says it; what was given stands out. @param {{words: string, large?: boolean, stale?: boolean}} props */
export function Sentence({ words, large, stale }) {
  return html`<p class=${`sentence${large && words.length < LONG ? " large" : " small-words"}${stale ? " dim-text" : ""}`} dir="auto">${emphasis(words).map((p, i) => p.strong ? html`<b key=${i}><bdi>${p.text}</bdi></b>` : p.text)}.</p>`;
}
