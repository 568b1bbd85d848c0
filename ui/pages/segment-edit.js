// @ts-check
// The builder: a rule, its sentence, and who it would hold for, counted as one types.
import { html, useEffect, useMemo, useRef, useState } from "../preact.js";
import { api } from "../api.js";
import { count, nameOf, percent, plural, took } from "../format.js";
import { parse, write } from "../json.js";
import { useCatalogue } from "../catalogue.js";
import { useResource } from "../resource.js";
import { navigate, place } from "../router.js";
import { asGroup, groupOf, placeOf, prune, same } from "../rule.js";
import { Avatar } from "../components/avatar.js";
import { Icon } from "../components/icon.js";
import { RuleBuilder } from "../components/rule-builder.js";
import { Sentence } from "../components/sentence.js";
import { toast } from "../components/toast.js";
import { Trouble } from "../components/trouble.js";

/** @typedef {import("../rule.js").Node} Node */
/** @typedef {{title: string, description: string, rule: Node}} Draft */

/** Titles and descriptions may be so long. */
const TITLE = 255;
const DESCRIPTION = 1000;
/** How long the typing pauses before the rule is counted, and how soon it is asked again while it loads. */
const PAUSE = 120;
const AGAIN = 500;
/** How long the count stands before it is read out. */
const QUIET = 900;

/** What was begun and not saved, by segment; kept while the dashboard is open. @type {Map<string, Draft>} */
const drafts = new Map();

/**
 * Who a rule would hold for. Each rule ends the request for the one before it.
 * @param {Node} rule
 * @param {string} self
 */
function usePreview(rule, self) {
  const text = write(rule);
  const [known, setKnown] = useState(/** @type {{text: string, data: import("../types.js").Preview|null, error: any}} */ ({ text: "", data: null, error: null }));
  useEffect(() => {
    const ending = new AbortController();
    let timer = 0;
    const ask = async () => {
      try {
        const data = await api.preview({ rule: parse(text), segment: self || undefined }, ending.signal);
        if (ending.signal.aborted) return;
        setKnown({ text, data, error: null });
        if (data.loading < 1) timer = window.setTimeout(ask, AGAIN);
      } catch (error) {
        if (!ending.signal.aborted) setKnown((k) => ({ text, data: k.data, error }));
      }
    };
    timer = window.setTimeout(ask, PAUSE);
    return () => {
      clearTimeout(timer);
      ending.abort();
    };
  }, [text, self]);
  return { data: known.data, error: known.text === text ? known.error : null, stale: known.text !== text };
}

/** Says a text to screen readers once it stands still. @param {{text: string}} props */
function Spoken({ text }) {
  const [said, setSaid] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setSaid(text), QUIET);
    return () => clearTimeout(timer);
  }, [text]);
  return html`<p class="hidden" role="status" aria-live="polite">${said}</p>`;
}

/** @param {{preview: ReturnType<typeof usePreview>}} props */
function Counted({ preview }) {
  const { data, error, stale } = preview;
  if (!data) return html`<section class="panel counted" aria-label="Customers in it now"><p class="quiet">${error ? "Not counted." : "Counting…"}</p></section>`;
  const share = data.total ? data.count / data.total : 0;
  const loading = data.loading < 1;
  return html`<section class="panel counted" aria-label="Customers in it now">
    <p class="quiet">Customers in it now</p>
    <p class=${stale || error || loading ? "figure dim-text" : "figure"}>${loading ? "…" : count(data.count)}</p>
    <div class="share" aria-hidden="true"><i style=${{ width: `${(loading ? data.loading : share) * 100}%` }}></i></div>
    <p class="small quiet share-line"><span>${loading ? `Reading what the rule looks at: ${percent(data.loading)}` : `${percent(share)} of ${count(data.total)}`}</span><span>${error ? "not counted" : stale || loading ? "counting…" : `counted in ${data.took_ms < 1 ? "under 1 ms" : took(data.took_ms)}`}</span></p>
    ${data.enter === undefined || loading ? null : html`<p class="small would"><span><b class="good">+ ${count(data.enter)}</b> would enter when saved</span><span><b class="bad">− ${count(data.leave ?? 0)}</b> would leave</span></p>`}
    <${Spoken} text=${loading || stale ? "" : error ? "The rule cannot be counted." : `${plural(data.count, "customer")} of ${count(data.total)}`} />
  </section>`;
}

