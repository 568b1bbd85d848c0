// @ts-check
// The fields that a condition's values are typed into, each by its type.
import { html, useEffect, useId, useRef, useState } from "../preact.js";
import { plain } from "../format.js";
import { duration, numberOf, UNITS } from "../rule.js";
import { Icon } from "./icon.js";

/** @typedef {import("../rule.js").Node} Node */
/** @typedef {{id?: string, invalid?: string}} Marks id of the message that says what is wrong */

/**
 * A choice of few, small enough to stand in a sentence. Options may stand in groups.
 * @param {{label: string, value: string, options: [string, string][]|{label: string, options: [string, string][]}[], change: (value: string) => void, strong?: boolean, quiet?: boolean}} props
 */
export function Pick({ label, value, options, change, strong, quiet }) {
  const option = (/** @type {[string, string]} */ [v, text]) => html`<option key=${v} value=${v} selected=${v === value}>${text}</option>`;
  return html`<span class=${`select pick${strong ? " strong" : ""}${quiet ? " quiet-pick" : ""}`}><select aria-label=${label} value=${value} onChange=${(/** @type {any} */ e) => change(e.target.value)}>
    ${options.map((o) => Array.isArray(o) ? option(o) : html`<optgroup key=${o.label} label=${o.label}>${o.options.map(option)}</optgroup>`)}
  </select><${Icon} name="down" tiny=${true} /></span>`;
}

/** Wide enough for what stands in it. @param {string} text @param {number} least @param {number} most */
const widthOf = (text, least, most = 30) => ({ width: `${Math.min(most, Math.max(least, text.length + 1)) + 2}ch` });

/**
 * One line of text. What it says while it is being typed stays, even where it is no value yet.
 * @param {{label: string, value: string, change: (text: string) => void, invalid?: boolean, numeric?: boolean, least?: number, samples?: string[], type?: string, placeholder?: string}} props
 */
export function Line({ label, value, change, invalid, numeric, least = 8, samples, type = "text", placeholder }) {
  const [text, setText] = useState(value);
  const field = useRef(/** @type {HTMLInputElement|null} */ (null));
  const list = useId();
  // While it is typed into, what stands in it is ahead of what the rule says.
  useEffect(() => {
    if (field.current !== document.activeElement) setText(value);
  }, [value]);
  const input = (/** @type {any} */ e) => {
    setText(e.target.value);
    change(e.target.value);
  };
  return html`<span class="rule-line"><input ref=${field} class=${numeric ? "input inline num" : "input inline"} type=${type} aria-label=${label} value=${text} onInput=${input} placeholder=${placeholder} dir=${numeric ? undefined : "auto"}
      inputmode=${numeric ? "decimal" : undefined} aria-invalid=${invalid ? "true" : undefined} list=${samples?.length ? list : undefined} autocomplete="off" spellcheck=${false} style=${type === "date" ? undefined : widthOf(text || placeholder || "", least)} />
    ${samples?.length ? html`<datalist id=${list}>${samples.map((s) => html`<option key=${s} value=${s}></option>`)}</datalist>` : null}</span>`;
}

/** @param {{label: string, value: any, change: (value: any) => void, invalid?: boolean, least?: number}} props */
export function NumberField({ label, value, change, invalid, least = 3 }) {
  const [text, setText] = useState(value === undefined ? "" : plain(value));
  const known = value === undefined ? "" : plain(value);
  useEffect(() => {
    if (plain(numberOf(text) ?? "") !== known && known !== "") setText(known);
  }, [known]);
  const wrong = text.trim() !== "" && numberOf(text) === undefined;
  return html`<${Line} label=${label} value=${text} numeric=${true} least=${least} invalid=${invalid || wrong} placeholder="0" change=${(/** @type {string} */ t) => { setText(t); change(numberOf(t)); }} />`;
}

/** A span of time: a number and its unit. @param {{label: string, value: any, change: (value: string) => void, invalid?: boolean}} props */
export function DurationField({ label, value, change, invalid }) {
  const at = duration(value) ?? { n: NaN, unit: /[a-z]+$/.exec(String(value ?? ""))?.[0] ?? "d" };
  const units = UNITS.some(([u]) => u === at.unit) ? UNITS : /** @type {[string, string, string][]} */ ([["s", "second", "seconds"], ...UNITS]);
  return html`<span class="rule-pair"><${NumberField} label=${label} value=${Number.isNaN(at.n) ? undefined : at.n} invalid=${invalid} least=${2} change=${(/** @type {any} */ n) => change(Number.isInteger(n) && n >= 0 ? `${n}${at.unit}` : "")} />
    <${Pick} label=${`Unit of ${label.toLowerCase()}`} value=${at.unit} options=${units.map(([u, one, many]) => [u, at.n === 1 ? one : many])} change=${(/** @type {string} */ u) => change(`${Number.isNaN(at.n) ? 1 : at.n}${u}`)} /></span>`;
}

/** A date, with a calendar; what is more than a day stays as it was written. @param {{label: string, value: any, change: (value: string|undefined) => void, invalid?: boolean}} props */
export function DateField({ label, value, change, invalid }) {
  const day = value === undefined || value === "" || /^\d{4}-\d{2}-\d{2}$/.test(String(value));
  return html`<${Line} label=${label} type=${day ? "date" : "text"} value=${value === undefined ? "" : plain(value)} invalid=${invalid} change=${(/** @type {string} */ t) => change(t || undefined)} />`;
}

/** Several values, as chips; Enter or a comma ends one. @param {{label: string, values: any[], numeric: boolean, samples?: string[], change: (values: any[]) => void, invalid?: boolean}} props */
export function ManyField({ label, values, numeric, samples, change, invalid }) {
  const [text, setText] = useState("");
  const list = useId();
  const read = (/** @type {string} */ t) => (numeric ? numberOf(t) : t.trim() || undefined);
  const add = (/** @type {string} */ t) => {
    const v = read(t);
    if (v === undefined) return;
    setText("");
    if (!values.some((have) => plain(have) === plain(v))) change([...values, v]);
  };
  const keys = (/** @type {KeyboardEvent} */ e) => {
    if (e.key === "Enter" || (e.key === "," && !numeric)) {
      e.preventDefault();
      add(text);
    }
    if (e.key === "Backspace" && text === "" && values.length) change(values.slice(0, -1));
  };
  // A sample that is chosen from the list arrives whole, without a key.
  const input = (/** @type {any} */ e) => {
    setText(e.target.value);
    if (e.inputType === "insertReplacementText" || (!e.inputType && samples?.includes(e.target.value))) add(e.target.value);
  };
  return html`<span class=${invalid ? "many invalid" : "many"} role="group" aria-label=${label}>${values.map((v, i) => html`<span class="many-value" key=${plain(v)}><bdi>${plain(v)}</bdi><button type="button" aria-label=${`Remove ${plain(v)}`} onClick=${() => change(values.filter((_, n) => n !== i))}><${Icon} name="cross" tiny=${true} /></button></span>`)}
    <input aria-label=${`Add to ${label.toLowerCase()}`} value=${text} onInput=${input} onKeyDown=${keys} onBlur=${() => add(text)} placeholder=${values.length ? "and …" : "a value, Enter, another …"} list=${samples?.length ? list : undefined} autocomplete="off" spellcheck=${false} style=${widthOf(text, values.length ? 6 : 22)} dir="auto" />
    ${samples?.length ? html`<datalist id=${list}>${samples.map((s) => html`<option key=${s} value=${s}></option>`)}</datalist>` : null}</span>`;
}
