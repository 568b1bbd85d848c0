// @ts-check
import { html, useState } from "../preact.js";
import { columnOf, OWN } from "../columns.js";
import { count, plural } from "../format.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icon.js";
import { TypeMark } from "./type-mark.js";

/** @typedef {import("../columns.js").Column} Column */

/**
 * Which columns the table shows, and in which order.
 * @param {{shown: Column[], attributes: import("../types.js").AttributeName[], done: (keys: string[]|null) => void, close: () => void}} props done: null goes back to the usual ones
 */
export function ColumnChooser({ shown, attributes, done, close }) {
  const [keys, setKeys] = useState(() => shown.map((c) => c.key));
  const [typed, setTyped] = useState("");
  const all = [...OWN, ...attributes.filter((a) => !a.standard && a.customers > 0).sort((a, b) => b.customers - a.customers).map(columnOf)];
  const by = new Map(all.map((c) => [c.key, c]));
  const chosen = keys.map((k) => by.get(k) ?? { key: k, name: k, type: "text" });
  const rest = all.filter((c) => !keys.includes(c.key) && c.name.toLocaleLowerCase().includes(typed.trim().toLocaleLowerCase()));
  const most = 200;
  const move = (/** @type {number} */ i, /** @type {number} */ by) => setKeys(keys.map((k, n) => (n === i ? keys[i + by] : n === i + by ? keys[i] : k)));
  return html`<${Dialog} title="Columns" close=${close}><form class="form columns" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); done(keys); }}>
    <div role="group" aria-label="Shown, in this order"><p class="small quiet">Shown, in this order, after the name</p><ul class="rows">${chosen.map((c, i) => html`<li key=${c.key}><div class="row"><${TypeMark} type=${c.type} /><span class="cut"><bdi>${c.name}</bdi></span>
      <button type="button" class="button bare small square" aria-label=${`Move ${c.name} up`} disabled=${i === 0} onClick=${() => move(i, -1)}><${Icon} name="up" tiny=${true} /></button>
      <button type="button" class="button bare small square" aria-label=${`Move ${c.name} down`} disabled=${i === keys.length - 1} onClick=${() => move(i, 1)}><${Icon} name="down" tiny=${true} /></button>
      <button type="button" class="button bare small square" aria-label=${`Leave ${c.name} out`} onClick=${() => setKeys(keys.filter((k) => k !== c.key))}><${Icon} name="cross" tiny=${true} /></button></div></li>`)}</ul>
      ${chosen.length ? null : html`<p class="note">The name alone.</p>`}</div>
    <div role="group" aria-label="More columns"><label class="field search"><${Icon} name="search" /><span class="hidden">Find an attribute</span><input data-first value=${typed} placeholder="Find an attribute" onInput=${(/** @type {any} */ e) => setTyped(e.target.value)} autocomplete="off" spellcheck=${false} /></label>
      <ul class="rows more-columns">${rest.slice(0, most).map((c) => html`<li key=${c.key}><button type="button" class="row" onClick=${() => setKeys([...keys, c.key])}><${TypeMark} type=${c.type} /><span class="cut"><bdi>${c.name}</bdi></span><${Icon} name="plus" tiny=${true} /></button></li>`)}</ul>
      ${rest.length > most ? html`<p class="small quiet">And ${count(rest.length - most)} more: type a part of the name.</p>` : rest.length ? null : html`<p class="small quiet">${typed.trim() ? `No other attribute has “${typed.trim()}” in its name.` : "There are no others."}</p>`}</div>
    <div class="buttons"><button type="button" class="button" onClick=${() => done(null)}>The usual ones</button><button class="button main">Show ${plural(keys.length, "column")}</button></div>
  </form></${Dialog}>`;
}
