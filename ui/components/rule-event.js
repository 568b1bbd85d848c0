// @ts-check
// A condition on events: which, how often or how much, where, and when; and events that
// follow one another.
import { html } from "../preact.js";
import { AGGREGATES, duration, firstTest, kindFor } from "../rule.js";
import { Chooser } from "./chooser.js";
import { Icon } from "./icon.js";
import { RuleTest, ZonePick } from "./rule-ask.js";
import { DateField, DurationField, Line, NumberField, Pick } from "./rule-value.js";

/** @typedef {import("../rule.js").Node} Node */
/** @typedef {import("./chooser.js").Catalogue} Catalogue */

/** @type {[string, string][]} */
const COUNTS = [["gte", "at least"], ["is", "exactly"], ["lte", "at most"], ["gt", "more than"], ["lt", "fewer than"], ["between", "between"], ["is_not", "not exactly"], ["never", "never"]];
/** @type {[string, string][]} */
const AMOUNTS = [["gt", "is over"], ["gte", "is at least"], ["lt", "is under"], ["lte", "is at most"], ["between", "is between"], ["is", "is"], ["is_not", "is not"]];
/** @type {[string, string][]} */
const MEASURES = [["count", "happened"], ["sum", "the sum of"], ["avg", "the average of"], ["min", "the smallest"], ["max", "the largest"], ["distinct", "different values of"], ["days", "on different days,"], ["first", "the first one"], ["last", "the last one"]];

/** What is measured of an event's occurrences. @param {Node} node */
function measureOf(node) {
  const aggregate = AGGREGATES.find((a) => node[a]);
  if (aggregate === "distinct" && node.distinct.of === "@day") return "days";
  return aggregate ?? node.occurrence ?? "count";
}

/** @param {Node} node */
function withoutMeasure(node) {
  const next = { ...node };
  for (const name of [...AGGREGATES, "count", "occurrence"]) delete next[name];
  return next;
}

/** The number, or the two, that a measure is held against. @param {{test: Node, label: string, change: (test: Node) => void, invalid?: boolean}} props */
function Amount({ test, label, change, invalid }) {
  const set = (/** @type {any} */ value) => change({ ...test, value });
  if (test.op !== "between") return html`<${NumberField} label=${label} value=${test.value} invalid=${invalid} change=${set} />`;
  const [low, high] = Array.isArray(test.value) ? test.value : [test.value, undefined];
  return html`<${NumberField} label=${`${label}, from`} value=${low} invalid=${invalid} change=${(/** @type {any} */ v) => set([v, high])} /><span class="word">and</span><${NumberField} label=${`${label}, to`} value=${high} invalid=${invalid} change=${(/** @type {any} */ v) => set([low, v])} />`;
}

/** A measure's test with another operator: one value becomes two and back. @param {Node} test @param {string} op */
function withOp(test, op) {
  const value = Array.isArray(test.value) ? test.value[0] : test.value;
  return { ...test, op, value: op === "between" ? [value, undefined] : value };
}

