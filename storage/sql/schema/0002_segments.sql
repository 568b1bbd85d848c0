-- Saved rules. Version counts the rule's edits; built is the version that the stored
-- membership is of, 0 when there is none yet.
create table segments (
  id          integer primary key autoincrement,
  title       text not null,
  description text,
  rule        text not null,               -- compact JSON
  version     integer not null,
  built       integer not null default 0,
  count       integer not null default 0,  -- members as of built, kept by the writer
  entry       integer not null default 0,  -- the last entry that the stored bitmap holds already
  behind      integer not null default 0,  -- how many entries stand behind the bitmap
  created_at  integer not null,            -- part of the public id
  updated_at  integer not null
) strict;

-- The stored membership: a bitmap of customers as of an entry. A table of its own, for
-- the row of a segment is written with each move, and a bitmap is large.
create table segment_members (
  segment_id integer primary key,
  members    blob not null                 -- roaring64, portable format
) strict;

-- Who entered and left, written once and never changed. Numbered upwards; a number is
-- never used twice (the total last_segment_entry).
create table segment_entries (
  id          integer primary key,
  segment_id  integer not null,
  customer_id integer not null,
  at          integer not null,            -- when it was decided
  entered     integer not null,            -- 1 entered, 0 left
  kind        integer not null,            -- app.Kind of the cause, 0 for the clock alone
  key         integer not null
) strict;
create index segment_entries_customer on segment_entries (customer_id, at);
create index segment_entries_segment on segment_entries (segment_id);

create table segment_days (
  segment_id integer not null,
  day        integer not null,             -- days since 1970-01-01 UTC
  entered    integer not null,
  left       integer not null,
  size       integer not null,             -- at the end of the day
  primary key (segment_id, day)
) strict, without rowid;
