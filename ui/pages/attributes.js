// @ts-check
import { html } from "../preact.js";
import { api } from "../api.js";
import { count, percent, plural } from "../format.js";
import { useResource } from "../resource.js";
import { here, navigate, part, usePlace } from "../router.js";
import { zone } from "../time.js";
import { Ago } from "../components/ago.js";
import { FirstEvent } from "../components/first-event.js";
import { Icon } from "../components/icon.js";
import { Name } from "../components/attribute-panel.js";
import { PageHead } from "../components/page-head.js";
import { SearchField } from "../components/search-field.js";
import { Trouble } from "../components/trouble.js";
import { TypeMark, typeWord } from "../components/type-mark.js";
import { Value } from "../components/value.js";

/** @param {{types: Record<string, number>, children?: any}} props */
function Types({ types, children }) {
  const sorted = Object.entries(types).sort((a, b) => b[1] - a[1]);
  return html`<span class="type-list">${sorted.map(([type, n], i) => html`<span key=${type} class=${i > 0 ? "warn nowrap" : "nowrap"} title=${`${typeWord(type)} in ${plural(n, "customer")}`}><${TypeMark} type=${type} odd=${i > 0} /> ${typeWord(type).toLowerCase()}${sorted.length > 1 ? ` ${count(n)}` : ""}</span>`)}${children}</span>`;
}

/** Whether the label says more than the name does. @param {import("../types.js").AttributeName} a */
function tells(a) {
  return Boolean(a.label) && a.label.toLocaleLowerCase().replace(/[\s_-]/g, "") !== a.name.toLocaleLowerCase().replace(/[\s_-]/g, "");
}

/** Whether numbers came as text; those that are texts by their nature are let be. @param {import("../types.js").AttributeName} a */
function quoted(a) {
  return !["number", "email", "uid"].includes(a.name) && Boolean(a.numeric_texts || a.looks_numeric);
}

/** @param {{a: import("../types.js").AttributeName}} props */
function Quoted({ a }) {
  if (!quoted(a)) return null;
  const say = a.numeric_texts ? `${plural(a.numeric_texts, "customer")} have a number that came as text` : "Some numbers came as text";
  return html`<span class="warn nowrap quoted-note" title=${`${say}. Rules compare texts letter by letter, so “9” comes after “10”.`}><${Icon} name="alert" tiny=${true} /> ${a.numeric_texts ? plural(a.numeric_texts, "number") : "numbers"} as text</span>`;
}

/** The most common values with how common they are, else some. @param {{a: import("../types.js").AttributeName, main: string|undefined}} props */
function Values({ a, main }) {
  const common = a.common ?? [];
  if (!common.length) return html`${a.samples.slice(0, 4).map((text, i) => html`<span key=${i}>${i > 0 ? html`<span class="sep"></span>` : null}<${Value} text=${text} column=${main} /></span>`)}`;
  return html`${common.map((v, i) => html`<span key=${v.value} title=${plural(v.count, "customer")}>${i > 0 ? html`<span class="sep"></span>` : null}<${Value} text=${v.value} column=${main} /> <span class="small faint">${percent(v.count / a.customers)}</span></span>`)}`;
}

/** @param {{a: import("../types.js").AttributeName, people: number|undefined}} props */
function Row({ a, people }) {
  const main = Object.entries(a.types).sort((x, y) => y[1] - x[1])[0]?.[0];
  return html`<tr>
    <td class="a"><a data-row href=${`/app/attributes/${part(a.name)}`}><b><${Name} name=${a.name} /></b></a>${tells(a) ? html` <span class="faint more">${a.label}</span>` : null}</td>
    <td class="c"><${Types} types=${a.types}><${Quoted} a=${a} /><//></td>
    <td class="b num">${count(a.customers)}</td>
    <td class="num quiet" title=${people === undefined ? undefined : `${count(Math.max(0, people - a.customers))} have none`}>${people ? percent(a.customers / people) : ""}</td>
    <td class="wide samples quiet"><span class="cut"><${Values} a=${a} main=${main} /></span></td>
    <td class="d quiet"><${Ago} at=${a.changed_at} /></td></tr>`;
}

/** @param {{title: string, rows: import("../types.js").AttributeName[], people: number|undefined}} props */
function Table({ title, rows, people }) {
  if (rows.length === 0) return null;
  return html`<section class="panel ledger two bleed catalogue" aria-label=${title}><div class="panel-head"><h2>${title}</h2><span class="n">${count(rows.length)}</span></div><div class="scroll"><table>
    <thead><tr><th scope="col">Name</th><th scope="col">Type</th><th scope="col" class="num">Customers</th><th scope="col" class="num">Filled</th><th scope="col">Common values</th><th scope="col">Changed</th></tr></thead>
    <tbody>${rows.map((a) => html`<${Row} key=${a.name} a=${a} people=${people} />`)}</tbody></table></div></section>`;
}

/** @param {{session: import("../types.js").Session}} props */
export function Attributes({ session }) {
  const { query } = usePlace();
  const attributes = useResource("attributes", api.attributes);
  const overview = useResource("overview", api.overview);
  const all = attributes.data?.data;
  const typed = (query.query ?? "").toLocaleLowerCase();
  const shown = all?.filter((a) => !typed || a.name.toLocaleLowerCase().includes(typed) || a.label?.toLocaleLowerCase().includes(typed));
  const mixed = all?.filter((a) => Object.keys(a.types).length > 1).length ?? 0;
  const texts = all?.filter(quoted).length ?? 0;
  const people = overview.data?.customers;
  return html`<main id="content" class="page wide" tabindex="-1">
    <${PageHead} title="Attributes" line=${all ? [html`<b>${count(all.length)}</b> ${all.length === 1 ? "attribute" : "attributes"}, ${count(all.filter((a) => !a.standard).length)} of them custom`, mixed ? html`<span class="warn">${count(mixed)} with more than one type</span>` : null, texts ? html`<span class="warn">${count(texts)} with numbers as text</span>` : null, `times in ${zone()}`] : [attributes.error ? null : html`<span class="faint">Reading…</span>`]} />
    ${attributes.error ? html`<${Trouble} error=${attributes.error} doing="read the attributes" retry=${attributes.reload} />` : null}
    ${all?.length ? html`<div class="tools" role="search"><${SearchField} value=${query.query ?? ""} label="Search attributes" change=${(/** @type {string} */ text) => navigate(here({ query: text }), { replace: true })} /></div>` : null}
    ${shown ? html`<${Table} title="Custom" rows=${shown.filter((a) => !a.standard)} people=${people} /><${Table} title="Standard" rows=${shown.filter((a) => a.standard)} people=${people} />` : null}
    ${all && all.length > 0 && shown?.length === 0 ? html`<section class="panel empty"><h2>No attribute matches.</h2><p><a class="button" href="/app/attributes">Show every attribute</a></p></section>` : null}
    ${all?.length === 0 ? html`<${FirstEvent} session=${session} />` : null}
    ${!all && !attributes.error ? html`<div class="panel skeleton" aria-busy="true"></div>` : null}
  </main>`;
}
