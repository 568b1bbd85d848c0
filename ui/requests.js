// @ts-check
// The log of requests: which ones a filter lets through, how a refusal is
// explained, and the same request as a curl command. Pure.
import { PRIVATE } from "./snippets.js";

/** @typedef {import("./types.js").LoggedRequest} LoggedRequest */
/** @typedef {{status?: string, method?: string, key?: string, query?: string}} Filter */

/** @param {number} status */
export function outcome(status) {
  return status >= 500 ? "failed" : status >= 400 ? "refused" : "answered";
}

/**
 * Whether a request that just came belongs in the list, as the server would decide.
 * @param {LoggedRequest} r
 * @param {Filter} filter
 */
export function matches(r, { status, method, key, query }) {
  if (status && outcome(r.status) !== status) return false;
  if (method && r.method !== method) return false;
  if (key && r.key?.name !== key) return false;
  if (!query) return true;
  const q = query.toLowerCase();
  return [r.path, r.query, r.id, r.error].some((text) => (text ?? "").toLowerCase().includes(q));
}

/**
 * Adds requests that came by the stream to the newest ones shown, each once.
 * @param {LoggedRequest[]} shown newest first
 * @param {LoggedRequest[]} came in any order
 * @param {number} most
 */
export function prepend(shown, came, most) {
  const known = new Set(shown.map((r) => r.seq));
  const fresh = came.filter((r) => !known.has(r.seq)).sort((a, b) => b.seq - a.seq);
  return fresh.length ? [...fresh, ...shown].sort((a, b) => b.seq - a.seq).slice(0, most) : shown;
}

/** What a status means for the sender, and what to do. @type {Record<number, [string, string]>} */
const MEANING = {
  400: ["The request was refused.", "Nothing was stored. Correct what the sentence names and send it again."],
  401: ["The keys were not accepted.", "Nothing was stored. Check that both keys are from this server and not revoked; from a browser or an app, only calls that need no private key are taken."],
  403: ["This key may not do that.", "Nothing was stored. The call needs the private key as well."],
  404: ["There is no such thing here.", "Nothing was stored. Check the path and the id in it; ids are sent as they are, so one with / ? or # breaks its path."],
  405: ["This path does not take that method.", "Nothing was stored."],
  409: ["It contradicts what is already here.", "Nothing was stored. An Idempotency-Key was used with another body, or the id, e-mail or number belongs to somebody else."],
  413: ["The body is too large.", "Nothing was stored. Send it in smaller parts."],
  415: ["The body is not JSON.", "Nothing was stored. Send Content-Type: application/json."],
  429: ["Too many requests at once.", "Nothing was stored. Wait as long as Retry-After says and send it again."],
};

/**
 * @param {LoggedRequest} r
 * @returns {{title: string, next: string}}
 */
export function explain(r) {
  const known = MEANING[r.status];
  if (known) return { title: known[0], next: known[1] };
  if (r.status >= 500) return { title: "Kith failed, not the request.", next: "The sender may repeat it. The server's log has the reason under the request id." };
  return { title: "The request was refused.", next: "Nothing was stored." };
}

/**
 * The property an error names, when it begins with one: `timestamp: "x" is not a date` → "timestamp",
 * `data[2].meta.plan: …` → "plan".
 * @param {string} error
 * @returns {string|undefined}
 */
export function named(error) {
  const path = /^["“'`]?([A-Za-z_][\w.[\]-]*)["”'`]?\s*(?::|\bis\b|\bmust\b|\bhas\b)/.exec(error)?.[1];
  return path?.replace(/\[\d+\]/g, "").split(".").filter(Boolean).pop();
}

/** Quotes a text for a POSIX shell. @param {string} text */
function quoted(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * The same request as a command; the private key has to be put in.
 * @param {import("./types.js").RequestDetail} r
 * @param {string} base the address of this server
 * @param {string} [pub] the public key it came with
 */
export function asCurl(r, base, pub = "PUBLIC_KEY") {
  const url = base + r.path + (r.query ? `?${r.query}` : "");
  const parts = [`curl ${r.method === "GET" ? "" : `-X ${r.method} `}${quoted(url)}`, `-u ${quoted(`${pub}:${PRIVATE}`)}`];
  if (r.body) {
    parts.push(`-H ${quoted(`Content-Type: ${r.content_type || "application/json"}`)}`);
    parts.push(`--data-binary ${quoted(r.body)}`);
  }
  return parts.join(" \\\n  ");
}
