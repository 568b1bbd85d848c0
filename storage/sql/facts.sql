-- name: facts_row
-- What rules look at of some customers, upwards. Served by the row number.
select id, uid, first_name, last_name, number, email, created_at, is_account, archived_at is not null, attributes
from customers
where id in (select value from json_each(:rows))
order by id

-- name: facts_row_lean
-- The same without the texts that most rules do not ask for. Served by the row number.
select id, created_at, is_account, archived_at is not null, attributes
from customers
where id in (select value from json_each(:rows))
order by id

-- name: facts_after
-- The same of a step of all customers. Served by the row number.
select id, uid, first_name, last_name, number, email, created_at, is_account, archived_at is not null, attributes
from customers
where id > :after
order by id
limit :limit

-- name: facts_after_lean
-- The same without the texts that most rules do not ask for. Served by the row number.
select id, created_at, is_account, archived_at is not null, attributes
from customers
where id > :after
order by id
limit :limit

-- name: facts_lists
-- Served by subscriptions_customer.
select customer_id, list_id, status
from subscriptions
where customer_id >= :from and customer_id <= :through
order by customer_id, list_id

-- name: facts_accounts
-- Served by the primary key.
select customer_id, account_id
from memberships
where customer_id >= :from and customer_id <= :through
order by customer_id, account_id

-- name: facts_devices
-- Served by the primary key.
select customer_id, token, platform
from devices
where customer_id >= :from and customer_id <= :through
order by customer_id, token

-- name: facts_events
-- A step of all events, in the order of arrival. Served by the row number.
select id, customer_id, name_id, at, source_id
from events
where id > :after and id <= :through
order by id

-- name: facts_events_named
-- The same of one name. Served by the row number.
select id, customer_id, name_id, at, source_id
from events
where id > :after and id <= :through and name_id = :name
order by id

-- name: facts_events_whole
-- Served by the row number.
select id, customer_id, name_id, at, source_id, value, properties
from events
where id > :after and id <= :through
order by id

-- name: facts_events_named_whole
-- Served by the row number.
select id, customer_id, name_id, at, source_id, value, properties
from events
where id > :after and id <= :through and name_id = :name
order by id

-- name: facts_events_of
-- All events of one customer, in the order of time, then arrival. Served by events_customer.
select id, customer_id, name_id, at, source_id, value, properties
from events
where customer_id = :customer and id <= :through
order by at, id

-- name: facts_event_names
-- Names are few. A scan on purpose.
select id, name from event_names

-- name: facts_end
-- Where the feed and the events end, of one state.
select (select coalesce(max(seq), 0) from feed), (select coalesce(max(id), 0) from events)
