// @ts-check
import { html, useEffect, useState } from "../preact.js";
import { api, follow } from "../api.js";
import { count, plural } from "../format.js";
import { sdkLines, today } from "../integrations.js";
import { useResource } from "../resource.js";
import { here, navigate, usePlace } from "../router.js";
import { ago, zone } from "../time.js";
import { Copy } from "../components/copy.js";
import { DeliveryRow } from "../components/delivery-row.js";
import { Icon } from "../components/icon.js";
import { IntegrationForm, RemoveIntegration } from "../components/integration-form.js";
import { Listing } from "../components/listing.js";
import { MappingForm } from "../components/mapping-form.js";
import { PageHead } from "../components/page-head.js";
import { toast } from "../components/toast.js";
import { Trouble } from "../components/trouble.js";
import { Standing } from "./integrations.js";

/** @typedef {import("../types.js").Tile} Tile */
/** @typedef {import("../types.js").Service} Service */
/** @typedef {import("../types.js").Delivery} Delivery */

/** How many new deliveries the log takes on before it waits for the next reading. */
const MOST = 200;

/** One of the three steps to a connection. @param {{n: number, done: boolean, title: string, children?: any}} props */
function Step({ n, done, title, children }) {
  return html`<li class=${done ? "step done" : "step"}><span class="step-mark">${done ? html`<${Icon} name="check" tiny=${true} /><span class="hidden">done</span>` : n}</span><div><b>${title}</b>${children}</div></li>`;
}

/** @param {{t: Tile, service: Service|undefined, change: (body: object) => Promise<void>}} props */
function Secret({ t, service, change }) {
  const [error, setError] = useState(/** @type {any} */ (null));
  const [open, setOpen] = useState(!t.verified);
  const submit = async (/** @type {SubmitEvent} */ e) => {
    e.preventDefault();
    const value = String(new FormData(/** @type {HTMLFormElement} */ (e.target)).get("secret")).trim();
    try {
      await change(t.kind === "ses" ? { topic: value } : { secret: value });
      setOpen(false);
      setError(null);
    } catch (e) {
      setError(e);
    }
  };
  if (!open) {
    return html`<p class="quiet">${t.kind === "ses" ? html`Messages of <code>${t.topic}</code> are taken.` : html`It is kept${t.secret_hint ? html`, and ends in <code>${t.secret_hint}</code>` : ""}. What is not signed with it is refused.`} <button type="button" class="link" onClick=${() => setOpen(true)}>Change it</button></p>`;
  }
  return html`<form class="step-form" onSubmit=${submit}><label class="hidden" for="secret">The ${service?.secret}</label>
      <input class="input" id="secret" name="secret" required autocomplete="off" spellcheck=${false} placeholder=${service?.secret} /><button class="button main">Save</button></form>
    ${error ? html`<p class="small bad" role="alert">${error.message}</p>` : null}`;
}

/** How to connect, until the first hook has come. @param {{t: Tile, service: Service|undefined, base: string, first: Delivery|undefined, change: (body: object) => Promise<void>}} props */
function Steps({ t, service, base, first, change }) {
  const address = base + t.url;
  const sdk = sdkLines(t.kind, base, t.url.slice("/hooks/".length));
  const pipeline = t.group === "pipelines";
  return html`<section class="panel steps" aria-label="How to connect"><ol>
    <${Step} n=${1} done=${Boolean(t.last_at)} title=${pipeline ? "Point the SDK here" : "Copy this address"}>
      <p class="quiet">${service?.where}</p>
      ${sdk ? html`<${Listing} title=${sdk.title} text=${sdk.text} what="these lines" plain=${true} />` : null}
      ${t.kind === "customerio" ? null : html`<div class="secret"><code>${address}</code><${Copy} text=${address} what="the address" label="Copy" look=${pipeline ? "" : "main"} /></div>`}</${Step}>
    ${pipeline ? null : html`<${Step} n=${2} done=${t.verified} title=${`Paste the ${service?.secret}`}>
      <${Secret} t=${t} service=${service} change=${change} /></${Step}>`}
    <${Step} n=${pipeline ? 2 : 3} done=${Boolean(t.last_at)} title="See the first hook arrive">
      ${first ? html`<p>It arrived: <b>${first.event || "a body"}</b>, ${first.state}.</p>` : html`<p class="status quiet" role="status"><span class="pulse waiting"></span>Waiting. It appears here the moment it comes${service?.example ? `, such as ${service.example}` : ""}.</p>`}</${Step}></ol></section>`;
}

