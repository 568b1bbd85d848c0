// @ts-check
import { html, useEffect, useRef, useState } from "../preact.js";
import { upload } from "../api.js";
import { count } from "../format.js";
import { size } from "../imports.js";
import { navigate } from "../router.js";
import { Icon } from "./icon.js";
import { Progress } from "./import-counts.js";
import { Trouble } from "./trouble.js";

/**
 * Where a file is dropped, or chosen. It is sent at once and tried; nothing is written
 * before somebody says so on its own page.
 * @param {{large: boolean}} props large: there is nothing else on the page yet
 */
export function ImportDrop({ large }) {
  const [sending, setSending] = useState(/** @type {{name: string, bytes: number, part: number}|null} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const [over, setOver] = useState(false);
  const input = useRef(/** @type {HTMLInputElement|null} */ (null));
  const stop = useRef(() => {});
  useEffect(() => () => stop.current(), []);
  const take = async (/** @type {File|undefined} */ file) => {
    if (!file) return;
    setError(null);
    const note = { name: file.name, bytes: file.size, part: 0 };
    setSending(note);
    const going = upload(file, (part) => setSending({ ...note, part }));
    stop.current = going.stop;
    try {
      const imp = await going.sent;
      stop.current = () => {};
      navigate(`/app/imports/${imp.id}`);
    } catch (e) {
      setError(e);
      setSending(null);
      if (input.current) input.current.value = "";
    }
  };
  const several = (/** @type {FileList|undefined} */ files) => {
    if (files && files.length > 1) setError({ message: `${count(files.length)} files came at once. Give them one by one: each has a page of its own.`, code: "" });
    else void take(files?.[0]);
  };
  const cancel = () => {
    stop.current();
    setSending(null);
  };
  useEffect(() => { // a file that falls beside the zone must not take the page's place
    const drag = (/** @type {DragEvent} */ e) => {
      e.preventDefault();
      setOver(true);
    };
    const leave = (/** @type {DragEvent} */ e) => {
      if (!e.relatedTarget) setOver(false);
    };
    const drop = (/** @type {DragEvent} */ e) => {
      e.preventDefault();
      setOver(false);
      several(e.dataTransfer?.files);
    };
    const paste = (/** @type {ClipboardEvent} */ e) => {
      if (/** @type {Element} */ (e.target).closest?.("input, textarea, select, [contenteditable], dialog")) return;
      const files = e.clipboardData?.files;
      const text = e.clipboardData?.getData("text/plain") ?? "";
      if (files?.length) several(files);
      else if (text.trim()) void take(new File([text], "pasted.csv", { type: "text/csv" }));
    };
    const on = /** @type {[string, any][]} */ ([["dragover", drag], ["dragleave", leave], ["drop", drop], ["paste", paste]]);
    on.forEach(([kind, f]) => window.addEventListener(kind, f));
    return () => on.forEach(([kind, f]) => window.removeEventListener(kind, f));
  }, []);
  return html`<section class=${`drop-zone${large ? " large" : ""}${over ? " over" : ""}`} aria-label="Import a file">
    ${error ? html`<${Trouble} error=${error} doing="take this file" />` : null}
    ${sending ? html`<div class="sending"><b class="cut" title=${sending.name}>${sending.name}</b><${Progress} part=${sending.part} text=${sending.part < 1 ? `Sending ${size(sending.bytes)}` : "Looking at it"} /><button type="button" class="button small" onClick=${cancel}>Stop</button></div>`
      : html`<${Icon} name="intray" /><div><h2>Drop a CSV file here</h2>
        <p class="quiet">As it is: any encoding, commas or semicolons, with or without a header, also packed with gzip. Rows of a spreadsheet can be pasted. It is tried first, and nothing is written before you have seen what would happen.</p></div>
        <button type="button" class=${large ? "button main" : "button"} onClick=${() => input.current?.click()}>Choose a file</button>
        <input ref=${input} type="file" class="hidden" tabindex="-1" aria-label="A file of customers" accept=".csv,.tsv,.txt,.gz,text/csv,text/plain,application/gzip" onChange=${(/** @type {any} */ e) => several(e.target.files)} />`}
  </section>`;
}
