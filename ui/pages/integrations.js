// @ts-check
import { html, useEffect, useState } from "../preact.js";
import { api, follow } from "../api.js";
import { count, plural } from "../format.js";
import { GROUPS, standing, today } from "../integrations.js";
import { useResource } from "../resource.js";
import { navigate } from "../router.js";
import { zone } from "../time.js";
import { Ago } from "../components/ago.js";
import { Icon } from "../components/icon.js";
import { PageHead } from "../components/page-head.js";
import { Spark } from "../components/spark.js";
import { toast } from "../components/toast.js";
import { Trouble } from "../components/trouble.js";

/** @typedef {import("../types.js").Tile} Tile */
/** @typedef {import("../types.js").Service} Service */

/** The page is read again at most this often while hooks come in. */
const AT_MOST_EVERY = 1000;

/** @param {{t: Tile}} props */
export function Standing({ t }) {
  const s = standing(t);
  if (s.look === "bad") return html`<span class="status bad"><${Icon} name="alert" tiny=${true} />${s.text}</span>`;
  return html`<span class="status quiet"><span class=${s.look === "good" ? "pulse" : "pulse off"}></span>${s.text}</span>`;
}

/** @param {{t: Tile}} props */
function Connected({ t }) {
  return html`<li class="panel tile" data-kind=${t.kind}><a class="tile-in" href=${`/app/integrations/${t.id}`}>
    <span class="tile-head"><b class="cut" dir="auto" title=${t.name}>${t.name}</b>${t.name === t.service ? null : html`<span class="small quiet">${t.service}</span>`}</span>
    <${Standing} t=${t} />
    <span class="tile-figures"><span><span class="figure">${count(today(t))}</span> <span class="small quiet">today</span></span><${Spark} days=${t.days} /></span>
    <span class="tile-foot small quiet">${t.last_at ? html`<span>Last hook <${Ago} at=${t.last_at} /></span>` : html`<span>Made <${Ago} at=${t.created_at} /></span>`}
      ${t.verified || !t.last_at || t.group === "pipelines" ? null : html`<span class="status bad"><${Icon} name="alert" tiny=${true} />not verified</span>`}</span>
  </a></li>`;
}

/** @param {{s: Service, again: boolean, connect: (kind: string) => void, busy: string}} props */
function Offered({ s, again, connect, busy }) {
  return html`<li class="panel tile offered" data-kind=${s.kind}><span class="tile-head"><b>${s.name}</b></span>
    <button type="button" class="button small" disabled=${busy !== ""} onClick=${() => connect(s.kind)}><${Icon} name="plus" tiny=${true} />${again ? "Connect another" : "Connect"}<span class="hidden"> ${s.name}</span></button></li>`;
}

/** @param {{name: string, tiles: Tile[], services: Service[], connect: (kind: string) => void, busy: string}} props */
function Group({ name, tiles, services, connect, busy }) {
  return html`<section class="tiles-group" aria-label=${name}><h2 class="section-title">${name}</h2>
    ${tiles.length ? html`<ul class="tiles">${tiles.map((t) => html`<${Connected} key=${t.id} t=${t} />`)}</ul>` : null}
    <ul class="tiles">${services.map((s) => html`<${Offered} key=${s.kind} s=${s} again=${tiles.some((t) => t.kind === s.kind)} connect=${connect} busy=${busy} />`)}</ul></section>`;
}

export function Integrations() {
  const read = useResource("integrations", api.integrations);
  const [busy, setBusy] = useState("");
  useEffect(() => {
    let timer = 0;
    const soon = () => {
      timer ||= window.setTimeout(() => {
        timer = 0;
        void read.reload();
      }, AT_MOST_EVERY);
    };
    const end = follow("/api/integrations/live", { event: "delivery", message: soon, opened: soon });
    return () => {
      clearTimeout(timer);
      end();
    };
  }, []);
  const connect = async (/** @type {string} */ kind) => {
    setBusy(kind);
    try {
      const made = await api.connect({ kind });
      navigate(`/app/integrations/${made.id}`);
    } catch (e) {
      toast(`Not connected: ${/** @type {Error} */ (e).message}`);
      setBusy("");
    }
  };
  const tiles = read.data?.data ?? [];
  const all = tiles.reduce((n, t) => n + today(t), 0);
  const failed = tiles.reduce((n, t) => n + t.today.failed, 0);
  const line = read.data
    ? [html`<b>${count(tiles.length)}</b> connected`, tiles.length ? html`${plural(all, "hook")} today` : null, failed ? html`<span class="bad">${count(failed)} failed</span>` : null, `times in ${zone()}`]
    : [read.error ? null : html`<span class="faint">Reading…</span>`];
  return html`<main id="content" class="page" tabindex="-1">
    <${PageHead} title="Integrations" line=${line} />
    ${read.error ? html`<${Trouble} error=${read.error} doing="read the integrations" retry=${read.reload} />` : null}
    ${read.data && tiles.length === 0 ? html`<p class="list-says">What you already use brings your customers in: each service posts to an address of its own here, and what it says becomes customers, attributes and events. Connect one, paste its address, and see the first hook arrive.</p>` : null}
    ${read.data ? GROUPS.map(([group, name]) => html`<${Group} key=${group} name=${name} tiles=${tiles.filter((t) => t.group === group)} services=${(read.data?.services ?? []).filter((s) => s.group === group)} connect=${connect} busy=${busy} />`) : null}
    ${!read.data && !read.error ? html`<div class="panel skeleton" aria-busy="true"></div>` : null}
  </main>`;
}
