// @ts-check
import { html, useEffect, useRef, useState } from "../preact.js";
import { api } from "../api.js";
import { navigate, usePlace } from "../router.js";
import { Glyph } from "../components/rail.js";
import { Icon } from "../components/icon.js";
import { Trouble } from "../components/trouble.js";

/** The server's bound for a password. */
const SHORTEST = 10;

/** The first administrator, by the one-time link. @param {{session: import("../types.js").Session, done: (s: import("../types.js").Session) => void}} props */
export function SetUp({ session, done }) {
  const { hash } = usePlace();
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const first = useRef(/** @type {HTMLInputElement|null} */ (null));
  useEffect(() => {
    document.title = "Set up · Kith";
    first.current?.focus();
  }, []);
  const submit = async (/** @type {SubmitEvent} */ e) => {
    e.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (e.target));
    setBusy(true);
    setError(null);
    try {
      const next = await api.setUp(hash, String(form.get("email")).trim(), String(form.get("password")));
      navigate("/app/customers", { replace: true });
      done(next);
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  const wrong = (/** @type {string} */ field) => error?.field === field ? html`<span class="wrong" role="alert"><${Icon} name="alert" tiny=${true} />${error.message}</span>` : null;
  return html`<main class="sign" id="content"><div class="sign-in">
    <div class="sign-brand"><${Glyph} /><span>${session.workspace}</span></div>
    ${hash ? html`<h1>Make the first account</h1><p class="quiet">Whoever holds this link becomes the administrator of this Kith. It works once.</p>
      ${error && !["email", "password"].includes(error.field) ? error.status === 403
        ? html`<div class="trouble" role="alert"><${Icon} name="alert" /><div><b>This link does not open anything.</b><span class="next">It was used, or a restart made a new one. The newest link stands where Kith was started, or in the file its log names.</span></div></div>`
        : html`<${Trouble} error=${error} doing="set this server up" />` : null}
      <form class="form" onSubmit=${submit}>
        <label><span>E-mail</span><input class="input" type="email" name="email" autocomplete="username" required ref=${first} aria-invalid=${error?.field === "email" ? "true" : undefined} />${wrong("email")}</label>
        <label><span>Password</span><input class="input" type="password" name="password" autocomplete="new-password" required minlength=${SHORTEST} aria-invalid=${error?.field === "password" ? "true" : undefined} />${wrong("password")}<span class="hint">At least ${SHORTEST} characters. A sentence is easier to keep than a riddle.</span></label>
        <button class="button main" disabled=${busy}>${busy ? "One moment…" : "Make the account"}</button>
      </form>`
    : html`<h1>Not set up yet</h1><p class="quiet">Kith made a one-time link when it first started. Open that link to choose an e-mail and a password. It stands in the terminal where Kith was started, or in the file that its log names.</p><p class="quiet">No link at hand? On the server, <code>kith user add</code> makes an account too.</p>`}
  </div><p class="sign-foot small faint">kith ${session.version}</p></main>`;
}
