// @ts-check
import { html, useState } from "../preact.js";
import { api } from "../api.js";
import { ago } from "../time.js";
import { Copy } from "./copy.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icon.js";
import { toast } from "./toast.js";
import { Trouble } from "./trouble.js";

/** @typedef {import("../types.js").Tile} Tile */
/** @typedef {import("../types.js").Service} Service */

/** @type {[string, string][]} */
const AGES = [["5m", "5 minutes"], ["15m", "15 minutes"], ["1h", "1 hour"], ["24h", "1 day"], ["off", "any"]];

/** How a generic webhook is signed. @param {{t: Tile}} props */
function SignatureFields({ t }) {
  const s = t.signature;
  const option = (/** @type {string} */ value, /** @type {string} */ text, /** @type {string|undefined} */ now) => html`<option value=${value} selected=${(now ?? "") === value}>${text}</option>`;
  return html`<fieldset class="form"><legend>Signature</legend>
    <label><span>Header that carries it</span><input class="input" name="header" autocomplete="off" spellcheck=${false} placeholder="X-Signature" defaultValue=${s?.header ?? ""} /><span class="hint">Left empty, the secret is expected as a password (Basic or Bearer).</span></label>
    <div class="pair-fields"><label><span>Made by</span><span class="select"><select name="algorithm">${option("sha256", "HMAC SHA-256", s?.algorithm)}${option("sha1", "HMAC SHA-1", s?.algorithm)}${option("sha512", "HMAC SHA-512", s?.algorithm)}${option("token", "the secret itself", s?.algorithm)}</select><${Icon} name="down" tiny=${true} /></span></label>
      <label><span>Written in</span><span class="select"><select name="encoding">${option("hex", "hexadecimal", s?.encoding)}${option("base64", "base64", s?.encoding)}</select><${Icon} name="down" tiny=${true} /></span></label>
      <label><span>Behind the prefix</span><input class="input" name="prefix" autocomplete="off" placeholder="sha256=" defaultValue=${s?.prefix ?? ""} /></label></div></fieldset>`;
}

/** What the form's fields say, as the server takes it. @param {FormData} form @param {Tile} t */
function read(form, t) {
  const text = (/** @type {string} */ name) => String(form.get(name) ?? "").trim();
  /** @type {Record<string, any>} */
  const body = { name: text("name"), forward: text("forward") };
  if (form.has("tolerance")) body.tolerance = text("tolerance");
  if (form.has("uid_keys")) body.uid_keys = text("uid_keys").split(/[\s,]+/).filter(Boolean);
  if (form.has("topic")) body.topic = text("topic");
  if (text("secret")) body.secret = text("secret");
  if (form.has("no_secret")) body.secret = "";
  if (form.has("header")) body.signature = { header: text("header"), algorithm: text("algorithm"), encoding: text("encoding"), prefix: text("prefix") };
  if (form.has("new_url")) body.new_url = true;
  return body;
}

/**
 * Everything about a connection that can be changed.
 * @param {{t: Tile, service: Service|undefined, base: string, close: () => void, saved: (t: Tile) => void}} props
 */
