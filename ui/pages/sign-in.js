// @ts-check
import { html, useEffect, useRef, useState } from "../preact.js";
import { api } from "../api.js";
import { navigate } from "../router.js";
import { Glyph } from "../components/rail.js";
import { Icon } from "../components/icon.js";
import { Trouble } from "../components/trouble.js";

/**
 * The way in. It stands at whatever address was asked for, so that one is back
 * there once signed in.
 * @param {{session: import("../types.js").Session, done: (s: import("../types.js").Session) => void, spent: boolean}} props spent: the address is a used set-up link
 */
export function SignIn({ session, done, spent }) {
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const form = useRef(/** @type {HTMLFormElement|null} */ (null));
  useEffect(() => {
    document.title = "Sign in · Kith";
    const [email, password] = /** @type {HTMLInputElement[]} */ ([...(form.current?.querySelectorAll("input") ?? [])]);
    (email.value ? password : email).focus();
  }, []);
  const submit = async (/** @type {SubmitEvent} */ e) => {
    e.preventDefault();
    const typed = new FormData(/** @type {HTMLFormElement} */ (e.target));
    setBusy(true);
    setError(null);
    try {
      const next = await api.signIn(String(typed.get("email")).trim(), String(typed.get("password")));
      if (spent) navigate("/app/customers", { replace: true });
      done(next);
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  const known = error && (error.status === 401 || error.status === 429 || error.status === 400);
  return html`<main class="sign" id="content"><div class="sign-in">
    <div class="sign-brand"><${Glyph} /><span>${session.workspace}</span></div>
    <h1>Sign in</h1>
    ${spent ? html`<p class="quiet">This set-up link has been used. Sign in with the e-mail and password that were chosen then.</p>` : null}
    ${session.email && !spent ? html`<p class="quiet">The session is over. Sign in to go on where you were.</p>` : null}
    ${error && !known ? html`<${Trouble} error=${error} doing="sign you in" />` : null}
    <form class="form" ref=${form} onSubmit=${submit}>
      <label><span>E-mail</span><input class="input" type="email" name="email" autocomplete="username" required defaultValue=${session.email ?? ""} /></label>
      <label><span>Password</span><input class="input" type="password" name="password" autocomplete="current-password" required aria-invalid=${known ? "true" : undefined} aria-describedby=${known ? "refused" : undefined} />
        ${known ? html`<span class="wrong" id="refused" role="alert"><${Icon} name="alert" tiny=${true} />${error.message}</span>` : null}</label>
      <button class="button main" disabled=${busy}>${busy ? "Signing in…" : "Sign in"}</button>
    </form>
    <p class="small quiet">Lost the password? On the server, <code>kith user passwd</code> sets a new one.</p>
  </div><p class="sign-foot small faint">kith ${session.version}</p></main>`;
}
