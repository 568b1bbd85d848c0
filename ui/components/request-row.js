// @ts-check
import { html } from "../preact.js";
import { api } from "../api.js";
import { bytes, took } from "../format.js";
import { useResource } from "../resource.js";
import { asCurl, explain, named } from "../requests.js";
import { clockExact, instant } from "../time.js";
import { Copy } from "./copy.js";
import { Icon } from "./icon.js";
import { Listing } from "./listing.js";
import { Answer } from "./status.js";
import { Trouble } from "./trouble.js";

/** @typedef {import("../types.js").LoggedRequest} LoggedRequest */

const CUT = "Only the beginning is kept.";

/** @param {{r: LoggedRequest}} props */
function Reason({ r }) {
  if (r.status < 400) return null;
  const { title, next } = explain(r);
  return html`<div class="trouble"><${Icon} name="alert" /><div><b>${title}</b>${r.error ? html`<span class="said">${r.error}</span> ` : null}<span class="next">${next}</span></div></div>`;
}

/** @param {{r: LoggedRequest, base: string}} props */
function Detail({ r, base }) {
  const read = useResource(`request ${r.seq}`, (signal) => api.request(r.seq, signal));
  const d = read.data;
  const hit = r.status >= 400 ? named(r.error) : undefined;
  return html`<div class="detail">
    <${Reason} r=${r} />
    ${read.error ? html`<${Trouble} error=${read.error.code === "not_found" ? { ...read.error, message: "Only the newest requests are kept, and this one has gone since.", code: "" } : read.error} doing="read this request" retry=${read.reload} />` : null}
    ${d ? html`<div class="detail-two">
      <${Listing} title="Body" note=${`${bytes(d.bytes)}${d.content_type ? `, ${d.content_type}` : ""}`} text=${d.body} what="the body" hit=${hit} cut=${d.body_truncated ? CUT : undefined} />
      <${Listing} title="Answer" note=${String(d.status)} text=${d.answer} what="the answer" hit=${r.status >= 400 ? "error" : undefined} cut=${d.answer_truncated ? CUT : undefined} /></div>` : html`<div class="detail-two waiting"></div>`}
    <div class="detail-foot"><div class="facts"><span class="copied">Request id <code>${r.id}</code><${Copy} text=${r.id} what="the request id" /></span>
        <span>Key ${r.key ? html`<b>${r.key.name}</b>` : "none or unknown"}</span><span>From ${r.ip}</span><bdi>${r.user_agent || "no user agent"}</bdi></div>
      ${d ? html`<${Copy} text=${() => asCurl(d, base, d.public)} what="the curl command; put your private key in" label="Copy as curl" look="" />` : null}</div>
  </div>`;
}

/** @param {{r: LoggedRequest, open: boolean, fresh: boolean, toggle: (seq: number) => void, base: string}} props */
export function RequestRow({ r, open, fresh, toggle, base }) {
  return html`<tr class=${`${open ? "open" : ""}${fresh ? " fresh" : ""}`} data-anchor onClick=${(/** @type {any} */ e) => e.target.closest("button") || String(getSelection()) || toggle(r.seq)}>
      <td class="c"><button type="button" class="unfold" data-row aria-expanded=${open ? "true" : "false"} aria-label=${`${r.method} ${r.path}, answered ${r.status}`} onClick=${() => toggle(r.seq)}><${Icon} name=${open ? "down" : "right"} tiny=${true} /></button><time datetime=${r.at} title=${instant(r.at)}><code class="quiet">${clockExact(r.at)}</code></time></td>
      <td class="method"><code><b>${r.method}</b></code></td>
      <td class="a path"><code class="cut" title=${r.path + (r.query ? `?${r.query}` : "")}><b class="narrow-only">${r.method} </b>${r.path}${r.query ? html`<span class="faint">?${r.query}</span>` : null}</code></td>
      <td class="extra">${r.key ? html`${r.key.name} <code class="faint">${r.key.hint}</code>` : html`<span class="faint">–</span>`}</td>
      <td class="b num"><${Answer} status=${r.status} /></td>
      <td class="d num quiet">${took(r.took_ms)}</td>
      <td class=${`reason quiet${r.error ? " wide" : ""}`}><span class="cut" title=${r.error || undefined}>${r.error}</span></td>
    </tr>
    ${open ? html`<tr class="unfolded"><td colspan="7"><${Detail} r=${r} base=${base} /></td></tr>` : null}`;
}
