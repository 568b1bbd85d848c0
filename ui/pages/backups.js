// @ts-check
import { html, useEffect, useState } from "../preact.js";
import { api } from "../api.js";
import { bytes, plural } from "../format.js";
import { useResource } from "../resource.js";
import { zone } from "../time.js";
import { Ago } from "../components/ago.js";
import { Copy } from "../components/copy.js";
import { Icon } from "../components/icon.js";
import { Settings } from "../components/settings.js";
import { toast } from "../components/toast.js";
import { Trouble } from "../components/trouble.js";

/** @typedef {import("../types.js").BackupFile} BackupFile */

/** How often the page looks while something is under way, and otherwise. */
const LOOK = 1000, REST = 30_000;

/** @param {{f: BackupFile}} props */
function State({ f }) {
  if (f.checking) return html`<span class="status quiet"><${Icon} name="clock" tiny=${true} />being verified…</span>`;
  if (f.fault) return html`<span class="status fault"><${Icon} name="alert" tiny=${true} class="bad" />${f.fault}</span>`;
  if (f.checked) return html`<span class="status"><${Icon} name="check" tiny=${true} class="good" />whole, verified <${Ago} at=${f.checked} /></span>`;
  return html`<span class="quiet">${f.encrypted && !f.opens ? "encrypted for a key that is not here" : "not verified since the start"}</span>`;
}

/** @param {{f: BackupFile, busy: boolean, verify: () => void}} props */
function Row({ f, busy, verify }) {
  return html`<tr><td class="a"><b><${Ago} at=${f.at} /></b></td>
    <td class="more"><code class="quiet">${f.name}</code></td>
    <td class="num b quiet">${bytes(f.bytes)}${f.encrypted ? html` <span class="tag">age</span>` : null}</td>
    <td class="c"><${State} f=${f} /></td>
    <td class="num wide"><span class="actions">${f.opens ? html`<button type="button" class="button small" disabled=${busy} onClick=${verify}>Verify</button>` : null}
      <a class="button small" href=${`/api/backups/${encodeURIComponent(f.name)}/file`} download=${f.name} aria-label=${`Download ${f.name}`}>Download</a></span></td></tr>`;
}

/** How often they are made, in words. @param {number} seconds */
function often(seconds) {
  if (seconds === 0) return "none are made by themselves";
  if (seconds % 86400 === 0) return seconds === 86400 ? "one a day" : `one each ${plural(seconds / 86400, "day")}`;
  return seconds % 3600 === 0 ? `one each ${plural(seconds / 3600, "hour")}` : `one each ${plural(Math.round(seconds / 60), "minute")}`;
}

/** @param {{session: import("../types.js").Session}} props */
export function Backups({ session }) {
  const list = useResource("backups", api.backups);
  const [error, setError] = useState(/** @type {{what: string, error: any}|null} */ (null));
  const data = list.data;
  const all = data?.data;
  const busy = data?.running || all?.some((f) => f.checking) || false;
  useEffect(() => {
    const timer = setInterval(() => document.hidden || list.reload(), busy ? LOOK : REST);
    return () => clearInterval(timer);
  }, [busy]);
  const ask = async (/** @type {string} */ what, /** @type {Promise<import("../types.js").Backups>} */ call) => {
    setError(null);
    try {
      list.set(await call);
      toast(what === "make a backup" ? "A backup is being made." : "It is being taken apart.");
    } catch (error) {
      setError({ what, error });
    }
  };
  const make = html`<button type="button" class="button main" disabled=${!data || busy} onClick=${() => ask("make a backup", api.makeBackup())}><${Icon} name="plus" />${data?.running ? "Being made…" : "Make one now"}</button>`;
  const line = data && all ? [
    all.length ? html`the last <${Ago} at=${all[0].at} />` : "none yet",
    data.next ? html`the next <${Ago} at=${data.next} />` : null,
    `${often(data.every_seconds)}, the newest ${data.keep} are kept`, `times in ${zone()}`,
  ] : [list.error ? null : html`<span class="faint">Reading…</span>`];
  return html`<${Settings} session=${session} at="/app/settings/backups" actions=${make} line=${line}>
    ${list.error ? html`<${Trouble} error=${list.error} doing="read the backups" retry=${list.reload} />` : null}
    ${error ? html`<${Trouble} error=${error.error} doing=${error.what} />` : null}
    ${data?.fault ? html`<div class="trouble" role="alert"><${Icon} name="alert" /><div><b>The last backup could not be made.</b> <span>${data.fault}</span> <span class="next">${data.every_seconds ? "It is tried again in a quarter of an hour." : ""}</span></div></div>` : null}
    ${all?.length ? html`<div class="panel ledger two bleed backups"><div class="scroll"><table><thead><tr><th scope="col">Made</th><th scope="col" class="more">File</th><th scope="col" class="num">Size</th><th scope="col">State</th><th scope="col"><span class="hidden">Verify, download</span></th></tr></thead>
      <tbody>${all.map((f) => html`<${Row} key=${f.name} f=${f} busy=${busy} verify=${() => ask("verify this backup", api.verifyBackup(f.name))} />`)}</tbody></table></div></div>` : all || list.error ? null : html`<div class="panel skeleton" aria-busy="true"></div>`}
    ${all?.length === 0 ? html`<section class="panel empty"><h2>No backups yet.</h2><p>A backup is one packed file with everything: customers, events, segments, keys, people of the dashboard. It is made while Kith goes on serving, and holds nothing that was deleted.</p></section>` : null}
    ${data ? html`<p class="small quiet backup-hint">They lie in <span class="copied"><code>${data.folder}</code><${Copy} text=${data.folder} what="the folder" /></span> Another disk is better: see <code>[backup]</code> in the configuration. Back comes one with <code>kith restore FILE</code>, which sends nothing until that is confirmed here. Whoever was erased is in older backups until those are gone.</p>` : null}
  </${Settings}>`;
}
