// @ts-check
import { html } from "../preact.js";
import { Icon } from "./icon.js";

/** Shape and colour together: a subscription. @type {Record<string, [string, string]>} */
const SUBSCRIPTION = { subscribed: ["check", "good"], pending: ["clock", "warn"], unsubscribed: ["minus", "faint"], removed: ["cross", "faint"] };

/** @param {{status: string, bare?: boolean}} props */
export function Subscription({ status, bare }) {
  const [icon, look] = SUBSCRIPTION[status] ?? ["minus", "faint"];
  return html`<span class="status" title=${bare ? status : undefined}><${Icon} name=${icon} tiny=${true} class=${look} />${bare ? html`<span class="hidden">${status}</span>` : status}</span>`;
}

/** The status of an answer. @param {{status: number}} props */
export function Answer({ status }) {
  const [icon, look] = status >= 500 ? ["cross", "bad"] : status >= 400 ? ["alert", "warn"] : ["check", "good"];
  return html`<span class=${`status ${status >= 400 ? look : ""}`}><${Icon} name=${icon} tiny=${true} class=${look} /><b>${status}</b></span>`;
}
