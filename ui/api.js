// @ts-check
// All HTTP of the dashboard. Every call answers parsed JSON that keeps its
// digits (json.js), or throws ApiError with what the server said.
import { parse, write } from "./json.js";

/** What the server, or the network, refused. `requestId` is what to quote. */
export class ApiError extends Error {
  /**
   * @param {number} status 0 when no answer came
   * @param {{error?: string, code?: string, field?: string, request_id?: string}} body
   */
  constructor(status, body) {
    super(body.error || (status === 0 ? "The server cannot be reached." : `The server answered ${status} without a reason.`));
    this.name = "ApiError";
    this.status = status;
    this.code = body.code ?? (status === 0 ? "unreachable" : "internal");
    this.field = body.field;
    this.requestId = body.request_id ?? "";
  }
}

/** @type {() => void} */
let signedOut = () => {};

/**
 * Says what to do when a call finds that the session is over.
 * @param {() => void} listener
 */
export function onSignedOut(listener) {
  signedOut = listener;
}

/**
 * A path with its query; empty values are left out.
 * @param {string} path
 * @param {Record<string, string|number|boolean|null|undefined>} [query]
 */
export function withQuery(path, query = {}) {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") params.set(name, String(value));
  }
  const text = params.toString();
  return text ? `${path}?${text}` : path;
}

/**
 * Sends one request and answers the text of the body.
 * @param {string} method
 * @param {string} path
 * @param {{body?: object, signal?: AbortSignal}} [options]
 * @returns {Promise<string>}
 */
async function send(method, path, { body, signal } = {}) {
  /** @type {Response} */
  let answer;
  let text;
  try {
    answer = await fetch(path, {
      method,
      signal,
      credentials: "same-origin",
      headers: method === "GET" ? { Accept: "application/json" } : { Accept: "application/json", "Content-Type": "application/json" },
      body: body === undefined ? undefined : write(body),
    });
    text = await answer.text();
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError(0, {});
  }
  if (answer.ok) return text;
  if (answer.status === 401 && path !== "/api/session" && path !== "/api/setup") signedOut();
  throw new ApiError(answer.status, said(text, answer));
}

/**
 * @param {string} text
 * @param {Response} answer
 */