/** @param {{node: Node, change: (node: Node) => void, properties: string[], invalid?: boolean}} props */
function Measure({ node, change, properties, invalid }) {
  const measure = measureOf(node);
  const rest = withoutMeasure(node);
  const count = node.count ?? { op: "gte", value: 1 };
  const never = count.op === "is" && count.value === 0;
  const pick = (/** @type {string} */ to) => {
    if (to === "count") change(rest);
    else if (to === "first" || to === "last") change({ ...rest, occurrence: to });
    else if (to === "days") change({ ...rest, distinct: { of: "@day", op: "gte", value: 2 } });
    else {
      const before = node[measure === "days" ? "distinct" : measure];
      change({ ...rest, [to]: { of: before?.of && before.of !== "@day" ? before.of : "", op: before?.op ?? "gt", value: before?.value } });
    }
  };
  const counted = (/** @type {string} */ op) => {
    if (op === "never") change({ ...rest, count: { op: "is", value: 0 } });
    else change({ ...rest, count: withOp(never ? { ...count, value: 1 } : count, op) });
  };
  const picker = html`<${Pick} label="What is measured" value=${measure} options=${MEASURES} change=${pick} />`;
  if (measure === "first" || measure === "last") return html`${picker}<span class="word">is the one looked at</span>`;
  if (measure === "count") {
    return html`${picker}<${Pick} label="How often" value=${never ? "never" : count.op} options=${COUNTS} change=${counted} />
      ${never ? null : html`<${Amount} label="Times" test=${count} invalid=${invalid} change=${(/** @type {Node} */ t) => change({ ...rest, count: t })} /><span class="word">${count.value === 1 ? "time" : "times"}</span>`}`;
  }
  const name = measure === "days" ? "distinct" : measure;
  const test = node[name];
  const set = (/** @type {Node} */ t) => change({ ...rest, [name]: t });
  const counts = measure === "days" || measure === "distinct";
  return html`${picker}${measure === "days" ? null : html`<${Line} label="Property that is measured" value=${test.of ?? ""} samples=${properties} placeholder="a property" invalid=${invalid && !test.of} change=${(/** @type {string} */ of) => set({ ...test, of })} />`}
    <${Pick} label="Compared with" value=${test.op} options=${counts ? COUNTS.filter(([op]) => op !== "never") : AMOUNTS} change=${(/** @type {string} */ op) => set(withOp(test, op))} />
    <${Amount} label=${counts ? "Number" : "Amount"} test=${test} invalid=${invalid} change=${set} />${measure === "days" ? html`<span class="word">days</span>` : null}`;
}

/** @param {{node: Node, change: (node: Node) => void, catalogue: Catalogue, invalid?: boolean}} props */
export function Wheres({ node, change, catalogue, invalid }) {
  const where = node.where ?? [];
  const known = catalogue.events.find((e) => e.name === node.event)?.properties ?? [];
  const set = (/** @type {Node[]} */ next) => change({ ...node, where: next });
  const replace = (/** @type {number} */ i, /** @type {Node} */ test) => set(where.map((/** @type {Node} */ w, /** @type {number} */ n) => (n === i ? test : w)));
  const name = (/** @type {number} */ i, /** @type {string} */ property) => {
    const type = known.find((p) => p.name === property)?.types[0];
    const { property: _, ...test } = where[i];
    replace(i, { property, ...(type && test.value === undefined ? firstTest(kindFor(type)) : test) });
  };
  return html`${where.map((/** @type {Node} */ w, /** @type {number} */ i) => html`<div class="rule-more" key=${i}><span class="lead">${i === 0 ? "where" : "and"}</span>
      <${Line} label="Property" value=${w.property ?? ""} samples=${["value", ...known.map((p) => p.name)]} placeholder="a property" invalid=${invalid && !w.property} change=${(/** @type {string} */ p) => name(i, p)} />
      <${RuleTest} test=${w} own=${kindFor(known.find((p) => p.name === w.property)?.types[0] ?? "text")} name=${w.property || "the property"} samples=${[]} invalid=${invalid} change=${(/** @type {Node} */ t) => replace(i, t)} />
      <button type="button" class="button bare square small" aria-label="Remove this where" onClick=${() => set(where.filter((/** @type {Node} */ _, /** @type {number} */ n) => n !== i))}><${Icon} name="cross" tiny=${true} /></button></div>`)}`;
}

/** @type {[string, string][]} */
const WITHINS = [["", "at any time"], ["last", "within the last"], ["range", "between"]];
/** @type {[string, string][]} */
const BOUNDS = [["", "no end"], ["date", "the day"], ["ago", "a time ago:"]];

