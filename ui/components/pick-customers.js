// @ts-check
// Customers, or accounts, chosen by searching for them.
import { html, useRef, useState } from "../preact.js";
import { api } from "../api.js";
import { nameOf, plural } from "../format.js";
import { useResource } from "../resource.js";
import { Avatar } from "./avatar.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icon.js";
import { Marked } from "./marked.js";
import { Trouble } from "./trouble.js";

/** @typedef {import("../types.js").Customer} Customer */

/** How many are shown of what is found. */
const FOUND = 8;

/** @param {{typed: string, accounts: boolean, taken: (c: Customer) => string, choose: (c: Customer) => void}} props */
function Found({ typed, accounts, taken, choose }) {
  const ask = { query: typed, limit: FOUND, ...(accounts ? { is_account: true } : {}) };
  const found = useResource(`pick ${JSON.stringify(ask)}`, (signal) => (typed || accounts ? api.customers(ask, signal) : Promise.resolve({ data: [] })));
  const rows = found.data?.data ?? [];
  if (!typed && !accounts) return html`<p class="small quiet">By name, e-mail, number or id.</p>`;
  if (found.error) return html`<${Trouble} error=${found.error} doing="look for customers" retry=${found.reload} />`;
  return html`<ul class=${found.stale ? "rows dim" : "rows"}>${rows.map((c) => {
    const why = taken(c);
    return html`<li key=${c.id}><button type="button" class="row pick-row" disabled=${Boolean(why)} onClick=${() => choose(c)}><${Avatar} name=${nameOf(c)} id=${c.id} account=${c.is_account} />
      <span class="cut" dir="auto">${nameOf(c)}</span><span class="right cut">${why ? html`<span class="small quiet">${why}</span>` : c.marks?.[0] ? html`<${Marked} text=${c.marks[0].text} at=${c.marks[0].at} />` : c.email ?? c.uid}</span></button></li>`;
  })}</ul>
    ${found.data && rows.length === 0 && !found.stale ? html`<p class="small quiet">${accounts ? "No account is found by that." : "Nobody is found by that."}</p>` : null}`;
}

/**
 * A dialog in which customers are looked for and chosen, and something is done with them.
 * @param {{title: string, ask: string, button: (n: number) => string, accounts?: boolean, one?: boolean, note?: any, role?: boolean, taken: (c: Customer) => string,
 *   act: (ids: string[], role: string) => Promise<any>, close: () => void}} props
 * one: only one can be chosen; role: asks for the role of those chosen; taken: why one cannot be chosen, "" when it can
 */
export function PickCustomers({ title, ask, button, accounts = false, one = false, note, role = false, taken, act, close }) {
  const [typed, setTyped] = useState("");
  const [chosen, setChosen] = useState(/** @type {Customer[]} */ ([]));
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const input = useRef(/** @type {HTMLInputElement|null} */ (null));
  const add = (/** @type {Customer} */ c) => {
    setChosen(one ? [c] : [...chosen, c]);
    setTyped("");
    input.current?.focus();
  };
  const submit = async (/** @type {SubmitEvent} */ e) => {
    e.preventDefault();
    if (!chosen.length) return;
    setBusy(true);
    try {
      await act(chosen.map((c) => c.id), String(new FormData(/** @type {HTMLFormElement} */ (e.target)).get("role") ?? "").trim());
      close();
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return html`<${Dialog} title=${title} close=${close}><form class="form merge" onSubmit=${submit}>
    ${error ? html`<${Trouble} error=${error} doing="add them" />` : null}
    <label><span>${ask}</span><span class="field search"><${Icon} name="search" /><input ref=${input} data-first value=${typed} onInput=${(/** @type {any} */ e) => setTyped(e.target.value)} onKeyDown=${(/** @type {KeyboardEvent} */ e) => { if (e.key === "Enter" && typed) e.preventDefault(); }} placeholder=${accounts ? "Search accounts" : "Search customers"} autocomplete="off" spellcheck=${false} /></span></label>
    ${chosen.length ? html`<div class="picked-chips">${chosen.map((c) => html`<span class="chip" key=${c.id}><span dir="auto">${nameOf(c)}</span><button type="button" class="chip-drop" aria-label=${`Leave ${nameOf(c)} out`} onClick=${() => setChosen(chosen.filter((x) => x.id !== c.id))}><${Icon} name="cross" tiny=${true} /></button></span>`)}</div>` : null}
    <${Found} typed=${typed.trim()} accounts=${accounts} choose=${add} taken=${(/** @type {Customer} */ c) => (chosen.some((x) => x.id === c.id) ? "chosen" : taken(c))} />
    ${role ? html`<label><span>Role</span><input class="input" name="role" maxlength="60" dir="auto" autocomplete="off" /><span class="hint">What they are there: owner, driver. It may stay blank.</span></label>` : null}
    ${note ? html`<p class="small quiet">${note}</p>` : null}
    <div class="buttons"><button type="button" class="button" onClick=${close}>Cancel</button><button class="button main" disabled=${busy || !chosen.length}>${chosen.length ? button(chosen.length) : button(1)}</button></div>
  </form></${Dialog}>`;
}

/** @param {string} say @returns {(n: number) => string} */
export const sayN = (say) => (n) => `${say} ${plural(n, "customer")}`;
