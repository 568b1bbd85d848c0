// @ts-check
import { html, useCallback, useEffect, useMemo, useRef, useState } from "../preact.js";
import { api } from "../api.js";
import { can } from "../can.js";
import { columns, MEMBERS, recall, remember, write } from "../columns.js";
import { count, percent, plural } from "../format.js";
import { parse, write as writeJSON } from "../json.js";
import { useLive } from "../live.js";
import { useResource } from "../resource.js";
import { here, navigate, usePlace } from "../router.js";
import { useSelection } from "../selection.js";
import { useTaskMoves } from "../tasks.js";
import { zone } from "../time.js";
import { BulkBar } from "../components/bulk-bar.js";
import { ColumnChooser } from "../components/column-chooser.js";
import { CustomerTable } from "../components/customer-table.js";
import { FilterDialog } from "../components/filter-dialog.js";
import { FirstEvent } from "../components/first-event.js";
import { Icon } from "../components/icon.js";
import { Menu } from "../components/menu.js";
import { PageHead } from "../components/page-head.js";
import { Pager } from "../components/pager.js";
import { SearchField } from "../components/search-field.js";
import { Select } from "../components/select.js";
import { Trouble } from "../components/trouble.js";

/** @typedef {Record<string, string>} Query */
const FILTERS = ["is_account", "archived", "device", "list", "segment", "email", "number", "where", "query"];
/** How soon a page is asked for again whose columns are being read. */
const AGAIN = 700;

/** @param {{session: import("../types.js").Session}} props */
export function Customers({ session }) {
  return html`<${Ledger} session=${session} account=${false} />`;
}

/** @param {{session: import("../types.js").Session}} props */
export function Accounts({ session }) {
  return html`<${Ledger} session=${session} account=${true} />`;
}

/** Going back to the first page whenever a filter changes. @param {Record<string, string|undefined>} changes */
function filtered(changes) {
  return here({ ...changes, next_cursor: undefined, previous_cursor: undefined });
}

