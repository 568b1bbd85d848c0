// @ts-check
// The rule as nested groups of conditions, each with how many customers meet it alone.
import { html, useId } from "../preact.js";
import { count } from "../format.js";
import { asGroup, DEPTH, groupOf, GROUPS, inPlaceOf, keyOf, kindFor, kindOf, pathOf } from "../rule.js";
import { Chooser, mainType, samplesOf } from "./chooser.js";
import { Icon } from "./icon.js";
import { EventCondition, SequenceCondition } from "./rule-event.js";
import { RuleTest } from "./rule-ask.js";
import { Line, NumberField, Pick } from "./rule-value.js";
import { TypeMark } from "./type-mark.js";

/** @typedef {import("../rule.js").Node} Node */
/** @typedef {import("./chooser.js").Catalogue} Catalogue */
/**
 * @typedef {object} Reading what is known of the rule beside itself
 * @property {Record<string, number>} counts by path
 * @property {Record<string, string>} faults by path: what is wrong, or lacking where it matters
 * @property {boolean} stale the counts are of the rule as it was a moment ago
 */

/** How many customers meet this alone. @param {{reading: Reading, path: string}} props */
function Alone({ reading, path }) {
  const n = reading.counts[path];
  return html`<span class=${reading.stale ? "alone dim-text" : "alone"} title=${n === undefined ? "Not counted" : "Customers that meet this alone"}>${n === undefined ? "–" : count(n)}</span>`;
}

/** @param {{id: string, text: string|undefined}} props */
function Fault({ id, text }) {
  return text ? html`<p class="rule-fault" id=${id}><${Icon} name="alert" tiny=${true} />${text}</p>` : null;
}

/** @type {[string, string][]} */
const STATUSES = [["subscribed", "is subscribed to it"], ["unsubscribed", "has unsubscribed from it"], ["pending", "is asked to confirm"], ["any", "is on it, whatever the status"], ["no", "is not on it"], ["no subscribed", "is not subscribed to it"]];

/** @param {{node: Node, change: (node: Node) => void}} props */
function ListTest({ node, change }) {
  const not = node.member === false;
  const value = not ? (node.status === "any" ? "no" : "no subscribed") : (node.status ?? "subscribed");
  const pick = (/** @type {string} */ v) => change(inPlaceOf(v === "no" ? { list: node.list, status: "any", member: false } : v === "no subscribed" ? { list: node.list, member: false } : { list: node.list, status: v }, node));
  const options = STATUSES.some(([v]) => v === value) ? STATUSES : [...STATUSES, /** @type {[string, string]} */ ([value, value])];
  return html`<${Pick} label="Standing on the list" value=${value} options=${options} change=${pick} />`;
}

/** @param {{node: Node, change: (node: Node) => void, yes: string, no: string, label: string}} props */
function MemberTest({ node, change, yes, no, label }) {
  const pick = (/** @type {string} */ v) => {
    const { member: _, ...rest } = node;
    change(v === "no" ? { ...rest, member: false } : rest);
  };
  return html`<${Pick} label=${label} value=${node.member === false ? "no" : "yes"} options=${[["yes", yes], ["no", no]]} change=${pick} />`;
}

/** @param {{node: Node, change: (node: Node) => void}} props */
function BucketTest({ node, change }) {
  const { seed = "", from = 0, to = 100 } = node.bucket;
  const set = (/** @type {object} */ part) => change({ ...node, bucket: { ...node.bucket, ...part } });
  return html`<span class="word">from</span><${NumberField} label="From, in percent" value=${from} change=${(/** @type {any} */ v) => set({ from: v ?? 0 })} /><span class="word">to</span><${NumberField} label="To, in percent" value=${to} change=${(/** @type {any} */ v) => set({ to: v ?? 0 })} /><span class="word">% of them, by the seed</span><${Line} label="Seed" value=${seed} least=${4} change=${(/** @type {string} */ s) => set({ seed: s })} />`;
}

/** What a condition's button says: its icon or type, and its name. @param {Node} node @param {Catalogue} all */
function subjectOf(node, all) {
  const name = (/** @type {string} */ text) => html`<b class="cut" dir="auto">${text}</b>`;
  switch (kindOf(node)) {
    case "attribute": {
      const a = all.attributes.find((x) => x.name === node.attribute);
      return html`<${TypeMark} type=${a ? mainType(a) : "text"} />${name(node.attribute)}`;
    }
    case "event": return html`<${Icon} name="pulse" />${name(node.event === "*" ? "Any event" : node.event)}`;
    case "sequence": return html`<${Icon} name="swap" />${name("Events one after another")}`;
    case "list": return html`<${Icon} name="list" />${name(all.lists.find((l) => l.id === node.list)?.title ?? node.list)}`;
    case "segment": return html`<${Icon} name="rings" />${name(all.segments.find((s) => s.id === node.segment)?.title ?? node.segment)}`;
    case "account": return html`<${Icon} name="building" />${name("Account")}`;
    case "bucket": return html`<${Icon} name="percent" />${name("A share of the customers")}`;
    default: return null;
  }
}

/**
 * @param {{node: Node, path: string, change: (node: Node) => void, remove: () => void, catalogue: Catalogue, self: string, reading: Reading}} props
 */
