// @ts-check
import { html } from "../preact.js";
import { count } from "../format.js";
import { foundBy } from "../imports.js";
import { Icon } from "./icon.js";

/** @typedef {import("../types.js").Import} Import */
/** @typedef {import("../types.js").ImportOptions} Options */

/**
 * @param {{label: string, text: string, value: string, options: [string, string][], locked: boolean, title?: string, change: (v: string) => void}} props
 */
function Choice({ label, text, value, options, locked, title, change }) {
  if (!options.some(([v]) => v === value)) options = [...options, [value, value]];
  return html`<span class="choice"><span>${text}</span><span class="select"><select aria-label=${label} title=${title} value=${value} disabled=${locked} onChange=${(/** @type {any} */ e) => change(e.target.value)}>
    ${options.map(([v, word]) => html`<option key=${v} value=${v} selected=${v === value}>${word}</option>`)}</select><${Icon} name="down" tiny=${true} /></span></span>`;
}

/** @type {[string, string][]} */
const MODES = [["upsert", "create new, update known"], ["create", "create new, leave known"], ["update", "update known, create none"]];
/** How people are put on the list. @type {[string, string][]} */
const STATUSES = [["subscribed", "subscribed"], ["unsubscribed", "unsubscribed"], ["pending", "pending, until they confirm"]];
/** @type {[string, string][]} */
const ENCODINGS = ["UTF-8", "UTF-16LE", "UTF-16BE", "Windows-1252", "ISO-8859-1", "ISO-8859-15", "MacRoman", "MacCentralEurope", "IBM850", "Windows-1250", "ISO-8859-2", "Windows-1251", "KOI8-R", "Windows-1253", "Windows-1254", "Windows-1255", "Windows-1256", "Shift_JIS", "EUC-JP", "ISO-2022-JP", "EUC-KR", "GB18030", "Big5"].map((n) => [n, n]);
/** @type {[string, string][]} */
const QUOTES = [["double", 'double quotes, "'], ["single", "single quotes, '"], ["none", "nothing"]];
/** @type {[string, string][]} */
const ESCAPES = [["doubled", 'written twice, ""'], ["backslash", 'written \\"']];
/** The lines that may be the header: those that people have above theirs. @type {[string, string][]} */
const HEADERS = [["yes", "is the first line"], ...[2, 3, 4, 5, 6, 7, 8].map((n) => /** @type {[string, string]} */ ([`${n}`, `is line ${n}`])), ["no", "is missing"]];
/** @type {[string, string][]} */
const DELIMITERS = [["comma", "commas"], ["semicolon", "semicolons"], ["tab", "tabs"], ["pipe", "pipes"]];

/**
 * What is asked of the file as a whole.
 * @param {{imp: Import, lists: import("../types.js").List[], locked: boolean, ask: (o: Options) => void}} props
 */
