// @ts-check
import { html } from "../preact.js";
import { Icon } from "./icon.js";

/**
 * One choice of few. The first option is "no filter" and has the value "".
 * @param {{label: string, value: string, options: [string, string][], change: (value: string) => void}} props
 */
export function Select({ label, value, options, change }) {
  if (!options.some(([v]) => v === value)) options = [...options, [value, value]];
  return html`<span class=${value ? "select set" : "select"}><select aria-label=${label} value=${value} onChange=${(/** @type {any} */ e) => change(e.target.value)}>
    ${options.map(([v, text]) => html`<option key=${v} value=${v} selected=${v === value}>${text}</option>`)}
  </select><${Icon} name="down" tiny=${true} /></span>`;
}
