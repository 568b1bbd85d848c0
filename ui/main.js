// @ts-check
// Starts the dashboard: who is signed in, which page, the frame around it.
import { html, render, useCallback, useEffect, useErrorBoundary, useState } from "./preact.js";
import { api, onSignedOut } from "./api.js";
import { listen } from "./keyboard.js";
import { forget, useResource } from "./resource.js";
import { match, start, usePlace } from "./router.js";
import { Banner } from "./components/banner.js";
import { Help } from "./components/help.js";
import { Palette } from "./components/palette.js";
import { Rail, TabBar, TopBar } from "./components/rail.js";
import { TaskCorner } from "./components/task-corner.js";
import { toast, Toasts } from "./components/toast.js";
import { Trouble } from "./components/trouble.js";
import { Account } from "./pages/account.js";
import { Administrators } from "./pages/administrators.js";
import { Attribute } from "./pages/attribute.js";
import { Attributes } from "./pages/attributes.js";
import { Audit } from "./pages/audit.js";
import { Backups } from "./pages/backups.js";
import { Changes } from "./pages/changes.js";
import { Customer } from "./pages/customer.js";
import { Accounts, Customers } from "./pages/customers.js";
import { Event } from "./pages/event.js";
import { Events } from "./pages/events.js";
import { Home } from "./pages/home.js";
import { Import } from "./pages/import.js";
import { Imports } from "./pages/imports.js";
import { Integration } from "./pages/integration.js";
import { Integrations } from "./pages/integrations.js";
import { Join } from "./pages/join.js";
import { Keys } from "./pages/keys.js";
import { List } from "./pages/list.js";
import { Lists } from "./pages/lists.js";
import { Missing } from "./pages/missing.js";
import { Privacy } from "./pages/privacy.js";
import { Requests } from "./pages/requests.js";
import { Segment } from "./pages/segment.js";
import { SegmentEdit } from "./pages/segment-edit.js";
import { Segments } from "./pages/segments.js";
import { SetUp } from "./pages/set-up.js";
import { SignIn } from "./pages/sign-in.js";

/** @type {[string, any][]} */
const PAGES = [
  ["/app", Home],
  ["/app/customers", Customers],
  ["/app/customers/:id", Customer],
  ["/app/changes", Changes],
  ["/app/accounts", Accounts],
  ["/app/segments", Segments],
  ["/app/segments/new", SegmentEdit],
  ["/app/segments/:id", Segment],
  ["/app/segments/:id/edit", SegmentEdit],
  ["/app/lists", Lists],
  ["/app/lists/:id", List],
  ["/app/events", Events],
  ["/app/events/:name", Event],
  ["/app/attributes", Attributes],
  ["/app/attributes/:name", Attribute],
  ["/app/imports", Imports],
  ["/app/imports/:id", Import],
  ["/app/integrations", Integrations],
  ["/app/integrations/:id", Integration],
  ["/app/requests", Requests],
  ["/app/settings", Account],
  ["/app/settings/account", Account],
  ["/app/settings/administrators", Administrators],
  ["/app/settings/privacy", Privacy],
  ["/app/settings/audit", Audit],
  ["/app/settings/keys", Keys],
  ["/app/settings/backups", Backups],
  ["/app/keys", Keys],
];

/** How often the rail's counts are read again. */
const COUNTS_EVERY = 10_000;

/** @param {{session: import("./types.js").Session}} props */
function Page({ session }) {
  const { path } = usePlace();
  const [broken, mend] = useErrorBoundary((error) => console.error(error));
  useEffect(() => {
    if (broken) mend();
  }, [path]);
  if (broken) {
    return html`<main id="content" class="page" tabindex="-1"><${Trouble} error=${{ message: String(broken.message ?? broken), code: "" }} doing="show this page" retry=${() => location.reload()} /></main>`;
  }
  for (const [pattern, View] of PAGES) {
    const params = match(pattern, path);
    if (params) return html`<${View} key=${path} session=${session} ...${params} />`;
  }
  return html`<${Missing} />`;
}

/** @param {{session: import("./types.js").Session, leave: () => void}} props */
function Frame({ session, leave }) {
  const [open, setOpen] = useState("");
  const overview = useResource("overview", api.overview);
  useEffect(() => listen({ find: () => setOpen("find"), help: () => setOpen("help") }), []);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || overview.reload(), COUNTS_EVERY);
    return () => clearInterval(timer);
  }, []);
  const shared = { session, overview: overview.data, find: () => setOpen("find"), help: () => setOpen("help"), signOut: leave };
  const close = useCallback(() => setOpen(""), []);
  return html`<a class="skip" href="#content">Skip to the content</a>
    <${TopBar} ...${shared} />
    <div class="app"><${Rail} ...${shared} /><div class="column"><${Banner} session=${session} /><${Page} session=${session} /></div></div>
    <${TabBar} ...${shared} /><${TaskCorner} />
    ${open === "find" ? html`<${Palette} close=${close} />` : null}
    ${open === "help" ? html`<${Help} close=${close} />` : null}`;
}

function App() {
  const [session, setSession] = useState(/** @type {import("./types.js").Session|null} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const { path } = usePlace();
  const read = useCallback(() => api.session().then((s) => { setSession(s); setError(null); }, setError), []);
  useEffect(() => {
    onSignedOut(() => setSession((s) => (s?.state === "signed_in" ? { ...s, state: "signed_out" } : s)));
    void read();
  }, []);
  const leave = useCallback(async () => {
    try {
      await api.signOut();
    } catch (e) {
      toast(`Not signed out: ${/** @type {Error} */ (e).message}`);
      return;
    }
    forget();
    await read();
  }, []);
  const view = () => {
    if (error && !session) return html`<main class="sign" id="content"><${Trouble} error=${error} doing="be reached" retry=${read} /></main>`;
    if (!session) return null;
    if (path === "/app/join") return html`<${Join} session=${session} done=${setSession} />`;
    if (session.state === "setup") return html`<${SetUp} session=${session} done=${setSession} />`;
    if (session.state === "signed_out") return html`<${SignIn} session=${session} done=${setSession} spent=${path === "/app/setup"} />`;
    return html`<${Frame} session=${session} leave=${leave} />`;
  };
  return html`${view()}<${Toasts} />`;
}

start();
render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