/** One end of a window. @param {{bound: any, label: string, open: string, change: (bound: any) => void, invalid?: boolean}} props */
function Bound({ bound, label, open, change, invalid }) {
  const kind = bound === undefined ? "" : duration(bound) || bound === "" ? "ago" : "date";
  const pick = (/** @type {string} */ to) => change(to === "" ? undefined : to === "ago" ? "90d" : new Date().toISOString().slice(0, 10));
  return html`<${Pick} label=${label} value=${kind} options=${BOUNDS.map(([k, say]) => [k, k === "" ? open : say])} change=${pick} />
    ${kind === "ago" ? html`<${DurationField} label=${`${label}, so long ago`} value=${bound} invalid=${invalid} change=${change} />` : kind === "date" ? html`<${DateField} label=${`${label}, day`} value=${bound} invalid=${invalid} change=${change} />` : null}`;
}

/** @param {{node: Node, change: (node: Node) => void, invalid?: boolean}} props */
function Within({ node, change, invalid }) {
  const within = node.within;
  const kind = !within ? "" : within.last !== undefined ? "last" : "range";
  const set = (/** @type {any} */ next) => {
    const { within: _, ...rest } = node;
    change(next ? { ...rest, within: next } : rest);
  };
  const pick = (/** @type {string} */ to) => set(to === "last" ? { last: "30d" } : to === "range" ? { from: "90d", to: "30d" } : undefined);
  const end = (/** @type {"from"|"to"} */ side) => (/** @type {any} */ v) => {
    const { [side]: _, ...rest } = within;
    set(v === undefined ? (Object.keys(rest).length ? rest : undefined) : { ...rest, [side]: v });
  };
  return html`<div class="rule-more"><span class="lead">when</span><${Pick} label="When it happened" value=${kind} options=${WITHINS} change=${pick} />
    ${kind === "last" ? html`<${DurationField} label="Within the last" value=${within.last} invalid=${invalid} change=${(/** @type {string} */ v) => set({ last: v })} />` : null}
    ${kind === "range" ? html`<${Bound} label="From" open="the beginning" bound=${within.from} invalid=${invalid} change=${end("from")} /><span class="word">and</span><${Bound} label="To" open="now" bound=${within.to} invalid=${invalid} change=${end("to")} />` : null}
    ${kind ? html`<${ZonePick} zone=${node.zone} change=${(/** @type {any} */ zone) => { const { zone: _, ...rest } = node; change(zone ? { ...rest, zone } : rest); }} />` : null}</div>`;
}

/** @param {{node: Node, change: (node: Node) => void}} props */
function Source({ node, change }) {
  if (node.source === undefined) return null;
  return html`<div class="rule-more"><span class="lead">from</span><${Line} label="Source" value=${node.source} placeholder="a source, such as stripe" change=${(/** @type {string} */ source) => change({ ...node, source })} />
    <button type="button" class="button bare square small" aria-label="From any source" onClick=${() => { const { source: _, ...rest } = node; change(rest); }}><${Icon} name="cross" tiny=${true} /></button></div>`;
}

/** What an event's name reads on its button. @param {Node} node */
const eventName = (node) => node.event ? html`<${Icon} name="pulse" /><b class="cut" dir="auto">${node.event === "*" ? "Any event" : node.event}</b>` : null;

/** @param {{node: Node, change: (node: Node) => void, catalogue: Catalogue, subject: any, invalid?: boolean, end: any}} props */
export function EventCondition({ node, change, catalogue, subject, invalid, end }) {
  const properties = (catalogue.events.find((e) => e.name === node.event)?.properties ?? []).map((p) => p.name);
  return html`<div class="rule-top">${subject}<${Measure} node=${node} change=${change} properties=${["value", ...properties]} invalid=${invalid} />${end}</div>
    <${Wheres} node=${node} change=${change} catalogue=${catalogue} invalid=${invalid} />
    <${Within} node=${node} change=${change} invalid=${invalid} /><${Source} node=${node} change=${change} />
    <div class="rule-add"><button type="button" class="button bare small" onClick=${() => change({ ...node, where: [...(node.where ?? []), { property: "", op: "is" }] })}><${Icon} name="plus" tiny=${true} />where</button>
      ${node.source === undefined ? html`<button type="button" class="button bare small" onClick=${() => change({ ...node, source: "" })}><${Icon} name="plus" tiny=${true} />source</button>` : null}</div>`;
}

