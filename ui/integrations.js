// @ts-check
// What integrations show, in words; and how a body that came in is taken apart for
// clicking. Pure functions.
import { Digits } from "./json.js";
import { plural } from "./format.js";

/** @typedef {import("./types.js").Delivery} Delivery */
/** @typedef {import("./types.js").Mapping} Mapping */
/** @typedef {import("./types.js").Tile} Tile */

/** The groups of services, in the order of the page. @type {[string, string][]} */
export const GROUPS = [
  ["payments", "Payments"],
  ["messaging", "Transactional e-mail"],
  ["pipelines", "Pipelines"],
  ["generic", "Anything else"],
];

/**
 * What a delivery became, in a few words.
 * @param {Pick<Delivery, "became"|"error"|"state">} d
 * @returns {string}
 */
export function became(d) {
  const all = d.became ?? [];
  if (all.length === 0) return d.error ?? (d.state === "repeated" ? "It came before, and changed nothing." : "");
  const people = new Set(all.map((b) => b.uid));
  const events = all.filter((b) => b.event).length;
  const changed = all.reduce((n, b) => n + Object.keys(b.attributes ?? {}).length, 0);
  const parts = [];
  if (events > 0) parts.push(plural(events, "event"));
  if (changed > 0) parts.push(plural(changed, "attribute"));
  if (parts.length === 0) parts.push(plural(all.length, "change"));
  const known = all.find((b) => typeof b.attributes?.email === "string")?.attributes?.email ?? all.find((b) => typeof b.properties?.recipient === "string")?.properties?.recipient;
  const whose = people.size > 1 ? plural(people.size, "customer") : isInternal([...people][0]) && known ? known : [...people][0];
  return `${parts.join(", ")} of ${whose}${d.error ? `; ${d.error}` : ""}`;
}

/** Whether an id is Kith's own, which nobody would know somebody by. @param {string} uid */
function isInternal(uid) {
  return /^[0-9a-f]{24}$/.test(uid);
}

/**
 * How a connection is doing: its shape, its words, and whether that is trouble.
 * @param {Tile} t
 * @returns {{look: "none"|"good"|"bad"|"quiet", text: string}}
 */
export function standing(t) {
  if (!t.last_at) return { look: "none", text: "Waiting for the first hook" };
  if (t.today.failed > 0) return { look: "bad", text: `${t.today.failed.toLocaleString("en-US")} failed today` };
  return { look: "good", text: "Connected" };
}

/** How many bodies came today. @param {Tile} t */
export function today(t) {
  return t.today.applied + t.today.ignored + t.today.failed + t.today.repeated;
}

/** @typedef {{path: string, name: string, depth: number, value: any, leaf: boolean}} Leaf */

/** So many lines of a body are offered for clicking; the rest is of lists. */
const LEAVES = 400;

/**
 * A body as lines, each with the path by which a mapping names it. Of a list the first
 * three items show.
 * @param {any} body
 * @returns {Leaf[]}
 */
export function leaves(body) {
  /** @type {Leaf[]} */
  const out = [];
  /** @param {any} value @param {string[]} path @param {string} name */
  const walk = (value, path, name) => {
    if (out.length >= LEAVES) return;
    const inside = value !== null && typeof value === "object" && !(value instanceof Digits);
    if (path.length > 0) out.push({ path: path.map(escapePart).join("."), name, depth: path.length - 1, value, leaf: !inside || Object.keys(value).length === 0 });
    if (!inside) return;
    const entries = Array.isArray(value) ? value.slice(0, 3).map((v, i) => /** @type {[string, any]} */ ([String(i), v])) : Object.entries(value);
    for (const [key, inner] of entries) walk(inner, [...path, key], key);
  };
  walk(Array.isArray(body) ? body[0] : body, [], "");
  return out;
}

/** A dot in a name is written \\. so that paths can be told apart. @param {string} part */
function escapePart(part) {
  return part.replace(/[\\.]/g, "\\$&");
}

