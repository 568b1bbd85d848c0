// @ts-check
import { html } from "../preact.js";
import { BY_NAME, nextSort, sorted } from "../columns.js";
import { count, nameOf, own, plural } from "../format.js";
import { here } from "../router.js";
import { Ago } from "./ago.js";
import { Avatar } from "./avatar.js";
import { Marked } from "./marked.js";
import { Subscription } from "./status.js";
import { TypeMark } from "./type-mark.js";
import { Value } from "./value.js";

/** @typedef {import("../types.js").Customer} Customer */
/** @typedef {import("../columns.js").Column} Column */
/** @typedef {{has: (id: string) => boolean, toggle: (id: string, range: boolean) => void, page: (on: boolean) => void, all: boolean, some: boolean}} Selection */

/** @param {{column: {name: string, type?: string, sort?: string, look?: string}, sort?: string}} props */
function Head({ column, sort }) {
  const way = sorted(sort, column.sort);
  const text = html`${column.type ? html`<${TypeMark} type=${column.type} />` : null}<bdi>${column.name}</bdi>`;
  const next = column.sort ? nextSort(sort ?? "", /** @type {any} */ ({ type: "text", ...column })) : undefined;
  return html`<th scope="col" aria-sort=${way} class=${`${column.look ?? ""}${column.type === "number" ? " num" : ""}`}>${column.sort
    ? html`<a class="sort" data-keep href=${here({ sort: next, next_cursor: undefined, previous_cursor: undefined })} title=${next ? `Sort by ${column.name}` : "Newest first again"}>${text}</a>` : text}</th>`;
}

/** @param {{lists: import("../types.js").Membership[]}} props */
function Tags({ lists }) {
  const on = lists.filter((l) => l.status !== "unsubscribed");
  if (on.length === 0) return html`<span class="faint">–</span>`;
  return html`<span class="tags"><span class="tag" title=${`${on[0].title}, ${on[0].status}`}>${on[0].status === "pending" ? html`<${Subscription} status="pending" bare=${true} />` : null}<bdi class="cut">${on[0].title}</bdi></span>
    ${on.length > 1 ? html`<span class="tag" title=${on.slice(1).map((l) => l.title).join(", ")}>+${on.length - 1}</span>` : null}</span>`;
}

/** The cell of a column. @param {{c: Customer, column: Column}} props */
function Cell({ c, column }) {
  const mark = (/** @type {string} */ field, /** @type {string|null} */ text) => {
    const found = c.marks?.find((m) => m.field === field && m.text === text);
    return text === null ? html`<${Value} />` : found ? html`<${Marked} text=${text} at=${found.at} />` : html`<${Value} value=${text} column="text" />`;
  };
  switch (column.key) {
    case "@uid": return html`<code class="cut quiet" title=${c.uid}>${c.marks?.some((m) => m.field === "uid") ? mark("uid", c.uid) : c.uid}</code>`;
    case "@email": return html`<span class="cut" title=${c.email ?? undefined}>${mark("email", c.email)}</span>`;
    case "@number": return mark("number", c.number);
    case "@members": return html`<b>${count(c.member_count)}</b>`;
    case "@lists": return html`<${Tags} lists=${c.lists ?? []} />`;
    case "@last": return html`<${Ago} at=${c.last_interaction} never="not yet" />`;
    case "@since": return html`<${Ago} at=${c.created_at} plainly=${true} />`;
    default: {
      const value = own(c.meta, column.name);
      const found = typeof value === "string" ? c.marks?.find((m) => m.field === "attribute" && m.name === column.name && m.text === value) : undefined;
      return html`<span class="cut" title=${typeof value === "string" && value.length > 14 ? value : undefined}>${found ? html`<${Marked} text=${found.text} at=${found.at} />` : html`<${Value} value=${value} column=${column.type} />`}</span>`;
    }
  }
}

/** How a cell looks, by its column. @param {Column} column @param {boolean} first of the custom ones */
function lookOf(column, first) {
  switch (column.key) {
    case "@uid": return "limit short";
    case "@email": return "limit quiet";
    case "@last": return "b quiet";
    case "@members": return "num";
    case "@number": case "@since": case "@lists": return "quiet";
    default: return `limit short${first ? " d" : ""}${column.type === "number" ? " num" : ""}`;
  }
}

