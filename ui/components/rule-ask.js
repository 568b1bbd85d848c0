// @ts-check
// What an attribute, or a property of an event, is asked: operator and value.
import { html } from "../preact.js";
import { plain } from "../format.js";
import { KIND_WORDS, kindOfTest, OPERATORS, operatorOf, withOperator } from "../rule.js";
import { DateField, DurationField, Line, ManyField, NumberField, Pick } from "./rule-value.js";

/** @typedef {import("../rule.js").Node} Node */
/** @typedef {import("../rule.js").Kind} Kind */

/**
 * The operators, those of the attribute's own type first; with the others it is read as another.
 * @param {Kind} own
 */
function choices(own) {
  const of = (/** @type {Kind} */ kind) => /** @type {[string, string][]} */ (OPERATORS.filter((o) => o.kind === kind).map((o) => [`${o.kind} ${o.op}`, o.say]));
  const rest = /** @type {Kind[]} */ (["text", "number", "date", "boolean", "list"]).filter((k) => k !== own);
  const first = own === "any" ? of("any") : [...of(own), ...of("any")];
  return [{ label: KIND_WORDS[own], options: first }, ...rest.map((kind) => ({ label: KIND_WORDS[kind], options: of(kind) }))];
}

/** Where days begin and end. @param {{zone: string|undefined, change: (zone: string|undefined) => void}} props */
export function ZonePick({ zone, change }) {
  const options = /** @type {[string, string][]} */ ([["", "workspace's time"], ["customer", "customer's own time"]]);
  if (zone && zone !== "customer") options.push([zone, `time of ${zone}`]);
  return html`<${Pick} label="Time zone" quiet=${!zone} value=${zone ?? ""} options=${options} change=${(/** @type {string} */ z) => change(z || undefined)} />`;
}

/**
 * @param {{test: Node, own: Kind, name: string, samples: string[], change: (test: Node) => void, invalid?: boolean}} props own: the type that most of its values have
 */
export function RuleTest({ test, own, name, samples, change, invalid }) {
  const operator = operatorOf(test);
  const kind = kindOfTest(test);
  const set = (/** @type {any} */ value) => {
    const { value: _, ...rest } = test;
    change(value === undefined ? rest : { ...rest, value });
  };
  const pick = (/** @type {string} */ key) => {
    const to = OPERATORS.find((o) => `${o.kind} ${o.op}` === key);
    if (to) change(withOperator(test, to));
  };
  const key = `${operator.kind} ${operator.op}`;
  const options = choices(own);
  if (!options.some((g) => g.options.some(([k]) => k === key))) options.push({ label: "As it is written", options: [[key, operator.say]] });
  const label = `Value of ${name}`;
  const field = () => {
    const { value } = test;
    const two = Array.isArray(value) ? value : [undefined, undefined];
    const either = (/** @type {number} */ i) => (/** @type {any} */ v) => set(i === 0 ? [v, two[1]] : [two[0], v]);
    switch (operator.takes) {
      case "none": return null;
      case "duration": return html`<${DurationField} label=${label} value=${value} invalid=${invalid} change=${set} />`;
      case "many": return html`<${ManyField} label=${label} values=${Array.isArray(value) ? value : []} numeric=${kind === "number"} samples=${samples} invalid=${invalid} change=${set} />`;
      case "two": return kind === "date"
        ? html`<${DateField} label=${`${label}, from`} value=${two[0]} invalid=${invalid} change=${either(0)} /><span class="word">and</span><${DateField} label=${`${label}, to`} value=${two[1]} invalid=${invalid} change=${either(1)} />`
        : html`<${NumberField} label=${`${label}, from`} value=${two[0]} invalid=${invalid} change=${either(0)} /><span class="word">and</span><${NumberField} label=${`${label}, to`} value=${two[1]} invalid=${invalid} change=${either(1)} />`;
      default:
    }
    if (kind === "boolean") return html`<${Pick} label=${label} value=${String(value === true)} strong=${true} options=${[["true", "yes"], ["false", "no"]]} change=${(/** @type {string} */ v) => set(v === "true")} />`;
    if (kind === "number") return html`<${NumberField} label=${label} value=${value} invalid=${invalid} least=${4} change=${set} />`;
    if (kind === "date") return html`<${DateField} label=${label} value=${value} invalid=${invalid} change=${set} />`;
    return html`<${Line} label=${label} value=${value === undefined ? "" : plain(value)} invalid=${invalid} samples=${samples} least=${12} placeholder="a value" change=${(/** @type {string} */ t) => set(t === "" ? undefined : t)} />`;
  };
  return html`<${Pick} label=${`Operator of ${name}`} value=${key} options=${options} change=${pick} />${field()}
    ${kind === "text" && operator.takes !== "none" && !["matches", "not_matches"].includes(test.op) ? html`<button type="button" class="button bare square case" aria-pressed=${test.case ? "true" : "false"} title="Capital and small letters count" aria-label="Capital and small letters count" onClick=${() => { const { case: on, ...rest } = test; change(on ? rest : { ...rest, case: true }); }}>Aa</button>` : null}
    ${kind === "date" ? html`<${ZonePick} zone=${test.zone} change=${(/** @type {any} */ zone) => { const { zone: _, ...rest } = test; change(zone ? { ...rest, zone } : rest); }} />` : null}`;
}
