// @ts-check
import { html } from "../preact.js";
import { nameOf, own, typeOf } from "../format.js";
import { Ago } from "./ago.js";
import { Avatar } from "./avatar.js";
import { Subscription } from "./status.js";
import { TypeMark } from "./type-mark.js";
import { Value } from "./value.js";

/** @typedef {import("../types.js").Customer} Customer */
/** @typedef {{name: string, type: string}} Column */

/** @param {{type: string, children?: any, look?: string}} props */
function Head({ type, children, look = "" }) {
  return html`<th scope="col" class=${look}><${TypeMark} type=${type} />${children}</th>`;
}

/** @param {{lists: import("../types.js").Membership[]}} props */
function Tags({ lists }) {
  const on = lists.filter((l) => l.status !== "unsubscribed");
  if (on.length === 0) return html`<span class="faint">–</span>`;
  return html`<span class="tags"><span class="tag" title=${`${on[0].title}, ${on[0].status}`}>${on[0].status === "pending" ? html`<${Subscription} status="pending" bare=${true} />` : null}<bdi class="cut">${on[0].title}</bdi></span>
    ${on.length > 1 ? html`<span class="tag" title=${on.slice(1).map((l) => l.title).join(", ")}>+${on.length - 1}</span>` : null}</span>`;
}

/** @param {{c: Customer, columns: Column[], fresh: boolean}} props */
function Row({ c, columns, fresh }) {
  const name = nameOf(c);
  const contact = c.email || c.number || c.uid;
  return html`<tr class=${fresh ? "fresh" : ""}>
    <td class="a"><span class="who"><${Avatar} name=${name} id=${c.id} account=${c.is_account} />
      <a data-row class="cut" dir="auto" href=${`/app/customers/${c.id}`} title=${name.length > 28 ? name : undefined}>${name}</a>
      ${c.archived ? html`<span class="tag">archived</span>` : null}</span></td>
    <td class="c indent narrow-only"><span class="cut">${contact === name ? c.uid : contact}</span></td>
    <td class="limit short more"><code class="cut quiet" title=${c.uid}>${c.uid}</code></td>
    <td class="limit quiet"><span class="cut" title=${c.email ?? undefined}><${Value} value=${c.email ?? undefined} column="text" /></span></td>
    <td class="roomy quiet">${c.number ?? html`<${Value} />`}</td>
    ${columns.map((col, i) => html`<td key=${col.name} class=${`limit short extra${i === 0 ? " d" : ""}${col.type === "number" ? " num" : ""}`}><span class="cut"><${Value} value=${own(c.meta, col.name)} column=${col.type} /></span></td>`)}
    <td class="quiet more"><${Tags} lists=${c.lists ?? []} /></td>
    <td class="b quiet"><${Ago} at=${c.last_interaction} never="not yet" /></td>
    <td class="quiet roomy"><${Ago} at=${c.created_at} plainly=${true} /></td>
  </tr>`;
}

/**
 * The ledger of customers; `columns` are the custom attributes shown.
 * @param {{rows: Customer[], columns: Column[], fresh: Set<string>, account?: boolean}} props
 */
export function CustomerTable({ rows, columns, fresh, account }) {
  return html`<div class="scroll"><table><thead><tr>
      <th scope="col">${account ? "Account" : "Customer"}</th><th class="narrow-only"></th>
      <${Head} type="text" look="more">Id<//><${Head} type="text">E-mail<//><${Head} type="text" look="roomy">Number<//>
      ${columns.map((col) => html`<${Head} key=${col.name} type=${col.type} look=${`extra${col.type === "number" ? " num" : ""}`}>${col.name}<//>`)}
      <th scope="col" class="more">Lists</th><${Head} type="date">Last seen<//><${Head} type="date" look="roomy">Since<//>
    </tr></thead>
    <tbody>${rows.map((c) => html`<${Row} key=${c.id} c=${c} columns=${columns} fresh=${fresh.has(c.id)} />`)}</tbody></table></div>`;
}

/** How many custom attributes have a column. */
const COLUMNS = 3;

/**
 * The custom attributes to show: those that most customers have, with the type
 * most of their values have.
 * @param {import("../types.js").AttributeName[]} attributes
 * @param {Customer[]} rows what is on the page, to leave out columns that would be empty
 * @returns {Column[]}
 */
export function chooseColumns(attributes, rows) {
  return attributes
    .filter((a) => !a.standard && rows.some((c) => typeOf(own(c.meta, a.name)) !== "missing"))
    .map((a) => ({ name: a.name, customers: a.customers, type: Object.entries(a.types).sort((x, y) => y[1] - x[1])[0]?.[0] ?? "text" }))
    .filter((a) => a.type !== "object")
    .sort((a, b) => b.customers - a.customers) // of equals those that arrived first
    .slice(0, COLUMNS)
    .map(({ name, type }) => ({ name, type }));
}
