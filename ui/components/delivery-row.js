// @ts-check
import { html, useState } from "../preact.js";
import { api } from "../api.js";
import { bytes } from "../format.js";
import { became } from "../integrations.js";
import { write } from "../json.js";
import { useResource } from "../resource.js";
import { clockExact, instant } from "../time.js";
import { Ago } from "./ago.js";
import { Copy } from "./copy.js";
import { Icon } from "./icon.js";
import { Listing } from "./listing.js";
import { toast } from "./toast.js";
import { Trouble } from "./trouble.js";

/** @typedef {import("../types.js").Delivery} Delivery */
/** @typedef {import("../types.js").DeliveryDetail} DeliveryDetail */

/** Shape and word of each state; success is quiet. @type {Record<string, {icon: string, text: string, look: string}>} */
const STATES = {
  applied: { icon: "check", text: "applied", look: "quiet" },
  ignored: { icon: "minus", text: "ignored", look: "quiet" },
  failed: { icon: "alert", text: "failed", look: "bad" },
  repeated: { icon: "again", text: "repeated", look: "quiet" },
};

/** @param {{state: string}} props */
function State({ state }) {
  const s = STATES[state] ?? { icon: "more", text: state, look: "quiet" };
  return html`<span class=${`status ${s.look}`}><${Icon} name=${s.icon} tiny=${true} />${s.text}</span>`;
}

/** A body as text: JSON laid out, all else as it came. @param {any} body */
export function bodyText(body) {
  return typeof body === "string" ? body : body === undefined ? "" : write(body);
}

/** Who is in it, as links. @param {{d: DeliveryDetail}} props */
function People({ d }) {
  const people = Object.entries(d.customers ?? {});
  if (people.length === 0) return null;
  return html`<span>Concerns ${people.slice(0, 5).map(([uid, id], i) => html`${i > 0 ? ", " : ""}<a class="link" href=${`/app/customers/${id}`}><bdi>${uid}</bdi></a>`)}${people.length > 5 ? ` and ${people.length - 5} more` : ""}</span>`;
}

/** @param {{sent: import("../types.js").Sent[]}} props */
function SentOn({ sent }) {
  return html`<ul class="sent">${sent.map((s) => html`<li class="small" key=${s.url}><span class=${`status ${s.state === "sent" ? "good" : s.state === "waiting" ? "quiet" : "bad"}`}><${Icon} name=${s.state === "sent" ? "check" : s.state === "waiting" ? "clock" : "alert"} tiny=${true} />${s.kind === "confirm" ? "Confirmation" : "Passed on"}: ${s.state}</span>
    <code class="cut">${s.url}</code>${s.tries > 1 ? html`<span class="quiet">${s.tries} tries</span>` : null}${s.next_try && s.tries ? html`<span class="quiet">next <${Ago} at=${s.next_try} /></span>` : null}${s.error ? html`<span class="quiet">${s.error}</span>` : null}</li>`)}</ul>`;
}

