// @ts-check
import { html, useState } from "../preact.js";
import { api } from "../api.js";
import { count } from "../format.js";
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

/** @typedef {import("../types.js").Administrator} Administrator */
/** @typedef {import("../types.js").Invitation} Invitation */

/** What a role is for. @type {Record<string, string>} */
export const ROLES = {
  owner: "everything; there is one",
  admin: "everything but handing over the ownership",
  manager: "customers, lists, segments, and the team below an admin",
  developer: "customers, lists, imports, integrations and keys; sees segments",
  member: "sees everything but what was written to customers; changes nothing",
};

/** The link, this once. @param {{link: Invitation, close: () => void}} props */
function Link({ link, close }) {
  return html`<${Dialog} title=${link.role ? "The invitation" : "The link to another password"} close=${close} locked=${true}><div class="form">
    <p>Hand this link to <b>${link.email}</b>. It works once, until <${Ago} at=${link.expires_at} plainly=${true} />. Whoever has it can use it, so send it by a way that only they read.</p>
    <div class="secret"><code>${link.url}</code><${Copy} text=${link.url ?? ""} what="the link" label="Copy" look="main" /></div>
    <div class="buttons"><button type="button" class="button" onClick=${close}>I have copied it</button></div>
  </div></${Dialog}>`;
}

/** @param {{grants: string[], value: string, error?: any}} props */
function RoleField({ grants, value, error }) {
  return html`<fieldset class="roles"><legend>Role</legend>${grants.map((r) => html`<label key=${r} class="check"><input type="radio" name="role" value=${r} defaultChecked=${r === value} required /><span><b>${r}</b> <span class="quiet">${ROLES[r]}</span></span></label>`)}<${Wrong} error=${error} field="role" /></fieldset>`;
}

/** @param {{u: Administrator, act: (what: string) => void}} props */
function Row({ u, act }) {
  return html`<tr><td class="a"><span class="who"><b class="cut" title=${u.email}>${u.email}</b>${u.you ? html`<span class="tag">you</span>` : null}</span></td>
    <td class="b" title=${ROLES[u.role]}>${u.role}</td>
    <td class="more quiet">${u.second_factor ? html`<span class="status"><${Icon} name="check" tiny=${true} class="good" />second factor</span>` : "password alone"}</td>
    <td class="extra quiet"><${Ago} at=${u.created_at} plainly=${true} /></td>
    <td class="c quiet"><${Ago} at=${u.seen_at} never="not signed in" /></td>
    <td class="wide num">${u.yours ? html`<span class="row-actions"><button type="button" class="button small" onClick=${() => act("role")}>Role</button><button type="button" class="button small" onClick=${() => act("reset")}>Password link</button>${u.second_factor ? html`<button type="button" class="button small" onClick=${() => act("totp")}>Second factor off</button>` : null}<button type="button" class="button small danger" onClick=${() => act("remove")}>Remove</button></span>` : null}</td></tr>`;
}

