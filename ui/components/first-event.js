// @ts-check
import { html } from "../preact.js";
import { api } from "../api.js";
import { useResource } from "../resource.js";
import { snippets } from "../snippets.js";
import { Listing } from "./listing.js";

/**
 * What an empty server says: what will be here, and the request that makes it happen.
 * @param {{account?: boolean}} props
 */
export function FirstEvent({ account }) {
  const keys = useResource("keys", api.keys);
  const key = keys.data?.data.find((k) => !k.revoked_at);
  const base = keys.data?.base_url ?? location.origin;
  const text = account ? accountCall(base, key?.public) : snippets(base, key?.public)[0].parts[0].text;
  return html`<section class="panel empty">
    <h2>${account ? "No accounts yet." : "No customers yet."}</h2>
    <p>${account
      ? "An account is a customer that has members: a company, a household, a team. It appears here when one is sent with is_account."
      : "Whoever is identified, or does something, appears here within a second. Send the first event from a terminal; this page will show it by itself."}</p>
    <${Listing} title="In a terminal" text=${text} what="the command" plain=${true} />
    <p>Put your private key where it says so. It was shown when the key was made; <a class="link" href="/app/keys">Keys</a> makes another, and has the lines for each SDK. <a class="link" href="/app/requests">Requests</a> shows what arrived and why something was refused.</p>
  </section>`;
}

/** @param {string} base @param {string} [pub] */
function accountCall(base, pub = "PUBLIC_KEY") {
  return `curl ${base}/v1/users \\
  -u ${pub}:PRIVATE_KEY \\
  -H 'Content-Type: application/json' \\
  -d '{"id": "acme", "is_account": true, "first_name": "Acme Ltd"}'`;
}
