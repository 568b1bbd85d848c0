// @ts-check
import { html } from "../preact.js";
import { here } from "../router.js";

/**
 * Previous and next as links, so that Back works.
 * @param {{page: {next_cursor?: string, previous_cursor?: string}, said: any}} props
 */
export function Pager({ page, said }) {
  const link = (/** @type {string} */ text, /** @type {string|undefined} */ next, /** @type {string|undefined} */ previous) => {
    const there = next || previous;
    return html`<a class="button" href=${there ? here({ next_cursor: next, previous_cursor: previous }) : undefined} aria-disabled=${there ? undefined : "true"} rel=${next ? "next" : "prev"}>${text}</a>`;
  };
  return html`<nav class="pager" aria-label="Pages"><span>${said}</span><span class="right">
    ${link("Previous", undefined, page.previous_cursor)}${link("Next", page.next_cursor, undefined)}
  </span></nav>`;
}
