// @ts-check
import { html, useState } from "../preact.js";
import { useCatalogue } from "../catalogue.js";
import { prune } from "../rule.js";
import { Dialog } from "./dialog.js";
import { RuleBuilder } from "./rule-builder.js";
import { Trouble } from "./trouble.js";

/** @typedef {import("../rule.js").Node} Node */

/**
 * The conditions of a listing, made as a segment's rule is.
 * @param {{conditions: Node[], done: (conditions: Node[]) => void, close: () => void}} props
 */
export function FilterDialog({ conditions, done, close }) {
  const { catalogue, error, reload } = useCatalogue();
  const [rule, setRule] = useState(/** @type {Node} */ ({ all: [...conditions, { fresh: true }] }));
  const [tried, setTried] = useState(false);
  const pruned = prune(rule);
  const apply = (/** @type {Event} */ e) => {
    e.preventDefault();
    setTried(true);
    if (Object.keys(pruned.missing).length && pruned.rule.all?.length !== (rule.all ?? []).filter((/** @type {Node} */ n) => !n.fresh).length) return;
    done(pruned.rule.all ?? [pruned.rule]);
  };
  return html`<${Dialog} title="Filter" close=${close}><form class="filter" onSubmit=${apply}>
    ${error ? html`<${Trouble} error=${error} doing="read what one can filter by" retry=${reload} />` : null}
    ${catalogue ? html`<${RuleBuilder} rule=${rule} change=${(/** @type {Node} */ next) => setRule("all" in next ? next : { all: [next] })} catalogue=${catalogue} self="" reading=${{ counts: {}, faults: tried ? pruned.missing : {}, stale: false }} />` : error ? null : html`<div class="skeleton" aria-busy="true"></div>`}
    <div class="buttons"><button type="button" class="button" onClick=${close}>Cancel</button><button class="button main" disabled=${!catalogue}>Show who matches</button></div>
  </form></${Dialog}>`;
}
