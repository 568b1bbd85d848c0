// @ts-check
import { html, useState } from "../preact.js";
import { api } from "../api.js";
import { ago } from "../time.js";
import { Ago } from "./ago.js";
import { Copy } from "./copy.js";
import { Dialog } from "./dialog.js";
import { Ask } from "./form.js";
import { Icon } from "./icon.js";
import { toast } from "./toast.js";
import { Trouble } from "./trouble.js";

/** @typedef {import("../types.js").Key} Key */

/** What a key may be limited to. @type {[string, string][]} */
export const SCOPES = [
  ["track", "writes customers and events, as SDKs do"],
  ["read", "reads customers, events, lists, segments"],
  ["manage", "changes lists, segments, imports, integrations; archives, merges, removes customers"],
  ["export", "reads everybody at once, and dossiers"],
  ["erase", "erases customers for good"],
];

/** A private key, this once. @param {{k: Key, close: () => void}} props */
function Shown({ k, close }) {
  return html`<${Dialog} title=${`The keys of ${k.name}`} close=${close} locked=${true}><div class="form">
    <div class="warning"><${Icon} name="alert" /><p>Copy the private key now. Kith keeps only its fingerprint and cannot show it again.</p></div>
    <div><span class="small quiet">Private key</span><div class="secret"><code>${k.private}</code><${Copy} text=${k.private ?? ""} what="the private key" label="Copy" look="main" /></div></div>
    <div><span class="small quiet">Public key</span><div class="secret"><code>${k.public}</code><${Copy} text=${k.public} what="the public key" label="Copy" look="" /></div></div>
    ${k.previous_until ? html`<p class="small quiet">The private key from before (<code>${k.previous_hint}</code>) works until <${Ago} at=${k.previous_until} plainly=${true} />.</p>` : null}
    <div class="buttons"><button type="button" class="button" onClick=${close}>I have copied it</button></div></div></${Dialog}>`;
}

/** How long the key from before may work, in hours. @type {[number, string][]} */
const OVERLAPS = [[0, "not at all: it is out"], [1, "an hour"], [24, "a day"], [24 * 7, "a week"], [24 * 30, "30 days"]];

/** Makes another private key for a pair. @param {{k: Key, close: () => void, done: () => void}} props */
export function Rotate({ k, close, done }) {
  const [key, setKey] = useState(/** @type {Key|null} */ (null));
  const act = async (/** @type {FormData} */ form) => {
    const until = new Date(Date.now() + Number(form.get("hours")) * 3_600_000).toISOString();
    setKey(await api.rotateKey(k.id, until));
    done();
  };
  if (key) return html`<${Shown} k=${key} close=${close} />`;
  return html`<${Ask} title="Another private key" close=${close} act=${act} doing="rotate the key" button="Make another private key">${() => html`
    <p>The public key of <b>${k.name}</b> stays. Put the new private key where the old one is, within the time that you leave here.</p>
    <fieldset class="roles"><legend>The old one works for</legend>${OVERLAPS.map(([hours, says]) => html`<label key=${hours} class="check"><input type="radio" name="hours" value=${hours} defaultChecked=${hours === 24} /><span>${says}</span></label>`)}</fieldset>`}</${Ask}>`;
}

/** Makes a key pair, and shows the private one this once. @param {{close: () => void, made: (key: Key) => void}} props */
export function NewKey({ close, made }) {
  const [key, setKey] = useState(/** @type {Key|null} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const [limited, setLimited] = useState(false);
  const [scopes, setScopes] = useState(new Set(["track"]));
  const toggle = (/** @type {string} */ scope) => setScopes((have) => { const next = new Set(have); if (!next.delete(scope)) next.add(scope); return next; });
  const submit = async (/** @type {SubmitEvent} */ e) => {
    e.preventDefault();
    const name = String(new FormData(/** @type {HTMLFormElement} */ (e.target)).get("name")).trim();
    setBusy(true);
    try {
      const next = await api.createKey(name, limited ? [...scopes] : []);
      setKey(next);
      made(next);
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  if (key) return html`<${Shown} k=${key} close=${close} />`;
  return html`<${Dialog} title="New key" close=${close}><form class="form" onSubmit=${submit}>
    ${error ? html`<${Trouble} error=${error} doing="make the key" />` : null}
    <label><span>Name</span><input class="input" name="name" required maxlength="64" data-first placeholder="server" autocomplete="off" /><span class="hint">What will use it: the log of requests shows this name.</span></label>
    <fieldset class="roles"><legend>It may</legend>
      <label class="check"><input type="radio" name="all" checked=${!limited} onChange=${() => setLimited(false)} /><span><b>do everything</b> <span class="quiet">as Engage's keys do</span></span></label>
      <label class="check"><input type="radio" name="all" checked=${limited} onChange=${() => setLimited(true)} /><span><b>do some of it</b></span></label>
      ${limited ? html`<div class="scopes">${SCOPES.map(([scope, says]) => html`<label key=${scope} class="check"><input type="checkbox" name="scope" value=${scope} checked=${scopes.has(scope)} onChange=${() => toggle(scope)} /><span><b>${scope}</b> <span class="quiet">${says}</span></span></label>`)}</div>` : null}</fieldset>
    <div class="buttons"><button type="button" class="button" onClick=${close}>Cancel</button><button class="button main" disabled=${busy || (limited && scopes.size === 0)}>Make the key</button></div>
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
