// @ts-check
import { html, useState } from "../preact.js";
import { Icon } from "./icon.js";

/** @type {[string, string, string][]} */
const CHOICES = [["", "screen", "As the system"], ["light", "sun", "Light"], ["dark", "moon", "Dark"]];

/** @returns {string} */
function chosen() {
  return document.documentElement.dataset.theme ?? "";
}

export function ThemeSwitch() {
  const [theme, setTheme] = useState(chosen);
  const choose = (/** @type {string} */ next) => {
    if (next) document.documentElement.dataset.theme = next;
    else delete document.documentElement.dataset.theme;
    try {
      if (next) localStorage.setItem("kith.theme", next);
      else localStorage.removeItem("kith.theme");
    } catch {
      // Without storage the choice lasts as long as the page.
    }
    setTheme(next);
  };
  return html`<span class="theme" role="group" aria-label="Theme">${CHOICES.map(([value, icon, label]) => html`
    <button type="button" key=${value} aria-pressed=${theme === value ? "true" : "false"} aria-label=${label} title=${label} onClick=${() => choose(value)}><${Icon} name=${icon} /></button>`)}</span>`;
}
