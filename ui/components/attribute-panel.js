// @ts-check
import { html } from "../preact.js";
import { count } from "../format.js";
import { Ago } from "./ago.js";
import { TypeMark } from "./type-mark.js";
import { Value } from "./value.js";

/** A name, or an address, that may break where a reader would break it. @param {{name: string}} props */
export function Name({ name }) {
  return html`<bdi>${name.split(/(?<=[_.@-])/).map((part, i) => html`${i > 0 ? html`<wbr />` : null}${part}`)}</bdi>`;
}

/** @param {{a: import("../types.js").Attribute}} props */
function Row({ a }) {
  return html`<li><div class="row attribute" data-anchor>
    <${TypeMark} type=${a.type} /><span class="quiet attribute-name"><${Name} name=${a.name} /></span>
    <span class="attribute-value">${a.standard && a.name === "email" ? html`<span class="value"><${Name} name=${a.value} /></span>` : html`<${Value} text=${a.text} value=${a.value} column=${a.type} known=${a.standard} />`}</span>
    <span class="right faint"><${Ago} at=${a.changed_at} /></span></div></li>`;
}

/** @param {{attributes: import("../types.js").Attribute[]}} props */
export function AttributePanel({ attributes }) {
  const standard = attributes.filter((a) => a.standard);
  const custom = attributes.filter((a) => !a.standard);
  return html`<section class="panel" aria-label="Attributes">
    <div class="panel-head"><h2>Attributes</h2><span class="n">${count(attributes.length)}</span><span class="right"><span class="small faint">changed</span></span></div>
    ${attributes.length === 0 ? html`<p class="note">None yet.</p>` : null}
    <ul class="rows">${standard.map((a) => html`<${Row} key=${a.name} a=${a} />`)}</ul>
    ${custom.length ? html`<h3 class="divider">Custom</h3><ul class="rows">${custom.map((a) => html`<${Row} key=${a.name} a=${a} />`)}</ul>` : null}
  </section>`;
}