/** @param {{t: Tile, open: () => void}} props */
function NotVerified({ t, open }) {
  if (t.verified || t.group === "pipelines") return null;
  return html`<div class="trouble" role="note"><${Icon} name="alert" /><div><b>Nothing that comes here is verified.</b><span>Whoever knows the address is believed.</span>
    <div class="foot-row"><button type="button" class="button" onClick=${open}>Paste the secret</button></div></div></div>`;
}

/** Follows what comes in for one connection. @param {string} id @param {(d: Delivery) => void} came @param {() => void} opened */
function useDeliveries(id, came, opened) {
  const [on, setOn] = useState(false);
  useEffect(() => follow("/api/integrations/live", {
    event: "delivery", state: setOn, opened,
    message: (/** @type {{integration: string, delivery: Delivery}} */ n) => n.integration === id && came(n.delivery),
  }), [id]);
  return on;
}

/** @param {Delivery[]} known @param {Delivery[]} fresh */
function onTop(known, fresh) {
  const ids = new Set(fresh.map((d) => d.id));
  return [...fresh, ...known.filter((d) => !ids.has(d.id))].slice(0, MOST);
}

/** @param {{id: string}} props */
export function Integration({ id }) {
  const { query } = usePlace();
  const [dialog, setDialog] = useState("");
  const [fresh, setFresh] = useState(/** @type {Delivery[]} */ ([]));
  const tile = useResource(`integration ${id}`, (signal) => api.integration(id, signal));
  const all = useResource("integrations", api.integrations);
  const ask = { state: query.state, next_cursor: query.next_cursor };
  const key = `deliveries ${id} ${JSON.stringify(ask)}`;
  const log = useResource(key, (signal) => api.deliveries(id, ask, signal));
  const fits = (/** @type {Delivery} */ d) => (!query.state || d.state === query.state) && !query.next_cursor;
  useEffect(() => setFresh([]), [key]);
  const on = useDeliveries(id, (d) => {
    setFresh((f) => onTop(f, [d]));
    void tile.reload();
  }, () => {
    void log.reload();
    void tile.reload();
  });
  const crumb = { href: "/app/integrations", text: "Integrations" };
  const t = tile.data;
  if (!t) {
    return html`<main id="content" class="page" tabindex="-1"><${PageHead} title=${tile.error?.code === "not_found" ? "No such integration" : "Integration"} crumb=${crumb} />
      ${tile.error ? html`<${Trouble} error=${tile.error} doing="read this integration" retry=${tile.reload} />` : html`<div class="panel skeleton" aria-busy="true"></div>`}</main>`;
  }
  const service = all.data?.services.find((s) => s.kind === t.kind);
  const base = all.data?.base_url ?? location.origin;
  const rows = log.stale ? log.data?.data ?? [] : onTop(log.data?.data ?? [], fresh.filter(fits));
  const change = async (/** @type {object} */ body) => tile.set(await api.changeIntegration(id, body));
  const replaced = (/** @type {Delivery} */ d) => {
    setFresh((f) => f.map((one) => (one.id === d.id ? { ...one, ...d } : one)));
    void log.reload();
    void tile.reload();
  };
  const close = () => setDialog("");
  const tab = (/** @type {string|undefined} */ state, /** @type {string} */ text) => html`<a href=${here({ state, next_cursor: undefined, open: undefined })} data-keep aria-current=${(query.state ?? "") === (state ?? "") ? "true" : undefined}>${text}</a>`;
  const line = [html`<${Standing} t=${t} />`, t.name === t.service ? null : t.service, html`<b>${count(today(t))}</b> today`, t.last_at ? html`last hook ${ago(t.last_at)}` : null, `times in ${zone()}`];
  const toggle = (/** @type {string} */ did) => navigate(here({ open: query.open === did ? undefined : did }), { replace: true });
  return html`<main id="content" class="page" tabindex="-1">
    <${PageHead} title=${t.name} line=${line} crumb=${crumb}>
      <button type="button" class="button" onClick=${() => setDialog("remove")}>Remove</button>
      ${t.kind === "webhook" && t.last_at ? html`<button type="button" class="button" onClick=${() => setDialog("mapping")}>What it means</button>` : null}
      <button type="button" class="button" onClick=${() => setDialog("settings")}>Settings</button></${PageHead}>
    ${tile.error ? html`<${Trouble} error=${tile.error} doing="read this integration" retry=${tile.reload} />` : null}
    ${t.last_at ? html`<${NotVerified} t=${t} open=${() => setDialog("settings")} />` : html`<${Steps} t=${t} service=${service} base=${base} first=${fresh[0]} change=${change} />`}
    ${t.kind === "webhook" && t.last_at && !t.mapping ? html`<section class="panel empty"><h2>What does a body mean?</h2><p>Kith keeps what comes, and does not know yet who it is about. Choose on a body that came in where the customer, the event and its properties stand; what was kept is then replayed.</p>
      <div class="actions"><button type="button" class="button main" onClick=${() => setDialog("mapping")}>Choose on a body</button></div></section>` : null}
    ${log.error ? html`<${Trouble} error=${log.error} doing="read the log" retry=${log.reload} />` : null}
    ${t.last_at ? html`<section class="panel ledger two log deliveries bleed" aria-label="What came in"><div class="panel-head tight"><nav class="tabs" aria-label="State">${tab(undefined, "All")}${tab("applied", "Applied")}${tab("failed", "Failed")}${tab("ignored", "Ignored")}${tab("repeated", "Repeated")}</nav>
        <span class="right small quiet"><span class="live"><span class=${on ? "pulse" : "pulse off"}></span>${on ? "Live" : "Reconnecting"}</span></span></div>
      ${rows.length ? html`<div class=${log.stale ? "scroll dim" : "scroll"}><table><thead><tr><th scope="col" aria-sort="descending" class="time">Time</th><th scope="col">Event</th><th scope="col">State</th><th scope="col">What it became</th><th scope="col" class="num extra">Size</th></tr></thead>
        <tbody>${rows.map((d) => html`<${DeliveryRow} key=${d.id} d=${d} integration=${t} open=${query.open === d.id} fresh=${fresh.some((f) => f.id === d.id)} toggle=${toggle} replaced=${replaced} />`)}</tbody></table></div>
        <nav class="pager" aria-label="Pages"><span>${plural(rows.length, "hook")} shown</span><span class="right">
          ${query.next_cursor ? html`<a class="button" href=${here({ next_cursor: undefined, open: undefined })}>Newest</a>` : null}
          ${log.data?.next_cursor ? html`<a class="button" href=${here({ next_cursor: log.data.next_cursor, open: undefined })}>Older</a>` : null}</span></nav>` : null}
      ${log.data && rows.length === 0 ? html`<p class="note">${query.state ? `Nothing is ${query.state}.` : "Nothing is kept any more: bodies go after a while."}</p>` : null}
    </section>` : null}
    ${!log.data && !log.error && t.last_at ? html`<div class="panel skeleton" aria-busy="true"></div>` : null}
    ${dialog === "settings" ? html`<${IntegrationForm} t=${t} service=${service} base=${base} close=${close} saved=${(/** @type {Tile} */ next) => { close(); tile.set(next); toast(`Saved “${next.name}”.`, { good: true }); }} />` : null}
    ${dialog === "remove" ? html`<${RemoveIntegration} t=${t} close=${close} done=${() => navigate("/app/integrations")} />` : null}
    ${dialog === "mapping" ? html`<${MappingForm} t=${t} close=${close} saved=${(/** @type {Tile} */ next) => { close(); tile.set(next); void log.reload(); }} />` : null}
  </main>`;
}
