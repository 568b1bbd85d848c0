-- Every instant is an integer of milliseconds since 1970 UTC, passed in; SQL never
-- reads the clock. Rows of customers, lists and the feed are numbered upwards and
-- never reused, because readers and public ids hold on to them.

-- One row per setting of the workspace that the program itself makes (secrets, marks).
create table meta (
  key   text primary key,
  value any
) strict, without rowid;

create table customers (
  id          integer primary key autoincrement,
  uid         text not null unique,
  provisional integer not null default 0,  -- made without an id; uid is then the public form of id
  first_name  text,
  last_name   text,
  number      text,                        -- digits only
  email       text,                        -- as written
  email_key   text,                        -- folded: what addresses are compared by
  created_at  integer not null,            -- sign-up in the team's application
  inserted_at integer not null,            -- first seen here; part of the public id
  is_account  integer not null default 0,
  archived_at integer,
  attributes  blob not null,               -- JSONB object, in order of first arrival
  changed     blob not null                -- 6 bytes a time: the standard ones in their order, then one per member of attributes
) strict;
create index customers_email on customers (email_key) where email_key is not null;
create index customers_number on customers (number) where number is not null;
create index customers_account on customers (id) where is_account = 1;
create index customers_archived on customers (id) where archived_at is not null;

-- Former ids: of merged customers, and the provisional ids of claimed ones. Flat.
create table aliases (
  uid         text primary key,
  customer_id integer not null
) strict, without rowid;
create index aliases_customer on aliases (customer_id);

-- SHA-256 of the uids that were erased for privacy and may not come back.
create table erased (
  hash blob primary key,
  at   integer not null
) strict, without rowid;

create table devices (
  customer_id integer not null references customers (id),
  token       text not null,
  platform    text not null,
  at          integer not null,
  primary key (customer_id, token)
) strict, without rowid;

-- Who belongs to which account.
create table memberships (
  customer_id integer not null references customers (id),
  account_id  integer not null references customers (id),
  role        text,
  at          integer not null,
  primary key (customer_id, account_id)
) strict, without rowid;
create index memberships_account on memberships (account_id, customer_id);

create table lists (
  id           integer primary key autoincrement,
  title        text not null,
  description  text,
  redirect_url text,
  double_optin integer not null default 0,
  created_at   integer not null,
  archived_at  integer,
  pending      integer not null default 0,  -- kept by the writer
  subscribed   integer not null default 0,
  unsubscribed integer not null default 0
) strict;

create table subscriptions (
  list_id     integer not null references lists (id),
  customer_id integer not null references customers (id),
  status      integer not null,             -- app.SubscriptionStatus
  at          integer not null,
  primary key (list_id, customer_id)
) strict, without rowid;
create index subscriptions_customer on subscriptions (customer_id);

-- Names, so that an event costs a number. The counters are kept by the writer.
create table sources (
  id   integer primary key,
  name text not null unique
) strict;

create table event_names (
  id        integer primary key,
  name      text not null unique,
  events    integer not null default 0,
  customers integer not null default 0,
  first_at  integer not null default 0,
  last_at   integer not null default 0
) strict;

-- Appended by row number, which is the order of arrival. One index only: it is two
-- thirds of an insert's cost. No foreign keys for the same reason; the writer, which
-- is the only one to write, looks the customer up anyway.
create table events (
  id          integer primary key,
  customer_id integer not null,
  name_id     integer not null,
  at          integer not null,   -- the event's own time, not that of its arrival
  source_id   integer not null,
  value       text,               -- JSON text, digits as they came
  properties  text                -- JSON object
) strict;
create index events_customer on events (customer_id, at);

-- What a repeat is recognised by, for the events that carry such an id.
create table event_keys (
  event_id integer primary key,
  key      text not null unique
) strict;

create table event_days (
  name_id integer not null,
  day     integer not null,       -- days since 1970-01-01 UTC
  events  integer not null,
  primary key (name_id, day)
) strict, without rowid;

create table event_customers (
  name_id     integer not null,
  customer_id integer not null,
  primary key (name_id, customer_id)
) strict, without rowid;
create index event_customers_customer on event_customers (customer_id);

create table event_properties (
  name_id integer not null,
  name    text not null,
  type    integer not null,       -- app.AttributeType
  primary key (name_id, name, type)
) strict, without rowid;

-- The catalogue of attributes; standard = 1 for those with a column of their own.
create table attribute_names (
  id         integer primary key,
  name       text not null,
  standard   integer not null default 0,
  counts     text not null,       -- JSON array: customers by app.AttributeType
  samples    text not null,       -- JSON array of a few values
  changed_at integer not null default 0,
  unique (name, standard)
) strict;

-- What happened to a customer beside events; it does not depend on the feed.
create table history (
  id          integer primary key,
  customer_id integer not null,
  at          integer not null,
  kind        integer not null,   -- app.Kind
  source_id   integer not null,
  data        text not null       -- JSON object
) strict;
create index history_customer on history (customer_id, at);

-- Every Change, in the order of commits: keys, no values. Pruned behind the readers.
create table feed (
  seq         integer primary key,
  at          integer not null,
  kind        integer not null,   -- app.Kind
  customer_id integer not null,
  key         integer not null,
  count       integer not null
) strict;

create table cursors (
  name text primary key,
  seq  integer not null
) strict, without rowid;

create table timers (
  kind text not null,
  ref  text not null,
  due  integer not null,
  primary key (kind, ref)
) strict, without rowid;
create index timers_due on timers (due);

create table idempotency (
  scope  blob primary key,
  body   blob not null,
  status integer not null,
  answer blob not null,
  at     integer not null
) strict, without rowid;
create index idempotency_at on idempotency (at);

create table totals (
  name text primary key,
  n    integer not null
) strict, without rowid;

create table api_keys (
  id           integer primary key autoincrement,
  name         text not null,
  public       text not null unique,
  private_hash blob not null,      -- SHA-256; the key itself is random
  private_hint text not null,      -- its last four characters
  created_at   integer not null,
  last_used_at integer,
  revoked_at   integer
) strict;

create table users (
  id         integer primary key autoincrement,
  email      text not null unique,  -- folded
  password   text not null,         -- argon2id, PHC string
  created_at integer not null
) strict;

create table sessions (
  hash       blob primary key,      -- SHA-256 of the cookie
  user_id    integer not null references users (id),
  created_at integer not null,
  seen_at    integer not null,
  expires_at integer not null
) strict, without rowid;
create index sessions_user on sessions (user_id);
create index sessions_expires on sessions (expires_at);