/** @param {{session: import("../types.js").Session}} props */
export function Administrators({ session }) {
  const team = useResource("administrators", api.administrators);
  const [open, setOpen] = useState(/** @type {{what: string, u?: Administrator, link?: Invitation}} */ ({ what: "" }));
  const [error, setError] = useState(/** @type {{doing: string, error: any}|null} */ (null));
  const data = team.data;
  const close = () => setOpen({ what: "" });
  const again = (/** @type {string} */ said) => { close(); toast(said, { good: true }); void team.reload(); };
  const invite = async (/** @type {FormData} */ form) => {
    const link = await api.invite(String(form.get("email")).trim(), String(form.get("role")));
    setOpen({ what: "link", link });
    void team.reload();
  };
  const act = async (/** @type {string} */ what, /** @type {Administrator} */ u) => {
    setError(null);
    if (what !== "reset") return setOpen({ what, u });
    try {
      setOpen({ what: "link", link: await api.resetLink(u.id) });
      void team.reload();
    } catch (error) {
      setError({ doing: "make the link", error });
    }
  };
  const withdraw = async (/** @type {Invitation} */ i) => {
    try {
      await api.withdraw(i.id);
      again("The link is void.");
    } catch (error) {
      setError({ doing: "withdraw the link", error });
    }
  };
  const u = open.u;
  const may = Boolean(data?.grants.length);
  const line = data ? [html`<b>${count(data.data.length)}</b> may sign in`, `you are ${session.role}`, `times in ${zone()}`] : [team.error ? null : html`<span class="faint">Reading…</span>`];
  const make = may ? html`<button type="button" class="button main" onClick=${() => setOpen({ what: "invite" })}><${Icon} name="plus" />Invite</button>` : null;
  return html`<${Settings} session=${session} at="/app/settings/administrators" line=${line} actions=${make}>
    ${team.error ? html`<${Trouble} error=${team.error} doing="read who may sign in" retry=${team.reload} />` : null}
    ${error ? html`<${Trouble} error=${error.error} doing=${error.doing} />` : null}
    ${data ? html`<section class="panel ledger two bleed team" aria-label="Who may sign in"><div class="scroll"><table><thead><tr><th scope="col">E-mail</th><th scope="col">Role</th><th scope="col" class="more">Signs in by</th><th scope="col" class="extra">Added</th><th scope="col">Last seen</th><th scope="col"><span class="hidden">Change</span></th></tr></thead>
      <tbody>${data.data.map((a) => html`<${Row} key=${a.id} u=${a} act=${(/** @type {string} */ what) => void act(what, a)} />`)}</tbody></table></div></section>
      ${data.invitations.length ? html`<section class="panel" aria-label="Open links"><div class="panel-head"><h2>Open links</h2><span class="n">${count(data.invitations.length)}</span></div><ul class="rows">${data.invitations.map((i) => html`<li key=${i.id}><div class="row"><span class="cut"><b>${i.email}</b> <span class="quiet">${i.role ? `invited as ${i.role}` : "may choose another password"}, until <${Ago} at=${i.expires_at} plainly=${true} /></span></span><span class="right"><button type="button" class="button small danger" onClick=${() => void withdraw(i)}>Withdraw</button></span></div></li>`)}</ul></section>` : null}` : team.error ? null : html`<div class="panel skeleton" aria-busy="true"></div>`}
    ${open.what === "link" && open.link ? html`<${Link} link=${open.link} close=${close} />` : null}
    ${open.what === "invite" && data ? html`<${Ask} title="Invite somebody" close=${close} act=${invite} doing="make the invitation" button="Make the link" fields=${["email", "role"]}>${(/** @type {any} */ error) => html`
      <label><span>E-mail</span><input class="input" type="email" name="email" required data-first autocomplete="off" aria-invalid=${error?.field === "email" ? "true" : undefined} /><${Wrong} error=${error} field="email" /><span class="hint">They sign in with it. Nothing is mailed: you hand over a link.</span></label>
      <${RoleField} grants=${data.grants.filter((r) => r !== "owner")} value="developer" error=${error} />`}</${Ask}>` : null}
    ${open.what === "role" && u && data ? html`<${RoleDialog} u=${u} grants=${data.grants} close=${close} done=${() => again(`The role of ${u.email} is changed; its sessions have ended.`)} />` : null}
    ${open.what === "remove" && u ? html`<${Ask} title="Remove somebody" close=${close} doing="remove" button=${`Remove ${u.email}`} danger=${true} act=${async () => { await api.removeAdministrator(u.id); again(`${u.email} may not sign in any more.`); }}>${() => html`<p><b>${u.email}</b> is signed out everywhere and may not sign in any more. What they did stays in the audit log. The keys they made go on working.</p>`}</${Ask}>` : null}
    ${open.what === "totp" && u ? html`<${Ask} title="Turn a second factor off" close=${close} doing="turn it off" button="Turn it off" danger=${true} act=${async () => { await api.clearOthersTotp(u.id); again(`The second factor of ${u.email} is off.`); }}>${() => html`<p>For when the phone and the recovery codes of <b>${u.email}</b> are lost. The password alone signs in from then on; all sessions end.</p>`}</${Ask}>` : null}
  </${Settings}>`;
}

/** @param {{u: Administrator, grants: string[], close: () => void, done: () => void}} props */
function RoleDialog({ u, grants, close, done }) {
  const [role, setRole] = useState(u.role);
  const act = async (/** @type {FormData} */ form) => {
    await api.changeRole(u.id, String(form.get("role")), form.has("password") ? String(form.get("password")) : undefined);
    done();
  };
  return html`<${Ask} title=${`The role of ${u.email}`} close=${close} act=${act} doing="change the role" button=${role === "owner" ? "Hand over the ownership" : "Change the role"} danger=${role === "owner"} fields=${["password", "role"]}>${(/** @type {any} */ error) => html`
    <div onChange=${(/** @type {any} */ e) => e.target.name === "role" && setRole(e.target.value)}><${RoleField} grants=${grants} value=${u.role} error=${error} /></div>
    ${role === "owner" ? html`<p class="small">You become an administrator, and cannot take it back.</p><${Password} error=${error} first=${false} />` : null}`}</${Ask}>`;
}