function Condition({ node, path, change, remove, catalogue, self, reading }) {
  const id = useId();
  const kind = kindOf(node);
  const fault = reading.faults[path];
  const invalid = fault !== undefined;
  const shown = subjectOf(node, catalogue);
  const subject = html`<${Chooser} catalogue=${catalogue} self=${self} shown=${shown} open=${kind === "empty" && node.fresh} label=${shown ? `About: ${node.attribute ?? node.event ?? kind}. Change` : "Choose what the condition is about"} choose=${(/** @type {Node} */ n) => change(inPlaceOf(n, node))} />`;
  const end = html`<span class="rule-end"><${Alone} reading=${reading} path=${path} /><button type="button" class="button bare square" aria-label="Remove this condition" onClick=${remove}><${Icon} name="cross" tiny=${true} /></button></span>`;
  const attribute = catalogue.attributes.find((a) => a.name === node.attribute);
  const body = () => {
    switch (kind) {
      case "event": return html`<${EventCondition} node=${node} change=${change} catalogue=${catalogue} subject=${subject} invalid=${invalid} end=${end} />`;
      case "sequence": return html`<${SequenceCondition} node=${node} change=${change} catalogue=${catalogue} subject=${subject} invalid=${invalid} end=${end} />`;
      default:
    }
    const test = () => {
      switch (kind) {
        case "attribute": return html`<${RuleTest} test=${node} own=${kindFor(attribute ? mainType(attribute) : "text")} name=${node.attribute} samples=${samplesOf(attribute)} invalid=${invalid} change=${change} />`;
        case "list": return html`<${ListTest} node=${node} change=${change} />`;
        case "segment": return html`<${MemberTest} node=${node} change=${change} label="Membership" yes="is in it" no="is not in it" />`;
        case "account": return html`<${MemberTest} node=${node} change=${change} label="Membership" yes="belongs to" no="does not belong to" /><${Line} label="Id of the account" value=${node.account} invalid=${invalid} placeholder="the account's id" change=${(/** @type {string} */ account) => change({ ...node, account })} />`;
        case "bucket": return html`<${BucketTest} node=${node} change=${change} />`;
        default: return null;
      }
    };
    return html`<div class="rule-top">${subject}${test()}${end}</div>`;
  };
  return html`<div class=${invalid ? "rule-condition invalid" : "rule-condition"} role="group" aria-label=${`Condition ${node.attribute ?? node.event ?? kind}`} aria-describedby=${invalid ? id : undefined}>${body()}<${Fault} id=${id} text=${fault} /></div>`;
}

/**
 * @param {{node: Node, path: string, depth: number, change: (node: Node) => void, remove?: () => void, catalogue: Catalogue, self: string, reading: Reading}} props remove: not of the outermost
 */
function Group({ node, path, depth, change, remove, catalogue, self, reading }) {
  const id = useId();
  const kind = groupOf(node) ?? "all";
  /** @type {Node[]} */
  const parts = node[kind];
  const fault = reading.faults[path];
  const set = (/** @type {Node[]} */ next) => change(inPlaceOf({ [kind]: next }, node));
  const words = GROUPS.find(([k]) => k === kind)?.[2];
  return html`<div class=${`rule-group ${kind}`} role="group" aria-label=${`${kind} ${words}`} aria-describedby=${fault ? id : undefined}>
    <div class="rule-head"><${Pick} label="How many of these must hold" value=${kind} strong=${true} options=${GROUPS.map(([k, say]) => [k, say])} change=${(/** @type {string} */ k) => change(inPlaceOf({ [k]: parts }, node))} /><span class="word">${words}</span>
      <span class="rule-end"><${Alone} reading=${reading} path=${path} />${remove ? html`<button type="button" class="button bare square" aria-label="Remove this group" onClick=${remove}><${Icon} name="cross" tiny=${true} /></button>` : null}</span></div>
    <${Fault} id=${id} text=${fault} />
    ${parts.length ? html`<div class="rule-parts">${parts.map((part, i) => {
      const props = { key: keyOf(part), node: part, path: pathOf(path, kind, i), catalogue, self, reading,
        change: (/** @type {Node} */ next) => set(parts.map((p, n) => (n === i ? next : p))), remove: () => set(parts.filter((_, n) => n !== i)) };
      return groupOf(part) ? html`<div key=${props.key}><${Group} ...${props} depth=${depth + 1} /></div>` : html`<${Condition} ...${props} />`;
    })}</div>` : null}
    <div class="rule-add"><button type="button" class="button bare" onClick=${() => set([...parts, { fresh: true }])}><${Icon} name="plus" />Condition</button>
      ${depth < DEPTH ? html`<button type="button" class="button bare" onClick=${() => set([...parts, { [kind === "all" ? "any" : "all"]: [{ fresh: true }] }])}><${Icon} name="plus" />Group</button>` : null}</div></div>`;
}

/**
 * @param {{rule: Node, change: (rule: Node) => void, catalogue: Catalogue, self: string, reading: Reading}} props self: the id of the segment that is edited, which a rule cannot name
 */
export function RuleBuilder({ rule, change, catalogue, self, reading }) {
  // Enter ends a value; it does not save the segment.
  const keys = (/** @type {KeyboardEvent} */ e) => e.key === "Enter" && e.target instanceof HTMLInputElement && e.preventDefault();
  return html`<div class="rule" onKeyDown=${keys}><${Group} node=${asGroup(rule)} path="" depth=${1} change=${change} catalogue=${catalogue} self=${self} reading=${reading} /></div>`;
}