/**
 * The value at a path, undefined where there is none.
 * @param {any} body
 * @param {string} path
 */
export function at(body, path) {
  let value = Array.isArray(body) ? body[0] : body;
  for (const part of splitPath(path)) {
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, part)) return undefined;
    value = value[part];
  }
  return value;
}

/** @param {string} path */
export function splitPath(path) {
  return (path.match(/(?:\\.|[^.\\])+/g) ?? []).map((part) => part.replace(/\\(.)/g, "$1"));
}

/** What a value of a body may be for Kith. @type {[keyof Mapping, string][]} */
export const ROLES = [
  ["uid", "Customer id"],
  ["email", "E-mail"],
  ["event", "Event name"],
  ["timestamp", "Time"],
  ["id", "Id of the event"],
];

/**
 * What a path is in a mapping: a role, "property:name", "attribute:name", or "".
 * @param {Mapping} mapping
 * @param {string} path
 */
export function roleOf(mapping, path) {
  for (const [role] of ROLES) {
    if (mapping[role] === path) return role;
  }
  for (const kind of /** @type {const} */ (["properties", "attributes"])) {
    for (const name of Object.keys(mapping[kind] ?? {})) {
      if (mapping[kind]?.[name] === path) return kind === "properties" ? "property" : "attribute";
    }
  }
  return "";
}

/**
 * The mapping with a path in another role; "" takes it out. A property and an attribute
 * get the last part of the path for their name.
 * @param {Mapping} mapping
 * @param {string} path
 * @param {string} role
 * @returns {Mapping}
 */
export function withRole(mapping, path, role) {
  /** @type {Mapping} */
  const next = { ...mapping, properties: { ...mapping.properties }, attributes: { ...mapping.attributes } };
  for (const [known] of ROLES) {
    if (next[known] === path) delete next[known];
  }
  for (const kind of /** @type {const} */ (["properties", "attributes"])) {
    for (const [name, where] of Object.entries(next[kind] ?? {})) {
      if (where === path) delete next[kind]?.[name];
    }
  }
  if (role === "property" || role === "attribute") {
    const into = role === "property" ? next.properties : next.attributes;
    if (into) into[freeName(into, path)] = path;
  } else if (role) {
    /** @type {any} */ (next)[role] = path;
    if (role === "event") delete next.event_name;
  }
  return next;
}

/** @param {Record<string, string>} taken @param {string} path */
function freeName(taken, path) {
  const parts = splitPath(path);
  let name = parts[parts.length - 1] ?? path;
  for (let i = parts.length - 2; taken[name] !== undefined && i >= 0; i--) name = `${parts[i]}_${name}`;
  return name;
}

/**
 * How a pipeline's own SDK is pointed here.
 * @param {string} kind
 * @param {string} base
 * @param {string} token
 * @returns {{title: string, text: string}|undefined}
 */
export function sdkLines(kind, base, token) {
  switch (kind) {
    case "segment":
      return { title: "Node, @segment/analytics-node", text: `const { Analytics } = require("@segment/analytics-node");\n\nconst analytics = new Analytics({\n  writeKey: "${token}",\n  host: "${base}",\n});` };
    case "rudderstack":
      return { title: "Node, @rudderstack/rudder-sdk-node", text: `const Analytics = require("@rudderstack/rudder-sdk-node");\n\nconst analytics = new Analytics("${token}", {\n  dataPlaneUrl: "${base}",\n});` };
    case "posthog":
      return { title: "Node, posthog-node", text: `const { PostHog } = require("posthog-node");\n\nconst posthog = new PostHog("${token}", {\n  host: "${base}",\n});` };
    case "customerio":
      return { title: "Node, customerio-node", text: `const { TrackClient } = require("customerio-node");\n\nconst cio = new TrackClient("kith", "${token}", {\n  url: "${base}/api/v1",\n});` };
  }
  return undefined;
}
