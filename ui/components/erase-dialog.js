// @ts-check
import { html, useState } from "../preact.js";
import { api } from "../api.js";
import { nameOf, plural } from "../format.js";
import { Dialog } from "./dialog.js";
import { Trouble } from "./trouble.js";

/**
 * Erasing cannot be undone, so the id is typed.
 * @param {{detail: import("../types.js").CustomerDetail, close: () => void, done: () => void, leaving: (on: boolean) => void}} props
 */
export function EraseDialog({ detail, close, done, leaving }) {
  const [typed, setTyped] = useState("");
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const c = detail.customer;
  const erase = async (/** @type {Event} */ e) => {
    e.preventDefault();
    setBusy(true);
    leaving(true);
    try {
      await api.eraseCustomer(c.id, typed);
      done();
    } catch (e) {
      leaving(false);
      setError(e);
      setBusy(false);
    }
  };
  return html`<${Dialog} title=${`Erase ${nameOf(c)}`} close=${close}><form class="form" onSubmit=${erase}>
    ${error ? html`<${Trouble} error=${error} doing="erase the customer" />` : null}
    <p>Everything that says anything of this person goes, at once and for good: ${plural(detail.attributes.length, "attribute")}, ${plural(detail.events, "event")}, ${plural(detail.devices.length, "device")}, places on lists and in segments, what services posted, rows of files that were imported, and what could have been undone. The id cannot come back.</p>
    <p><b>This cannot be undone.</b></p>
    <label><span>Type the id, <code>${c.uid}</code></span><input class="input code" data-first value=${typed} onInput=${(/** @type {any} */ e) => setTyped(e.target.value)} autocomplete="off" spellcheck=${false} autocapitalize="off" /></label>
    <div class="buttons"><button type="button" class="button" onClick=${close}>Keep</button><button class="button main danger" disabled=${busy || typed !== c.uid}>Erase</button></div>
  </form></${Dialog}>`;
}