/** @param {{preview: ReturnType<typeof usePreview>, see: string}} props see: where all of them are listed, "" for nowhere */
function Sample({ preview, see }) {
  const { data, stale } = preview;
  if (!data || data.loading < 1) return null;
  return html`<section class="panel" aria-label="Some of them"><div class="panel-head"><h2>Some of them</h2><span class="right small faint">newest first</span></div>
    ${data.sample.length ? html`<ul class=${stale ? "rows dim" : "rows"}>${data.sample.map((c) => html`<li key=${c.id}><a class="row" href=${`/app/customers/${c.id}`} target="_blank" rel="noopener"><${Avatar} name=${nameOf(c)} id=${c.id} account=${c.is_account} /><span class="cut" dir="auto" title=${nameOf(c)}>${nameOf(c)}</span></a></li>`)}</ul>`
      : html`<p class="note">Nobody now. Whoever comes to meet the rule enters by itself.</p>`}
    ${see && data.sample.length ? html`<p class="note small"><a class="link" href=${see}>See who is in it as saved</a></p>` : null}</section>`;
}

/** The rule as JSON, to be read, copied and written. @param {{rule: Node, change: (rule: Node) => void, fault: string}} props */
function AsJSON({ rule, change, fault }) {
  const [text, setText] = useState(() => pretty(rule));
  const [wrong, setWrong] = useState("");
  const input = (/** @type {any} */ e) => {
    setText(e.target.value);
    try {
      const next = parse(e.target.value);
      if (next === null || typeof next !== "object" || Array.isArray(next)) throw new SyntaxError("A rule is an object.");
      setWrong("");
      change(next);
    } catch (error) {
      setWrong(/** @type {Error} */ (error).message);
    }
  };
  return html`<div class="rule-json"><textarea class="input code" aria-label="The rule as JSON" aria-invalid=${wrong || fault ? "true" : undefined} aria-describedby="json-fault" rows=${Math.min(32, Math.max(12, text.split("\n").length + 1))} spellcheck=${false} value=${text} onInput=${input}></textarea>
    <p id="json-fault" class="rule-fault">${wrong || fault ? html`<${Icon} name="alert" tiny=${true} />${wrong ? `Not JSON yet: ${wrong}` : fault}` : null}</p></div>`;
}

/** @param {any} value @param {string} [margin] @returns {string} */
function pretty(value, margin = "") {
  const inner = `${margin}  `;
  if (Array.isArray(value) && value.some((v) => v && typeof v === "object" && !("text" in v && Object.keys(v).length === 1))) return `[\n${value.map((v) => inner + pretty(v, inner)).join(",\n")}\n${margin}]`;
  const flat = write(value);
  if (flat.length <= 88 || value === null || typeof value !== "object" || Array.isArray(value)) return flat;
  return `{\n${Object.entries(value).map(([k, v]) => `${inner}${JSON.stringify(k)}: ${pretty(v, inner)}`).join(",\n")}\n${margin}}`;
}

/** @param {{id?: string}} props */
export function SegmentEdit({ id }) {
  const saved = useResource(id ? `segment ${id}` : "no segment", (signal) => id ? api.segment(id, {}, signal) : Promise.resolve(/** @type {any} */ (null)));
  const { catalogue, error, reload } = useCatalogue();
  const before = saved.data;
  const missing = saved.error ?? error;
  // Not from what is remembered: one would begin with the rule as it was before the last save.
  if (missing || !catalogue || (id && (!before || saved.stale || saved.loading))) {
    return html`<main id="content" class="page" tabindex="-1"><div class="head"><div class="head-text"><a class="crumb" href="/app/segments">Segments</a><h1>${id ? "Edit the segment" : "New segment"}</h1></div></div>
      ${missing ? html`<${Trouble} error=${missing} doing="read what a rule can be about" retry=${() => { void saved.reload(); reload(); }} />` : html`<div class="panel skeleton" aria-busy="true"></div>`}</main>`;
  }
  return html`<${Editor} key=${id ?? "new"} id=${id ?? ""} before=${before} catalogue=${catalogue} />`;
}

