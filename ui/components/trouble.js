// @ts-check
import { html } from "../preact.js";
import { Copy } from "./copy.js";
import { Icon } from "./icon.js";

/** What to do, by the code of the error. @type {Record<string, string>} */
const NEXT = {
  unreachable: "Check that Kith is running and that you are on its network, then try again.",
  not_found: "It may have been removed or merged into another since this page was read.",
  forbidden: "Ask who set up this Kith.",
  conflict: "Somebody changed it meanwhile. Read it again, then repeat your change.",
  rate_limited: "Wait a little, then try again.",
  too_large: "Send less at once.",
  unavailable: "The server is busy or starting. Try again in a moment.",
  internal: "The fault is the server's. Its log has the reason under the request id.",
};

/**
 * An error: what happened, what to do, the request id to quote.
 * @param {{error: any, doing: string, retry?: () => void}} props doing as in "read the customers"
 */
export function Trouble({ error, doing, retry }) {
  const next = NEXT[error.code] ?? "";
  return html`<div class="trouble" role="alert"><${Icon} name="alert" /><div>
    <b>Kith could not ${doing}.</b>
    <span>${error.message}</span> <span class="next">${next}</span>
    ${retry || error.requestId ? html`<div class="foot-row">
      ${retry ? html`<button type="button" class="button" onClick=${retry}>Try again</button>` : null}
      ${error.requestId ? html`<span class="copied small quiet">Request id <code>${error.requestId}</code><${Copy} text=${error.requestId} what="the request id" /></span>` : null}
    </div>` : null}
  </div></div>`;
}
