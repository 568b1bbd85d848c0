// @ts-check
import { html, useEffect, useRef, useState } from "../preact.js";
import { api } from "../api.js";
import { navigate, usePlace } from "../router.js";
import { Glyph } from "../components/rail.js";
import { Icon } from "../components/icon.js";
import { Trouble } from "../components/trouble.js";

/** The server's bound for a password. */
const SHORTEST = 10;

/**
 * Behind a one-time link: an invitation, or a way to another password.
 * @param {{session: import("../types.js").Session, done: (s: import("../types.js").Session) => void}} props
 */
export function Join({ session, done }) {
  const { hash } = usePlace();
  const [link, setLink] = useState(/** @type {{email: string, role: string}|null} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const field = useRef(/** @type {HTMLInputElement|null} */ (null));
  useEffect(() => {
    document.title = "Join · Kith";
    api.invitation(hash).then(setLink, setError);
  }, [hash]);
  useEffect(() => field.current?.focus(), [link]);
  const submit = async (/** @type {SubmitEvent} */ e) => {
    e.preventDefault();
    const password = String(new FormData(/** @type {HTMLFormElement} */ (e.target)).get("password"));
    setBusy(true);
    setError(null);
    try {
      const next = await api.join(hash, password);
      navigate("/app/customers", { replace: true });
      done(next);
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  const invited = Boolean(link?.role);
  const wrong = error?.field === "password";
  return html`<main class="sign" id="content"><div class="sign-in">
    <div class="sign-brand"><${Glyph} /><span>${session.workspace}</span></div>
    <h1>${!link ? "One-time link" : invited ? `Join ${session.workspace}` : "Choose another password"}</h1>
    ${error && !wrong ? error.status === 403
      ? html`<div class="trouble" role="alert"><${Icon} name="alert" /><div><b>This link does not open anything.</b> <span class="next">It was used, withdrawn, or is too old. Ask who sent it for another.</span><div class="foot-row"><a class="button" href="/app/customers">Go to the dashboard</a></div></div></div>`
      : html`<${Trouble} error=${error} doing="use this link" />` : null}
    ${link ? html`<p class="quiet">${invited ? html`You are invited as <b>${link.role}</b>.` : html`All sessions of this account end with it.`} This link works once.</p>
      <form class="form" onSubmit=${submit}>
        <label><span>E-mail</span><input class="input" type="email" autocomplete="username" readonly value=${link.email} /></label>
        <label><span>Password</span><input class="input" type="password" name="password" autocomplete="new-password" required minlength=${SHORTEST} ref=${field} aria-invalid=${wrong ? "true" : undefined} />
          ${wrong ? html`<span class="wrong" role="alert"><${Icon} name="alert" tiny=${true} />${error.message}</span>` : null}<span class="hint">At least ${SHORTEST} characters. A sentence is easier to keep than a riddle.</span></label>
        <button class="button main" disabled=${busy}>${busy ? "One moment…" : invited ? "Join" : "Change the password"}</button>
      </form>` : null}
  </div><p class="sign-foot small faint">kith ${session.version}</p></main>`;
}
