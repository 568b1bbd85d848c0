// @ts-check
import { html, useState } from "../preact.js";
import { count } from "../format.js";
import { doubtful, shortDoubt, sign, STANDARD, toDecide } from "../imports.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icon.js";
import { TypeMark } from "./type-mark.js";

/** @typedef {import("../types.js").Import} Import */
/** @typedef {import("../types.js").ImportColumn} Column */

/** The value of the choice that asks for a name. */
const OTHER = "\u0000other";

/**
 * What a column becomes.
 * @param {{c: Column, names: string[], locked: boolean, choose: (to: string|null) => void}} props
 */
function Chooser({ c, names, locked, choose }) {
  const [naming, setNaming] = useState(false);
  const standard = STANDARD.map(([to]) => to);
  const own = [...new Set([c.to !== null && !standard.includes(c.to) ? c.to : c.name, ...names])].filter((n) => !standard.includes(n));
  const changed = (/** @type {any} */ e) => {
    const v = e.target.value;
    if (v !== OTHER) return choose(v === "" ? null : v);
    e.target.value = c.to ?? "";
    setNaming(true);
  };
  const named = (/** @type {SubmitEvent} */ e) => {
    e.preventDefault();
    const name = String(new FormData(/** @type {HTMLFormElement} */ (e.target)).get("name") ?? "").trim();
    setNaming(false);
    if (name) choose(name);
  };
  return html`<span class=${c.to === null ? "select chooser skip" : "select chooser"}>${c.to === null ? null : html`<${TypeMark} type=${sign(c)} />`}
    <select aria-label=${`What ${c.name} becomes`} value=${c.to ?? ""} disabled=${locked} onChange=${changed}>
      <option value="" selected=${c.to === null}>Leave out</option>
      <optgroup label="Standard">${STANDARD.map(([to, word]) => html`<option key=${to} value=${to} selected=${c.to === to}>${to === c.to ? to : `${to} · ${word}`}</option>`)}</optgroup>
      <optgroup label="Your attributes">${own.map((name) => html`<option key=${name} value=${name} selected=${c.to === name}>${name}</option>`)}<option value=${OTHER}>Another name…</option></optgroup>
    </select><${Icon} name="down" tiny=${true} /></span>
    ${naming ? html`<${Dialog} title=${`What ${c.name} becomes`} close=${() => setNaming(false)}><form class="form" onSubmit=${named}>
      <label><span>Name of the attribute</span><input class="input" name="name" data-first required maxlength="255" dir="auto" defaultValue=${c.to ?? c.name} /></label>
      <div class="buttons"><button type="button" class="button" onClick=${() => setNaming(false)}>Cancel</button><button class="button main">Use this name</button></div></form></${Dialog}>` : null}`;
}

/** What stands under a column's choice. @param {{c: Column}} props */
function Note({ c }) {
  if (c.to === null) return null;
  if (toDecide(c)) return html`<span class="warn"><${Icon} name="alert" tiny=${true} /><span>${shortDoubt(c)}</span></span>`;
  if (c.to === "uid" && c.why?.startsWith("Leading")) return html`<span class="quiet"><${Icon} name="check" tiny=${true} class="good" /><span>Zeros kept</span></span>`;
  return null;
}

/**
 * The first rows of a file, with what each column becomes above it.
 * @param {{imp: Import, names: string[], locked: boolean, choose: (name: string, to: string|null) => void}} props names: attributes that there are
 */
export function ImportGrid({ imp, names, locked, choose }) {
  const off = (/** @type {Column} */ c) => (c.to === null ? "off" : "");
  const filled = (/** @type {Column} */ c) => (imp.read ? `${count(c.filled)} filled` : "reading…");
  const cell = (/** @type {string[]} */ row, /** @type {Column} */ c, /** @type {number} */ i) => {
    const v = row[i + 1] ?? "";
    const look = [off(c), c.type === "number" && c.to !== null ? "num" : "", doubtful(c, v) ? "doubt" : ""].filter(Boolean).join(" ");
    return html`<td class=${look} key=${i}>${v.trim() ? html`<bdi class=${c.to === "uid" ? "cut id" : "cut"} title=${v.length > 14 ? v : undefined}>${v}</bdi>` : html`<span class="faint" title="Blank">–</span>`}</td>`;
  };
  return html`<section class="panel import-grid bleed" aria-label="Columns"><div class="scroll" tabindex="0" role="region" aria-label="Columns and first rows"><table><thead><tr><th scope="col" class="line"><span class="hidden">Line</span></th>
    ${imp.columns.map((c) => html`<th scope="col" key=${c.name} class=${off(c)}><span class="cut source" dir="auto" title=${c.name}>${c.name}</span><span class="small faint num-left">${filled(c)}</span>
      <${Chooser} c=${c} names=${names} locked=${locked} choose=${(/** @type {string|null} */ to) => choose(c.name, to)} /><span class="note-line small"><${Note} c=${c} /></span></th>`)}</tr></thead>
    <tbody>${(imp.preview ?? []).map((row) => html`<tr key=${row[0]}><td class="line num faint small">${row[0]}</td>${imp.columns.map((c, i) => cell(row, c, i))}</tr>`)}</tbody></table></div></section>`;
}
