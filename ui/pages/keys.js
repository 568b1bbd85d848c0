// @ts-check
import { html, useState } from "../preact.js";
import { api } from "../api.js";
import { count } from "../format.js";
import { useResource } from "../resource.js";
import { here, usePlace } from "../router.js";
import { PRIVATE, snippets } from "../snippets.js";
import { zone } from "../time.js";
import { Ago } from "../components/ago.js";
import { Copy } from "../components/copy.js";
import { Icon } from "../components/icon.js";
import { NewKey, Revoke, Rotate } from "../components/key-dialogs.js";
import { Listing } from "../components/listing.js";
import { Settings } from "../components/settings.js";
import { Trouble } from "../components/trouble.js";

/** @typedef {import("../types.js").Key} Key */

/** @param {{k: Key, revoke: () => void, rotate: () => void}} props */
function Row({ k, revoke, rotate }) {
  return html`<tr class=${k.revoked_at ? "gone" : ""}>
    <td class="a"><b>${k.name}</b> ${k.pinned ? html`<span class="tag" title="Set by the server's configuration">pinned</span>` : null}${k.scopes.map((scope) => html` <span key=${scope} class="tag" title="It may do nothing but this">${scope}</span>`)}</td>
    <td class="c"><span class="copied"><code class="cut">${k.public}</code><${Copy} text=${k.public} what="the public key" /></span></td>
    <td class="more"><code class="quiet">${k.private_hint}</code>${k.previous_until ? html` <span class="tag warn" title=${`The one before, ${k.previous_hint}, works until then`}>until <${Ago} at=${k.previous_until} plainly=${true} /></span>` : null}</td>
    <td class="extra quiet"><${Ago} at=${k.created_at} plainly=${true} /></td>
    <td class="d quiet">${k.revoked_at ? html`<span class="status"><${Icon} name="cross" tiny=${true} />revoked <${Ago} at=${k.revoked_at} plainly=${true} /></span>` : html`<${Ago} at=${k.last_used_at} never="never used" />`}</td>
    <td class="b num">${k.revoked_at || k.pinned ? null : html`<span class="row-actions"><button type="button" class="button small" onClick=${rotate}>Rotate</button><button type="button" class="button small danger" data-row onClick=${revoke}>Revoke</button></span>`}</td></tr>`;
}

/** @param {{base: string, pub: string|undefined}} props */
function Connect({ base, pub }) {
  const { query } = usePlace();
  const all = snippets(base, pub);
  const chosen = all.find((s) => s.id === query.sdk) ?? all[0];
  return html`<h2 class="section-title">Send from your code</h2><section class="panel connect" aria-label="Send from your code"><div class="panel-head tight connect-head">
      <nav class="tabs" aria-label="SDK">${all.map((s) => html`<a key=${s.id} href=${here({ sdk: s.id === "curl" ? undefined : s.id })} data-keep aria-current=${s === chosen ? "true" : undefined}>${s.name}</a>`)}</nav></div>
    <div class="connect-body"><p>${chosen.how}</p>
      ${chosen.parts.map((part) => html`<${Listing} key=${part.title} title=${part.title} text=${part.text} what=${`“${part.title}”`} plain=${true} />`)}
      ${chosen.note ? html`<p class="small quiet">${chosen.note}</p>` : null}
      ${chosen.parts.some((p) => p.text.includes(PRIVATE)) ? html`<p class="small quiet"><code>${PRIVATE}</code> stands for the private key, shown when the key was made. It belongs on servers only, never in a page or an app. Every call is described in <a class="link" href="/docs" target="_blank" rel="noreferrer">the reference of the API</a>.</p>` : null}</div>
  </section>`;
}

/** @param {{session: import("../types.js").Session}} props */
export function Keys({ session }) {
  const [open, setOpen] = useState(/** @type {{what: string, key?: Key}} */ ({ what: "" }));
  const keys = useResource("keys", api.keys);
  const all = keys.data?.data;
  const live = all?.filter((k) => !k.revoked_at) ?? [];
  const base = keys.data?.base_url ?? location.origin;
  const close = () => setOpen({ what: "" });
  const make = html`<button type="button" class="button main" onClick=${() => setOpen({ what: "new" })}><${Icon} name="plus" />New key</button>`;
  return html`<${Settings} session=${session} at="/app/settings/keys" actions=${make} line=${all ? [html`<b>${count(live.length)}</b> ${live.length === 1 ? "key" : "keys"} in use${all.length > live.length ? `, ${all.length - live.length} revoked` : ""}`, `times in ${zone()}`, html`<span class="copied">this server answers at <code>${base}</code><${Copy} text=${base} what="the address" /></span>`] : [keys.error ? null : html`<span class="faint">Reading…</span>`]}>
    ${keys.error ? html`<${Trouble} error=${keys.error} doing="read the keys" retry=${keys.reload} />` : null}
    ${all?.length ? html`<div class="panel ledger two bleed keys"><div class="scroll"><table><thead><tr><th scope="col">Name</th><th scope="col">Public key</th><th scope="col" class="more">Private key</th><th scope="col" class="extra">Made</th><th scope="col">Last used</th><th scope="col"><span class="hidden">Revoke</span></th></tr></thead>
      <tbody>${all.map((k) => html`<${Row} key=${k.id} k=${k} revoke=${() => setOpen({ what: "revoke", key: k })} rotate=${() => setOpen({ what: "rotate", key: k })} />`)}</tbody></table></div></div>` : null}
    ${all?.length === 0 ? html`<section class="panel empty"><h2>No keys yet.</h2><p>A key is a pair: the public half may stand in a page or an app and lets customers be identified and tracked; the private half, for servers, may read everything.</p></section>` : null}
    ${keys.data ? html`<${Connect} base=${base} pub=${live[0]?.public} />` : keys.error ? null : html`<div class="panel skeleton" aria-busy="true"></div>`}
    ${open.what === "new" ? html`<${NewKey} close=${close} made=${() => void keys.reload()} />` : null}
    ${open.what === "rotate" && open.key ? html`<${Rotate} k=${open.key} close=${close} done=${() => void keys.reload()} />` : null}
    ${open.what === "revoke" && open.key ? html`<${Revoke} k=${open.key} close=${close} done=${() => { close(); void keys.reload(); }} />` : null}
  </${Settings}>`;
}
