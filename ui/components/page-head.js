// @ts-check
import { html, useEffect } from "../preact.js";

/**
 * The title of a page, one line of figures, the actions.
 * @param {{title: string, tab?: string, line?: any[], crumb?: {href: string, text: string}, children?: any}} props
 */
export function PageHead({ title, tab, line = [], crumb, children }) {
  useEffect(() => {
    document.title = `${tab ?? title} · Kith`;
  }, [tab ?? title]);
  return html`<div class="head"><div class="head-text">
    ${crumb ? html`<a class="crumb" href=${crumb.href}>${crumb.text}</a>` : null}
    <h1><bdi>${title}</bdi></h1>
    ${line.some(Boolean) ? html`<p class="head-line">${line.filter(Boolean).map((part, i) => html`${i > 0 ? html`<span class="sep"></span>` : null}<span>${part}</span>`)}</p>` : null}
  </div>${children ? html`<div class="actions">${children}</div>` : null}</div>`;
}