function said(text, answer) {
  const id = answer.headers.get("X-Request-Id") ?? undefined;
  try {
    return { request_id: id, ...JSON.parse(text) };
  } catch {
    return { request_id: id };
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{body?: object, signal?: AbortSignal}} [options]
 * @returns {Promise<any>}
 */
async function call(method, path, options) {
  const text = await send(method, path, options);
  return parse(text);
}

/** @typedef {Record<string, string|number|boolean|null|undefined>} Query */
/** @param {string} id */
const at = (id) => encodeURIComponent(id);

export const api = {
  /** @returns {Promise<import("./types.js").Session>} */
  session: () => call("GET", "/api/session"),
  /** @param {string} email @param {string} password @param {string} [code] of the second factor @returns {Promise<import("./types.js").Session>} */
  signIn: (email, password, code) => call("POST", "/api/session", { body: { email, password, code } }),
  signOut: () => call("DELETE", "/api/session"),
  /** @param {string} token @param {string} email @param {string} password @returns {Promise<import("./types.js").Session>} */
  setUp: (token, email, password) => call("POST", "/api/setup", { body: { token, email, password } }),
  /** @returns {Promise<import("./types.js").Health>} */
  health: () => call("GET", "/api/health"),
  /** @param {boolean} discard what waits is given up @returns {Promise<{waiting: number}>} */
  endQuarantine: (discard) => call("POST", "/api/quarantine/end", { body: { discard } }),
  /** @param {AbortSignal} [signal] @returns {Promise<import("./types.js").Backups>} */
  backups: (signal) => call("GET", "/api/backups", { signal }),
  /** @returns {Promise<import("./types.js").Backups>} */
  makeBackup: () => call("POST", "/api/backups", { body: {} }),
  /** @param {string} name @returns {Promise<import("./types.js").Backups>} */
  verifyBackup: (name) => call("POST", `/api/backups/${at(name)}/verify`, { body: {} }),
  /** Whose one-time link it is. @param {string} token @returns {Promise<{email: string, role: string}>} */
  invitation: (token) => call("POST", "/api/invitation", { body: { token } }),
  /** @param {string} token @param {string} password @returns {Promise<import("./types.js").Session>} */
  join: (token, password) => call("POST", "/api/join", { body: { token, password } }),

  /** @param {AbortSignal} [signal] @returns {Promise<import("./types.js").Account>} */
  account: (signal) => call("GET", "/api/account", { signal }),
  /** @param {string} password @param {string} next */
  changePassword: (password, next) => call("PUT", "/api/account/password", { body: { password, new: next } }),
  /** @returns {Promise<import("./types.js").Totp>} */
  beginTotp: () => call("POST", "/api/account/totp/begin", { body: {} }),
  /** @param {string} password @param {string} secret @param {string} code @returns {Promise<{recovery_codes: string[]}>} */
  setTotp: (password, secret, code) => call("PUT", "/api/account/totp", { body: { password, secret, code } }),
  /** @param {string} password */
  clearTotp: (password) => call("DELETE", "/api/account/totp", { body: { password } }),
  /** @param {string} password @returns {Promise<{recovery_codes: string[]}>} */
  renewCodes: (password) => call("POST", "/api/account/recovery-codes", { body: { password } }),
  /** @param {string} id */
  endSession: (id) => call("DELETE", `/api/account/sessions/${at(id)}`),
  endOtherSessions: () => call("DELETE", "/api/account/sessions"),

  /** @param {AbortSignal} [signal] @returns {Promise<import("./types.js").Team>} */
  administrators: (signal) => call("GET", "/api/administrators", { signal }),
  /** @param {string} email @param {string} role @returns {Promise<import("./types.js").Invitation>} */
  invite: (email, role) => call("POST", "/api/administrators/invitations", { body: { email, role } }),
  /** @param {string} id */
  withdraw: (id) => call("DELETE", `/api/administrators/invitations/${at(id)}`),
  /** @param {string} id @param {string} role @param {string} [password] one's own, to hand over the ownership */
  changeRole: (id, role, password) => call("PUT", `/api/administrators/${at(id)}`, { body: { role, password } }),
  /** @param {string} id */
  removeAdministrator: (id) => call("DELETE", `/api/administrators/${at(id)}`),
  /** @param {string} id @returns {Promise<import("./types.js").Invitation>} */
  resetLink: (id) => call("POST", `/api/administrators/${at(id)}/reset`, { body: {} }),
  /** @param {string} id */
  clearOthersTotp: (id) => call("DELETE", `/api/administrators/${at(id)}/totp`),
  /** @param {Query} query @param {AbortSignal} [signal] @returns {Promise<import("./types.js").AuditPage>} */
  audit: (query, signal) => call("GET", withQuery("/api/audit", query), { signal }),

  /** @param {AbortSignal} [signal] @returns {Promise<{marks: number}>} */
  erasures: (signal) => call("GET", "/api/erasures", { signal }),
  /** @param {string} who @returns {Promise<{erased: boolean}>} */
  isErased: (who) => call("POST", "/api/erasures/check", { body: { who } }),
  /** @param {string} who @returns {Promise<{lifted: number}>} */
  liftErasure: (who) => call("POST", "/api/erasures/lift", { body: { who } }),

  /** @returns {Promise<import("./types.js").Overview>} */
  overview: () => call("GET", "/api/overview"),
  /** @param {string} period @param {AbortSignal} [signal] @returns {Promise<import("./types.js").Home>} */
  home: (period, signal) => call("GET", withQuery("/api/home", { period }), { signal }),

  /** @param {Query} query @param {AbortSignal} [signal] @returns {Promise<import("./types.js").Page<import("./types.js").Customer>>} */
  customers: (query, signal) => call("GET", withQuery("/api/customers", query), { signal }),
  /** @param {string} id @param {AbortSignal} [signal] @returns {Promise<import("./types.js").CustomerDetail>} */
  customer: (id, signal) => call("GET", `/api/customers/${at(id)}`, { signal }),
  /** The text as the server wrote it. @param {string} id @param {AbortSignal} [signal] */
  customerJSON: (id, signal) => send("GET", `/api/customers/${at(id)}/json`, { signal }),
  /** @param {string} id @param {Query} query @param {AbortSignal} [signal] @returns {Promise<import("./types.js").Page<import("./types.js").Entry>>} */
  timeline: (id, query, signal) => call("GET", withQuery(`/api/customers/${at(id)}/timeline`, query), { signal }),

  /** @param {string} id @param {Query} query @param {AbortSignal} [signal] @returns {Promise<import("./types.js").Page<import("./types.js").Relation>>} */
  members: (id, query, signal) => call("GET", withQuery(`/api/customers/${at(id)}/members`, query), { signal }),

  /** What a person may set of a customer. @param {string} id @param {object} body @returns {Promise<import("./types.js").CustomerDetail>} */
  changeCustomer: (id, body) => call("PUT", `/api/customers/${at(id)}`, { body }),
  /** @param {string} id @param {string} uid repeated by a person */
  eraseCustomer: (id, uid) => call("DELETE", `/api/customers/${at(id)}`, { body: { uid } }),
  /** Where those of a query are downloaded. @param {Query} query @param {string} format csv or ndjson */
  exportHref: (query, format) => withQuery("/api/customers/export", { ...query, format }),
  /** The text of an export of a few. @param {string[]} ids @param {string} format */
  exportOf: (ids, format) => send("POST", `/api/customers/export?format=${format}`, { body: { ids } }),
  /** @param {Query} query @param {AbortSignal} [signal] @returns {Promise<{data: import("./types.js").Task[]}>} */
  tasks: (query, signal) => call("GET", withQuery("/api/tasks", query), { signal }),
  /** @param {object} body @returns {Promise<import("./types.js").Task>} */
  startTask: (body) => call("POST", "/api/tasks", { body }),
  /** @param {string} id @returns {Promise<import("./types.js").Task>} */
  task: (id) => call("GET", `/api/tasks/${at(id)}`),
  /** @param {string} id @returns {Promise<import("./types.js").Task>} */
  undoTask: (id) => call("POST", `/api/tasks/${at(id)}/undo`, { body: {} }),
  /** @param {string} id @returns {Promise<import("./types.js").Task>} */
  stopTask: (id) => call("POST", `/api/tasks/${at(id)}/stop`, { body: {} }),

  /** @param {AbortSignal} [signal] @returns {Promise<{data: import("./types.js").List[]}>} */
  lists: (signal) => call("GET", "/api/lists", { signal }),
  /** @param {string} id @param {AbortSignal} [signal] @returns {Promise<import("./types.js").List>} */
  list: (id, signal) => call("GET", `/api/lists/${at(id)}`, { signal }),
  /** @param {object} body @returns {Promise<import("./types.js").List>} */
  createList: (body) => call("POST", "/api/lists", { body }),
  /** @param {string} id @param {object} body @returns {Promise<import("./types.js").List>} */
  changeList: (id, body) => call("PUT", `/api/lists/${at(id)}`, { body }),
  /** @param {string} id */
  archiveList: (id) => call("DELETE", `/api/lists/${at(id)}`),
  /** Brings an archived one back. @param {string} id @returns {Promise<import("./types.js").List>} */
  restoreList: (id) => call("POST", `/api/lists/${at(id)}/restore`, { body: {} }),
  /** @param {string} id @param {Query} query @param {AbortSignal} [signal] @returns {Promise<import("./types.js").Page<import("./types.js").Subscriber>>} */
  subscribers: (id, query, signal) => call("GET", withQuery(`/api/lists/${at(id)}/subscribers`, query), { signal }),

  /** @param {AbortSignal} [signal] @returns {Promise<{data: import("./types.js").Segment[]}>} */
  segments: (signal) => call("GET", "/api/segments", { signal }),
  /** What there is to choose from. @param {AbortSignal} [signal] @returns {Promise<{data: import("./types.js").SegmentName[]}>} */
  segmentNames: (signal) => call("GET", "/api/segments?brief=true", { signal }),
  /** @param {string} id @param {Query} [query] @param {AbortSignal} [signal] @returns {Promise<import("./types.js").SegmentDetail>} */
  segment: (id, query, signal) => call("GET", withQuery(`/api/segments/${at(id)}`, query), { signal }),
  /** @param {string} id @param {Query} query @param {AbortSignal} [signal] @returns {Promise<import("./types.js").Page<import("./types.js").SegmentEntry>>} */
  segmentEntries: (id, query, signal) => call("GET", withQuery(`/api/segments/${at(id)}/entries`, query), { signal }),
  /** @param {object} body @returns {Promise<import("./types.js").Segment>} */
  createSegment: (body) => call("POST", "/api/segments", { body }),
  /** @param {string} id @param {object} body @returns {Promise<import("./types.js").Segment>} */
  changeSegment: (id, body) => call("PUT", `/api/segments/${at(id)}`, { body }),
  /** @param {string} id */
  deleteSegment: (id) => call("DELETE", `/api/segments/${at(id)}`),
  /** @param {string} id @returns {Promise<import("./types.js").Segment>} */
  restoreSegment: (id) => call("POST", `/api/segments/${at(id)}/restore`, {}),
  /** @param {{rule: object, segment?: string}} body @param {AbortSignal} [signal] @returns {Promise<import("./types.js").Preview>} */
  preview: (body, signal) => call("POST", "/api/segments/preview", { body, signal }),
  /** @param {string} name @param {AbortSignal} [signal] @returns {Promise<{data: {value: any, count: number}[], missing: number}>} */
  values: (name, signal) => call("GET", withQuery("/api/attribute/values", { name }), { signal }),
  /** @param {string} customer @param {string} segment @param {AbortSignal} [signal] @returns {Promise<import("./types.js").Explained>} */
  why: (customer, segment, signal) => call("GET", `/api/customers/${at(customer)}/segments/${at(segment)}`, { signal }),

  /** @param {AbortSignal} [signal] @returns {Promise<{data: import("./types.js").EventName[]}>} */
  events: (signal) => call("GET", "/api/events", { signal }),
  /** @param {string} name @param {AbortSignal} [signal] @returns {Promise<import("./types.js").AttributeDetail>} */
  attribute: (name, signal) => call("GET", withQuery("/api/attribute", { name }), { signal }),
  /** @param {string} name @param {string} period @param {AbortSignal} [signal] @returns {Promise<import("./types.js").EventDetail>} */
  event: (name, period, signal) => call("GET", withQuery("/api/event", { name, period }), { signal }),
  /** @param {string} name @param {AbortSignal} [signal] @returns {Promise<{data: import("./types.js").LatestEvent[]}>} */
  latestEvents: (name, signal) => call("GET", withQuery("/api/event/latest", { name }), { signal }),
  /** @param {AbortSignal} [signal] @returns {Promise<{data: import("./types.js").AttributeName[]}>} */
  attributes: (signal) => call("GET", "/api/attributes", { signal }),

  /** @param {Query} query @param {AbortSignal} [signal] @returns {Promise<import("./types.js").Page<import("./types.js").Import>>} */
  imports: (query, signal) => call("GET", withQuery("/api/imports", query), { signal }),
  /** @param {string} id @param {AbortSignal} [signal] @returns {Promise<import("./types.js").Import>} */
  import: (id, signal) => call("GET", `/api/imports/${at(id)}`, { signal }),
  /** Begins a dry run again with other options, or the import itself. @param {string} id @param {import("./types.js").ImportOptions} body @returns {Promise<import("./types.js").Import>} */
  startImport: (id, body) => call("POST", `/api/imports/${at(id)}/start`, { body }),
  /** @param {string} id @returns {Promise<import("./types.js").Import>} */
  cancelImport: (id) => call("POST", `/api/imports/${at(id)}/cancel`),
  /** @param {string} id @returns {Promise<import("./types.js").Import>} */
  undoImport: (id) => call("POST", `/api/imports/${at(id)}/undo`),
  /** @param {string} id @param {AbortSignal} [signal] @returns {Promise<{data: {id: string, uid: string, reason: string}[]}>} */
  importKept: (id, signal) => call("GET", `/api/imports/${at(id)}/kept`, { signal }),
  /** @param {string} id @param {AbortSignal} [signal] @returns {Promise<{data: {line: number, reason: string, row: string}[]}>} */
  importRefused: (id, signal) => call("GET", `/api/imports/${at(id)}/errors?limit=10`, { signal }),
  /** Where the refused rows are to be had. @param {string} id */
  importErrors: (id) => `/api/imports/${at(id)}/errors.csv`,

  /** @param {AbortSignal} [signal] @returns {Promise<{data: import("./types.js").Key[], base_url: string}>} */
  keys: (signal) => call("GET", "/api/keys", { signal }),
  /** @param {string} name @param {string[]} scopes none is everything @returns {Promise<import("./types.js").Key>} */
  createKey: (name, scopes) => call("POST", "/api/keys", { body: { name, scopes } }),
  /** @param {string} id @param {string} until when the private key before ends @returns {Promise<import("./types.js").Key>} */
  rotateKey: (id, until) => call("POST", `/api/keys/${at(id)}/rotate`, { body: { until } }),
  /** @param {string} id */
  revokeKey: (id) => call("DELETE", `/api/keys/${at(id)}`),

  /** @param {AbortSignal} [signal] @returns {Promise<{data: import("./types.js").Tile[], services: import("./types.js").Service[], base_url: string}>} */
  integrations: (signal) => call("GET", "/api/integrations", { signal }),
  /** @param {string} id @param {AbortSignal} [signal] @returns {Promise<import("./types.js").Tile>} */
  integration: (id, signal) => call("GET", `/api/integrations/${at(id)}`, { signal }),
  /** @param {object} body @returns {Promise<import("./types.js").Tile>} */
  connect: (body) => call("POST", "/api/integrations", { body }),
  /** @param {string} id @param {object} body @returns {Promise<import("./types.js").Tile>} */
  changeIntegration: (id, body) => call("PUT", `/api/integrations/${at(id)}`, { body }),
  /** @param {string} id */
  removeIntegration: (id) => call("DELETE", `/api/integrations/${at(id)}`),
  /** @param {string} id @param {Query} query @param {AbortSignal} [signal] @returns {Promise<import("./types.js").Page<import("./types.js").Delivery>>} */
  deliveries: (id, query, signal) => call("GET", withQuery(`/api/integrations/${at(id)}/deliveries`, query), { signal }),
  /** @param {string} id @param {string} delivery @param {AbortSignal} [signal] @returns {Promise<import("./types.js").DeliveryDetail>} */
  delivery: (id, delivery, signal) => call("GET", `/api/integrations/${at(id)}/deliveries/${at(delivery)}`, { signal }),
  /** @param {string} id @param {string} delivery @param {string} [body] what a person made of it @returns {Promise<import("./types.js").DeliveryDetail>} */
  replay: (id, delivery, body) => call("POST", `/api/integrations/${at(id)}/deliveries/${at(delivery)}/replay`, { body: body === undefined ? {} : { body } }),

  /** @param {Query} query @param {AbortSignal} [signal] @returns {Promise<import("./types.js").RequestLog>} */
  requests: (query, signal) => call("GET", withQuery("/api/requests", query), { signal }),
  /** @param {number|string} seq @param {AbortSignal} [signal] @returns {Promise<import("./types.js").RequestDetail>} */
  request: (seq, signal) => call("GET", `/api/requests/${at(String(seq))}`, { signal }),
};

/**
 * Sends a file, saying how much of it has gone, and answers the dry run that begins.
 * @param {File} file
 * @param {(part: number) => void} progress from 0 to 1
 * @returns {{sent: Promise<import("./types.js").Import>, stop: () => void}}
 */
export function upload(file, progress) {
  const request = new XMLHttpRequest();
  /** @type {Promise<import("./types.js").Import>} */
  const sent = new Promise((resolve, reject) => {
    request.open("POST", withQuery("/api/imports", { file: file.name }));
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Content-Type", file.type || "text/csv");
    request.upload.onprogress = (e) => progress(e.total ? e.loaded / e.total : 0);
    request.onerror = () => reject(new ApiError(0, {}));
    request.onload = () => {
      if (request.status < 300) return resolve(parse(request.responseText));
      if (request.status === 401) signedOut();
      let body = {};
      try {
        body = JSON.parse(request.responseText);
      } catch {
        // an answer without a reason
      }
      reject(new ApiError(request.status, body));
    };
    request.send(file);
  });
  return { sent, stop: () => request.abort() };
}

/** The first wait before a closed stream is opened again; it doubles up to the last. */
const FIRST_WAIT = 1000;
const LAST_WAIT = 30_000;

/**
 * Follows a stream of the server while the page is in sight: a hidden tab lets
 * go of its connection, and on return `opened` is called so that the caller can
 * read what it missed. Answers a function that ends it.
 * @param {string} path
 * @param {{event: string, message: (data: any) => void, opened?: () => void, state?: (on: boolean) => void}} options
 * @returns {() => void}
 */
export function follow(path, { event, message, opened, state }) {
  /** @type {EventSource|null} */
  let source = null;
  let timer = 0;
  let wait = FIRST_WAIT;
  let again = false;

  const open = () => {
    clearTimeout(timer);
    if (source || document.hidden) return;
    const s = new EventSource(path);
    source = s;
    s.onopen = () => {
      wait = FIRST_WAIT;
      state?.(true);
      if (again) opened?.();
      again = true;
    };
    s.addEventListener(event, (e) => message(parse(/** @type {MessageEvent} */ (e).data || "null")));
    s.onerror = () => {
      state?.(false);
      if (s.readyState !== EventSource.CLOSED) return;
      source = null;
      timer = window.setTimeout(open, wait);
      wait = Math.min(wait * 2, LAST_WAIT);
    };
  };
  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = null;
  };
  const seen = () => (document.hidden ? close() : open());
  document.addEventListener("visibilitychange", seen);
  open();
  return () => {
    document.removeEventListener("visibilitychange", seen);
    close();
  };
}
