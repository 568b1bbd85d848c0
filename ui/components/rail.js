// @ts-check
import { html, useEffect, useRef, useState } from "../preact.js";
import { count } from "../format.js";
import { usePlace } from "../router.js";
import { can } from "../can.js";
import { Icon } from "./icon.js";
import { ThemeSwitch } from "./theme-switch.js";

/** @typedef {{path: string, icon: string, text: string, figure?: keyof import("../types.js").Overview, can?: string}} Stop */

/** Where one can go: who is kept, and what came in. @type {Stop[][]} */
export const STOPS = [
  [
    { path: "/app", icon: "house", text: "Home" },
    { path: "/app/customers", icon: "person", text: "Customers", figure: "customers" },
    { path: "/app/accounts", icon: "building", text: "Accounts", figure: "accounts" },
    { path: "/app/segments", icon: "rings", text: "Segments", figure: "segments" },
    { path: "/app/lists", icon: "list", text: "Lists", figure: "lists" },
  ],
  [
    { path: "/app/events", icon: "pulse", text: "Events", figure: "event_names" },
    { path: "/app/attributes", icon: "tag", text: "Attributes", figure: "attributes" },
    { path: "/app/imports", icon: "intray", text: "Imports" },
    { path: "/app/integrations", icon: "plug", text: "Integrations", figure: "integrations" },
    { path: "/app/requests", icon: "console", text: "Requests", can: "build" },
    { path: "/app/settings", icon: "sliders", text: "Settings" },
  ],
];

const ON_THE_BAR = ["/app", "/app/customers", "/app/segments", "/app/events"];

/** @param {string} path @param {string} stop */
function isAt(path, stop) {
  return path === stop || (stop !== "/app" && path.startsWith(`${stop}/`)) || (stop === "/app/settings" && path === "/app/keys");
}

/** @param {{session: import("../types.js").Session, overview: import("../types.js").Overview|undefined, path: string}} props */
function Nav({ session, overview, path }) {
  return html`<nav class="nav" aria-label="Main">${STOPS.map((group, i) => html`<ul key=${i}>${group.filter((stop) => can(session, stop.can)).map((stop) => html`
    <li key=${stop.path}><a href=${stop.path} aria-current=${isAt(path, stop.path) ? "page" : undefined}><${Icon} name=${stop.icon} />${stop.text}
      ${stop.figure && overview ? html`<span class="n">${count(overview[stop.figure])}</span>` : null}</a></li>`)}</ul>`)}</nav>`;
}

/** The sign beside the workspace's name. */
export function Glyph() {
  return html`<svg class="glyph" viewBox="0 0 20 20" aria-hidden="true"><rect width="20" height="20" rx="4" /><path d="M7 5v10M13 5.250 6.500 10 13 14.750" /></svg>`;
}

/** What the key beside K is called here. */
const control = () => (/Mac|iPhone|iPad/.test(navigator.platform) ? "⌘" : "Ctrl");

/** @param {{session: import("../types.js").Session, signOut: () => void, help: () => void}} props */
function Foot({ session, signOut, help }) {
  return html`<div class="foot"><div class="foot-in">
    <span class="foot-line"><span class="cut" title=${session.email}>${session.email}</span><button type="button" class="button bare small" onClick=${signOut}>Sign out</button></span>
    <span class="foot-line tools-line"><button type="button" class="button bare square" aria-label="Keys of the keyboard" title="Keys of the keyboard" onClick=${help}><${Icon} name="help" /></button><${ThemeSwitch} /></span>
    <span class="foot-line" title=${session.demo ? "This server keeps invented data" : undefined}>kith ${session.version}${session.demo ? " · demo" : ""}</span>
  </div></div>`;
}

/** @param {{session: import("../types.js").Session, overview: import("../types.js").Overview|undefined, find: () => void, help: () => void, signOut: () => void}} props */
export function Rail({ session, overview, find, help, signOut }) {
  const { path } = usePlace();
  return html`<aside class="rail">
    <a class="brand" href="/app"><${Glyph} /><span class="cut">${session.workspace}</span></a>
    <button type="button" class="find" onClick=${find}><${Icon} name="search" />Find anything<kbd>${control()} K</kbd></button>
    <${Nav} session=${session} overview=${overview} path=${path} />
    <${Foot} session=${session} signOut=${signOut} help=${help} />
  </aside>`;
}

/** @param {{session: import("../types.js").Session, find: () => void}} props */
export function TopBar({ session, find }) {
  return html`<div class="topbar"><a class="brand" href="/app"><${Glyph} /><span class="cut">${session.workspace}</span></a>
    <button type="button" class="button bare square" aria-label="Find anything" onClick=${find}><${Icon} name="search" /></button></div>`;
}

/** @param {{session: import("../types.js").Session, overview: import("../types.js").Overview|undefined, help: () => void, signOut: () => void}} props */
export function TabBar({ session, overview, help, signOut }) {
  const { path } = usePlace();
  const [open, setOpen] = useState(false);
  const ref = useRef(/** @type {HTMLDialogElement|null} */ (null));
  useEffect(() => setOpen(false), [path]);
  useEffect(() => {
    if (open) ref.current?.showModal();
    else ref.current?.close();
  }, [open]);
  const stops = STOPS.flat().filter((s) => ON_THE_BAR.includes(s.path) && can(session, s.can));
  return html`<nav class="tabbar" aria-label="Main">
      ${stops.map((s) => html`<a key=${s.path} href=${s.path} aria-current=${isAt(path, s.path) ? "page" : undefined}><${Icon} name=${s.icon} />${s.text}</a>`)}
      <button type="button" aria-expanded=${open ? "true" : "false"} onClick=${() => setOpen(true)}><${Icon} name="more" />More</button>
    </nav>
    <dialog class="dialog more" ref=${ref} aria-label="More" onCancel=${() => setOpen(false)} onClick=${(/** @type {any} */ e) => (e.target === ref.current || e.target.closest("a")) && setOpen(false)}>
      ${open ? html`<div class="dialog-body"><${Nav} session=${session} overview=${overview} path=${path} /><${Foot} session=${session} signOut=${signOut} help=${help} /></div>` : null}
    </dialog>`;
}
