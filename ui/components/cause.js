// @ts-check
// What made a customer enter or leave a segment, in words.
import { html } from "../preact.js";

/** @typedef {import("../types.js").Cause} Cause */

/** @type {Record<string, string>} */
const PLAIN = {
  clock: "as time passed", created: "as it was created", device: "by a device", merged: "by a merge", deleted: "as it was deleted", archived: "by the archive",
  converted: "as it was converted", renamed: "with its new id", erased_events: "as events went", restored: "by an undo", segment: "with another rule",
};

/** @param {Cause} cause */
export function causeWords(cause) {
  const name = cause.name ? html`<bdi class="cause">${cause.name}</bdi>` : null;
  switch (cause.kind) {
    case "event": return name ? html`by ${name}` : "by an event";
    case "changed": return name ? html`as ${name} changed` : "as an attribute changed";
    case "list": return name ? html`by the list ${name}` : "by a list";
    case "account": return name ? html`by the account ${name}` : "by an account";
    default: return PLAIN[cause.kind] ?? "";
  }
}
