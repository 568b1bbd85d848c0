// @ts-check
import { html } from "../preact.js";
import { api } from "../api.js";
import { useResource } from "../resource.js";
import { here, navigate, usePlace } from "../router.js";
import { instant, zone } from "../time.js";
import { Ago } from "../components/ago.js";
import { Select } from "../components/select.js";
import { Settings } from "../components/settings.js";
import { Trouble } from "../components/trouble.js";

/** What there is to filter by: the part before the dot. @type {[string, string][]} */
const KINDS = [["", "Everything"], ["user.", "The team"], ["session.", "Signing in"], ["key.", "Keys"], ["customer.", "Customers"], ["task.", "Many customers"], ["list.", "Lists"], ["segment.", "Segments"], ["import.", "Imports"], ["integration.", "Integrations"], ["delivery.", "Hooks"], ["event.", "Events"], ["backup.", "Backups"], ["quarantine.", "Quarantine"]];

/** What an action is called. @type {Record<string, string>} */
const WORDS = {
  "user.create": "added a user", "user.remove": "removed a user", "user.role": "changed a role", "user.password": "changed a password", "user.invite": "invited somebody", "user.withdraw": "withdrew a link",
  "user.reset_link": "made a password link", "user.totp_on": "turned a second factor on", "user.totp_off": "turned a second factor off", "user.recovery_codes": "made recovery codes", "user.recovery_used": "used a recovery code",
  "session.begin": "signed in", "session.refuse": "could not sign in", "session.end": "signed out", "session.end_others": "ended other sessions",
  "key.create": "made a key", "key.revoke": "revoked a key", "key.rotate": "rotated a key",
  "customer.erase": "erased a customer", "customer.dossier": "took a dossier", "customer.lift_erasure": "let somebody come back", "customer.change": "changed a customer", "customer.export": "exported customers",
  "customer.delete": "deleted a customer", "customer.merge": "merged customers", "customer.archive": "archived a customer", "customer.unarchive": "brought a customer back", "customer.convert": "made a customer an account, or back",
  "event.export": "exported events", "segment.export": "exported a segment", "backup.create": "asked for a backup", "backup.verify": "had a backup verified", "backup.download": "downloaded a backup", "backup.restore": "restored a backup", "quarantine.end": "ended the quarantine",
};

/** @param {string} action */
const word = (action) => WORDS[action] ?? action.replace(".", " ").replaceAll("_", " ");

/** @param {Record<string, any>} detail */
function said(detail) {
  return Object.entries(detail ?? {}).filter(([, v]) => v !== "" && v !== null).map(([name, v]) => `${name} ${typeof v === "object" ? JSON.stringify(v) : v}`).join(", ");
}

/** What is said of a deed that is not simply done. @type {Record<string, string>} */
const STATES = { begun: "goes on", failed: "failed", unknown: "begun; its end is not known" };

/** @param {{l: import("../types.js").AuditLine}} props */
function Row({ l }) {
  return html`<tr><td class="a"><b>${word(l.action)}</b>${STATES[l.state] ? html` <span class="quiet">${STATES[l.state]}</span>` : null}</td>
    <td class="c"><span class="cut" title=${l.by}>${l.name ?? l.by}${l.address ? html` <span class="quiet">${l.address}</span>` : null}</span></td>
    <td class="more"><code class="quiet cut">${l.target}</code></td>
    <td class="extra quiet"><span class="cut limit">${said(l.detail)}</span></td>
    <td class="b quiet num" title=${instant(l.at)}><${Ago} at=${l.at} /></td></tr>`;
}

/** @param {{session: import("../types.js").Session}} props */
export function Audit({ session }) {
  const { query } = usePlace();
  const asked = { by: query.by, action: query.action, from: query.from, to: query.to, next_cursor: query.after };
  const log = useResource(`audit ${JSON.stringify(asked)}`, (signal) => api.audit(asked, signal));
  const data = log.data;
  const set = (/** @type {Record<string, string|undefined>} */ change) => navigate(here({ after: undefined, ...change }), { replace: true });
  const filtered = query.by || query.action || query.from || query.to;
  /** @type {[string, string][]} */
  const people = [["", "Everybody"], ...(data?.actors ?? []).map((a) => /** @type {[string, string]} */ ([a.by, a.name]))];
  const day = (/** @type {string} */ name, /** @type {string} */ label) => html`<label class="field day"><span class="quiet">${label}</span><input type="date" value=${query[name] ?? ""} onChange=${(/** @type {any} */ e) => set({ [name]: e.target.value || undefined })} /></label>`;
  return html`<${Settings} session=${session} at="/app/settings/audit" line=${["who did what, by commands too", `times in ${zone()}`]}>
    ${log.error ? html`<${Trouble} error=${log.error} doing="read the log" retry=${log.reload} />` : null}
    <div class="tools" role="search"><${Select} label="Who" value=${query.by ?? ""} options=${people} change=${(/** @type {string} */ by) => set({ by })} /><${Select} label="What" value=${query.action ?? ""} options=${KINDS} change=${(/** @type {string} */ action) => set({ action })} />${day("from", "from")}${day("to", "to")}${filtered ? html`<a class="button bare" href="/app/settings/audit" data-keep>Clear</a>` : null}</div>
    ${data?.data.length ? html`<section class=${`panel ledger two bleed audit${log.stale ? " stale" : ""}`} aria-label="Who did what"><div class="scroll"><table><thead><tr><th scope="col">What</th><th scope="col">Who</th><th scope="col" class="more">To what</th><th scope="col" class="extra">More</th><th scope="col" class="num">When</th></tr></thead>
      <tbody>${data.data.map((l) => html`<${Row} key=${l.id} l=${l} />`)}</tbody></table></div>
      ${data.next_cursor || query.after ? html`<div class="pager"><span class="right">${query.after ? html`<a class="button small" href=${here({ after: undefined })}>Newest</a>` : null}${data.next_cursor ? html`<a class="button small" href=${here({ after: data.next_cursor })}>Older</a>` : null}</span></div>` : null}</section>` : null}
    ${data?.data.length === 0 ? html`<section class="panel empty"><h2>${filtered ? "Nothing of that kind." : "Nothing was done yet."}</h2><p>${filtered ? html`<a class="button" href="/app/settings/audit">Show everything</a>` : "Signing in, the team, keys, lists, segments, imports, integrations and erasures stand here, with who did it: people by this dashboard, keys by the API, and commands on the server."}</p></section>` : null}
    ${!data && !log.error ? html`<div class="panel skeleton" aria-busy="true"></div>` : null}
  </${Settings}>`;
}
