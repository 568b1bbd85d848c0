// @ts-check
import { html, useCallback, useEffect, useRef, useState } from "../preact.js";
import { api } from "../api.js";
import { count, plural } from "../format.js";
import { before, doing, ended, goingIn, part, readAs, took, withColumn } from "../imports.js";
import { useResource } from "../resource.js";
import { Ago } from "../components/ago.js";
import { Dialog } from "../components/dialog.js";
import { Icon } from "../components/icon.js";
import { ImportCounts, Progress } from "../components/import-counts.js";
import { ImportDecisions } from "../components/import-decisions.js";
import { ImportGrid } from "../components/import-grid.js";
import { ImportOptions } from "../components/import-options.js";
import { ImportRefused } from "../components/import-refused.js";
import { PageHead } from "../components/page-head.js";
import { toast } from "../components/toast.js";
import { Trouble } from "../components/trouble.js";
import { ImportState } from "./imports.js";

/** @typedef {import("../types.js").Import} Import */
/** @typedef {import("../types.js").ImportOptions} Options */

/** How often an import that goes on is looked at. */
const LOOK = 400;

/** @param {{imp: Import}} props */
function Errors({ imp }) {
  if (!imp.failed) return null;
  return html`<a class="link" href=${api.importErrors(imp.id)} download>Rows and reasons, CSV</a>`;
}

/**
 * A file like one that was imported before can be read as that one was.
 * @param {{imp: Import, locked: boolean, ask: (o: Options) => void}} props
 */
function AsBefore({ imp, locked, ask }) {
  const all = useResource("imports", (signal) => api.imports({}, signal));
  const last = before(imp, all.data?.data ?? []);
  if (!last) return null;
  return html`<p class="as-before"><span>It has the columns of <a class="link" href=${`/app/imports/${last.id}`}>${last.file}</a>, imported <${Ago} at=${last.finished_at ?? last.created_at} />.</span>
    <button type="button" class="button small" disabled=${locked} onClick=${() => ask(last.options)}>Read it the same way</button></p>`;
}

/**
 * A dry run: what becomes what, what is open, and what would happen.
 * @param {{imp: Import, ask: (o: Options) => void, busy: boolean, error: any}} props
 */
function Draft({ imp, ask, busy, error }) {
  const attributes = useResource("attributes", api.attributes);
  const lists = useResource("lists", api.lists);
  const names = attributes.data?.data.filter((a) => !a.standard).map((a) => a.name) ?? [];
  const running = !ended(imp.state);
  const locked = busy || running;
  const again = (/** @type {Options} */ o) => ask({ ...o, dry_run: true });
  const ready = imp.state === "done";
  const sum = goingIn(imp);
  return html`${error ? html`<${Trouble} error=${error} doing="try this" />` : null}
    ${imp.state === "failed" ? html`<${Trouble} error=${{ message: imp.error ?? "", code: "" }} doing="read this file whole" />` : null}
    ${ready ? html`<${AsBefore} imp=${imp} locked=${locked} ask=${again} />` : null}
    <${ImportOptions} imp=${imp} lists=${lists.data?.data ?? []} locked=${locked} ask=${again} />
    <${ImportGrid} imp=${imp} names=${names} locked=${locked} choose=${(/** @type {string} */ name, /** @type {string|null} */ to) => again(withColumn(imp, name, to === null ? null : { to }))} />
    <${ImportDecisions} imp=${imp} locked=${locked} ask=${again} choose=${(/** @type {string} */ name, /** @type {any} */ way) => again(withColumn(imp, name, way))} />
    ${ready && imp.failed ? html`<${ImportRefused} imp=${imp} />` : null}
    <section class="dry-foot" aria-label="Dry run"><div><div class="dry-head"><b>Dry run</b><span class="small quiet">${running ? "Nothing is written." : ready ? `Nothing is written yet. Read in full in ${took(imp)}.` : "Nothing was written."}</span></div>
      ${running ? html`<${Progress} part=${part(imp)} text=${doing(imp)} />` : ready ? html`<${ImportCounts} imp=${imp}><${Errors} imp=${imp} /></${ImportCounts}>` : null}</div>
      <div class="dry-go"><button type="button" class="button main large" disabled=${locked || !ready || sum === 0} onClick=${() => ask({ ...imp.options, dry_run: false })}>${ready ? `Import ${plural(sum, "customer")}` : "Import"}</button><span class="small quiet">${ready && imp.failed ? `${plural(imp.failed, "row")} ${imp.failed === 1 ? "stays" : "stay"} out` : "Can be undone afterwards"}</span></div></section>`;
}

