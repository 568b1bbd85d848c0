// @ts-check
// What a new server needs, as a list that ticks itself while data arrives.
import { html, useState } from "../preact.js";
import { api } from "../api.js";
import { can } from "../can.js";
import { useResource } from "../resource.js";
import { here, usePlace } from "../router.js";
import { PRIVATE, snippets } from "../snippets.js";
import { Icon } from "./icon.js";
import { Listing } from "./listing.js";

/** @typedef {import("../types.js").Home["setup"]} Setup */
/** @typedef {import("../types.js").Session} Session */
/** @typedef {{done: keyof Setup, text: string, says: string, href?: string, link?: string, can?: string}} Step */

/** What must be there before figures say anything. @type {Step[]} */
const FIRST = [
  { done: "request", text: "A request arrives", says: "With a key of yours, from your code or a terminal.", href: "/app/requests", link: "See what arrives", can: "build" },
  { done: "customer", text: "The first customer", says: "Whoever is identified, or does something, is one." },
  { done: "event", text: "The first event", says: "Something that a customer did, with its date." },
];

/** What comes next, in any order. @type {Step[]} */
const NEXT = [
  { done: "import", text: "Bring the customers you have", says: "From a file of any kind, tried first and undone if need be.", href: "/app/imports", link: "Import a file", can: "build" },
  { done: "connect", text: "Connect a service", says: "Payments and e-mail events, by their webhooks.", href: "/app/integrations", link: "Connect one", can: "build" },
  { done: "segment", text: "Make a segment", says: "Whoever fits a rule, right after each change.", href: "/app/segments/new", link: "Make one", can: "plan" },
];

/** Whether there is something to show figures of. @param {Setup} setup */
export function begun(setup) {
  return setup.customer && setup.event;
}

/** @param {{step: Step, setup: Setup, session: Session, n?: number}} props */
function Item({ step, setup, session }) {
  const done = setup[step.done];
  return html`<li class=${done ? "begin-step done" : "begin-step"}><span class="begin-mark">${done ? html`<${Icon} name="check" />` : null}</span>
    <div><b>${step.text}</b><span class="hidden">${done ? ", done" : ", not yet"}</span><span class="small quiet">${step.says}</span></div>
    ${step.href && can(session, step.can) && !(done && step.done !== "request") ? html`<a class="button small" href=${step.href}>${step.link}</a>` : null}</li>`;
}

/** The code that sends the first event, for the SDK that the address chooses. */
function Snippet() {
  const { query } = usePlace();
  const keys = useResource("keys", api.keys);
  const key = keys.data?.data.find((k) => !k.revoked_at);
  const all = snippets(keys.data?.base_url ?? location.origin, key?.public);
  const chosen = all.find((s) => s.id === query.sdk) ?? all[0];
  return html`<section class="panel connect" aria-label="Send from your code"><div class="panel-head tight connect-head">
      <nav class="tabs" aria-label="SDK">${all.map((s) => html`<a key=${s.id} href=${here({ sdk: s.id === "curl" ? undefined : s.id })} data-keep aria-current=${s === chosen ? "true" : undefined}>${s.name}</a>`)}</nav></div>
    <div class="connect-body"><p>${chosen.how}</p>
      ${chosen.parts.map((part) => html`<${Listing} key=${part.title} title=${part.title} text=${part.text} what=${`“${part.title}”`} plain=${true} />`)}
      ${chosen.note ? html`<p class="small quiet">${chosen.note}</p>` : null}
      <p class="small quiet"><code>${PRIVATE}</code> stands for the private key, shown when the key was made: ${key ? html`<a class="link" href="/app/settings/keys">Keys</a> makes another` : html`<a class="link" href="/app/settings/keys">make a key</a> first`}. Every call is described in <a class="link" href="/docs" target="_blank" rel="noreferrer">the reference of the API</a>.</p></div>
  </section>`;
}

/** @param {{setup: Setup, session: Session}} props */
export function FirstRun({ setup, session }) {
  return html`<section class="panel first-run" aria-label="To begin"><div class="panel-head"><h2>To begin</h2><span class="quiet">${FIRST.filter((s) => setup[s.done]).length} of ${FIRST.length} done; this page follows by itself</span></div>
      <ol class="begin-steps">${FIRST.map((s) => html`<${Item} key=${s.done} step=${s} setup=${setup} session=${session} />`)}</ol></section>
    ${can(session, "build") ? html`<${Snippet} />` : html`<section class="panel empty"><h2>Nothing has arrived yet.</h2><p>Whoever builds with Kith sends the first event; the figures stand here then.</p></section>`}
    <section class="panel first-run" aria-label="Then"><div class="panel-head"><h2>Then</h2><span class="quiet">in any order, also before</span></div><ol class="begin-steps">${NEXT.map((s) => html`<${Item} key=${s.done} step=${s} setup=${setup} session=${session} />`)}</ol></section>`;
}

/** Where it is remembered in this browser that the next steps were put away. */
const AWAY = "kith-next-steps-away";

/** What is left once data arrives, until it is done or put away. @param {{setup: Setup, session: Session}} props */
export function NextSteps({ setup, session }) {
  const [away, setAway] = useState(() => localStorage.getItem(AWAY) === "1");
  const open = NEXT.filter((s) => can(session, s.can));
  if (away || open.length === 0 || open.every((s) => setup[s.done])) return null;
  const put = () => {
    localStorage.setItem(AWAY, "1");
    setAway(true);
  };
  return html`<section class="panel first-run next-steps" aria-label="Next steps"><div class="panel-head"><h2>Next</h2><span class="quiet">${open.filter((s) => setup[s.done]).length} of ${open.length} done</span><span class="right"><button type="button" class="button bare small" onClick=${put}>Put away</button></span></div>
    <ol class="begin-steps across">${open.map((s) => html`<${Item} key=${s.done} step=${s} setup=${setup} session=${session} />`)}</ol></section>`;
}
