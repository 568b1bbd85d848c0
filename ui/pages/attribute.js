// @ts-check
import { html, useEffect } from "../preact.js";
import { api } from "../api.js";
import { can } from "../can.js";
import { count, percent, plural } from "../format.js";
import { parse } from "../json.js";
import { useResource } from "../resource.js";
import { zone } from "../time.js";
import { Ago } from "../components/ago.js";
import { Icon } from "../components/icon.js";
import { PageHead } from "../components/page-head.js";
import { Trouble } from "../components/trouble.js";
import { TypeMark, typeWord } from "../components/type-mark.js";
import { Value } from "../components/value.js";

/** @typedef {import("../types.js").AttributeDetail} Detail */

/** How often a page whose values are still being read asks again. */
const AGAIN = 1000;

/** @param {{part: number}} props */
function Share({ part }) {
  return html`<div class="share" aria-hidden="true"><i style=${{ width: `${(part * 100).toFixed(1)}%` }}></i></div>`;
}

/** The search for who has a value. @param {string} name @param {string} text */
function whoHas(name, text) {
  const value = parse(text);
  if (typeof value === "object" && value !== null && !("text" in value)) return undefined;
  const said = typeof value === "string" ? value : text;
  return `/app/customers?query=${encodeURIComponent(`${name}:${/\s/.test(said) ? JSON.stringify(said) : said}`)}`;
}

/** @param {{a: Detail}} props */
function Values({ a }) {
  const main = Object.entries(a.types).sort((x, y) => y[1] - x[1])[0]?.[0];
  const top = Math.max(1, ...a.values.map((v) => v.count));
  return html`<section class="panel ledger two bleed" aria-label="Common values"><div class="panel-head"><h2>Common values</h2><span class="quiet">${!a.ready ? "" : a.distinct ? plural(a.distinct, "different value") : "too many different ones to count each"}</span></div>
    ${!a.ready ? html`<p class="note" role="status">The values are being read; they appear here in a moment.</p>` : null}
    ${a.ready && a.distinct === 0 ? html`<p class="note">${a.min !== undefined && a.max !== undefined ? html`The numbers go from <b class="num">${count(a.min)}</b> to <b class="num">${count(a.max)}</b>. ` : null}Some of them: ${a.samples.map((text, i) => html`<span key=${i}>${i > 0 ? html`<span class="sep"></span>` : null}<${Value} text=${text} column=${main} /></span>`)}</p>` : null}
    ${a.values.length ? html`<div class="scroll"><table><thead><tr><th scope="col">Value</th><th scope="col" class="more"><span class="hidden">Share</span></th><th scope="col" class="num" aria-sort="descending">Customers</th><th scope="col" class="num">Share</th></tr></thead>
      <tbody>${a.values.map((v) => {
        const href = whoHas(a.name, v.value);
        const value = html`<${Value} text=${v.value} column=${main} />`;
        return html`<tr key=${v.value}><td class="a limit">${href ? html`<a data-row class="cut" href=${href}>${value}</a>` : html`<span class="cut">${value}</span>`}</td><td class="more share-cell"><${Share} part=${v.count / top} /></td><td class="b num"><b>${count(v.count)}</b></td><td class="d num quiet">${percent(v.count / a.customers)}</td></tr>`;
      })}</tbody></table></div>${a.distinct > a.values.length ? html`<p class="note small">${plural(a.distinct - a.values.length, "other value")}${a.min !== undefined && a.max !== undefined && a.min !== a.max ? html`; the numbers go from ${count(a.min)} to ${count(a.max)}` : null}.</p>` : null}` : null}
  </section>`;
}

/** @param {{a: Detail}} props */
function Types({ a }) {
  const types = Object.entries(a.types).sort((x, y) => y[1] - x[1]);
  return html`<section class="panel" aria-label="Types"><div class="panel-head"><h2>Types</h2></div><ul class="rows">${types.map(([type, n], i) => html`<li key=${type}><div class="row"><${TypeMark} type=${type} odd=${i > 0} /><span class=${i > 0 ? "warn" : ""}>${typeWord(type)}</span><span class="right num">${count(n)} · ${percent(n / a.customers)}</span></div></li>`)}
    <li><div class="row"><span class="faint">Missing</span><span class="right num">${count(a.people - a.customers)}</span></div></li></ul></section>`;
}

/** @param {{name: string, session: import("../types.js").Session}} props */
export function Attribute({ name, session }) {
  const attribute = useResource(`attribute ${name}`, (signal) => api.attribute(name, signal));
  const a = attribute.data;
  useEffect(() => {
    if (!a || a.ready) return;
    const timer = setTimeout(attribute.reload, AGAIN);
    return () => clearTimeout(timer);
  }, [a]);
  const crumb = { href: "/app/attributes", text: "Attributes" };
  if (!a) {
    return html`<main id="content" class="page" tabindex="-1"><${PageHead} title=${attribute.error?.code === "not_found" ? "No such attribute" : name} crumb=${crumb} />
      ${attribute.error ? html`<${Trouble} error=${attribute.error} doing="read this attribute" retry=${attribute.reload} />` : html`<div class="panel skeleton" aria-busy="true"></div>`}</main>`;
  }
  const line = [html`<b>${count(a.customers)}</b> of ${plural(a.people, "customer")} have it`, a.people ? percent(a.customers / a.people) : null, a.standard ? "standard" : "custom", html`changed <${Ago} at=${a.changed_at} />`, `times in ${zone()}`];
  const odd = Object.keys(a.types).length > 1;
  return html`<main id="content" class="page" tabindex="-1">
    <${PageHead} title=${a.name} crumb=${crumb} line=${line}>${can(session, "plan") ? html`<a class="button" href=${`/app/segments/new?attribute=${encodeURIComponent(a.name)}`}>New segment</a>` : null}</${PageHead}>
    ${attribute.error ? html`<${Trouble} error=${attribute.error} doing="read this attribute" retry=${attribute.reload} />` : null}
    ${a.numeric_texts > 0 && !["number", "email", "uid"].includes(a.name) ? html`<div class="warning attribute-warning"><${Icon} name="alert" /><div><b>${plural(a.numeric_texts, "customer")} have a number that came as text.</b> <span class="quiet">Rules compare texts letter by letter, so “9” comes after “10”. Send it without quotation marks; a rule can also read it as a number.</span></div></div>`
      : odd ? html`<div class="warning attribute-warning"><${Icon} name="alert" /><div><b>It came with more than one type.</b> <span class="quiet">A rule looks at one type at a time.</span></div></div>` : null}
    <div class="attribute-two"><${Values} a=${a} /><div><${Types} a=${a} />
      <section class="panel" aria-label="Used by"><div class="panel-head"><h2>Segments that look at it</h2><span class="n">${count(a.segments.length)}</span></div>${a.segments.length ? html`<ul class="rows">${a.segments.map((s) => html`<li key=${s.id}><a class="row" href=${`/app/segments/${s.id}`}><bdi class="cut">${s.title}</bdi></a></li>`)}</ul>` : html`<p class="note">None.</p>`}</section></div></div>
  </main>`;
}