/** @param {{d: Delivery, integration: import("../types.js").Tile, replaced: (d: Delivery) => void}} props */
function Detail({ d, integration, replaced }) {
  const read = useResource(`delivery ${d.id} ${d.replayed_at ?? ""}`, (signal) => api.delivery(integration.id, d.id, signal));
  const [mending, setMending] = useState(/** @type {string|null} */ (null));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(/** @type {any} */ (null));
  const full = read.data;
  const replay = async (/** @type {string|undefined} */ body) => {
    setBusy(true);
    setError(null);
    try {
      const next = await api.replay(integration.id, d.id, body);
      setMending(null);
      read.set(next);
      toast(next.state === "failed" ? "Replayed, and it failed again." : "Replayed.", { good: next.state !== "failed" });
      replaced(next);
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  if (!full) return html`<div class="detail">${read.error ? html`<${Trouble} error=${read.error} doing="read this body" retry=${read.reload} />` : html`<div class="detail-two waiting"></div>`}</div>`;
  const text = bodyText(full.body);
  return html`<div class="detail">
    ${full.state === "failed" ? html`<div class="trouble"><${Icon} name="alert" /><div><b>${full.became?.length ? "A part of it was refused." : "It became nothing."}</b><span class="said">${full.error}</span> <span class="next">Mend what is wrong, at the service, in the settings or in the body itself, and replay it.</span></div></div>` : full.error ? html`<p class="quiet">${full.error}</p>` : null}
    ${error ? html`<${Trouble} error=${error} doing="replay this body" />` : null}
    <div class="detail-two">
      ${mending === null
        ? html`<${Listing} title=${full.mended ? "Body as it came" : "Body"} note=${bytes(full.bytes)} text=${text} what="the body" cut=${full.removed ? "The body was erased." : undefined} />`
        : html`<div class="mend"><label for="mended"><b>The body, mended</b></label><textarea id="mended" class="input code" rows="14" spellcheck=${false} value=${mending} onInput=${(/** @type {any} */ e) => setMending(e.target.value)}></textarea>
            <div class="buttons"><button type="button" class="button" onClick=${() => setMending(null)}>Leave it</button><button type="button" class="button main" disabled=${busy} onClick=${() => replay(mending)}>Replay the mended body</button></div></div>`}
      <${Listing} title="What it became" text=${full.became?.length ? write(full.became) : ""} what="what it became" /></div>
    ${full.mended && mending === null ? html`<${Listing} title="Body as it was mended" text=${full.mended} what="the mended body" />` : null}
    ${full.sent?.length ? html`<${SentOn} sent=${full.sent} />` : null}
    <div class="detail-foot"><div class="facts"><span class="copied">Delivery <code>${full.id}</code><${Copy} text=${full.id} what="the delivery's id" /></span>
        <span>${full.verified ? "Signature checked" : "Not verified"}</span><${People} d=${full} />${full.replayed_at ? html`<span>Replayed <${Ago} at=${full.replayed_at} /></span>` : null}</div>
      ${full.removed || mending !== null ? null : html`<span class="actions">${full.state === "failed" ? html`<button type="button" class="button" onClick=${() => setMending(full.mended ?? text)}>Mend the body</button>` : null}
        <button type="button" class="button" disabled=${busy} onClick=${() => replay(undefined)}><${Icon} name="again" />Replay</button></span>`}</div>
  </div>`;
}

/** @param {{d: Delivery, integration: import("../types.js").Tile, open: boolean, fresh: boolean, toggle: (id: string) => void, replaced: (d: Delivery) => void}} props */
export function DeliveryRow({ d, integration, open, fresh, toggle, replaced }) {
  const said = became(d);
  return html`<tr class=${`${open ? "open" : ""}${fresh ? " fresh" : ""}`} data-anchor onClick=${(/** @type {any} */ e) => e.target.closest("button") || String(getSelection()) || toggle(d.id)}>
      <td class="c"><button type="button" class="unfold" data-row aria-expanded=${open ? "true" : "false"} aria-label=${`${d.event || "A body"}, ${d.state}`} onClick=${() => toggle(d.id)}><${Icon} name=${open ? "down" : "right"} tiny=${true} /></button><time datetime=${d.received_at} title=${instant(d.received_at)}><code class="quiet">${clockExact(d.received_at)}</code></time></td>
      <td class="a event"><b class="cut" dir="auto" title=${d.event || undefined}>${d.event || html`<span class="faint">–</span>`}</b></td>
      <td class="b"><${State} state=${d.state} /></td>
      <td class="wide said-cell quiet"><span class="cut" dir="auto" title=${said || undefined}>${said || html`<span class="faint">–</span>`}</span></td>
      <td class="num extra quiet">${bytes(d.bytes)}</td></tr>
    ${open ? html`<tr class="unfolded"><td colspan="5"><${Detail} d=${d} integration=${integration} replaced=${replaced} /></td></tr>` : null}`;
}
