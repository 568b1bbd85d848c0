// @ts-check
// The shapes that /api answers, named once. This module holds types only.

/** @typedef {{state: "setup"|"signed_out"|"signed_in", email?: string, role?: string, can: string[], second_factor: boolean, plain: boolean, workspace: string, zone: string, version: string, demo?: boolean}} Session */
/** @typedef {{id: string, current: boolean, address: string, agent: string, created_at: string, seen_at: string, expires_at: string}} SessionLine */
/** @typedef {{email: string, role: string, created_at: string, second_factor: boolean, recovery_codes: number, sessions: SessionLine[]}} Account */
/** @typedef {{secret: string, uri: string, size: number, path: string}} Totp */
/** @typedef {{id: string, email: string, role: string, second_factor: boolean, created_at: string, seen_at: string|null, you: boolean, yours: boolean}} Administrator */
/** @typedef {{id: string, email: string, role: string, created_at: string, expires_at: string, url?: string}} Invitation */
/** @typedef {{data: Administrator[], invitations: Invitation[], grants: string[]}} Team */
/** @typedef {{id: string, at: string, by: string, name?: string, address: string, action: string, target: string, state: "done"|"begun"|"failed"|"unknown", detail: Record<string, any>}} AuditLine */
/** @typedef {{data: AuditLine[], actors: {by: string, name: string}[], next_cursor?: string}} AuditPage */
/** @typedef {{customers: number, accounts: number, lists: number, segments: number, events: number, event_names: number, attributes: number, keys: number, integrations: number}} Overview */
/** @typedef {{at: string, before: string, events: number, events_before: number, customers: number, customers_before: number}} PlotPoint */
/** @typedef {{events: number, events_whole: number, events_before: number, customers: number, customers_whole: number, customers_before: number}} Sums whole: without the step that is under way, as before is */
/** @typedef {{name: string, category: string, count: number, whole: number, before: number, customers: number, points: number[]}} TopEvent */
/**
 * @typedef {object} Home
 * @property {string} at
 * @property {string} period
 * @property {"day"|"hour"} unit
 * @property {number} customers
 * @property {number} accounts
 * @property {number} archived
 * @property {number} events
 * @property {number} events_per_minute
 * @property {{loading: number, today: number, week: number, month: number}} active
 * @property {PlotPoint[]} points
 * @property {Sums} sums
 * @property {TopEvent[]} top
 * @property {boolean} top_ready
 * @property {number} event_names
 * @property {Import[]} imports
 * @property {{hour: number, refused: number, p50_ms: number, p99_ms: number}|null} requests
 * @property {{count: number, behind: number}} segments
 * @property {{count: number, failing: number, name: string, error: string}} connections
 * @property {{request: boolean, customer: boolean, event: boolean, import: boolean, segment: boolean, connect: boolean}} setup
 */
/** @typedef {{name: string, types: string[], seen: number, distinct: number, values: {value: string, count: number}[], min?: number, max?: number, numeric_text?: boolean}} PropertyDetail */
/** @typedef {EventName & {period: string, unit: "day"|"hour", points: PlotPoint[], sums: Sums, ready: boolean, detail: PropertyDetail[], sampled: number}} EventDetail */
/** @typedef {AttributeName & {people: number, ready: boolean, distinct: number, values: {value: string, count: number}[], texts: number, numeric_texts: number, min?: number, max?: number, segments: {id: string, title: string}[]}} AttributeDetail */
/** @typedef {{id: string, at: string, customer: string, uid: string, name: string, source: string, value?: any, properties?: Record<string, any>}} LatestEvent */
/**
 * @template T
 * @typedef {{data: T[], next_cursor?: string, previous_cursor?: string, total?: number, index?: {state: string, indexed: number, customers: number, serving: boolean}, words?: string[], loading?: number}} Page
 */
/** @typedef {{id: string, title: string, status: string, since?: string}} Membership */
/**
 * @typedef {object} Customer
 * @property {string} id
 * @property {string} uid
 * @property {boolean} [uid_updateable]
 * @property {string|null} first_name
 * @property {string|null} last_name
 * @property {string|null} number
 * @property {string|null} email
 * @property {boolean} is_account
 * @property {boolean} archived
 * @property {string} created_at
 * @property {string|null} last_interaction
 * @property {Membership[]} lists
 * @property {Record<string, any>} meta
 * @property {number} [member_count]
 * @property {{field: string, name?: string, text: string, at: [number, number][]}[]} [marks] what matches a search
 */
/** @typedef {{name: string, type: string, value: any, text: string, changed_at: string|null, standard: boolean}} Attribute */
/** @typedef {{id: string, uid: string, name: string, role: string|null, since?: string}} Relation */
/** @typedef {{day: string, count: number}} Day */
/**
 * @typedef {object} CustomerDetail
 * @property {Customer} customer
 * @property {Attribute[]} attributes
 * @property {{token: string, platform: string, added_at: string}[]} devices
 * @property {Relation[]} accounts
 * @property {Relation[]} [members] of an account, the newest
 * @property {string} [members_next] the cursor of those after them
 * @property {Membership[]} lists
 * @property {{id: string, title: string, since: string|null}[]} segments
 * @property {string[]} aliases
 * @property {{service: string, id: string}[]} external what services call the customer
 * @property {number} payments
 * @property {number} messages
 * @property {number} events
 * @property {number} changes lines of the timeline that are no events
 * @property {number} moves into segments and out of them
 * @property {number} entries all of them
 * @property {Day[]} activity
 */
