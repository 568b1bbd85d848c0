// @ts-check
import { html, useState } from "../preact.js";
import { api } from "../api.js";
import { at, leaves, ROLES, roleOf, withRole } from "../integrations.js";
import { write } from "../json.js";
import { plural } from "../format.js";
import { useResource } from "../resource.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icon.js";
import { toast } from "./toast.js";
import { Trouble } from "./trouble.js";

/** @typedef {import("../types.js").Mapping} Mapping */
/** @typedef {import("../types.js").Tile} Tile */

/** How many kept bodies are replayed after a mapping was saved. */
const REPLAYED = 200;

/** A value as it stands in a body, on one line. @param {any} value */
function short(value) {
  const text = write(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

/** One line of the body, with what it is. @param {{leaf: import("../integrations.js").Leaf, role: string, set: (role: string) => void}} props */
function Line({ leaf, role, set }) {
  return html`<li class=${role ? "leaf set" : "leaf"} style=${{ paddingInlineStart: `${12 + leaf.depth * 16}px` }}>
    <span class="leaf-name"><code class="t-key" title=${leaf.path}>${leaf.name}</code>${leaf.leaf ? html`<code class="leaf-value" title=${write(leaf.value)}>${short(leaf.value)}</code>` : null}</span>
    ${leaf.leaf ? html`<span class=${role ? "select set" : "select"}><select aria-label=${`What ${leaf.path} is`} value=${role} onChange=${(/** @type {any} */ e) => set(e.target.value)}>
      <option value="" selected=${role === ""}>not used</option>${ROLES.map(([value, text]) => html`<option key=${value} value=${value} selected=${role === value}>${text}</option>`)}
      <option value="property" selected=${role === "property"}>Property</option><option value="attribute" selected=${role === "attribute"}>Attribute</option></select><${Icon} name="down" tiny=${true} /></span>` : null}</li>`;
}

/** What the body means by now, in a sentence each. @param {{mapping: Mapping, body: any}} props */
function Meaning({ mapping, body }) {
  const value = (/** @type {string|undefined} */ path) => {
    if (!path) return null;
    const here = at(body, path);
    return here === undefined ? html`what stands at <code>${path}</code>, which this body lacks` : html`<code>${short(here)}</code>`;
  };
  const who = mapping.uid || mapping.email;
  const named = mapping.event ? value(mapping.event) : mapping.event_name ? html`<b>${mapping.event_name}</b>` : null;
  const properties = Object.keys(mapping.properties ?? {});
  const attributes = Object.keys(mapping.attributes ?? {});
  return html`<div class="meaning" role="status"><p>${who ? html`The customer is ${mapping.uid ? value(mapping.uid) : null}${mapping.uid && mapping.email ? ", with the e-mail " : ""}${mapping.email ? value(mapping.email) : null}.` : html`<span class="quiet">Nobody is named yet: choose the customer's id or e-mail.</span>`}</p>
    <p>${named ? html`The event is ${named}${properties.length ? `, with ${properties.join(", ")}` : ""}.` : html`<span class="quiet">No event yet.</span>`}</p>
    ${attributes.length ? html`<p>${plural(attributes.length, "attribute")}: ${attributes.join(", ")}.</p>` : null}</div>`;
}

/** @param {{t: Tile, close: () => void, saved: (t: Tile) => void}} props */
export function MappingForm({ t, close, saved }) {
  const [mapping, setMapping] = useState(/** @type {Mapping} */ (t.mapping ?? {}));
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const newest = useResource(`newest ${t.id}`, async (signal) => {
    const list = await api.deliveries(t.id, { limit: 20 }, signal);
    for (const d of list.data) {
      const full = await api.delivery(t.id, d.id, signal);
      if (full.body !== null && typeof full.body === "object") return full;
    }
    return null;
  });
  const body = newest.data?.body;
  const submit = async (/** @type {SubmitEvent} */ e) => {
    e.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const next = await api.changeIntegration(t.id, { mapping });
      const n = await replayAll(t.id);
      toast(n ? `Saved, and ${plural(n, "kept body", "kept bodies")} applied.` : "Saved.", { good: true });
      saved(next);
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return html`<${Dialog} title="What a body means" close=${close}><form class="form mapping" onSubmit=${submit}>
    ${error ? html`<${Trouble} error=${error} doing="save what it means" />` : null}
    ${newest.error ? html`<${Trouble} error=${newest.error} doing="read a body" retry=${newest.reload} />` : null}
    ${newest.data === null ? html`<p class="quiet">No JSON has come in yet. Post one to the address, then choose on it.</p>` : null}
    ${body ? html`<p class="quiet">This is the newest body that came. Say for each value what it is.</p>
      <ul class="leaves" aria-label="The body">${leaves(body).map((leaf) => html`<${Line} key=${leaf.path} leaf=${leaf} role=${roleOf(mapping, leaf.path)} set=${(/** @type {string} */ role) => setMapping(withRole(mapping, leaf.path, role))} />`)}</ul>
      ${mapping.event ? null : html`<label><span>Name of the event</span><input class="input" name="event_name" maxlength="255" dir="auto" placeholder="Order placed" value=${mapping.event_name ?? ""} onInput=${(/** @type {any} */ e) => setMapping({ ...mapping, event_name: e.target.value || undefined })} /><span class="hint">When no value of the body names it.</span></label>`}
      <${Meaning} mapping=${mapping} body=${body} />` : !newest.data && !newest.error && newest.data !== null ? html`<div class="skeleton" aria-busy="true"></div>` : null}
    <div class="buttons"><button type="button" class="button" onClick=${close}>Cancel</button><button class="button main" disabled=${busy || !body || !(mapping.uid || mapping.email)}>Save, and apply what was kept</button></div>
  </form></${Dialog}>`;
}

/** Replays the bodies that waited for a meaning, oldest first. @param {string} id */
async function replayAll(id) {
  const waiting = await api.deliveries(id, { state: "ignored", limit: REPLAYED });
  let applied = 0;
  for (const d of waiting.data.reverse()) {
    const next = await api.replay(id, d.id);
    if (next.state === "applied") applied++;
  }
  return applied;
}
