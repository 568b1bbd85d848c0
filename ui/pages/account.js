// @ts-check
import { html, useState } from "../preact.js";
import { api } from "../api.js";
import { plural } from "../format.js";
import { useResource } from "../resource.js";
import { zone } from "../time.js";
import { Ago } from "../components/ago.js";
import { Copy } from "../components/copy.js";
import { Dialog } from "../components/dialog.js";
import { Ask, Password, Wrong } from "../components/form.js";
import { Icon } from "../components/icon.js";
import { Settings } from "../components/settings.js";
import { toast } from "../components/toast.js";
import { Trouble } from "../components/trouble.js";

/** The server's bound for a password. */
const SHORTEST = 10;
/** From here on recovery codes are running out. */
const FEW = 3;

/** A browser and its system, as far as its name tells. @param {string} agent */
export function browserOf(agent) {
  const browser = /Edg\//.test(agent) ? "Edge" : /OPR\//.test(agent) ? "Opera" : /Firefox\//.test(agent) ? "Firefox" : /Chrome\//.test(agent) ? "Chrome" : /Safari\//.test(agent) ? "Safari" : "";
  const system = /Android/.test(agent) ? "Android" : /iPhone|iPad/.test(agent) ? "iOS" : /Windows/.test(agent) ? "Windows" : /Mac OS/.test(agent) ? "macOS" : /Linux/.test(agent) ? "Linux" : "";
  if (!browser) return agent.slice(0, 60) || "unknown";
  return system ? `${browser} on ${system}` : browser;
}

/** @param {{close: () => void, done: () => void}} props */
function NewPassword({ close, done }) {
  const act = async (/** @type {FormData} */ form) => {
    await api.changePassword(String(form.get("password")), String(form.get("new")));
    toast("The password is changed. Your other sessions have ended.", { good: true });
    done();
  };
  return html`<${Ask} title="Change the password" close=${close} act=${act} doing="change the password" button="Change the password" fields=${["password", "new"]}>${(/** @type {any} */ error) => html`
    <${Password} error=${error} />
    <label><span>New password</span><input class="input" type="password" name="new" autocomplete="new-password" required minlength=${SHORTEST} aria-invalid=${error?.field === "new" ? "true" : undefined} /><${Wrong} error=${error} field="new" /><span class="hint">At least ${SHORTEST} characters. A sentence is easier to keep than a riddle.</span></label>`}</${Ask}>`;
}

/** The codes, this once. @param {{codes: string[], close: () => void}} props */
function Codes({ codes, close }) {
  return html`<${Dialog} title="Recovery codes" close=${close} locked=${true}><div class="form">
    <div class="warning"><${Icon} name="alert" /><p>Keep these where the phone is not. Each stands in for it once; Kith keeps only their fingerprints and cannot show them again.</p></div>
    <ol class="codes">${codes.map((c) => html`<li key=${c}><code>${c}</code></li>`)}</ol>
    <div class="buttons"><${Copy} text=${codes.join("\n")} what="the codes" label="Copy all" look="main" /><button type="button" class="button" onClick=${close}>I have kept them</button></div>
  </div></${Dialog}>`;
}

/** Sets the second factor up: the picture, then a code that proves it. @param {{totp: import("../types.js").Totp, close: () => void, done: (codes: string[]) => void}} props */
function SetUpTotp({ totp, close, done }) {
  const act = async (/** @type {FormData} */ form) => {
    const out = await api.setTotp(String(form.get("password")), totp.secret, String(form.get("code")));
    done(out.recovery_codes);
  };
  return html`<${Ask} title="Set up a second factor" close=${close} act=${act} doing="turn the second factor on" button="Turn it on" fields=${["password", "code"]}>${(/** @type {any} */ error) => html`
    <p>Scan this with an authenticator on your phone, then type the six digits that it shows.</p>
    <div class="totp"><svg class="qr" role="img" aria-label="QR code of the secret" viewBox=${`-2 -2 ${totp.size + 4} ${totp.size + 4}`}><rect x="-2" y="-2" width=${totp.size + 4} height=${totp.size + 4} class="qr-ground" /><path d=${totp.path} class="qr-dots" /></svg>
      <div><span class="small quiet">Or type the secret</span><div class="secret"><code>${totp.secret.replace(/(.{4})/g, "$1 ").trim()}</code><${Copy} text=${totp.secret} what="the secret" /></div></div></div>
    <label><span>Code</span><input class="input" name="code" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9 ]{6,7}" title="six digits" required data-first aria-invalid=${error?.field === "code" ? "true" : undefined} /><${Wrong} error=${error} field="code" /></label>
    <${Password} error=${error} first=${false} />`}</${Ask}>`;
}

/** @param {{s: import("../types.js").SessionLine, end: () => void}} props */
function Line({ s, end }) {
  return html`<tr><td class="a"><b title=${s.agent}>${browserOf(s.agent)}</b> ${s.current ? html`<span class="tag">this one</span>` : null}</td>
    <td class="c"><code class="quiet">${s.address || "–"}</code></td>
    <td class="more quiet"><${Ago} at=${s.created_at} plainly=${true} /></td>
    <td class="d quiet"><${Ago} at=${s.seen_at} /></td>
    <td class="b num">${s.current ? null : html`<button type="button" class="button small danger" data-row onClick=${end}>End</button>`}</td></tr>`;
}

