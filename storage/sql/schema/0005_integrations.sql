-- Connections to services outside, what they posted, and what became of it.
create table integrations (
  id             integer primary key autoincrement,
  kind           text not null,
  name           text not null,
  token          text not null unique,       -- the unguessable part of its address
  secret         text not null,              -- what the service signs with; '' verifies nothing
  previous       text not null default '',   -- the secret before, which counts until …
  previous_until integer not null default 0,
  tolerance      integer not null,           -- milliseconds that a signed time may be old; 0: any
  options        text not null,              -- JSON, app.IntegrationOptions
  created_at     integer not null,
  last_at        integer                     -- when the last body came
) strict;

-- Every body as it came. Numbered in the order of arrival, which is how they are pruned.
create table deliveries (
  id             integer primary key autoincrement,
  integration_id integer not null,
  received_at    integer not null,
  state          integer not null,           -- app.DeliveryState
  error          text not null,
  event          text not null,
  verified       integer not null,
  body           blob,                       -- null once it was erased
  bytes          integer not null,
  hash           blob not null,              -- SHA-256 of the body
  mended         blob,                       -- what a person made of it before a replay
  header         text not null,              -- JSON object of the headers that matter
  became         text not null,              -- JSON list
  linked         integer not null default 0, -- customers in delivery_customers
  removed        integer not null default 0,
  replayed_at    integer
) strict;
create index deliveries_integration on deliveries (integration_id, id);
create index deliveries_state on deliveries (integration_id, state, id);
create index deliveries_hash on deliveries (integration_id, hash);
create index deliveries_unlinked on deliveries (id) where linked = 0;

-- Who is in which body, so that erasing a customer takes the bodies along.
create table delivery_customers (
  delivery_id integer not null,
  customer_id integer not null,
  primary key (delivery_id, customer_id)
) strict, without rowid;
create index delivery_customers_customer on delivery_customers (customer_id);

create table integration_days (
  integration_id integer not null,
  day            integer not null,           -- days since 1970-01-01 UTC
  applied        integer not null default 0,
  ignored        integer not null default 0,
  failed         integer not null default 0,
  repeated       integer not null default 0,
  primary key (integration_id, day)
) strict, without rowid;

-- The services' ids of their events that were applied.
create table hook_keys (
  integration_id integer not null,
  key            text not null,
  at             integer not null,
  primary key (integration_id, key)
) strict, without rowid;
create index hook_keys_at on hook_keys (at);

-- The services' own ids of customers, such as Stripe's cus_….
create table external_ids (
  service     text not null,
  external    text not null,
  customer_id integer not null,
  primary key (service, external)
) strict, without rowid;
create index external_ids_customer on external_ids (customer_id);

-- How old each value is that a service wrote, by its own clock: JSON, see storage/stamps.go.
create table service_values (
  customer_id integer not null,
  service     text not null,
  stamps      text not null,
  primary key (customer_id, service)
) strict, without rowid;

-- Addresses that are not to be mailed: they bounced for good, or their owner complained.
create table suppressed (
  email_key text primary key,                -- folded
  reason    text not null,
  at        integer not null                 -- by the service's clock
) strict, without rowid;

-- Requests that Kith sends by itself.
create table outgoing (
  id          integer primary key autoincrement,
  delivery_id integer not null,
  kind        integer not null,              -- app.OutgoingKind
  url         text not null,
  tries       integer not null default 0,
  due         integer not null,
  error       text not null default '',
  done_at     integer,
  given_up    integer not null default 0
) strict;
create index outgoing_due on outgoing (due) where done_at is null and given_up = 0;
create index outgoing_delivery on outgoing (delivery_id);
