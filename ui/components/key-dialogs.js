// @ts-check
import { html, useState } from "../preact.js";
import { api } from "../api.js";
import { ago } from "../time.js";
import { Copy } from "./copy.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icon.js";
import { toast } from "./toast.js";
import { Trouble } from "./trouble.js";

/** @typedef {import("../types.js").Key} Key */

/** Makes a key pair, and shows the private one this once. @param {{close: () => void, made: (key: Key) => void}} props */
export function NewKey({ close, made }) {
  const [key, setKey] = useState(/** @type {Key|null} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const submit = async (/** @type {SubmitEvent} */ e) => {
    e.preventDefault();
    const name = String(new FormData(/** @type {HTMLFormElement} */ (e.target)).get("name")).trim();
    setBusy(true);
    try {
      const next = await api.createKey(name);
      setKey(next);
      made(next);
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  if (key) {
    return html`<${Dialog} title=${`The keys of ${key.name}`} close=${close} locked=${true}><div class="form">
      <div class="warning"><${Icon} name="alert" /><p>Copy the private key now. Kith keeps only its fingerprint and cannot show it again.</p></div>
      <div><span class="small quiet">Private key</span><div class="secret"><code>${key.private}</code><${Copy} text=${key.private ?? ""} what="the private key" label="Copy" look="main" /></div></div>
      <div><span class="small quiet">Public key</span><div class="secret"><code>${key.public}</code><${Copy} text=${key.public} what="the public key" label="Copy" look="" /></div></div>
      <div class="buttons"><button type="button" class="button" onClick=${close}>I have copied it</button></div></div></${Dialog}>`;
  }
  return html`<${Dialog} title="New key" close=${close}><form class="form" onSubmit=${submit}>
    ${error ? html`<${Trouble} error=${error} doing="make the key" />` : null}
    <label><span>Name</span><input class="input" name="name" required maxlength="64" data-first placeholder="server" autocomplete="off" /><span class="hint">What will use it: the log of requests shows this name.</span></label>
    <div class="buttons"><button type="button" class="button" onClick=${close}>Cancel</button><button class="button main" disabled=${busy}>Make the key</button></div>
  </form></${Dialog}>`;
}

/** Revokes a key after its name was typed: this cannot be undone. @param {{k: Key, close: () => void, done: () => void}} props */
export function Revoke({ k, close, done }) {
  const [typed, setTyped] = useState("");
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const submit = async (/** @type {SubmitEvent} */ e) => {
    e.preventDefault();
    setBusy(true);
    try {
      await api.revokeKey(k.id);
      toast(`Revoked “${k.name}”.`, { good: true });
      done();
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return html`<${Dialog} title="Revoke the key" close=${close}><form class="form" onSubmit=${submit}>
    ${error ? html`<${Trouble} error=${error} doing="revoke the key" />` : null}
    <p>Whatever sends with <b>${k.name}</b> (<code>${k.public}</code>) is refused from that moment, and what it sends until it has another key is lost. ${k.last_used_at ? `It was last used ${ago(k.last_used_at)}.` : "It was never used."} This cannot be undone.</p>
    <label><span>Type the key's name, ${k.name}, to revoke it</span><input class="input" data-first value=${typed} onInput=${(/** @type {any} */ e) => setTyped(e.target.value)} autocomplete="off" spellcheck=${false} /></label>
    <div class="buttons"><button type="button" class="button" onClick=${close}>Keep it</button><button class="button danger main" disabled=${busy || typed.trim() !== k.name}>Revoke the key</button></div>
  </form></${Dialog}>`;
}
