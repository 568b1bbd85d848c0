// @ts-check
import { html, useEffect, useMemo, useState } from "../preact.js";
import { api } from "../api.js";
import { count, percent, plural } from "../format.js";
import { useLive } from "../live.js";
import { useResource } from "../resource.js";
import { here, navigate, usePlace } from "../router.js";
import { zone } from "../time.js";
import { merge } from "../timeline.js";
import { Ago } from "../components/ago.js";
import { Avatar } from "../components/avatar.js";
import { causeWords } from "../components/cause.js";
import { Copy } from "../components/copy.js";
import { usual } from "../columns.js";
import { CustomerTable } from "../components/customer-table.js";
import { Icon } from "../components/icon.js";
import { Listing } from "../components/listing.js";
import { PageHead } from "../components/page-head.js";
import { Pager } from "../components/pager.js";
import { SegmentPlot } from "../components/segment-plot.js";
import { Sentence } from "../components/sentence.js";
import { toast } from "../components/toast.js";
import { Trouble } from "../components/trouble.js";

/** @typedef {import("../types.js").SegmentDetail} Detail */

/** How often a segment that is being built is looked at. */
const LOOK = 700;

/** @param {{g: Detail, version: string}} props version: changes when the membership may have */
function Members({ g, version }) {
  const { query } = usePlace();
  const ask = { segment: g.id, limit: 25, next_cursor: query.next_cursor, previous_cursor: query.previous_cursor };
  const page = useResource(`members ${JSON.stringify(ask)}`, (signal) => api.customers(ask, signal));
  const attributes = useResource("attributes", api.attributes);
  useEffect(() => {
    if (page.data) void page.reload();
  }, [version]);
  const rows = page.data?.data;
  const columns = useMemo(() => usual(attributes.data?.data ?? [], rows ?? [], 2), [attributes.data, rows]);
  return html`<section class="panel ledger two bleed members" aria-label="Members"><div class="panel-head"><h2>Members</h2><span class="n">${count(g.count)}</span><span class="right"><a class="button bare small" href=${`/app/customers?segment=${g.id}`}>Among the customers<${Icon} name="right" tiny=${true} /></a></span></div>
    ${page.error ? html`<div class="note"><${Trouble} error=${page.error} doing="read the members" retry=${page.reload} /></div>` : null}
    ${rows?.length ? html`<div class=${page.stale ? "dim" : ""}><${CustomerTable} rows=${rows} columns=${columns} fresh=${new Set()} /></div><${Pager} page=${page.data} said=${`${plural(rows.length, "member")} on this page`} />` : null}
    ${rows?.length === 0 && !page.error ? html`<p class="note">${g.state === "building" ? "Who is in it is being found out." : "Nobody is in it now. Whoever comes to meet the rule enters by itself."}</p>` : null}
    ${!rows && !page.error ? html`<div class="skeleton" aria-busy="true"></div>` : null}</section>`;
}

/** @param {{id: string, version: string}} props */
function Latest({ id, version }) {
  const page = useResource(`entries ${id}`, (signal) => api.segmentEntries(id, { limit: 15 }, signal));
  const [known, setKnown] = useState(/** @type {{data: import("../types.js").SegmentEntry[], next_cursor?: string}|null} */ (null));
  useEffect(() => {
    if (page.data) void page.reload();
  }, [version]);
  useEffect(() => {
    const fresh = page.data;
    if (fresh && !page.stale) setKnown((k) => (k ? merge(fresh, k) : fresh));
  }, [page.data, page.stale]);
  const further = async () => {
    try {
      const older = await api.segmentEntries(id, { limit: 50, next_cursor: known?.next_cursor });
      setKnown((k) => ({ data: [...(k?.data ?? []), ...older.data], next_cursor: older.next_cursor }));
    } catch (e) {
      toast(`Not read: ${/** @type {Error} */ (e).message}`);
    }
  };
  return html`<section class="panel" aria-label="Entered and left"><div class="panel-head"><h2>Entered and left</h2><span class="right small faint">newest first</span></div>
    ${page.error ? html`<div class="note"><${Trouble} error=${page.error} doing="read who entered and left" retry=${page.reload} /></div>` : null}
    <ul class="rows moves">${(known?.data ?? []).map((e) => html`<li key=${e.id}><div class="row move"><${Icon} name=${e.entered ? "right" : "out"} class=${e.entered ? "good" : "bad"} />
      <span class="move-text">${e.customer ? html`<a class="move-who cut" dir="auto" href=${`/app/customers/${e.customer.id}`}><b>${e.customer.name || e.customer.uid}</b></a>` : html`<span class="faint">A customer that is gone</span>`}<span class="small quiet">${e.entered ? "entered" : "left"} ${causeWords(e.cause)}</span></span>
      <span class="right"><${Ago} at=${e.at} /></span></div></li>`)}</ul>
    ${known?.data.length === 0 ? html`<p class="note">Nobody has entered or left since it was built. Each who does stands here, with what made it so.</p>` : null}
    ${known?.next_cursor ? html`<div class="older"><button type="button" class="button bare" onClick=${further}><${Icon} name="down" tiny=${true} />Further back</button></div>` : null}</section>`;
}

