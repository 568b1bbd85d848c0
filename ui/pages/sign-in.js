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
  const [second, setSecond] = useState(false); // the password was right, and a code is asked for
  const form = useRef(/** @type {HTMLFormElement|null} */ (null));
  useEffect(() => {
    document.title = "Sign in · Kith";
    const [email, password] = /** @type {HTMLInputElement[]} */ ([...(form.current?.querySelectorAll("input") ?? [])]);
    (email.value ? password : email).focus();
  }, []);
  useEffect(() => {
    if (second) /** @type {HTMLInputElement|null|undefined} */ (form.current?.querySelector("[name=code]"))?.focus();
  }, [second]);
  const submit = async (/** @type {SubmitEvent} */ e) => {
    e.preventDefault();
    const typed = new FormData(/** @type {HTMLFormElement} */ (e.target));
    setBusy(true);
    setError(null);
    try {
      const next = await api.signIn(String(typed.get("email")).trim(), String(typed.get("password")), String(typed.get("code") ?? ""));
      if (spent) navigate("/app/customers", { replace: true });
      done(next);
    } catch (/** @type {any} */ e) {
      const asked = e.field === "code" && !second;
      if (e.field === "code") setSecond(true);
      setError(asked ? null : e);
      setBusy(false);
    }
  };
  const ofCode = second && error?.field === "code";
  const known = error && !ofCode && (error.status === 401 || error.status === 429 || error.status === 400);
  return html`<main class="sign" id="content"><div class="sign-in">
    <div class="sign-brand"><${Glyph} /><span>${session.workspace}</span></div>
    <h1>Sign in</h1>
    ${spent ? html`<p class="quiet">This set-up link has been used. Sign in with the e-mail and password that were chosen then.</p>` : null}
    ${session.email && !spent ? html`<p class="quiet">The session is over. Sign in to go on where you were.</p>` : null}
    ${error && !known ? html`<${Trouble} error=${error} doing="sign you in" />` : null}
    ${session.plain ? html`<div class="warning"><${Icon} name="alert" /><p>Plain HTTP: whoever is on the network between can read the password. Better over HTTPS.</p></div>` : null}
    <form class="form" ref=${form} onSubmit=${submit}>
      <label><span>E-mail</span><input class="input" type="email" name="email" autocomplete="username" required defaultValue=${session.email ?? ""} /></label>
      <label><span>Password</span><input class="input" type="password" name="password" autocomplete="current-password" required aria-invalid=${known ? "true" : undefined} aria-describedby=${known ? "refused" : undefined} />
        ${known ? html`<span class="wrong" id="refused" role="alert"><${Icon} name="alert" tiny=${true} />${error.message}</span>` : null}</label>
      ${second ? html`<label><span>Code</span><input class="input" name="code" inputmode="text" autocomplete="one-time-code" spellcheck=${false} required aria-invalid=${ofCode ? "true" : undefined} aria-describedby="code-hint" />
        ${ofCode ? html`<span class="wrong" role="alert"><${Icon} name="alert" tiny=${true} />${error.message}</span>` : null}
        <span class="hint" id="code-hint">The six digits that your authenticator shows, or one of your recovery codes.</span></label>` : null}
      <button class="button main" disabled=${busy}>${busy ? "Signing in…" : "Sign in"}</button>
    </form>
    <p class="small quiet">${second ? html`Lost the authenticator and the recovery codes? An administrator, or <code>kith user totp-off</code> on the server, turns the second factor off.` : html`Lost the password? An administrator can make you a link, and on the server <code>kith user passwd</code> sets a new one.`}</p>
  </div><p class="sign-foot small faint">kith ${session.version}</p></main>`;
}
