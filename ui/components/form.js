// @ts-check
// What small forms share: the busy state, the error of a field, the dialog around.
import { html, useState } from "../preact.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icon.js";
import { Trouble } from "./trouble.js";

/** The error of one field, below it. @param {{error: any, field: string}} props */
export function Wrong({ error, field }) {
  if (error?.field !== field) return null;
  return html`<span class="wrong" role="alert"><${Icon} name="alert" tiny=${true} />${error.message}</span>`;
}

/**
 * A dialog that asks something and does one thing.
 * @param {{title: string, close: () => void, act: (form: FormData) => Promise<any>, doing: string, button: string, danger?: boolean, fields?: string[], children: (error: any) => any}} props
 * fields: those that show their own error
 */
export function Ask({ title, close, act, doing, button, danger, fields = [], children }) {
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const submit = async (/** @type {SubmitEvent} */ e) => {
    e.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await act(new FormData(/** @type {HTMLFormElement} */ (e.target)));
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return html`<${Dialog} title=${title} close=${close}><form class="form" onSubmit=${submit}>
    ${error && !fields.includes(error.field) ? html`<${Trouble} error=${error} doing=${doing} />` : null}
    ${children(error)}
    <div class="buttons"><button type="button" class="button" onClick=${close}>Cancel</button><button class=${`button main${danger ? " danger" : ""}`} disabled=${busy}>${button}</button></div>
  </form></${Dialog}>`;
}

/** One's own password, asked again. @param {{error: any, first?: boolean}} props */
export function Password({ error, first = true }) {
  return html`<label><span>Your password</span><input class="input" type="password" name="password" autocomplete="current-password" required data-first=${first ? "" : undefined} aria-invalid=${error?.field === "password" ? "true" : undefined} /><${Wrong} error=${error} field="password" /></label>`;
}
