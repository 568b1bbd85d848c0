-- What people did to many customers at once, and what taking it back needs.
create table tasks (
  id          integer primary key autoincrement,
  action      integer not null,            -- app.TaskAction
  state       integer not null,            -- app.TaskState
  asked_by    text not null,
  list        text not null default '',    -- public id
  title       text not null default '',
  attribute   text not null default '',
  value       text,                        -- JSON, null removes
  into_id     integer not null default 0,
  uid         text not null default '',
  total       integer not null,
  done        integer not null default 0,
  changed     integer not null default 0,
  restored    integer not null default 0,
  kept        integer not null default 0,
  at_row      integer not null default 0,  -- the last customer dealt with
  created_at  integer not null,
  finished_at integer not null default 0,
  until       integer not null,            -- when what the undo needs goes; 0 once it is gone
  error       text not null default ''
) strict;

-- The customers chosen, by row, while the task goes on.
create table task_customers (
  task_id integer primary key,
  rows    blob not null                    -- roaring64, portable format
) strict;

-- What each customer was like before, for those that are there still.
create table task_items (
  task_id     integer not null,
  customer_id integer not null,
  at          integer not null,            -- when it was changed
  data        text not null,               -- JSON, see storage/task.go
  primary key (task_id, customer_id)
) strict, without rowid;
create index task_items_customer on task_items (customer_id);

-- Customers that were deleted, or merged into another, and can be brought back.
create table kept_customers (
  customer_id integer primary key,
  task_id     integer not null,
  data        text not null                -- JSON, see storage/kept.go
) strict;
create index kept_customers_task on kept_customers (task_id);

-- All ids that such a customer had.
create table kept_ids (
  uid         text not null,
  customer_id integer not null,
  primary key (uid, customer_id)
) strict, without rowid;
create index kept_ids_customer on kept_ids (customer_id);

create table kept_events (
  id          integer primary key,
  customer_id integer not null,
  name_id     integer not null,
  at          integer not null,
  source_id   integer not null,
  value       text,
  properties  text,
  key         text
) strict;
create index kept_events_customer on kept_events (customer_id);

create table kept_history (
  id          integer primary key,
  customer_id integer not null,
  at          integer not null,
  kind        integer not null,
  source_id   integer not null,
  data        text not null
) strict;
create index kept_history_customer on kept_history (customer_id);
