// @ts-check
// How the server is doing: one cell a thing, quiet while it is well.
import { html } from "../preact.js";
import { api } from "../api.js";
import { can } from "../can.js";
import { count, plural } from "../format.js";
import { size } from "../imports.js";
import { useResource } from "../resource.js";
import { Ago } from "./ago.js";
import { Icon } from "./icon.js";
import { Trouble } from "./trouble.js";

/** @typedef {import("../types.js").Home} HomeData */
/** @typedef {import("../types.js").Health} Health */

/** @param {{name: string, bad?: boolean, wait?: boolean, main: any, href?: string, children?: any}} props */
function Cell({ name, bad, wait, main, href, children }) {
  const [icon, look] = bad ? ["alert", "warn"] : wait ? ["clock", "faint"] : ["check", "good"];
  const inside = html`<span class="small quiet"><${Icon} name=${icon} tiny=${true} class=${look} /> ${name}</span><b>${main}</b><span class="small quiet">${children}</span>`;
  return href ? html`<a class=${bad ? "health-cell bad-cell" : "health-cell"} href=${href}>${inside}</a>` : html`<div class=${bad ? "health-cell bad-cell" : "health-cell"}>${inside}</div>`;
}

/** How many entries a reader may be behind before that is worth a word: a second's work. */
const BEHIND = 5000;

/** What a reader of the feed does, for people. @type {Record<string, string>} */
const READERS = { segments: "segments", search: "the search" };

/** @param {{health: Health}} props */
function Feed({ health }) {
  const late = health.feed.readers.filter((r) => r.behind > BEHIND).map((r) => READERS[r.name] ?? r.name);
  return html`<${Cell} name="On disk" bad=${!health.ready} wait=${late.length > 0} main=${!health.ready ? "Writing is off" : health.feed.behind > BEHIND ? `${count(health.feed.behind)} behind` : "Caught up"}>${health.ready ? (late.length ? `${late.join(" and ")} will be right in a moment` : "what was answered is stored") : health.trouble}</${Cell}>`;
}

/** @param {{health: Health, session: import("../types.js").Session}} props */
function Backup({ health, session }) {
  const b = health.backup;
  if (!b) return html`<${Cell} name="Last backup" bad=${true} main="None">this server makes none</${Cell}>`;
  const href = can(session, "run") ? "/app/settings/backups" : undefined;
  return html`<${Cell} name="Last backup" bad=${Boolean(b.fault) || (!b.last && !b.running && !b.next)} wait=${!b.fault && !b.last} href=${href} main=${b.running ? "Being made" : b.last ? html`<${Ago} at=${b.last} />` : "None yet"}>${b.fault || (b.last ? size(b.bytes) : b.next ? html`the first <${Ago} at=${b.next} />` : "none is due")}</${Cell}>`;
}

/** @param {{health: Health}} props */
function Disk({ health }) {
  const { disk } = health;
  const kept = disk.database + disk.log;
  if (!disk.total) return html`<${Cell} name="Disk" wait=${true} main=${size(kept)}>taken; the system does not say what is free</${Cell}>`;
  const scarce = disk.low || disk.free < disk.total * 0.05 || disk.free < 2 * kept;
  return html`<${Cell} name="Disk" bad=${scarce} main=${`${size(disk.free)} free`}>of ${size(disk.total)}; the data takes ${size(kept)}</${Cell}>`;
}

/** @param {{home: HomeData, session: import("../types.js").Session}} props */
export function HomeHealth({ home, session }) {
  const health = useResource("health", api.health);
  const { requests, segments, connections } = home;
  return html`<section class="panel health" aria-label="Health">
    ${requests ? html`<${Cell} name="Answering" href="/app/requests" bad=${requests.refused > 0 && requests.refused * 2 > requests.hour} main=${requests.hour ? `p99 ${requests.p99_ms < 10 ? requests.p99_ms.toFixed(1) : Math.round(requests.p99_ms)} ms` : "No requests"}>${requests.hour ? `${plural(requests.hour, "request")} in an hour, ${requests.refused ? `${count(requests.refused)} refused` : "none refused"}` : "in the last hour"}</${Cell}>` : null}
    ${health.data ? html`<${Feed} health=${health.data} />` : null}
    <${Cell} name="Segments" href="/app/segments" wait=${segments.behind > BEHIND} main=${segments.behind > BEHIND ? `${count(segments.behind)} behind` : "Caught up"}>${plural(segments.count, "segment")}</${Cell}>
    ${health.data ? html`<${Backup} health=${health.data} session=${session} /><${Disk} health=${health.data} />` : null}
    <${Cell} name="Webhooks" href="/app/integrations" bad=${connections.failing > 0} main=${connections.count === 0 ? "None" : connections.failing ? `${connections.failing} of ${connections.count} failing` : connections.count === 1 ? "Working" : `All ${connections.count} working`}>${connections.failing ? html`<bdi>${connections.name}</bdi>: ${connections.error}` : connections.count ? "the last hook of each was taken" : "no service is connected"}</${Cell}>
    ${health.error && !health.data ? html`<div class="health-trouble"><${Trouble} error=${health.error} doing="read the server's health" retry=${health.reload} /></div>` : null}
  </section>`;
}