/** @typedef {{id: string, action: string, state: string, by: string, list?: {id: string, title: string}, attribute?: string, value?: any, into?: string, total: number, done: number, changed: number, restored: number, kept: number, created_at: string, finished_at: string|null, until: string|null, undoable: boolean, error?: string}} Task */
/** @typedef {{name: string, from?: any, to?: any}} Change */
/**
 * @typedef {object} Entry
 * @property {string} id
 * @property {string} at
 * @property {string} kind
 * @property {string} [source]
 * @property {string} [event]
 * @property {string} [category] custom, payment or message
 * @property {any} [value]
 * @property {Record<string, any>} [properties]
 * @property {string} [message_id]
 * @property {Change[]} [changes]
 * @property {string} [token]
 * @property {string} [platform]
 * @property {{id: string, title: string}} [list]
 * @property {string} [status]
 * @property {{uid: string}} [account]
 * @property {{uid: string}} [member]
 * @property {{id: string, title: string}} [segment]
 * @property {boolean} [entered]
 * @property {Cause} [cause]
 * @property {string|null} [role]
 * @property {boolean} [joined]
 * @property {string} [uid]
 * @property {string} [to]
 * @property {string} [from]
 * @property {string} [into]
 * @property {{id: string, file: string}} [import]
 * @property {boolean} [made]
 */
/** @typedef {{id: string, title: string, description: string|null, double_optin: boolean, redirect_url: string|null, archived: boolean, created_at: string, subscribed: number, pending: number, unsubscribed: number}} List */
/** @typedef {{id: string, uid: string, name: string, email: string|null, number: string|null, status: string, since: string, confirm_url?: string}} Subscriber */
/** @typedef {{name: string, count: number, customers: number, first_at: string, last_at: string, today: number, category: string, sources: string[], properties: {name: string, types: string[]}[], days: Day[]}} EventName */
/** @typedef {{name: string, label: string, standard: boolean, types: Record<string, number>, customers: number, samples: string[], changed_at: string|null, common?: {value: string, count: number}[], numeric_texts?: number|null, looks_numeric?: boolean}} AttributeName */
/** @typedef {{id: string, name: string, public: string, private_hint: string, private?: string, created_at: string, last_used_at: string|null, revoked_at: string|null, pinned: boolean, scopes: string[], previous_hint?: string, previous_until?: string}} Key */
/**
 * @typedef {object} LoggedRequest
 * @property {number} seq
 * @property {string} id
 * @property {string} at
 * @property {string} method
 * @property {string} path
 * @property {string} query
 * @property {{name: string, hint: string}|null} key
 * @property {string} [public] the public key that came along
 * @property {number} status
 * @property {number} took_ms
 * @property {string} error
 * @property {string} ip
 * @property {string} user_agent
 * @property {number} bytes
 */
/** @typedef {LoggedRequest & {content_type: string, body: string, body_truncated: boolean, answer: string, answer_truncated: boolean}} RequestDetail */
/** @typedef {{at: string, count: number, refused: number}} Minute */
/** @typedef {{data: LoggedRequest[], kept: number, since: string, minutes: Minute[], p50_ms: number, p99_ms: number, hour: {count: number, refused: number}}} RequestLog */

/** @typedef {{to?: string, type?: string, format?: string, blank?: string}} Target */
/** @typedef {{id?: string, match?: string, map?: Record<string, Target|null>, list?: string, status?: string, mode?: string, dry_run?: boolean, delimiter?: string, quote?: string, escape?: string, encoding?: string, header?: string, short_rows?: string, blank?: string, nulls?: string}} ImportOptions */
/** @typedef {{value: string, why: string, told?: boolean}} Finding */
/** @typedef {{type: string, format?: string, to?: string, why: string}} Offer */
/** @typedef {{name: string, to: string|null, type: string, format?: string, filled: number, why?: string, doubt?: string, offers?: Offer[], told?: boolean, type_told?: boolean, samples: string[]}} ImportColumn */
/**
 * @typedef {object} Import
 * @property {string} id
 * @property {string} file
 * @property {number} bytes
 * @property {string} state
 * @property {boolean} dry_run
 * @property {number} rows
 * @property {number} done
 * @property {number} created
 * @property {number} updated
 * @property {number} unchanged
 * @property {number} skipped
 * @property {number} failed
 * @property {number} duplicates
 * @property {number} restored
 * @property {number} removed
 * @property {number} kept
 * @property {ImportColumn[]} columns
 * @property {Record<string, Finding>} sniffed
 * @property {boolean} gzip
 * @property {number} blank_lines
 * @property {string[]} notes
 * @property {string} nulls what is to be said of words for no value, "" for nothing
 * @property {string} zone
 * @property {boolean} read the file was read whole
 * @property {number} header_line the line that names the columns, 0 for none
 * @property {string} match
 * @property {string} mode
 * @property {string|null} list
 * @property {string|null} status that they are put on it with
 * @property {ImportOptions} options
 * @property {string[][]} [preview] the first rows, each behind its line
 * @property {string} phase
 * @property {number} rows_read
 * @property {number} rows_per_second
 * @property {number} seconds_left
 * @property {string} created_at
 * @property {string|null} started_at
 * @property {string|null} finished_at
 * @property {string|null} error
 */
