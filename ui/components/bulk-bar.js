// @ts-check
import { html, useState } from "../preact.js";
import { api } from "../api.js";
import { count, plural } from "../format.js";
import { parse } from "../json.js";
import { start } from "../tasks.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icon.js";
import { Menu } from "./menu.js";
import { toast } from "./toast.js";
import { Trouble } from "./trouble.js";

/** @typedef {{ids: string[], all: boolean, n: number, filter: string}} Chosen all: everybody who matches, whom the filter names */

/** From how many on a deletion says first what goes. */
const MANY = 100;

/** Saves a text as a file. @param {string} text @param {string} name */
function save(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text]));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** @param {{chosen: Chosen, lists: import("../types.js").List[], leave: boolean, done: (body: object) => Promise<void>, close: () => void}} props leave: off a list */
function ListDialog({ chosen, lists, leave, done, close }) {
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const open = leave ? lists : lists.filter((l) => !l.archived);
  const submit = async (/** @type {SubmitEvent} */ e) => {
    e.preventDefault();
    const list = new FormData(/** @type {HTMLFormElement} */ (e.target)).get("list");
    setBusy(true);
    try {
      await done({ action: leave ? "leave_list" : "join_list", list });
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return html`<${Dialog} title=${leave ? "Take off a list" : "Add to a list"} close=${close}><form class="form" onSubmit=${submit}>
    ${error ? html`<${Trouble} error=${error} doing="change the list" />` : null}
    ${open.length ? html`<fieldset class="choices"><legend>${plural(chosen.n, "customer")} ${leave ? "off which list?" : "to which list?"}</legend>${open.map((l, i) => html`<label class="check" key=${l.id}><input type="radio" name="list" value=${l.id} required defaultChecked=${i === 0} data-first=${i === 0 ? "" : undefined} /><span><bdi>${l.title}</bdi><span class="hint">${count(l.subscribed)} subscribed</span></span></label>`)}</fieldset>
      <p class="small quiet">${leave ? "They are not on it at all afterwards, whatever their status was." : "They are subscribed at once, without being asked to confirm. Whoever has unsubscribed stays so."}</p>`
      : html`<p>There is no list${leave ? "" : " that takes subscribers"}. <a class="link" href="/app/lists">Make one</a></p>`}
    <div class="buttons"><button type="button" class="button" onClick=${close}>Cancel</button><button class="button main" disabled=${busy || !open.length}>${leave ? "Take off" : "Add"} ${plural(chosen.n, "customer")}</button></div>
  </form></${Dialog}>`;
}

/** What a field's text is as a value of a type; undefined for what is none. @param {string} type @param {string} text */
export function valueOf(type, text) {
  if (type === "boolean") return text === "true";
  if (type === "text" || type === "date") return text;
  const v = text.trim() === "" ? undefined : safely(text);
  if (type === "number") return v !== undefined && JSON.stringify(v) !== undefined && (typeof v === "number" || (typeof v === "object" && v !== null && "text" in v)) ? v : undefined;
  return v !== null && typeof v === "object" ? v : undefined;
}

/** @param {string} text */
function safely(text) {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

/** @param {{chosen: Chosen, attributes: import("../types.js").AttributeName[], done: (body: object) => Promise<void>, close: () => void}} props */
function AttributeDialog({ chosen, attributes, done, close }) {
  const [type, setType] = useState("text");
  const [remove, setRemove] = useState(false);
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const submit = async (/** @type {SubmitEvent} */ e) => {
    e.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (e.target));
    const attribute = String(form.get("name")).trim();
    const value = remove ? null : valueOf(type, String(form.get("value") ?? ""));
    if (value === undefined) {
      setError({ message: type === "number" ? "That is no number." : "That is no list or object as JSON has them.", code: "invalid" });
      return;
    }
    setBusy(true);
    try {
      await done({ action: "set_attribute", attribute, value });
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return html`<${Dialog} title="Set an attribute" close=${close}><form class="form" onSubmit=${submit}>
    ${error ? html`<${Trouble} error=${error} doing="set the attribute" />` : null}
    <label><span>Attribute</span><input class="input" name="name" data-first required maxlength="250" list="attribute-names" autocomplete="off" spellcheck=${false} /><datalist id="attribute-names">${attributes.filter((a) => !a.standard).map((a) => html`<option key=${a.name} value=${a.name}></option>`)}</datalist></label>
    <label class="check"><input type="checkbox" checked=${remove} onChange=${(/** @type {any} */ e) => setRemove(e.target.checked)} /><span>Remove it instead</span></label>
    ${remove ? null : html`<${ValueField} type=${type} setType=${setType} />`}
    <div class="buttons"><button type="button" class="button" onClick=${close}>Cancel</button><button class="button main" disabled=${busy}>${remove ? "Remove from" : "Set for"} ${plural(chosen.n, "customer")}</button></div>
  </form></${Dialog}>`;
}

/**
 * A value and its type.
 * @param {{type: string, setType: (type: string) => void, text?: string, first?: boolean}} props
 */
export function ValueField({ type, setType, text = "", first }) {
  return html`<div class="value-field"><label><span>Type</span><span class="select"><select class="input" value=${type} onChange=${(/** @type {any} */ e) => setType(e.target.value)}>
      ${[["text", "Text"], ["number", "Number"], ["boolean", "Yes or no"], ["date", "Date"], ["list", "List or object"]].map(([v, say]) => html`<option key=${v} value=${v} selected=${v === type}>${say}</option>`)}</select><${Icon} name="down" tiny=${true} /></span></label>
    <label><span>Value</span>${type === "boolean" ? html`<span class="select"><select class="input" name="value"><option value="true" selected=${text === "true"}>yes</option><option value="false" selected=${text === "false"}>no</option></select><${Icon} name="down" tiny=${true} /></span>`
      : type === "list" ? html`<textarea class="input code" name="value" rows="4" data-first=${first ? "" : undefined} spellcheck=${false} defaultValue=${text} placeholder='["static-ip"]'></textarea>`
        : html`<input class="input" name="value" data-first=${first ? "" : undefined} dir="auto" inputmode=${type === "number" ? "decimal" : undefined} placeholder=${type === "date" ? "2026-11-24 or 2026-11-24T10:00:00Z" : ""} defaultValue=${text} autocomplete="off" />`}</label></div>`;
}

/**
 * What can be done with those who are chosen.
 * @param {{chosen: Chosen, total: number|undefined, lists: import("../types.js").List[], attributes: import("../types.js").AttributeName[], everybody: () => void, clear: () => void, done: () => void}} props
 */
export function BulkBar({ chosen, total, lists, attributes, everybody, clear, done }) {
  const [open, setOpen] = useState("");
  const close = () => setOpen("");
  const who = chosen.all ? { filter: chosen.filter } : { ids: chosen.ids };
  const act = async (/** @type {object} */ body) => {
    await start({ ...who, ...body });
    close();
    clear();
    done();
  };
  const soon = (/** @type {string} */ action) => act({ action }).catch((e) => toast(`Not done: ${e.message}`));
  const exportAs = async (/** @type {string} */ format) => {
    try {
      save(await api.exportOf(chosen.ids, format), `customers.${format}`);
    } catch (e) {
      toast(`Not exported: ${/** @type {Error} */ (e).message}`);
    }
  };
  const download = (/** @type {string} */ format, /** @type {string} */ say) => chosen.all
    ? html`<a class="button bare" download href=${`/api/customers/export?${chosen.filter}${chosen.filter ? "&" : ""}format=${format}`}>${say}</a>`
    : html`<button type="button" class="button bare" onClick=${() => void exportAs(format)}>${say}</button>`;
  const more = !chosen.all && total !== undefined && total > chosen.n;
  return html`<div class="bulk" role="region" aria-label="What to do with the selection"><div class="bulk-in">
      <span class="bulk-n" role="status"><b>${count(chosen.n)}</b> selected</span>
      ${more ? html`<button type="button" class="link nowrap" onClick=${everybody}>Select all ${count(total)}</button>` : null}
      <span class="bulk-line"></span>
      <button type="button" class="button bare" onClick=${() => setOpen("join")}>Add to list</button>
      <button type="button" class="button bare" onClick=${() => setOpen("leave")}>Take off list</button>
      <button type="button" class="button bare" onClick=${() => setOpen("attribute")}>Set attribute</button>
      <${Menu} label="Export" text="Export" look="bare">${download("csv", "As CSV")}${download("ndjson", "As NDJSON")}<//>
      <button type="button" class="button bare" onClick=${() => soon("archive")}>Archive</button>
      <button type="button" class="button bare" onClick=${() => soon("unarchive")}>Bring back</button>
      <button type="button" class="button bare danger" onClick=${() => (chosen.n >= MANY ? setOpen("delete") : soon("delete"))}>Delete</button>
      <span class="bulk-line"></span>
      <button type="button" class="button bare square" aria-label="Clear the selection" onClick=${clear}><${Icon} name="cross" tiny=${true} /></button></div>
    ${open === "join" || open === "leave" ? html`<${ListDialog} chosen=${chosen} lists=${lists} leave=${open === "leave"} done=${act} close=${close} />` : null}
    ${open === "attribute" ? html`<${AttributeDialog} chosen=${chosen} attributes=${attributes} done=${act} close=${close} />` : null}
    ${open === "delete" ? html`<${Dialog} title=${`Delete ${plural(chosen.n, "customer")}`} close=${close}><div class="form">
      <p>With them go their attributes, events, devices, and places on lists and in segments. For three days it can be undone, on the page of changes; then it is for good.</p>
      <div class="buttons"><button type="button" class="button" data-first onClick=${close}>Keep them</button><button type="button" class="button main danger" onClick=${() => soon("delete")}>Delete ${plural(chosen.n, "customer")}</button></div></div></${Dialog}>` : null}
  </div>`;
}
