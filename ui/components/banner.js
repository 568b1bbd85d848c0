// @ts-check
// What stands above every page when somebody is needed: a quarantine after a restore, a
// disk that is full, a file that is damaged.
import { html, useEffect, useState } from "../preact.js";
import { api } from "../api.js";
import { can } from "../can.js";
import { bytes, plural } from "../format.js";
import { useResource } from "../resource.js";
import { Ago } from "./ago.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icon.js";
import { toast } from "./toast.js";
import { Trouble } from "./trouble.js";

/** @typedef {import("../types.js").Health} Health */

/** How often the server is asked how it is doing. */
const LOOK = 20_000;

/** @param {{q: NonNullable<Health["quarantine"]>, close: () => void, done: () => void}} props */
function EndQuarantine({ q, close, done }) {
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const end = async (/** @type {boolean} */ discard) => {
    setBusy(true);
    try {
      const { waiting } = await api.endQuarantine(discard);
      toast(waiting === 0 ? "From now on things are sent." : `${plural(waiting, "request")} ${discard ? "given up" : "on the way"}.`, { good: true });
      done();
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return html`<${Dialog} title="Send again?" close=${close}><div class="form">
    ${error ? html`<${Trouble} error=${error} doing="end the quarantine" />` : null}
    <p>This Kith was restored from <b>${q.file}</b>. ${q.waiting === 0 ? "Nothing waits to be sent." : html`<b>${plural(q.waiting, "request")}</b> ${q.waiting === 1 ? "waits" : "wait"}: hooks passed on and confirmations that were not sent yet when the backup was made. They may have been sent since by the Kith that made it.`}</p>
    <div class="buttons"><button type="button" class="button" onClick=${close}>Cancel</button>
      ${q.waiting === 0 ? null : html`<button type="button" class="button danger" disabled=${busy} onClick=${() => end(true)}>Give up what waits</button>`}
      <button type="button" class="button main" data-first disabled=${busy} onClick=${() => end(false)}>${q.waiting === 0 ? "Send from now on" : "Send what waits"}</button></div>
  </div></${Dialog}>`;
}

/** @param {{session: import("../types.js").Session}} props */
export function Banner({ session }) {
  const health = useResource("health", api.health);
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || health.reload(), LOOK);
    return () => clearInterval(timer);
  }, []);
  const h = health.data;
  if (!h) return null;
  const q = h.quarantine;
  const fault = h.disk.low ? `The disk is nearly full (${bytes(h.disk.free)} are free): writing is off, reading works. Free some space; Kith goes on by itself.` : h.ready ? "" : h.trouble;
  return html`${session.plain ? html`<div class="banner" role="status"><${Icon} name="alert" /><p>This page came over plain HTTP: whoever is on the network between can read along, the session too. Give Kith a certificate (<code>tls.certificate</code>, <code>tls.autocert</code>), or put a proxy with HTTPS in front.</p></div>` : null}
    ${fault ? html`<div class="banner bad" role="alert"><${Icon} name="alert" /><p>${fault}</p></div>` : null}
    ${q ? html`<div class="banner" role="status"><${Icon} name="pause" /><p>Restored <${Ago} at=${q.since} /> from <b>${q.file}</b>: nothing is sent until that is confirmed${q.waiting ? `, and ${plural(q.waiting, "request")} ${q.waiting === 1 ? "waits" : "wait"}` : ""}.</p>
      ${can(session, "run") ? html`<button type="button" class="button small" onClick=${() => setOpen(true)}>Send again…</button>` : null}</div>` : null}
    ${open && q ? html`<${EndQuarantine} q=${q} close=${() => setOpen(false)} done=${() => { setOpen(false); void health.reload(); }} />` : null}`;
}
