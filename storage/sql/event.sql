-- name: event_insert
-- The hot statement: an append, and one entry of events_customer.
insert into events (id, customer_id, name_id, at, source_id, value, properties)
values (:id, :customer, :name, :at, :source, :value, :properties)

-- name: event_last_row
-- At start; the total "last_event" stands above it when the newest events were deleted.
select coalesce(max(id), 0) from events

-- name: event_key_insert
insert or ignore into event_keys (event_id, key) values (:event, :key)

-- name: event_key_find
select 1 from event_keys where key = :key

-- name: event_key_clear
delete from event_keys where event_id in (select id from events where customer_id = :customer)

-- name: event_counts
-- What a merge or a deletion moves or takes away. Served by events_customer.
select name_id, at from events where customer_id = :customer

-- name: event_move
update events set customer_id = :new where customer_id = :old

-- name: event_clear
delete from events where customer_id = :customer

-- name: event_count_customer
select count(*) from events where customer_id = :customer

-- name: event_row
-- The event that made a customer enter or leave a segment. Served by the row number.
select e.customer_id, n.name, e.at
from events e
cross join event_names n on n.id = e.name_id
where e.id = :id

-- name: event_page
-- A customer's timeline, newest first, after a place in it. Served by events_customer.
-- cross join here and below: SQLite keeps to this order, whatever its statistics say.
select e.id, n.name, e.at, e.value, e.properties, s.name, k.key
from events e
cross join event_names n on n.id = e.name_id
cross join sources s on s.id = e.source_id
left join event_keys k on k.event_id = e.id
where e.customer_id = :customer and (e.at, e.id) < (:at, :id)
  and e.at >= :from and e.at < :to and (:name = 0 or e.name_id = :name)
  and (:sources = '' or s.name in (select value from json_each(:sources)))
order by e.at desc, e.id desc
limit :limit

-- name: event_page_back
-- The same, towards the newer.
select e.id, n.name, e.at, e.value, e.properties, s.name, k.key
from events e
cross join event_names n on n.id = e.name_id
cross join sources s on s.id = e.source_id
left join event_keys k on k.event_id = e.id
where e.customer_id = :customer and (e.at, e.id) > (:at, :id)
  and e.at >= :from and e.at < :to and (:name = 0 or e.name_id = :name)
  and (:sources = '' or s.name in (select value from json_each(:sources)))
order by e.at, e.id
limit :limit

-- name: event_count_sources
-- How many of a customer's events came from some sources. Served by events_customer.
select count(*)
from events e
cross join sources s on s.id = e.source_id
where e.customer_id = :customer and s.name in (select value from json_each(:sources))

-- name: event_times
-- The activity plot of one customer. Served by events_customer alone.
select at from events where customer_id = :customer and at >= :from and at < :to

-- name: event_name_all
-- At start and for the catalogue: names are few and held in memory. A scan on purpose.
select id, name, events, customers, first_at, last_at from event_names order by events desc, id

-- name: event_name_count
-- Names are few. A scan on purpose.
select count(*) from event_names where events > 0

-- name: event_name_insert
insert into event_names (id, name) values (:id, :name)

-- name: event_name_update
update event_names
set events = :events, customers = :customers, first_at = :first_at, last_at = :last_at
where id = :id

-- name: event_day_add
insert into event_days (name_id, day, events) values (:name, :day, :events)
on conflict (name_id, day) do update set events = events + excluded.events

-- name: event_day_prune
delete from event_days where name_id = :name and day = :day and events <= 0

-- name: event_day_bounds
select coalesce(min(day), 0), coalesce(max(day), 0) from event_days where name_id = :name

-- name: event_day_list
select day, events from event_days where name_id = :name and day >= :from order by day

-- name: event_day_totals
-- What each name had in some days. Names are few. A scan on purpose.
select n.name, sum(d.events)
from event_names n
cross join event_days d on d.name_id = n.id
where d.day >= :from and d.day < :to
group by n.id

-- name: event_day_all
-- The catalogue's plots. Names are few. A scan on purpose.
select n.id, d.day, d.events
from event_names n
cross join event_days d on d.name_id = n.id
where d.day >= :from
order by n.id, d.day

-- name: event_name_find
select id, name, events, customers, first_at, last_at from event_names where name = :name

-- name: event_source_names
-- The catalogue. A scan on purpose.
select e.name_id, s.name
from event_sources e
cross join sources s on s.id = e.source_id
order by e.name_id, e.source_id

-- name: day_add
insert into days (day, events, customers) values (:day, :events, :customers)
on conflict (day) do update set events = events + excluded.events, customers = customers + excluded.customers

