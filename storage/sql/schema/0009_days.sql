-- What the workspace's plots are drawn from, so that nobody counts rows. All of it is
-- kept by the writer, in the transaction of what it counts.
create table days (
  day       integer primary key,           -- days since 1970-01-01 UTC
  events    integer not null default 0,    -- by the event's own time
  customers integer not null default 0     -- by created_at
) strict;
insert into days (day, events, customers)
select day, sum(events), sum(customers)
from (
  select day, events, 0 as customers from event_days
  union all
  select (created_at - 86399999 * (created_at < 0)) / 86400000, 0, 1 from customers
)
group by day;

-- The same by the hour, for those that lay less than three days back when they came: a
-- file of old dates would touch a row for each of its rows.
create table hours (
  hour      integer primary key,           -- hours since 1970-01-01T00:00Z
  events    integer not null default 0,
  customers integer not null default 0
) strict;
insert into hours (hour, events, customers)
select hour, sum(events), sum(customers)
from (
  select at / 3600000 as hour, 1 as events, 0 as customers from events
  where at > (select coalesce(max(at), 0) from feed) - 259200000
  union all
  select created_at / 3600000, 0, 1 from customers
  where created_at > (select coalesce(max(at), 0) from feed) - 259200000
)
group by hour;

-- The newest events of each name in the order of arrival, without an index for it. They are
-- written every some thousand events; the total latest_event says up to which event.
create table event_latest (
  name_id integer primary key,
  rows    blob not null                    -- row numbers downwards: the first, then the distances, as varints
) strict;
insert into totals (name, n) select 'latest_event', max(0, max(id) - 2000000) from events having max(id) is not null;
