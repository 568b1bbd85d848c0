-- Imports of files. What an import did to customers is kept in its own tables: an undo
-- reads it, and a customer's history is completed from it, so that a row of a file costs
-- no line of history.
create table imports (
  id          integer primary key autoincrement,
  file        text not null,
  bytes       integer not null,
  state       integer not null,            -- app.ImportState
  dry_run     integer not null,
  source      text not null,
  rows        integer not null default 0,  -- of the file, once it was read
  done        integer not null default 0,  -- dealt with: where an interrupted import goes on
  created     integer not null default 0,
  updated     integer not null default 0,
  unchanged   integer not null default 0,
  skipped     integer not null default 0,
  failed      integer not null default 0,
  restored    integer not null default 0,  -- by an undo
  removed     integer not null default 0,
  kept        integer not null default 0,
  options     text not null,               -- JSON: what was asked
  plan        text not null,               -- JSON: what was found and decided
  samples     text,                        -- JSON: cells of the file; gone with the first erasure
  created_at  integer not null,
  started_at  integer not null default 0,
  finished_at integer not null default 0,
  error       text not null default ''
) strict;
create index imports_state on imports (state);

-- Customers that an import made: their row numbers follow one another, so that a range
-- says it. at is the instant of the transaction.
create table import_created (
  import_id integer not null,
  first_id  integer not null,
  count     integer not null,
  at        integer not null,
  primary key (import_id, first_id)
) strict, without rowid;

-- What an import changed of a customer that was there, before and after. By customer
-- within the import, so that erasing one finds it.
create table import_changes (
  import_id   integer not null,
  customer_id integer not null,
  at          integer not null,
  data        text not null,               -- JSON, see importNote
  primary key (import_id, customer_id)
) strict, without rowid;

-- Rows that were not taken.
create table import_refused (
  import_id integer not null,
  number    integer not null,
  line      integer not null,
  reason    text not null,
  raw       text not null,                 -- the row as it came
  key       text,                          -- the id, or the folded address, or the number in it: for erasing
  primary key (import_id, number)
) strict, without rowid;
create index import_refused_key on import_refused (key) where key is not null;

-- Customers that an undo left as they were.
create table import_kept (
  import_id   integer not null,
  customer_id integer not null,
  reason      text not null,
  primary key (import_id, customer_id)
) strict, without rowid;