export function IntegrationForm({ t, service, base, close, saved }) {
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const address = base + t.url;
  const submit = async (/** @type {SubmitEvent} */ e) => {
    e.preventDefault();
    setBusy(true);
    setError(null);
    try {
      saved(await api.changeIntegration(t.id, read(new FormData(/** @type {HTMLFormElement} */ (e.target)), t)));
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  const ses = t.kind === "ses";
  const payments = t.group === "payments" || t.group === "messaging";
  return html`<${Dialog} title=${`Settings of ${t.name}`} close=${close}><form class="form" onSubmit=${submit}>
    ${error ? html`<${Trouble} error=${error} doing="save the settings" />` : null}
    <div><span class="small quiet">Address that ${t.service} posts to</span><div class="secret"><code>${address}</code><${Copy} text=${address} what="the address" label="Copy" look="" /></div></div>
    <label><span>Name</span><input class="input" name="name" required maxlength="64" dir="auto" data-first defaultValue=${t.name} /></label>
    ${ses ? html`<label><span>Topic ARN</span><input class="input" name="topic" autocomplete="off" spellcheck=${false} placeholder="arn:aws:sns:…" defaultValue=${t.topic ?? ""} /><span class="hint">Amazon signs what it sends; the topic says that it is yours.</span></label>` : html`
    <label><span>${capital(service?.secret ?? "secret")}</span><input class="input" name="secret" autocomplete="off" spellcheck=${false} placeholder=${t.verified ? `set${t.secret_hint ? `, ends in ${t.secret_hint}` : ""}; leave empty to keep it` : ""} />
      <span class="hint">${t.previous_secret_until ? `The one before still counts, until ${ago(t.previous_secret_until)}.` : "The one before counts for another day after a change, so that no hook is lost."}</span></label>
    ${t.verified ? html`<label class="check"><input type="checkbox" name="no_secret" /><span>Verify nothing from now on<span class="hint">Whoever knows the address is believed.</span></span></label>` : null}`}
    ${t.kind === "webhook" ? html`<${SignatureFields} t=${t} />` : null}
    ${service?.dated ? html`<label><span>How old a signature may be</span><span class="select"><select name="tolerance">${(AGES.some(([v]) => v === t.tolerance) ? AGES : [...AGES, [t.tolerance, t.tolerance]]).map(([v, text]) => html`<option key=${v} value=${v} selected=${v === t.tolerance}>${text}</option>`)}</select><${Icon} name="down" tiny=${true} /></span></label>` : null}
    ${payments ? html`<label><span>Names of your customer id in its metadata</span><input class="input" name="uid_keys" autocomplete="off" spellcheck=${false} placeholder="user_id, uid, external_id and other usual ones" defaultValue=${(t.uid_keys ?? []).join(", ")} /></label>` : null}
    <label><span>Pass each body on to</span><input class="input" type="url" name="forward" placeholder="https://" defaultValue=${t.forward ?? ""} /><span class="hint">As it came, with its signature; tried again for a day. For services that post to one address only.</span></label>
    <label class="check"><input type="checkbox" name="new_url" /><span>Give it another address<span class="hint">The one above stops working at once.</span></span></label>
    <div class="buttons"><button type="button" class="button" onClick=${close}>Cancel</button><button class="button main" disabled=${busy}>Save the settings</button></div>
  </form></${Dialog}>`;
}

/** @param {string} s */
function capital(s) {
  return s.charAt(0).toUpperCase() + s.slice(1);
}

/** Removes a connection after its name was typed: its log cannot be brought back. @param {{t: Tile, close: () => void, done: () => void}} props */
export function RemoveIntegration({ t, close, done }) {
  const [typed, setTyped] = useState("");
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const submit = async (/** @type {SubmitEvent} */ e) => {
    e.preventDefault();
    setBusy(true);
    try {
      await api.removeIntegration(t.id);
      toast(`Removed “${t.name}”.`, { good: true });
      done();
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return html`<${Dialog} title="Remove the integration" close=${close}><form class="form" onSubmit=${submit}>
    ${error ? html`<${Trouble} error=${error} doing="remove the integration" />` : null}
    <p>The address stops working, and the bodies that came to it are removed. Customers, attributes and events that came of them stay. This cannot be undone.</p>
    <label><span>Type its name, ${t.name}, to remove it</span><input class="input" data-first value=${typed} onInput=${(/** @type {any} */ e) => setTyped(e.target.value)} autocomplete="off" spellcheck=${false} /></label>
    <div class="buttons"><button type="button" class="button" onClick=${close}>Keep it</button><button class="button danger main" disabled=${busy || typed.trim() !== t.name}>Remove the integration</button></div>
  </form></${Dialog}>`;
}
