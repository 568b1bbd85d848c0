// @ts-check
import { html } from "../preact.js";
import { PageHead } from "../components/page-head.js";

export function Missing() {
  return html`<main id="content" class="page" tabindex="-1"><${PageHead} title="No such page" />
    <section class="panel empty"><p>The address <code>${location.pathname}</code> leads nowhere. It may have been typed, or come from another version.</p><p><a class="button" href="/app/customers">Go to the customers</a></p></section></main>`;
}