/** @param {Detail} g */
async function remove(g) {
  try {
    await api.deleteSegment(g.id);
  } catch (e) {
    toast(/** @type {Error} */ (e).message);
    return;
  }
  navigate("/app/segments");
  toast(`Deleted “${g.title}”, its members and its history.`, { good: true, action: "Undo", act: async () => {
    try {
      await api.restoreSegment(g.id);
      toast(`“${g.title}” is back.`, { good: true });
      navigate(`/app/segments/${g.id}`);
    } catch (e) {
      toast(`Not brought back: ${/** @type {Error} */ (e).message}`);
    }
  } });
}

/** @param {{g: Detail}} props */
function Building({ g }) {
  return html`<section class="panel building" aria-label="Being built"><p role="status">Finding out who is in it: ${percent(g.progress)}. Nothing else waits for it.</p><div class="share" aria-hidden="true"><i style=${{ width: `${g.progress * 100}%` }}></i></div></section>`;
}

/** @param {{id: string}} props */
export function Segment({ id }) {
  const { query } = usePlace();
  const days = query.days === "91" ? 91 : 28;
  const [asJSON, setJSON] = useState(false);
  const segment = useResource(`segment ${id} ${days}`, (signal) => api.segment(id, { days }, signal));
  const g = segment.data;
  const known = g && g.id === id;
  useLive(known && !segment.error ? "/api/live" : "", segment.reload, 1500);
  useEffect(() => {
    if (g?.state !== "building") return undefined;
    const timer = setTimeout(segment.reload, LOOK);
    return () => clearTimeout(timer);
  }, [g]);
  const crumb = { href: "/app/segments", text: "Segments" };
  if (!known) {
    return html`<main id="content" class="page" tabindex="-1"><${PageHead} title=${segment.error?.code === "not_found" ? "No such segment" : "Segment"} crumb=${crumb} />
      ${segment.error ? html`<${Trouble} error=${segment.error} doing="read this segment" retry=${segment.error.code === "not_found" ? undefined : segment.reload} />` : html`<div class="panel skeleton" aria-busy="true"></div>`}</main>`;
  }
  const version = `${g.count} ${g.state} ${g.updated_at} ${g.days?.map((d) => d.entered + d.left).join()}`;
  const line = [g.state === "building" ? "being built" : html`<b>${count(g.count)}</b> in it`, g.created_at ? html`made <${Ago} at=${g.created_at} plainly=${true} />` : "built in", `times in ${zone()}`];
  const tab = (/** @type {number} */ n) => html`<a href=${here({ days: n === 28 ? undefined : String(n) })} data-keep aria-current=${days === n ? "true" : undefined}>${n} days</a>`;
  return html`<main id="content" class="page" tabindex="-1">
    <${PageHead} title=${g.title} line=${line} crumb=${crumb}>
      <a class="button" href=${`/api/segments/${g.id}/export`} download>Export CSV</a>
      ${g.built_in ? null : html`<button type="button" class="button danger" disabled=${g.used_by.length > 0} title=${g.used_by.length ? "Others are made of it" : undefined} onClick=${() => remove(g)}>Delete</button><a class="button main" href=${`/app/segments/${g.id}/edit`}>Edit</a>`}</${PageHead}>
    ${segment.error ? html`<${Trouble} error=${segment.error} doing="read this segment again" retry=${segment.reload} />` : null}
    <${Sentence} words=${g.words} large=${true} />
    ${g.description ? html`<p class="list-says quiet" dir="auto">${g.description}</p>` : null}
    ${g.used_by.length ? html`<p class="small quiet used-by">Part of ${g.used_by.map((u, i) => html`${i ? ", " : ""}<a key=${u.id} class="link" href=${`/app/segments/${u.id}`}><bdi>${u.title}</bdi></a>`)}, so it cannot be deleted.</p>` : null}
    ${g.state === "building" ? html`<${Building} g=${g} />` : null}
    ${g.days ? html`<${SegmentPlot} days=${g.days} since=${g.created_at}><span class="segments" role="group" aria-label="How far back">${tab(28)}${tab(91)}</span></${SegmentPlot}>` : null}
    <div class=${g.built_in ? "segment-one" : "segment-two"}><${Members} g=${g} version=${version} />
      ${g.built_in ? null : html`<div><${Latest} id=${g.id} version=${version} />
        <p class="small quiet list-note"><span class="copied">Id <code>${g.id}</code><${Copy} text=${g.id} what="the segment's id" /></span> <button type="button" class="link" aria-expanded=${asJSON ? "true" : "false"} onClick=${() => setJSON(!asJSON)}>${asJSON ? "Hide the rule's JSON" : "Show the rule's JSON"}</button></p>
        ${asJSON ? html`<${Listing} title="Rule" text=${JSON.stringify(g.rule)} what="the rule" />` : null}</div>`}</div></main>`;
}