/** @param {{session: import("../types.js").Session}} props */
export function Account({ session }) {
  const mine = useResource("account", api.account);
  const [open, setOpen] = useState(/** @type {{what: string, totp?: import("../types.js").Totp, codes?: string[]}} */ ({ what: "" }));
  const [error, setError] = useState(/** @type {{doing: string, error: any}|null} */ (null));
  const me = mine.data;
  const close = () => setOpen({ what: "" });
  const again = () => { close(); void mine.reload(); };
  const attempt = async (/** @type {string} */ doing, /** @type {() => Promise<any>} */ act) => {
    setError(null);
    try {
      await act();
    } catch (error) {
      setError({ doing, error });
    }
  };
  const begin = () => attempt("begin the set-up", async () => setOpen({ what: "totp", totp: await api.beginTotp() }));
  const end = (/** @type {string} */ id) => attempt("end the session", async () => { await api.endSession(id); await mine.reload(); toast("The session has ended.", { good: true }); });
  const endOthers = () => attempt("end the sessions", async () => { await api.endOtherSessions(); await mine.reload(); toast("All other sessions have ended.", { good: true }); });
  const off = async (/** @type {FormData} */ form) => { await api.clearTotp(String(form.get("password"))); toast("The second factor is off.", { good: true }); again(); };
  const renew = async (/** @type {FormData} */ form) => { const out = await api.renewCodes(String(form.get("password"))); setOpen({ what: "codes", codes: out.recovery_codes }); };
  const line = me ? [html`<b>${me.email}</b>`, me.role, `times in ${zone()}`] : [mine.error ? null : html`<span class="faint">Reading…</span>`];
  return html`<${Settings} session=${session} at="/app/settings/account" line=${line}>
    ${mine.error ? html`<${Trouble} error=${mine.error} doing="read your account" retry=${mine.reload} />` : null}
    ${error ? html`<${Trouble} error=${error.error} doing=${error.doing} />` : null}
    ${me ? html`<section class="panel" aria-label="Signing in"><div class="panel-head"><h2>Signing in</h2></div><ul class="rows">
        <li><div class="row tall"><div><b>Password</b><p class="small quiet">A change ends all your other sessions.</p></div><span class="right"><button type="button" class="button" onClick=${() => setOpen({ what: "password" })}>Change</button></span></div></li>
        <li><div class="row tall"><div><b>Second factor</b><p class="small quiet">${me.second_factor
          ? html`On: an authenticator's code is asked for. <span class=${me.recovery_codes <= FEW ? "warn" : ""}>${plural(me.recovery_codes, "recovery code")} left.</span>`
          : "Off: whoever knows the password can sign in."}</p></div>
          <span class="right actions">${me.second_factor ? html`<button type="button" class="button" onClick=${() => setOpen({ what: "codes?" })}>New recovery codes</button><button type="button" class="button danger" onClick=${() => setOpen({ what: "off" })}>Turn off</button>` : html`<button type="button" class="button main" onClick=${begin}>Set up</button>`}</span></div></li>
      </ul></section>
      <section class="panel ledger two bleed sessions" aria-label="Sessions"><div class="panel-head"><h2>Sessions</h2><span class="n">${me.sessions.length}</span>${me.sessions.length > 1 ? html`<span class="right"><button type="button" class="button small" onClick=${endOthers}>End all others</button></span>` : null}</div><div class="scroll"><table>
        <thead><tr><th scope="col">Browser</th><th scope="col">Address</th><th scope="col" class="more">Began</th><th scope="col">Last used</th><th scope="col"><span class="hidden">End</span></th></tr></thead>
        <tbody>${me.sessions.map((s) => html`<${Line} key=${s.id} s=${s} end=${() => end(s.id)} />`)}</tbody></table></div></section>` : mine.error ? null : html`<div class="panel skeleton" aria-busy="true"></div>`}
    ${open.what === "password" ? html`<${NewPassword} close=${close} done=${again} />` : null}
    ${open.what === "totp" && open.totp ? html`<${SetUpTotp} totp=${open.totp} close=${close} done=${(/** @type {string[]} */ codes) => { setOpen({ what: "codes", codes }); void mine.reload(); }} />` : null}
    ${open.what === "codes" && open.codes ? html`<${Codes} codes=${open.codes} close=${again} />` : null}
    ${open.what === "off" ? html`<${Ask} title="Turn the second factor off" close=${close} act=${off} doing="turn the second factor off" button="Turn it off" danger=${true} fields=${["password"]}>${(/** @type {any} */ error) => html`<p>From then on the password alone signs you in. Your other sessions end.</p><${Password} error=${error} />`}</${Ask}>` : null}
    ${open.what === "codes?" ? html`<${Ask} title="New recovery codes" close=${close} act=${renew} doing="make recovery codes" button="Make ten codes" fields=${["password"]}>${(/** @type {any} */ error) => html`<p>The codes from before are void from then on.</p><${Password} error=${error} />`}</${Ask}>` : null}
  </${Settings}>`;
}