/** @param {{imp: Import, close: () => void, done: (imp: Import) => void}} props */
function Undo({ imp, close, done }) {
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const undo = async () => {
    setBusy(true);
    try {
      done(await api.undoImport(imp.id));
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return html`<${Dialog} title="Undo the import" close=${close}><div class="form">
    ${error ? html`<${Trouble} error=${error} doing="undo the import" />` : null}
    <p>${imp.created ? `${plural(imp.created, "customer")} that it made will be deleted. ` : ""}${imp.updated ? `${plural(imp.updated, "customer")} that it changed will be as before. ` : ""}Who, or what, has changed since is left as it is, and counted.</p>
    <div class="buttons"><button type="button" class="button" data-first onClick=${close}>Keep the import</button><button type="button" class="button danger main" disabled=${busy} onClick=${undo}>Undo the import</button></div></div></${Dialog}>`;
}

/** The list that customers were put on. @param {{list: string, status: string}} props */
function OnList({ list, status }) {
  const lists = useResource("lists", api.lists);
  const title = lists.data?.data.find((l) => l.id === list)?.title;
  return title ? html`<p class="small quiet">List <a class="link" href=${`/app/lists/${list}`}><bdi>${title}</bdi></a>, as ${status}${status === "unsubscribed" ? "" : "; who had unsubscribed from it has stayed so"}.</p>` : null;
}

/** Who an undo left, and why. @param {{imp: Import}} props */
function Kept({ imp }) {
  const kept = useResource(`import kept ${imp.id}`, (signal) => api.importKept(imp.id, signal));
  if (kept.error) return html`<${Trouble} error=${kept.error} doing="read who was left" retry=${kept.reload} />`;
  const all = kept.data?.data ?? [];
  return html`<section class="panel" aria-label="Left as they are"><div class="panel-head"><h2>Left as they are</h2><span class="n">${count(imp.kept)}</span></div>
    <ul class="rows">${all.map((k) => html`<li key=${k.id}><a class="row" href=${`/app/customers/${k.id}`}><code class="cut">${k.uid}</code><span class="right">${k.reason}</span></a></li>`)}</ul>
    ${all.length < imp.kept ? html`<p class="note small">The first ${count(all.length)} are shown.</p>` : null}</section>`;
}

/** What the columns became. @param {{imp: Import}} props */
function Columns({ imp }) {
  return html`<section class="panel" aria-label="Columns"><div class="panel-head"><h2>Columns</h2><span class="n">${count(imp.columns.filter((c) => c.to !== null).length)} of ${count(imp.columns.length)}</span></div>
    <ul class="rows">${imp.columns.map((c) => html`<li key=${c.name}><div class=${c.to === null ? "row faint" : "row"}><span class="cut" dir="auto" title=${c.name}>${c.name}</span><span class="right">${c.to === null ? "left out" : html`${c.to === c.name ? "" : html`<b>${c.to}</b>, `}${c.type}${c.type === "date" && c.format ? ` ${c.format}` : ""}, ${count(c.filled)} filled`}</span></div></li>`)}</ul></section>`;
}

/**
 * An import that writes, or what became of it.
 * @param {{imp: Import, set: (imp: Import) => void}} props
 */
function Report({ imp, set }) {
  const [error, setError] = useState(/** @type {any} */ (null));
  const [open, setOpen] = useState(false);
  const live = !ended(imp.state);
  const cancel = async () => {
    try {
      set(await api.cancelImport(imp.id));
      toast("The import is cancelled. What was written stays, and can be undone.");
    } catch (e) {
      setError(e);
    }
  };
  const wrote = imp.created + imp.updated > 0;
  return html`${error ? html`<${Trouble} error=${error} doing="cancel the import" />` : null}
    ${imp.state === "failed" ? html`<${Trouble} error=${{ message: imp.error ?? "", code: "" }} doing="finish this import" />` : null}
    <section class="panel report" aria-label="What became of the rows">
      ${live ? html`<div class="report-line"><${Progress} part=${part(imp)} text=${doing(imp)} />${imp.state === "undoing" ? null : html`<button type="button" class="button" onClick=${cancel}>Cancel</button>`}</div>` : null}
      <${ImportCounts} imp=${imp}><${Errors} imp=${imp} /></${ImportCounts}>
      ${imp.state === "undone" ? html`<p><b>Undone:</b> ${plural(imp.removed, "customer")} removed, ${count(imp.restored)} restored${imp.kept ? `, ${count(imp.kept)} left, for they had changed since` : ""}.</p>` : null}
      ${imp.list && wrote && imp.state !== "undone" ? html`<${OnList} list=${imp.list} status=${imp.status ?? "subscribed"} />` : null}
      ${imp.state === "done" && !wrote ? html`<p class="quiet">Nothing was different: ${plural(imp.unchanged, "customer")} unchanged.</p>` : null}
      ${!live && imp.state !== "undone" ? html`<div class="report-line"><span class="small quiet">${imp.finished_at ? html`Ended <${Ago} at=${imp.finished_at} />, after ${took(imp)}` : ""}</span>
        ${imp.created && imp.state === "done" ? html`<a class="button" href="/app/customers">See the customers</a>` : null}${wrote ? html`<button type="button" class="button danger" onClick=${() => setOpen(true)}>Undo…</button>` : null}</div>` : null}
    </section>
    ${imp.kept ? html`<${Kept} imp=${imp} />` : null}${!live && imp.failed && imp.state !== "undone" ? html`<${ImportRefused} imp=${imp} />` : null}<${Columns} imp=${imp} />
    ${open ? html`<${Undo} imp=${imp} close=${() => setOpen(false)} done=${(/** @type {Import} */ next) => { setOpen(false); set(next); }} />` : null}`;
}

/** @param {{id: string}} props */
export function Import({ id }) {
  const one = useResource(`import ${id}`, (signal) => api.import(id, signal));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(/** @type {any} */ (null));
  const imp = one.data;
  const last = useRef(imp);
  if (imp?.columns.length && imp.read) last.current = imp; // while it is read again, what was found stays
  const live = imp && !ended(imp.state);
  useEffect(() => {
    if (!live) return;
    const timer = setInterval(() => document.hidden || one.reload(), LOOK);
    return () => clearInterval(timer);
  }, [live]);
  const ask = useCallback(async (/** @type {Options} */ o) => {
    setBusy(true);
    setError(null);
    try {
      one.set(await api.startImport(id, o));
    } catch (e) {
      setError(e);
    }
    setBusy(false);
  }, [id]);
  const crumb = { href: "/app/imports", text: "Imports" };
  if (!imp) {
    return html`<main id="content" class="page" tabindex="-1"><${PageHead} title=${one.error?.code === "not_found" ? "No such import" : "Import"} crumb=${crumb} />
      ${one.error ? html`<${Trouble} error=${one.error} doing="read this import" retry=${one.reload} />` : html`<div class="panel skeleton" aria-busy="true"></div>`}</main>`;
  }
  const shown = imp.read || !last.current || last.current.id !== imp.id ? imp : { ...imp, columns: last.current.columns, preview: last.current.preview };
  const line = [html`<b>${imp.read ? count(imp.rows) : "…"}</b> rows`, ...readAs(shown), imp.zone ? `times in ${imp.zone}` : null, imp.dry_run ? null : html`<${ImportState} imp=${imp} />`];
  return html`<main id="content" class=${imp.dry_run ? "page wide import" : "page"} tabindex="-1">
    <${PageHead} title=${imp.file} line=${line} crumb=${crumb}>${imp.dry_run ? html`<a class="button" href="/app/imports">Choose another file</a>` : null}</${PageHead}>
    ${imp.dry_run ? html`<${Draft} imp=${shown} ask=${ask} busy=${busy} error=${error} />` : html`<${Report} imp=${imp} set=${one.set} />`}
  </main>`;
}