/** The conditions of the address. @param {string|undefined} text @returns {import("../rule.js").Node[]} */
function conditionsOf(text) {
  try {
    const list = text ? parse(text) : [];
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}

/** A filter of the address, and the way to be rid of it. @param {{children?: any, href: string, say: string}} props */
function Chip({ children, href, say }) {
  return html`<span class="chip"><span>${children}</span><a href=${href} data-keep aria-label=${`Remove the filter ${say}`}><${Icon} name="cross" tiny=${true} /></a></span>`;
}

/** The rule that a listing's filters make, for a segment. @param {Query} query */
function ruleOf(query) {
  const all = [...conditionsOf(query.where)];
  if (query.list) all.push({ list: query.list, status: "any" });
  if (query.segment && query.segment !== "all") all.push({ segment: query.segment });
  if (query.device) all.push({ attribute: "device_platform", op: query.device === "true" ? "exists" : "not_exists" });
  if (query.is_account) all.push({ attribute: "is_account", op: "is", value: query.is_account === "true" });
  return all.length ? { all } : null;
}

/** @param {{query: Query, words: string[], account: boolean, session: import("../types.js").Session, lists: import("../types.js").List[], segments: import("../types.js").SegmentName[], open: (what: string) => void}} props */
function Tools({ query, words, account, session, lists, segments, open }) {
  const set = (/** @type {string} */ name) => (/** @type {string} */ value) => navigate(filtered({ [name]: value }), { keep: true });
  const typed = (/** @type {string} */ text) => navigate(filtered({ query: text }), { replace: Boolean(text && query.query), keep: true });
  const any = FILTERS.some((f) => query[f]);
  const conditions = conditionsOf(query.where);
  const rule = ruleOf(query);
  return html`<div class="tools" role="search">
    <${SearchField} value=${query.query ?? ""} label=${account ? "Search accounts" : "Search customers"} change=${typed} />
    <span class="chips">
      ${account ? null : html`<${Select} label="Kind" value=${query.is_account ?? ""} options=${[["", "Any kind"], ["false", "Customers only"], ["true", "Accounts only"]]} change=${set("is_account")} />`}
      <${Select} label="State" value=${query.archived ?? ""} options=${[["", "Any state"], ["false", "Not archived"], ["true", "Archived"]]} change=${set("archived")} />
      <${Select} label="List" value=${query.list ?? ""} options=${[["", "Any list"], ...lists.map((l) => [l.id, l.title])]} change=${set("list")} />
      <${Select} label="Segment" value=${query.segment ?? ""} options=${[["", "Any segment"], ...segments.map((g) => [g.id, g.title])]} change=${set("segment")} />
      <${Select} label="Device" value=${query.device ?? ""} options=${[["", "Any device"], ["true", "Has a device"], ["false", "Has no device"]]} change=${set("device")} />
      ${["email", "number"].filter((f) => query[f]).map((f) => html`<${Chip} key=${f} href=${filtered({ [f]: undefined })} say=${f}>${f === "email" ? "E-mail" : "Number"} is <b>${query[f]}</b><//>`)}
      ${conditions.map((_, i) => html`<${Chip} key=${i} say=${words[i] ?? "of a condition"} href=${filtered({ where: conditions.length > 1 ? writeJSON(conditions.filter((_, n) => n !== i)) : undefined })}><bdi>${(words[i] ?? "…").replace(/^Customers (whose |who )?/, "")}</bdi><//>`)}
      <button type="button" class="button bare" onClick=${() => open("filter")}><${Icon} name="plus" />Filter</button>
      ${any ? html`<a class="button bare" data-keep href=${filtered(Object.fromEntries(FILTERS.map((f) => [f, undefined])))}>Clear</a>` : null}
      <span class="end">${rule && can(session, "plan") ? html`<a class="button bare" href=${`/app/segments/new?rule=${encodeURIComponent(writeJSON(rule))}`}>Save as segment</a>` : null}
      <button type="button" class="button bare square" aria-label="Columns" title="Columns" aria-haspopup="dialog" onClick=${() => open("columns")}><${Icon} name="table" /></button></span>
    </span></div>`;
}

/** Which ids were not in the list before: they are shown as fresh. @param {string} key @param {import("../types.js").Customer[]|undefined} rows */
function useFresh(key, rows) {
  const before = useRef(/** @type {{key: string, ids: Set<string>}|null} */ (null));
  return useMemo(() => {
    if (!rows) return new Set();
    const ids = new Set(rows.map((c) => c.id));
    const known = before.current?.key === key ? before.current.ids : null;
    before.current = { key, ids };
    return new Set(known ? [...ids].filter((id) => !known.has(id)) : []);
  }, [key, rows]);
}

/** What the index of the search says of itself, when not everything can be found. @param {{index: import("../types.js").Page<any>["index"]}} props */
function IndexNote({ index }) {
  if (!index || index.state === "ready" || index.serving) return null;
  const part = index.customers ? index.indexed / index.customers : 0;
  return html`<p class="warning" role="status"><${Icon} name="clock" /><span><b>The search is being prepared, ${percent(Math.min(part, 0.99))} so far.</b> ${index.indexed ? `Among ${count(index.indexed)} of ${count(index.customers)} customers it finds everything; of the others` : "Until then it finds"} the beginnings of ids, e-mails and numbers.</span></p>`;
}

/** @param {{session: import("../types.js").Session, account: boolean}} props */
function Ledger({ session, account }) {
  const { query } = usePlace();
  const [open, setOpen] = useState("");
  const [chosenColumns, setChosenColumns] = useState(recall);
  const want = account ? { ...query, is_account: "true" } : query;
  const conditions = Object.fromEntries([...FILTERS, "sort"].map((name) => [name, want[name]]).filter(([, v]) => v));
  const ask = { ...conditions, ...Object.fromEntries(["next_cursor", "previous_cursor", "limit"].map((name) => [name, want[name]])) };
  const key = `customers ${JSON.stringify(ask)}`;
  const page = useResource(key, (signal) => api.customers(ask, signal));
  const lists = useResource("lists", api.lists);
  const segments = useResource("segment names", api.segmentNames);
  const attributes = useResource("attributes", api.attributes);
  const overview = useResource("overview", api.overview);
  const first = !query.next_cursor && !query.previous_cursor;
  const live = useLive(first ? "/api/live" : "", page.reload, 1000);
  useTaskMoves(useCallback(() => void page.reload(), [page.reload]));
  const loading = page.data?.loading;
  const reading = loading !== undefined && loading < 1;
  useEffect(() => {
    if (!reading) return undefined;
    const timer = setTimeout(() => void page.reload(), AGAIN);
    return () => clearTimeout(timer);
  }, [page.data]);
  const rows = reading ? undefined : page.data?.data;
  const fresh = useFresh(key, page.stale ? undefined : rows);
  const asked = query.cols ?? (chosenColumns || undefined);
  const shown = useMemo(() => columns(asked, attributes.data?.data ?? [], rows ?? []), [asked, attributes.data, rows]);
  const total = page.data?.total;
  const selection = useSelection(new URLSearchParams(/** @type {Record<string, string>} */ (conditions)).toString(), rows ?? [], total);
  const may = can(session, "build");
  const any = FILTERS.some((f) => query[f]);
  const all = overview.data ? (account ? overview.data.accounts : overview.data.customers) : undefined;
  const noun = account ? "account" : "customer";
  const line = rows === undefined ? [page.error ? null : html`<span class="faint">${reading ? `Reading what this is sorted or filtered by: ${percent(loading)}` : "Reading…"}</span>`] : [
    any && total !== undefined ? html`<b>${count(total)}</b> of ${count(all)} match` : html`<b>${count(any ? rows.length : total ?? all)}</b> ${any ? "on this page match" : plural(total ?? all ?? 0, noun).replace(/^\S+ /, "")}`,
    query.sort ? null : query.query ? "best first" : "newest first", `times in ${zone()}`,
    first ? html`<span class="live"><span class=${live ? "pulse" : "pulse off"}></span>${live ? "live" : "not live, reconnecting"}</span>` : "not live on further pages",
  ];
  const none = rows?.length === 0 && !page.error;
  const close = () => setOpen("");
  const take = (/** @type {string[]|null} */ keys) => {
    const text = keys ? write(keys.length ? keys : ["@none"]) : "";
    remember(text);
    setChosenColumns(text);
    navigate(here({ cols: text || undefined }), { replace: true, keep: true });
    close();
  };
  const filterWith = (/** @type {import("../rule.js").Node[]} */ list) => {
    close();
    navigate(filtered({ where: list.length ? writeJSON(list) : undefined }), { keep: true });
  };
  return html`<main id="content" class="page wide" tabindex="-1">
    <${PageHead} title=${account ? "Accounts" : "Customers"} line=${line}>
      ${may && rows?.length ? html`<${Menu} label="Export" text="Export">${[["csv", "As CSV"], ["ndjson", "As NDJSON"]].map(([format, say]) => html`<a key=${format} class="button bare" download href=${api.exportHref(conditions, format)}>${say}, ${total === undefined ? "all of them" : plural(total, noun)}</a>`)}<//>` : null}
      ${may ? html`<a class="button" href="/app/imports">Import</a>` : null}
      <a class="button" href="/app/changes">Changes</a></${PageHead}>
    ${none && !any && first ? null : html`<${Tools} query=${query} words=${page.data?.words ?? []} account=${account} session=${session} lists=${lists.data?.data ?? []} segments=${segments.data?.data ?? []} open=${setOpen} />`}
    <${IndexNote} index=${query.query ? page.data?.index : undefined} />
    ${page.error ? html`<${Trouble} error=${page.error} doing=${`read the ${noun}s`} retry=${page.reload} />` : null}
    ${none ? (any || !first
      ? html`<section class="panel empty"><h2>${account ? "No account matches." : "Nobody matches."}</h2><p>The filters look at every ${noun} that is kept. The search reads names, e-mails, numbers, ids and the texts of attributes, and forgives a wrong letter.</p><p><a class="button" href=${account ? "/app/accounts" : "/app/customers"}>Show every ${noun}</a></p></section>`
      : html`<${FirstEvent} session=${session} account=${account} />`) : null}
    ${rows?.length ? html`<div class=${`panel ledger two bleed${page.stale ? " dim" : ""}`} aria-busy=${page.stale ? "true" : undefined}>
      <${CustomerTable} rows=${rows} columns=${account ? [MEMBERS, ...shown] : shown} fresh=${fresh} account=${account} sort=${query.sort} selection=${may ? selection.table : undefined} />
      <${Pager} page=${page.data} said=${`${plural(rows.length, noun)} on this page${query.sort && !page.data?.next_cursor && total !== undefined && total > 10_000 ? "; in this order one sees the first 10,000: filter to see others" : ""}`} /></div>` : null}
    ${rows === undefined && !page.error ? html`<div class="panel skeleton" aria-busy="true"></div>` : null}
    ${may && selection.chosen.n > 0 ? html`<${BulkBar} chosen=${selection.chosen} total=${total} lists=${lists.data?.data ?? []} attributes=${attributes.data?.data ?? []} everybody=${selection.everybody} clear=${selection.clear} done=${() => void page.reload()} />` : null}
    ${open === "columns" && attributes.data && rows ? html`<${ColumnChooser} shown=${shown} attributes=${attributes.data?.data ?? []} done=${take} close=${close} />` : null}
    ${open === "filter" ? html`<${FilterDialog} conditions=${conditionsOf(query.where)} done=${filterWith} close=${close} />` : null}
  </main>`;
}