-- name: day_list
-- The plots of the first page: a row a day. A scan on purpose.
select day, events, customers from days where day >= :from and day < :to and (events > 0 or customers > 0) order by day

-- name: hour_add
insert into hours (hour, events, customers) values (:hour, :events, :customers)
on conflict (hour) do update set events = events + excluded.events, customers = customers + excluded.customers

-- name: hour_list
-- The same of the last two days: some hundred rows. A scan on purpose.
select hour, events, customers from hours where hour >= :from and hour < :to and (events > 0 or customers > 0) order by hour

-- name: hour_prune
-- Some hundred rows. A scan on purpose.
delete from hours where hour <= :through

-- name: event_latest_all
-- At start. A scan on purpose.
select name_id, rows from event_latest

-- name: event_latest_find
select rows from event_latest where name_id = :name

-- name: event_latest_save
insert into event_latest (name_id, rows) values (:name, :rows)
on conflict (name_id) do update set rows = excluded.rows

-- name: event_names_since
-- At start: the events that event_latest does not hold yet. Served by the row number.
select id, name_id from events where id > :after order by id

-- name: event_rows_since
-- The same of one name. Served by the row number.
select id from events where id > :after and name_id = :name order by id

-- name: event_of_rows
-- Some events by their rows, newest first, with whose they are.
select e.id, e.customer_id, e.at, e.value, e.properties, s.name, c.uid, c.inserted_at, c.first_name, c.last_name, c.email, c.number
from events e
cross join customers c on c.id = e.customer_id
cross join sources s on s.id = e.source_id
where e.id in (select value from json_each(:rows))
order by e.id desc

-- name: event_customer_add
insert or ignore into event_customers (name_id, customer_id) values (:name, :customer)

-- name: event_customer_names
select name_id from event_customers where customer_id = :customer

-- name: event_customer_remove
delete from event_customers where name_id = :name and customer_id = :customer

-- name: event_source_add
insert or ignore into event_sources (name_id, source_id) values (:event, :source)

-- name: event_source_list
-- Where a name's events came from, for the catalogue. Served by the primary key.
select s.name
from event_sources e
cross join sources s on s.id = e.source_id
where e.name_id = :event
order by e.source_id

-- name: event_source_all
-- At start: held in memory. A scan on purpose.
select name_id, source_id from event_sources

-- name: event_property_add
insert or ignore into event_properties (name_id, name, type) values (:event, :name, :type)

-- name: event_property_list
select name, type from event_properties where name_id = :event order by name, type

-- name: history_page
-- A customer's history, newest first, after a place in it. Served by history_customer.
select h.id, h.at, h.kind, s.name, h.data
from history h
cross join sources s on s.id = h.source_id
where h.customer_id = :customer and (h.at, h.id) < (:at, :id)
order by h.at desc, h.id desc
limit :limit

-- name: history_count
-- How many lines a customer's history has. Served by history_customer.
select count(*) from history where customer_id = :customer

-- name: event_property_all
-- At start: held in memory. A scan on purpose.
select name_id, name, type from event_properties order by name_id, name, type

-- name: event_name_row
select id from event_names where name = :name

-- name: event_export
-- A step of the export, in the order of arrival. Served by the row number.
select e.id, e.customer_id, c.uid, n.name, e.at, e.value, e.properties, s.name, k.key
from events e
cross join customers c on c.id = e.customer_id
cross join event_names n on n.id = e.name_id
cross join sources s on s.id = e.source_id
left join event_keys k on k.event_id = e.id
where e.id > :after
order by e.id
limit :limit

-- name: event_expired_any
-- Whether there is anything to remove before a day. Few rows: names times days. A scan on purpose.
select 1 from event_days where day < :day and events > 0 limit 1

-- name: event_expired_counts
-- What would be removed before a day, by name. A scan on purpose.
select n.name, sum(d.events), n.events
from event_days d
cross join event_names n on n.id = d.name_id
where d.day < :day and d.events > 0
group by n.id
order by sum(d.events) desc, n.name

-- name: event_expired_customers
-- Who of some customers has events before an instant. Served by events_customer.
select c.id
from customers c
where c.id > :after and c.id <= :through
  and exists (select 1 from events e where e.customer_id = c.id and e.at < :before)
order by c.id

-- name: event_expired
-- A customer's oldest events. Served by events_customer.
select id, name_id, at from events where customer_id = :customer and at < :before order by at limit :limit

-- name: event_remove
delete from events where id = :id

-- name: event_key_remove
delete from event_keys where event_id = :id

-- name: event_named
-- Whether a customer has an event of a name. Served by events_customer.
select 1 from events where customer_id = :customer and name_id = :name limit 1
