// @ts-check
// The frame of everything under /app/settings: one title, the tabs, the page below.
import { html } from "../preact.js";
import { can } from "../can.js";
import { PageHead } from "./page-head.js";

/** @typedef {import("../types.js").Session} Session */

/**
 * The tabs, in order. `can` is what a role must be able to do for it (see abilities in
 * app/admin/roles.go); without it everybody has the tab.
 * @type {{path: string, text: string, can?: string}[]}
 */
export const TABS = [
  { path: "/app/settings/account", text: "Your account" },
  { path: "/app/settings/administrators", text: "Administrators" },
  { path: "/app/settings/keys", text: "Keys", can: "build" },
  { path: "/app/settings/privacy", text: "Privacy", can: "build" },
  { path: "/app/settings/backups", text: "Backups", can: "run" },
  { path: "/app/settings/audit", text: "Audit log", can: "run" },
];

/**
 * A page of the settings.
 * @param {{session: Session, at: string, line?: any[], actions?: any, children?: any}} props at: the tab's path
 */
export function Settings({ session, at, line, actions, children }) {
  const tabs = TABS.filter((t) => can(session, t.can));
  const tab = TABS.find((t) => t.path === at);
  return html`<main id="content" class="page" tabindex="-1">
    <${PageHead} title="Settings" tab=${`${tab?.text ?? "Settings"} · Settings`} line=${line}>${actions}</${PageHead}>
    <nav class="tabs settings-tabs" aria-label="Settings">${tabs.map((t) => html`<a key=${t.path} href=${t.path} aria-current=${t.path === at ? "page" : undefined}>${t.text}</a>`)}</nav>
    ${tab && !can(session, tab.can) ? html`<section class="panel empty"><h2>This is not for your role.</h2><p>You are signed in as ${session.role}. Whoever manages the team can change that.</p></section>` : children}
  </main>`;
}
