// @ts-check
import { html, useState } from "../preact.js";
import { api } from "../api.js";
import { count } from "../format.js";
import { start } from "../tasks.js";
import { Ago } from "./ago.js";
import { ValueField, valueOf } from "./bulk-bar.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icon.js";
import { Trouble } from "./trouble.js";
import { TypeMark } from "./type-mark.js";
import { Value } from "./value.js";

/** @typedef {import("../types.js").Attribute} Attribute */

/** A name, or an address, that may break where a reader would break it. @param {{name: string}} props */
export function Name({ name }) {
  return html`<bdi>${name.split(/(?<=[_.@-])/).map((part, i) => html`${i > 0 ? html`<wbr />` : null}${part}`)}</bdi>`;
}

/** Standard attributes that a person may set, and those that are text and nothing else. */
const TEXTS = ["first_name", "last_name", "number", "email"];
const EDITABLE = [...TEXTS, "created_at", "tz"];

/** @param {{a: Attribute, edit?: () => void}} props */
function Row({ a, edit }) {
  return html`<li><div class="row attribute" data-anchor>
    <${TypeMark} type=${a.type} /><span class="quiet attribute-name"><${Name} name=${a.name} /></span>
    <span class="attribute-value">${a.standard && a.name === "email" ? html`<span class="value"><${Name} name=${a.value} /></span>` : html`<${Value} text=${a.text} value=${a.value} column=${a.type} known=${a.standard} />`}</span>
    <span class="right faint"><${Ago} at=${a.changed_at} />${edit ? html`<button type="button" class="button bare small square edit" aria-label=${`Change ${a.name}`} onClick=${edit}><${Icon} name="pencil" tiny=${true} /></button>` : null}</span></div></li>`;
}

/** The type that a field begins with, and its text. @param {Attribute} a @returns {[string, string]} */
function asField(a) {
  if (a.type === "list" || a.type === "object") return ["list", a.text];
  if (a.type === "number" || a.type === "boolean") return [a.type, a.text];
  return [a.type === "date" ? "date" : "text", String(a.value ?? "")];
}

/**
 * One attribute: changed, added or removed.
 * @param {{id: string, attribute?: Attribute, close: () => void, saved: (detail?: import("../types.js").CustomerDetail) => void}} props
 */
function AttributeDialog({ id, attribute, close, saved }) {
  const fixed = Boolean(attribute && TEXTS.includes(attribute.name) && attribute.standard);
  const [firstType, firstText] = attribute ? asField(attribute) : ["text", ""];
  const [type, setType] = useState(fixed ? "text" : firstType);
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const attempt = async (/** @type {() => Promise<any>} */ f) => {
    setBusy(true);
    setError(null);
    try {
      saved(await f());
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  const submit = (/** @type {SubmitEvent} */ e) => {
    e.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (e.target));
    const name = attribute?.name ?? String(form.get("name")).trim();
    const value = valueOf(type, String(form.get("value") ?? ""));
    if (value === undefined) {
      setError({ message: type === "number" ? "That is no number." : "That is no list or object as JSON has them.", code: "invalid" });
      return;
    }
    const standard = attribute ? attribute.standard : EDITABLE.includes(name);
    void attempt(() => (standard ? api.changeCustomer(id, { [name]: value }) : start({ action: "set_attribute", ids: [id], attribute: name, value }).then(() => undefined)));
  };
  const remove = () => attempt(() => start({ action: "set_attribute", ids: [id], attribute: attribute?.name, value: null }).then(() => undefined));
  return html`<${Dialog} title=${attribute ? attribute.name : "Add an attribute"} close=${close}><form class="form" onSubmit=${submit}>
    ${error ? html`<${Trouble} error=${error} doing="save the attribute" />` : null}
    ${attribute ? null : html`<label><span>Name</span><input class="input" name="name" data-first required maxlength="250" autocomplete="off" spellcheck=${false} /></label>`}
    ${fixed ? html`<label><span>Value</span><input class="input" name="value" data-first dir="auto" defaultValue=${firstText} autocomplete="off" /></label>` : html`<${ValueField} type=${type} setType=${setType} text=${type === firstType ? firstText : ""} first=${Boolean(attribute)} />`}
    <div class="buttons">${attribute && attribute.name !== "created_at" ? html`<button type="button" class="button danger apart" disabled=${busy} onClick=${() => void remove()}>Remove</button>` : null}
      <button type="button" class="button" onClick=${close}>Cancel</button><button class="button main" disabled=${busy}>Save</button></div>
  </form></${Dialog}>`;
}

/** @param {{id: string, attributes: Attribute[], may: boolean, changed: (detail?: import("../types.js").CustomerDetail) => void}} props */
export function AttributePanel({ id, attributes, may, changed }) {
  const [open, setOpen] = useState(/** @type {Attribute|"new"|null} */ (null));
  const standard = attributes.filter((a) => a.standard);
  const custom = attributes.filter((a) => !a.standard);
  const row = (/** @type {Attribute} */ a) => html`<${Row} key=${a.name} a=${a} edit=${may && (!a.standard || EDITABLE.includes(a.name)) ? () => setOpen(a) : undefined} />`;
  const close = () => setOpen(null);
  return html`<section class="panel" aria-label="Attributes">
    <div class="panel-head"><h2>Attributes</h2><span class="n">${count(attributes.length)}</span><span class="right"><span class="small faint">changed</span>${may ? html`<button type="button" class="button bare small" onClick=${() => setOpen("new")}><${Icon} name="plus" tiny=${true} />Add</button>` : null}</span></div>
    ${attributes.length === 0 ? html`<p class="note">None yet.</p>` : null}
    <ul class="rows">${standard.map(row)}</ul>
    ${custom.length ? html`<h3 class="divider">Custom</h3><ul class="rows">${custom.map(row)}</ul>` : null}
    ${open ? html`<${AttributeDialog} key=${open === "new" ? "" : open.name} id=${id} attribute=${open === "new" ? undefined : open} close=${close} saved=${(/** @type {any} */ detail) => { close(); changed(detail); }} />` : null}
  </section>`;
}