export function ImportOptions({ imp, lists, locked, ask }) {
  const o = imp.options;
  const uid = imp.columns.find((c) => c.to === "uid");
  const has = (/** @type {string} */ to) => imp.columns.some((c) => c.to === to);
  /** @type {[string, string][]} */
  const by = [...imp.columns.filter((c) => c.to !== null).map((c) => /** @type {[string, string]} */ ([`#${c.name}`, c.name])),
    ...(has("email") ? [/** @type {[string, string]} */ (["email", "their e-mail"])] : []),
    ...(has("number") ? [/** @type {[string, string]} */ (["number", "their number"])] : []),
    ["none", "nothing: each row is new"]];
  const open = lists.filter((l) => !l.archived || l.id === o.list);
  const sniffed = imp.sniffed;
  return html`<div class="import-options">
      <${Choice} label="What finds a customer" text="Find customers by" value=${uid ? `#${uid.name}` : imp.match} options=${by} locked=${locked} title=${sniffed.match.why} change=${(/** @type {string} */ v) => ask(foundBy(imp, v))} />
      <${Choice} label="What is written" text="and" value=${imp.mode} options=${MODES} locked=${locked} change=${(/** @type {string} */ v) => ask({ ...o, mode: v === "upsert" ? undefined : v })} />
      <${Choice} label="The list they are put on" text="put them on" value=${o.list ?? ""} options=${[["", "no list"], ...open.map((l) => /** @type {[string, string]} */ ([l.id, l.title]))]} locked=${locked} change=${(/** @type {string} */ v) => ask({ ...o, list: v || undefined, status: v ? o.status : undefined })} />
      ${o.list ? html`<${Choice} label="How they are put on it" text="as" value=${o.status ?? "subscribed"} options=${STATUSES} locked=${locked} title="Who has unsubscribed stays so, whatever the file says" change=${(/** @type {string} */ v) => ask({ ...o, status: v === "subscribed" ? undefined : v })} />` : null}
      <${Choice} label="Blank cells" text="a blank cell" value=${o.blank ?? "keep"} options=${[["keep", "changes nothing"], ["clear", "clears the attribute"]]} locked=${locked} change=${(/** @type {string} */ v) => ask({ ...o, blank: v === "keep" ? undefined : v })} /></div>
    <details class="how-read"><summary>How the file was read</summary><div class="import-options">
      <${Choice} label="Encoding" text="Written in" value=${sniffed.encoding.value} options=${ENCODINGS} locked=${locked} change=${(/** @type {string} */ v) => ask({ ...o, encoding: v })} />
      <${Choice} label="Delimiter" text="separated by" value=${sniffed.delimiter.value} options=${DELIMITERS} locked=${locked} change=${(/** @type {string} */ v) => ask({ ...o, delimiter: v, map: undefined, id: undefined })} />
      <${Choice} label="Quotes" text="quoted with" value=${sniffed.quote?.value ?? "double"} options=${QUOTES} locked=${locked} change=${(/** @type {string} */ v) => ask({ ...o, quote: v, map: undefined, id: undefined })} />
      <${Choice} label="Escapes" text="a quote in a cell is" value=${sniffed.escape?.value ?? "doubled"} options=${ESCAPES} locked=${locked} change=${(/** @type {string} */ v) => ask({ ...o, escape: v, map: undefined, id: undefined })} />
      <${Choice} label="Header" text="the header" value=${sniffed.header.value === "yes" && imp.header_line > 1 ? `${imp.header_line}` : sniffed.header.value} options=${HEADERS} locked=${locked} change=${(/** @type {string} */ v) => ask({ ...o, header: v, map: undefined, id: undefined })} />
      <${Choice} label="Short rows" text="rows that lack cells" value=${o.short_rows ?? "refuse"} options=${[["refuse", "are refused"], ["fill", "are filled with blanks"]]} locked=${locked} change=${(/** @type {string} */ v) => ask({ ...o, short_rows: v === "refuse" ? undefined : v })} />
      <${Choice} label="Words for no value" text="NULL and N/A" value=${o.nulls ?? "word"} options=${[["word", "are words"], ["blank", "are blank cells"]]} locked=${locked} change=${(/** @type {string} */ v) => ask({ ...o, nulls: v === "word" ? undefined : v })} /></div>
      <dl class="findings small quiet">${[["Encoding", sniffed.encoding], ["Delimiter", sniffed.delimiter], ["Quotes", sniffed.quote], ["Escapes", sniffed.escape], ["Header", sniffed.header], ["Found by", sniffed.match]].filter(([, f]) => f).map(([name, f]) => html`<div key=${name}><dt>${name}</dt><dd><b>${/** @type {any} */ (f).value}</b>${/** @type {any} */ (f).told ? ", as you said." : `, because ${/** @type {any} */ (f).why}.`}</dd></div>`)}${imp.blank_lines ? html`<div><dt>Blank lines</dt><dd><b>${count(imp.blank_lines)}</b>, passed over.</dd></div>` : null}</dl></details>`;
}
