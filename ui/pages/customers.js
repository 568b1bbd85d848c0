// @ts-check
import { html, useMemo, useRef } from "../preact.js";
import { api } from "../api.js";
import { count, plural } from "../format.js";
import { useLive } from "../live.js";
import { useResource } from "../resource.js";
import { here, navigate, usePlace } from "../router.js";
import { zone } from "../time.js";
import { chooseColumns, CustomerTable } from "../components/customer-table.js";
import { FirstEvent } from "../components/first-event.js";
import { Icon } from "../components/icon.js";
import { PageHead } from "../components/page-head.js";
import { Pager } from "../components/pager.js";
import { SearchField } from "../components/search-field.js";
import { Select } from "../components/select.js";
import { Trouble } from "../components/trouble.js";

/** @typedef {Record<string, string>} Query */
const FILTERS = ["is_account", "archived", "list", "segment", "email", "number", "query"];

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

/** @param {{name: string, value: string}} props */
function Chip({ name, value }) {
  return html`<span class="chip"><span>${name === "email" ? "E-mail" : "Number"} is <b>${value}</b></span><a href=${filtered({ [name]: undefined })} data-keep aria-label="Remove this filter"><${Icon} name="cross" tiny=${true} /></a></span>`;
}

/** @param {{query: Query, account: boolean, lists: import("../types.js").List[], segments: import("../types.js").SegmentName[]}} props */
function Tools({ query, account, lists, segments }) {
  const set = (/** @type {string} */ name) => (/** @type {string} */ value) => navigate(filtered({ [name]: value }), { keep: true });
  const typed = (/** @type {string} */ text) => navigate(filtered({ query: text }), { replace: Boolean(text && query.query), keep: true });
  const any = FILTERS.some((f) => query[f]);
  return html`<div class="tools" role="search">
    <${SearchField} value=${query.query ?? ""} label=${account ? "Search accounts" : "Search customers"} change=${typed} />
    <span class="chips">
      ${account ? null : html`<${Select} label="Kind" value=${query.is_account ?? ""} options=${[["", "Any kind"], ["false", "Customers only"], ["true", "Accounts only"]]} change=${set("is_account")} />`}
      <${Select} label="State" value=${query.archived ?? ""} options=${[["", "Any state"], ["false", "Not archived"], ["true", "Archived"]]} change=${set("archived")} />
      <${Select} label="List" value=${query.list ?? ""} options=${[["", "Any list"], ...lists.map((l) => [l.id, l.title])]} change=${set("list")} />
      <${Select} label="Segment" value=${query.segment ?? ""} options=${[["", "Any segment"], ...segments.map((g) => [g.id, g.title])]} change=${set("segment")} />
      ${["email", "number"].filter((f) => query[f]).map((f) => html`<${Chip} key=${f} name=${f} value=${query[f]} />`)}
      ${any ? html`<a class="button bare" data-keep href=${filtered(Object.fromEntries(FILTERS.map((f) => [f, undefined])))}>Clear</a>` : null}
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

/** @param {{session: import("../types.js").Session, account: boolean}} props */
function Ledger({ session, account }) {
  const { query } = usePlace();
  const want = account ? { ...query, is_account: "true" } : query;
  const ask = Object.fromEntries([...FILTERS, "next_cursor", "previous_cursor", "limit"].map((name) => [name, want[name]]));
  const key = `customers ${JSON.stringify(ask)}`;
  const page = useResource(key, (signal) => api.customers(ask, signal));
  const lists = useResource("lists", api.lists);
  const segments = useResource("segment names", api.segmentNames);
  const attributes = useResource("attributes", api.attributes);
  const overview = useResource("overview", api.overview);
  const first = !query.next_cursor && !query.previous_cursor;
  const live = useLive(first ? "/api/live" : "", page.reload, 1000);
  const rows = page.data?.data;
  const fresh = useFresh(key, page.stale ? undefined : rows);
  const columns = useMemo(() => chooseColumns(attributes.data?.data ?? [], rows ?? []), [attributes.data, rows]);
  const any = FILTERS.some((f) => query[f]);
  const all = overview.data ? (account ? overview.data.accounts : overview.data.customers) : undefined;
  const noun = account ? "account" : "customer";
  const total = page.data?.total;
  const line = rows === undefined ? [page.error ? null : html`<span class="faint">Reading…</span>`] : [
    any && total !== undefined ? html`<b>${count(total)}</b> of ${count(all)} match` : html`<b>${count(any ? rows.length : total ?? all)}</b> ${any ? "on this page match" : plural(total ?? all ?? 0, noun).replace(/^\S+ /, "")}`,
    "newest first", `times in ${zone()}`,
    first ? html`<span class="live"><span class=${live ? "pulse" : "pulse off"}></span>${live ? "live" : "not live, reconnecting"}</span>` : "not live on further pages",
  ];
  const none = rows?.length === 0 && !page.error;
  return html`<main id="content" class="page wide" tabindex="-1">
    <${PageHead} title=${account ? "Accounts" : "Customers"} line=${line} />
    ${none && !any && first ? null : html`<${Tools} query=${query} account=${account} lists=${lists.data?.data ?? []} segments=${segments.data?.data ?? []} />`}
    ${page.error ? html`<${Trouble} error=${page.error} doing=${`read the ${noun}s`} retry=${page.reload} />` : null}
    ${none ? (any || !first
      ? html`<section class="panel empty"><h2>${account ? "No account matches." : "Nobody matches."}</h2><p>The filters look at every ${noun} that is kept. The search reads the beginnings of ids, e-mails, numbers and names.</p><p><a class="button" href=${account ? "/app/accounts" : "/app/customers"}>Show every ${noun}</a></p></section>`
      : html`<${FirstEvent} session=${session} account=${account} />`) : null}
    ${rows?.length ? html`<div class=${`panel ledger two bleed${page.stale ? " dim" : ""}`} aria-busy=${page.stale ? "true" : undefined}>
      <${CustomerTable} rows=${rows} columns=${columns} fresh=${fresh} account=${account} />
      <${Pager} page=${page.data} said=${`${plural(rows.length, noun)} on this page`} /></div>` : null}
    ${rows === undefined && !page.error ? html`<div class="panel skeleton" aria-busy="true"></div>` : null}
  </main>`;
}