/** @typedef {{day: string, entered: number, left: number, size: number}} SegmentDay */
/**
 * @typedef {object} Segment
 * @property {string} id "all" for the built-in one
 * @property {string} title
 * @property {string|null} description
 * @property {Record<string, any>} rule
 * @property {string} words
 * @property {number} count
 * @property {"ready"|"building"} state
 * @property {number} progress
 * @property {boolean} built_in
 * @property {string|null} created_at
 * @property {string|null} updated_at
 * @property {SegmentDay[]|null} days
 */
/** @typedef {{id: string, title: string, count: number, built_in: boolean}} SegmentName */
/** @typedef {Segment & {used_by: {id: string, title: string}[]}} SegmentDetail */
/** @typedef {{kind: string, name?: string}} Cause */
/** @typedef {{id: string, at: string, entered: boolean, customer: Relation|null, cause: Cause}} SegmentEntry */
/** @typedef {{loading: number, count: number, total: number, took_ms: number, words: string, sample: Customer[], conditions: Record<string, number>, enter?: number, leave?: number}} Preview */
/**
 * @typedef {object} Explained
 * @property {Record<string, any>} rule
 * @property {string} words
 * @property {boolean} holds
 * @property {string|null} turns_at
 * @property {boolean} [archived]
 * @property {Explained[]} [parts]
 * @property {any} [value]
 * @property {number} [count]
 * @property {number} [seen]
 * @property {any} [result]
 * @property {number} [reached]
 * @property {{name: string, timestamp: string, properties: Record<string, any>}[]} [events]
 */

/** @typedef {{kind: string, name: string, group: string, secret: string, where: string, signs: boolean, dated: boolean, example: string}} Service */
/** @typedef {{uid?: string, email?: string, event?: string, event_name?: string, timestamp?: string, id?: string, properties?: Record<string, string>, attributes?: Record<string, string>}} Mapping */
/** @typedef {{header: string, algorithm: string, encoding: string, prefix?: string}} Signature */
/**
 * @typedef {object} Tile a connection to a service, and how it is doing
 * @property {string} id
 * @property {string} kind
 * @property {string} name
 * @property {string} service
 * @property {string} group
 * @property {string} url the path that the service posts to
 * @property {boolean} verified
 * @property {string} [secret_hint]
 * @property {string} tolerance
 * @property {string[]} [uid_keys]
 * @property {string} [topic]
 * @property {Mapping} [mapping]
 * @property {Signature} [signature]
 * @property {string} [forward]
 * @property {string} created_at
 * @property {string|null} last_at
 * @property {string} [previous_secret_until]
 * @property {{applied: number, ignored: number, failed: number, repeated: number}} today
 * @property {Day[]} days
 * @property {Delivery|null} last_failure
 */
/** @typedef {{uid: string, event?: string, timestamp?: string, properties?: Record<string, any>, attributes?: Record<string, any>, merged?: string, account?: string}} Became */
/** @typedef {{id: string, received_at: string, state: string, error: string|null, event: string, verified: boolean, became: Became[]|null, bytes: number, replayed_at?: string, removed?: boolean}} Delivery */
/** @typedef {{url: string, kind: string, state: string, tries: number, error?: string, done_at?: string, next_try?: string}} Sent */
/** @typedef {Delivery & {body?: any, mended?: string, sent?: Sent[], customers: Record<string, string>}} DeliveryDetail */

/** @typedef {{name: string, at: string, bytes: number, encrypted: boolean, opens: boolean, checked: string|null, fault: string, checking: boolean}} BackupFile */
/** @typedef {{data: BackupFile[], folder: string, every_seconds: number, keep: number, next: string|null, running: boolean, fault: string}} Backups */
/**
 * @typedef {object} Health
 * @property {boolean} ready
 * @property {string} trouble why it is not
 * @property {{free: number, total: number, database: number, log: number, low: boolean}} disk bytes
 * @property {{head: number, behind: number, readers: {name: string, seq: number, behind: number}[]}} feed
 * @property {{at: string, fault: string}|null} check
 * @property {{last: string|null, bytes: number, next: string|null, running: boolean, fault: string}|null} backup
 * @property {{since: string, of: string, file: string, waiting: number}|null} quarantine
 */

export {};
