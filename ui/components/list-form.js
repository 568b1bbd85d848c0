// @ts-check
import { html, useState } from "../preact.js";
import { api } from "../api.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icon.js";
import { toast } from "./toast.js";
import { Trouble } from "./trouble.js";

/** Engage's bounds for a list's words. */
const TITLE = 64;
const DESCRIPTION = 255;

/**
 * Makes a list, or changes one.
 * @param {{list?: import("../types.js").List, close: () => void, saved: (list: import("../types.js").List) => void}} props
 */
export function ListForm({ list, close, saved }) {
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const submit = async (/** @type {SubmitEvent} */ e) => {
    e.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (e.target));
    const text = (/** @type {string} */ name) => String(form.get(name) ?? "").trim();
    const body = { title: text("title"), description: text("description"), redirect_url: text("redirect_url"), double_optin: form.has("double_optin") };
    setBusy(true);
    setError(null);
    try {
      const done = list ? await api.changeList(list.id, body) : await api.createList(body);
      toast(list ? `Saved “${done.title}”.` : `Created “${done.title}”.`, { good: true });
      saved(done);
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  const wrong = (/** @type {string} */ field) => error?.field === field ? html`<span class="wrong" id=${`wrong-${field}`}><${Icon} name="alert" tiny=${true} />${error.message}</span>` : null;
  const marks = (/** @type {string} */ field) => (error?.field === field ? { "aria-invalid": "true", "aria-describedby": `wrong-${field}` } : {});
  return html`<${Dialog} title=${list ? "Change the list" : "New list"} close=${close}><form class="form" onSubmit=${submit}>
    ${error && !["title", "description", "redirect_url"].includes(error.field) ? html`<${Trouble} error=${error} doing=${list ? "save the list" : "create the list"} />` : null}
    <label><span>Title</span><input class="input" name="title" data-first required maxlength=${TITLE} dir="auto" defaultValue=${list?.title ?? ""} ...${marks("title")} />${wrong("title")}</label>
    <label><span>Description</span><textarea class="input" name="description" rows="2" maxlength=${DESCRIPTION} dir="auto" ...${marks("description")} defaultValue=${list?.description ?? ""}></textarea>${wrong("description")}<span class="hint">Subscribers see it.</span></label>
    <label class="check"><input type="checkbox" name="double_optin" defaultChecked=${list?.double_optin ?? false} /><span>Ask each subscriber to confirm<span class="hint">Whoever comes by the form stays pending until the link in a message is opened.</span></span></label>
    <label><span>Where the form leads afterwards</span><input class="input" type="url" name="redirect_url" placeholder="https://" defaultValue=${list?.redirect_url ?? ""} ...${marks("redirect_url")} />${wrong("redirect_url")}<span class="hint">A page of yours. Without one, Kith says thank you.</span></label>
    <div class="buttons"><button type="button" class="button" onClick=${close}>Cancel</button><button class="button main" disabled=${busy}>${list ? "Save the list" : "Create the list"}</button></div>
  </form></${Dialog}>`;
}

/** @param {{list: import("../types.js").List, close: () => void, done: () => void}} props */
export function ListArchive({ list, close, done }) {
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const archive = async () => {
    setBusy(true);
    try {
      await api.archiveList(list.id);
      const back = () => api.restoreList(list.id).then(() => { toast(`“${list.title}” takes subscribers again.`, { good: true }); done(); }, (e) => toast(`Not undone: ${e.message}`));
      toast(`Archived “${list.title}”.`, { good: true, action: "Undo", act: () => void back() });
      done();
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return html`<${Dialog} title="Archive the list" close=${close}><div class="form">
    ${error ? html`<${Trouble} error=${error} doing="archive the list" />` : null}
    <p><b>${list.title}</b> takes no new subscribers from then on: its form and the API refuse them. The ${list.subscribed + list.pending + list.unsubscribed} people on it stay on it.</p>
    <div class="buttons"><button type="button" class="button" data-first onClick=${close}>Keep it</button><button type="button" class="button danger main" disabled=${busy} onClick=${archive}>Archive the list</button></div>
  </div></${Dialog}>`;
}
