// @ts-check
import { html } from "../preact.js";
import { toDecide, ways } from "../imports.js";
import { Icon } from "./icon.js";

/** @typedef {import("../types.js").Import} Import */
/** @typedef {import("../types.js").ImportColumn} Column */

/**
 * One thing to decide, or to know.
 * @param {{icon: string, look: string, name: string, text: string, children?: any}} props
 */
function Line({ icon, look, name, text, children }) {
  return html`<li class="decision"><${Icon} name=${icon} class=${look} /><b class="cut" dir="auto" title=${name}>${name}</b><span>${text}</span>${children ?? html`<span></span>`}</li>`;
}

/**
 * What a file leaves open, each with its choice.
 * @param {{imp: Import, locked: boolean, ask: (o: import("../types.js").ImportOptions) => void, choose: (name: string, way: {type: string, format?: string, to?: string}) => void}} props
 */
export function ImportDecisions({ imp, locked, ask, choose }) {
  const open = imp.columns.filter(toDecide);
  const decided = imp.columns.filter((c) => c.to !== null && !c.doubt && c.type_told && (c.offers?.length ?? 0) > 0);
  const known = imp.columns.filter((c) => c.to === "uid" && c.why?.startsWith("Leading"));
  const nulls = imp.nulls ? [["word", "Words"], ["blank", "Blank"]] : [];
  const total = imp.notes.length + known.length + (imp.nulls ? 1 : 0);
  if (open.length + decided.length + total === 0) return null;
  const buttons = (/** @type {Column} */ c) => ways(c).length === 0 || ways(c).every((w) => w.on) ? null : html`<span class="segments" role="group" aria-label=${`How ${c.name} is read`}>${ways(c).map((w) => html`<button type="button" key=${w.label} aria-pressed=${w.on ? "true" : "false"} disabled=${locked} onClick=${() => w.on || choose(c.name, { type: w.type, format: w.format ?? "", ...(w.to ? { to: w.to } : {}) })}>${w.label}</button>`)}</span>`;
  const choices = open.filter((c) => ways(c).length > 0).length;
  const others = open.length - choices + total + decided.length;
  const head = [choices ? `${choices} to decide` : "", others ? `${others} to know` : ""].filter(Boolean).join(", ");
  return html`<section class="panel decisions" aria-label="Before it goes in"><div class="panel-head"><h2>Before it goes in</h2><span class="n">${head}</span></div><ul>
    ${open.map((c) => html`<${Line} key=${c.name} icon="alert" look="warn" name=${c.name} text=${c.doubt}>${buttons(c)}</${Line}>`)}
    ${decided.map((c) => html`<${Line} key=${c.name} icon="check" look="good" name=${c.name} text=${c.format === "first" ? c.why : "Read as you said."}>${buttons(c)}</${Line}>`)}
    ${known.map((c) => html`<${Line} key=${c.name} icon="check" look="good" name=${c.name} text=${c.why} />`)}
    ${imp.nulls ? html`<${Line} icon="alert" look="quiet" name="The file" text=${imp.nulls}><span class="segments" role="group" aria-label="What NULL and N/A are">${nulls.map(([v, word]) => html`<button type="button" key=${v} aria-pressed=${(imp.options.nulls ?? "word") === v ? "true" : "false"} disabled=${locked} onClick=${() => ask({ ...imp.options, nulls: v === "word" ? undefined : v })}>${word}</button>`)}</span></${Line}>` : null}
    ${imp.notes.map((note) => html`<${Line} key=${note} icon="alert" look="quiet" name="The file" text=${note} />`)}
  </ul></section>`;
}