/** What was found that no column shows. @param {{c: Customer, shown: Column[]}} props */
function Found({ c, shown }) {
  const keys = new Set(shown.map((col) => col.key));
  const hidden = (/** @type {{field: string, name?: string}} */ m) => !["first_name", "last_name", "id"].includes(m.field) && !(m.field === "attribute" ? keys.has(m.name ?? "") : keys.has(`@${m.field}`));
  const mark = c.marks?.find(hidden);
  if (!mark) return null;
  return html`<span class="found small quiet"><span class="faint">${mark.field === "attribute" ? mark.name : mark.field === "uid" ? "id" : mark.field}</span> <${Marked} text=${mark.text} at=${mark.at} /></span>`;
}

/** The name, with what matches marked. @param {{c: Customer, name: string}} props */
function Name({ c, name }) {
  const parts = ["first_name", "last_name"].map((field) => ({ text: /** @type {string} */ ((/** @type {any} */ (c))[field] ?? "").trim(), mark: c.marks?.find((m) => m.field === field) }));
  if (!parts.some((p) => p.mark) || parts.every((p) => !p.text)) {
    const mark = c.marks?.find((m) => m.text === name);
    return html`<${Marked} text=${name} at=${mark?.at} />`;
  }
  return html`${parts.filter((p) => p.text).map((p, i) => html`${i > 0 ? " " : ""}<${Marked} text=${p.text} at=${p.mark?.text === p.text ? p.mark.at : undefined} />`)}`;
}

/** @param {{c: Customer, columns: Column[], fresh: boolean, selection?: Selection}} props */
function Row({ c, columns, fresh, selection }) {
  const name = nameOf(c);
  const contact = c.email || c.number || c.uid;
  const on = selection?.has(c.id) ?? false;
  const custom = columns.find((col) => !col.key.startsWith("@"));
  return html`<tr class=${`${fresh ? "fresh" : ""}${on ? " picked" : ""}`}>
    ${selection ? html`<td class="pick"><label><input type="checkbox" data-select aria-label=${`Select ${name}`} checked=${on} onClick=${(/** @type {MouseEvent} */ e) => selection.toggle(c.id, e.shiftKey)} /></label></td>` : null}
    <td class="a"><span class="who"><${Avatar} name=${name} id=${c.id} account=${c.is_account} />
      <a data-row class="cut" dir="auto" href=${`/app/customers/${c.id}`} title=${name.length > 28 ? name : undefined}><${Name} c=${c} name=${name} /></a>
      ${c.archived ? html`<span class="tag">archived</span>` : null}<${Found} c=${c} shown=${columns} /></span></td>
    <td class="c indent narrow-only"><span class="cut">${contact === name ? c.uid : contact}${c.is_account && c.member_count ? html`<span class="sep"></span>${plural(c.member_count, "member")}` : null}</span></td>
    ${columns.map((col) => html`<td key=${col.key} class=${`${lookOf(col, col === custom)} ${col.look ?? ""}`}><${Cell} c=${c} column=${col} /></td>`)}
  </tr>`;
}

/**
 * The ledger of customers.
 * @param {{rows: Customer[], columns: Column[], fresh: Set<string>, account?: boolean, sort?: string, selection?: Selection}} props
 */
export function CustomerTable({ rows, columns, fresh, account, sort, selection }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${account ? "Accounts" : "Customers"}><table class=${selection ? "picks" : ""}><thead><tr>
      ${selection ? html`<th class="pick"><label><input type="checkbox" aria-label="Select all on this page" checked=${selection.all} ref=${(/** @type {HTMLInputElement|null} */ el) => { if (el) el.indeterminate = selection.some && !selection.all; }} onClick=${() => selection.page(!selection.all)} /></label></th>` : null}
      <${Head} column=${{ name: account ? "Account" : "Customer", sort: BY_NAME }} sort=${sort} /><th class="narrow-only"><span class="hidden">Contact</span></th>
      ${columns.map((col) => html`<${Head} key=${col.key} column=${col} sort=${sort} />`)}
    </tr></thead>
    <tbody>${rows.map((c) => html`<${Row} key=${c.id} c=${c} columns=${columns} fresh=${fresh.has(c.id)} selection=${selection} />`)}</tbody></table></div>`;
}
