-- name: integration_all
-- For the dashboard, the API and the cache of addresses: they are few. A scan on purpose.
select id, kind, name, token, secret, previous, previous_until, tolerance, options, created_at, last_at
from integrations
order by id

-- name: integration_insert
insert into integrations (kind, name, token, secret, tolerance, options, created_at)
values (:kind, :name, :token, :secret, :tolerance, :options, :created_at)

-- name: integration_update
update integrations
set name = :name, token = :token, secret = :secret, previous = :previous, previous_until = :previous_until,
  tolerance = :tolerance, options = :options
where id = :id

-- name: integration_delete
delete from integrations where id = :id

-- name: integration_touch
update integrations set last_at = max(coalesce(last_at, 0), :at) where id = :id

-- name: integration_day_add
insert into integration_days (integration_id, day, applied, ignored, failed, repeated)
values (:integration, :day, :applied, :ignored, :failed, :repeated)
on conflict (integration_id, day) do update
set applied = applied + excluded.applied, ignored = ignored + excluded.ignored,
  failed = failed + excluded.failed, repeated = repeated + excluded.repeated

-- name: integration_day_list
-- The tile of a connection. Served by the primary key.
select day, applied, ignored, failed, repeated
from integration_days
where integration_id = :integration and day >= :from
order by day

-- name: integration_day_clear
delete from integration_days where integration_id = :integration

-- name: delivery_insert
insert into deliveries (integration_id, received_at, state, error, event, verified, body, bytes, hash, header, became, linked)
values (:integration, :at, :state, :error, :event, :verified, :body, :bytes, :hash, :header, :became, :linked)

-- name: delivery_replayed
update deliveries
set state = :state, error = :error, event = :event, verified = :verified, mended = :mended, became = :became,
  linked = (select count(*) from delivery_customers where delivery_id = :id), replayed_at = :at
where id = :id

-- name: delivery_row
-- One in full. Served by the row number.
select id, integration_id, received_at, state, error, event, verified, body, mended, bytes, header, became, removed, replayed_at
from deliveries
where id = :id

-- name: delivery_page
-- A connection's log, newest first. Served by deliveries_integration.
select id, integration_id, received_at, state, error, event, verified, null, null, bytes, header, became, removed, replayed_at
from deliveries
where integration_id = :integration and id < :before
order by id desc
limit :limit

-- name: delivery_page_state
-- The same, of one state. Served by deliveries_state.
select id, integration_id, received_at, state, error, event, verified, null, null, bytes, header, became, removed, replayed_at
from deliveries
where integration_id = :integration and state = :state and id < :before
order by id desc
limit :limit

-- name: delivery_same
-- Whether this body was applied before. Served by deliveries_hash.
select id from deliveries where integration_id = :integration and hash = :hash and +state = 0 limit 1

-- name: delivery_customer_add
insert or ignore into delivery_customers (delivery_id, customer_id) values (:delivery, :customer)

-- name: delivery_customer_move
update or ignore delivery_customers set customer_id = :new where customer_id = :old

-- name: delivery_customer_clear
delete from delivery_customers where customer_id = :customer

-- name: delivery_dossier
-- Everything that services posted about a customer. Served by delivery_customers_customer.
select d.id, d.received_at, i.kind, d.event, d.body, d.became
from delivery_customers c
join deliveries d on d.id = c.delivery_id
join integrations i on i.id = d.integration_id
where c.customer_id = :customer
order by d.id

-- name: delivery_erase
-- Takes the bodies that a customer is in. Served by delivery_customers_customer.
update deliveries
set body = null, mended = null, header = '{}', became = '[]', removed = 1,
  error = 'The body was erased with a customer who is in it.'
where id in (select delivery_id from delivery_customers where customer_id = :customer)

-- name: delivery_erase_like
-- The same for bodies that became nothing and so name no customer, but hold this text.
-- A scan on purpose, of those alone: Served by deliveries_unlinked.
update deliveries
set body = null, mended = null, header = '{}', became = '[]', removed = 1,
  error = 'The body was erased with a customer who is in it.'