/** The rule that an address begins a new segment with: ?event=NAME, ?attribute=NAME, or ?rule=JSON. @returns {Node|undefined} */
function asked() {
  const { path, query } = place();
  if (!path.endsWith("/new")) return undefined;
  if (query.rule) return readRule(query.rule);
  if (query.event) return { event: query.event };
  return query.attribute ? { attribute: query.attribute, op: "exists" } : undefined;
}

/** @param {{id: string, before: import("../types.js").SegmentDetail|null, catalogue: import("../components/chooser.js").Catalogue}} props */
function Editor({ id, before, catalogue }) {
  const start = () => /** @type {Draft} */ ({ title: before?.title ?? "", description: before?.description ?? "", rule: before?.rule ?? asGroup(asked() ?? { all: [{ fresh: true }] }) });
  const [draft, setDraft] = useState(() => (asked() ? undefined : drafts.get(id)) ?? start());
  const [view, setView] = useState("builder");
  const [refused, setRefused] = useState(/** @type {any} */ (null));
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const title = useRef(/** @type {HTMLInputElement|null} */ (null));
  const pruned = useMemo(() => prune(draft.rule), [draft.rule]);
  const preview = usePreview(pruned.rule, id);
  const first = start();
  const changed = draft.title !== first.title || draft.description !== first.description || !same(pruned.rule, prune(first.rule).rule) || (!before && !asked() && Object.keys(pruned.paths).length > 1);
  const dirty = useRef(changed);
  dirty.current = changed;
  const set = (/** @type {Partial<Draft>} */ part) => {
    setRefused(null);
    setDraft((d) => ({ ...d, ...part }));
  };
  useEffect(() => {
    if (changed) drafts.set(id, draft);
    else drafts.delete(id);
  }, [draft, changed]);
  useEffect(() => {
    const leaving = (/** @type {Event} */ e) => dirty.current && e.preventDefault();
    window.addEventListener("beforeunload", leaving);
    return () => window.removeEventListener("beforeunload", leaving);
  }, []);

  useEffect(() => {
    document.title = `${draft.title || "New segment"} · Kith`;
  }, [draft.title]);

  // What the server refuses belongs to a condition by its path; what is not filled in yet is said once one tries to save.
  const fault = refused ?? preview.error;
  const at = fault?.code === "invalid" ? placeOf(fault.field, Object.keys(pruned.paths)) : undefined;
  /** @type {Record<string, string>} */
  const faults = {};
  if (tried) Object.assign(faults, pruned.missing);
  if (at !== undefined) faults[pruned.paths[at]] = faultWords(fault, at);
  const counts = Object.fromEntries(Object.entries(preview.data?.conditions ?? {}).map(([path, n]) => [pruned.paths[path], n]));
  if (preview.data && preview.data.loading === 1) counts[""] = preview.data.count;
  const reading = { counts: preview.error ? {} : counts, faults, stale: preview.stale };

  const save = async (/** @type {Event} */ e) => {
    e.preventDefault();
    setTried(true);
    if (!draft.title.trim()) {
      title.current?.focus();
      return;
    }
    if (Object.keys(pruned.missing).length) {
      requestAnimationFrame(() => /** @type {HTMLElement|null} */ (document.querySelector(".rule-condition.invalid button, .rule-condition.invalid input"))?.focus());
      return;
    }
    setBusy(true);
    try {
      const whole = groupOf(draft.rule) === "all" && draft.rule.all.length === 1 && before && !groupOf(before.rule) ? pruned.rule.all[0] : pruned.rule;
      const body = { title: draft.title.trim(), description: draft.description.trim() || null, ...(before && same(whole, before.rule) ? {} : { rule: whole }) };
      const done = id ? await api.changeSegment(id, body) : await api.createSegment(body);
      dirty.current = false;
      drafts.delete(id);
      toast(id ? `Saved “${done.title}”.` : `Created “${done.title}” with ${plural(done.count, "customer")}.`, { good: true });
      navigate(`/app/segments/${done.id}`);
    } catch (error) {
      setRefused(error);
      setBusy(false);
    }
  };
  const discard = () => {
    drafts.delete(id);
    dirty.current = false;
    navigate(id ? `/app/segments/${id}` : "/app/segments");
  };
  const tab = (/** @type {string} */ value, /** @type {string} */ text) => html`<button type="button" aria-pressed=${view === value ? "true" : "false"} onClick=${() => setView(value)}>${text}</button>`;
  const elsewhere = fault && at === undefined && fault.field !== "title" && fault.field !== "description" ? fault : null;
  const noTitle = (tried && !draft.title.trim()) || refused?.field === "title";
  return html`<main id="content" class="page" tabindex="-1"><form class="segment-form" onSubmit=${save} novalidate>
    <div class="head"><div class="head-text"><a class="crumb" href="/app/segments">Segments</a><h1 class="hidden">${id ? `Edit ${before?.title}` : "New segment"}</h1>
        <input ref=${title} class="title-field" aria-label="Title" placeholder="Name the segment" maxlength=${TITLE} dir="auto" value=${draft.title} onInput=${(/** @type {any} */ e) => set({ title: e.target.value })} aria-invalid=${noTitle ? "true" : undefined} aria-describedby=${noTitle ? "no-title" : undefined} autocomplete="off" />
        ${noTitle ? html`<p class="rule-fault" id="no-title"><${Icon} name="alert" tiny=${true} />${refused?.field === "title" ? refused.message : "Give it a title"}</p>` : null}</div>
      <div class="actions">${changed ? html`<span class="small quiet">Changed, not saved</span>` : null}<span class="segments" role="group" aria-label="View">${tab("builder", "Builder")}${tab("json", "JSON")}</span>
        <button type="button" class="button" onClick=${discard}>${changed ? "Discard" : "Close"}</button><button class="button main" disabled=${busy}>Save segment</button></div></div>
    ${preview.data ? html`<${Sentence} words=${preview.data.words} large=${true} stale=${preview.stale || preview.error} />` : html`<p class="sentence large faint">Counting…</p>`}
    ${elsewhere ? html`<${Trouble} error=${elsewhere} doing=${refused ? "save the segment" : "count the rule"} />` : null}
    <div class="build"><div class="build-rule">${view === "json"
      ? html`<${AsJSON} rule=${pruned.rule} change=${(/** @type {Node} */ rule) => set({ rule })} fault=${fault?.code === "invalid" ? `${fault.message}` : ""} />`
      : html`<${RuleBuilder} rule=${asGroup(draft.rule)} change=${(/** @type {Node} */ rule) => set({ rule })} catalogue=${catalogue} self=${id} reading=${reading} />`}
      <label class="describe"><span>Description</span><textarea class="input" rows="2" maxlength=${DESCRIPTION} dir="auto" placeholder="What it is for, if the title does not say it" value=${draft.description} onInput=${(/** @type {any} */ e) => set({ description: e.target.value })}></textarea></label></div>
    <div class="build-side"><${Counted} preview=${preview} /><${Sample} preview=${preview} see=${id ? `/app/segments/${id}` : ""} /></div></div></form></main>`;
}

/** A rule of the address, undefined for what is none. @param {string|undefined} text @returns {Node|undefined} */
function readRule(text) {
  try {
    const rule = text ? parse(text) : undefined;
    return rule && typeof rule === "object" && !Array.isArray(rule) ? rule : undefined;
  } catch {
    return undefined;
  }
}

/** What a fault says at its condition: the path is shown by where it stands. @param {any} fault @param {string} at */
function faultWords(fault, at) {
  const part = String(fault.field).slice(at.length).replace(/^\./, "");
  const said = String(fault.message).replace(`${fault.field}: `, "");
  return part ? `${part}: ${said}` : said;
}