/** @param {{node: Node, change: (node: Node) => void, catalogue: Catalogue, subject: any, invalid?: boolean, end: any}} props */
export function SequenceCondition({ node, change, catalogue, subject, invalid, end }) {
  const steps = node.sequence;
  const set = (/** @type {Node[]} */ sequence) => change({ ...node, sequence });
  const replace = (/** @type {number} */ i, /** @type {Node} */ step) => set(steps.map((/** @type {Node} */ s, /** @type {number} */ n) => (n === i ? step : s)));
  const without = (/** @type {string} */ name) => { const { [name]: _, ...rest } = node; return rest; };
  return html`<div class="rule-top">${subject}${end}</div>
    <ol class="rule-steps">${steps.map((/** @type {Node} */ step, /** @type {number} */ i) => html`<li key=${i}><div class="rule-top">
        ${i === 0 ? html`<span class="lead">first</span>` : html`<${Pick} label="Then" value=${step.not ? "not" : ""} options=${[["", "then"], ["not", "then not"]]} change=${(/** @type {string} */ v) => { const { not: _, ...rest } = step; replace(i, v ? { ...rest, not: true } : rest); }} />`}
        <${Chooser} catalogue=${catalogue} self="" only="events" label=${`Event ${i + 1}: ${step.event || "choose"}`} shown=${eventName(step)} choose=${(/** @type {Node} */ n) => replace(i, { ...step, event: n.event })} />
        <button type="button" class="button bare small" onClick=${() => replace(i, { ...step, where: [...(step.where ?? []), { property: "", op: "is" }] })}><${Icon} name="plus" tiny=${true} />where</button>
        ${steps.length > 2 ? html`<button type="button" class="button bare square small" aria-label="Remove this step" onClick=${() => set(steps.filter((/** @type {Node} */ _, /** @type {number} */ n) => n !== i))}><${Icon} name="cross" tiny=${true} /></button>` : null}</div>
      <${Wheres} node=${step} change=${(/** @type {Node} */ s) => replace(i, s)} catalogue=${catalogue} invalid=${invalid} /></li>`)}</ol>
    ${node.within === undefined ? null : html`<div class="rule-more"><span class="lead">each within</span><${DurationField} label="Each within" value=${node.within} invalid=${invalid} change=${(/** @type {string} */ within) => change({ ...node, within })} /><span class="word">of the one before</span>
      <button type="button" class="button bare square small" aria-label="However long it takes" onClick=${() => change(without("within"))}><${Icon} name="cross" tiny=${true} /></button></div>`}
    ${node.by === undefined ? null : html`<div class="rule-more"><span class="lead">with the same</span><${Line} label="Property that is the same" value=${node.by} placeholder="a property, such as order_id" samples=${[...new Set(steps.flatMap((/** @type {Node} */ s) => catalogue.events.find((e) => e.name === s.event)?.properties.map((p) => p.name) ?? []))]} change=${(/** @type {string} */ by) => change({ ...node, by })} />
      <button type="button" class="button bare square small" aria-label="Whatever the property" onClick=${() => change(without("by"))}><${Icon} name="cross" tiny=${true} /></button></div>`}
    <div class="rule-add"><button type="button" class="button bare small" onClick=${() => set([...steps, { event: "" }])}><${Icon} name="plus" tiny=${true} />step</button>
      ${node.within === undefined ? html`<button type="button" class="button bare small" onClick=${() => change({ ...node, within: "2d" })}><${Icon} name="plus" tiny=${true} />time limit</button>` : null}
      ${node.by === undefined ? html`<button type="button" class="button bare small" onClick=${() => change({ ...node, by: "" })}><${Icon} name="plus" tiny=${true} />same property</button>` : null}</div>`;
}