where linked = 0 and body is not null
  and (instr(lower(cast(body as text)), :text) > 0 or instr(lower(cast(coalesce(mended, '') as text)), :text) > 0)

-- name: delivery_old
-- The oldest deliveries, for pruning: the row number is their age. Served by the row number.
select id, received_at, integration_id in (select id from integrations) from deliveries where id > :after order by id limit :limit

-- name: delivery_of
-- A step of removing a connection. Served by deliveries_integration.
select id from deliveries where integration_id = :integration limit :limit

-- name: delivery_delete
delete from deliveries where id = :id

-- name: delivery_customer_drop
delete from delivery_customers where delivery_id = :delivery

-- name: hook_key_find
select 1 from hook_keys where integration_id = :integration and key = :key

-- name: hook_key_insert
insert or ignore into hook_keys (integration_id, key, at) values (:integration, :key, :at)

-- name: hook_key_prune
-- Served by hook_keys_at.
delete from hook_keys where at < :before

-- name: hook_key_clear
delete from hook_keys where integration_id = :integration

-- name: external_find
select customer_id from external_ids where service = :service and external = :external

-- name: external_save
insert into external_ids (service, external, customer_id) values (:service, :external, :customer)
on conflict (service, external) do update set customer_id = excluded.customer_id

-- name: external_list
-- For the customer's page and for erasing. Served by external_ids_customer.
select service, external from external_ids where customer_id = :customer order by service, external

-- name: external_move
update external_ids set customer_id = :new where customer_id = :old

-- name: external_clear
delete from external_ids where customer_id = :customer

-- name: service_value_list
-- Served by the primary key.
select service, stamps from service_values where customer_id = :customer

-- name: service_value_find
select stamps from service_values where customer_id = :customer and service = :service

-- name: service_value_save
insert into service_values (customer_id, service, stamps) values (:customer, :service, :stamps)
on conflict (customer_id, service) do update set stamps = excluded.stamps

-- name: service_value_clear
delete from service_values where customer_id = :customer

-- name: suppressed_find
select reason, at from suppressed where email_key = :email

-- name: suppressed_save
insert into suppressed (email_key, reason, at) values (:email, :reason, :at)
on conflict (email_key) do update set reason = excluded.reason, at = excluded.at

-- name: suppressed_delete
delete from suppressed where email_key = :email

-- name: outgoing_insert
insert into outgoing (delivery_id, kind, url, due) values (:delivery, :kind, :url, :due)

-- name: outgoing_due
-- What is to be sent now, oldest first. Served by outgoing_due.
select o.id, o.delivery_id, o.kind, o.url, o.tries, o.due, coalesce(d.mended, d.body), coalesce(d.header, '{}'), d.id is null or d.removed
from outgoing o
left join deliveries d on d.id = o.delivery_id
where o.done_at is null and o.given_up = 0 and o.due <= :now
order by o.due
limit :limit

-- name: outgoing_next
-- When the next one is due. Served by outgoing_due.
select min(due) from outgoing where due >= 0 and done_at is null and given_up = 0

-- name: outgoing_done
update outgoing
set tries = :tries, due = :due, error = :error, done_at = :done_at, given_up = :given_up
where id = :id

-- name: outgoing_of
-- What was sent for a delivery. Served by outgoing_delivery.
select id, delivery_id, kind, url, tries, due, error, done_at, given_up from outgoing where delivery_id = :delivery order by id

-- name: outgoing_drop
delete from outgoing where delivery_id = :delivery

-- name: outgoing_waiting
-- How many requests wait to be sent: for the end of a quarantine. Served by outgoing_due.
select count(*) from outgoing where due >= 0 and done_at is null and given_up = 0

-- name: outgoing_discard
-- What a restored backup had waiting, given up by a person. Served by outgoing_due.
update outgoing
set given_up = 1, done_at = :at, error = 'It waited in a restored backup, and was given up there.'
where due >= 0 and done_at is null and given_up = 0
