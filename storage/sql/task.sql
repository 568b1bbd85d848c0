-- name: task_insert
insert into tasks (action, state, asked_by, list, title, attribute, value, into_id, uid, total, created_at, until)
values (:action, :state, :by, :list, :title, :attribute, :value, :into, :uid, :total, :at, :until)

-- name: task_row
select id, action, state, asked_by, list, title, attribute, value, into_id, uid, total, done, changed, restored, kept,
  created_at, finished_at, until, error, at_row
from tasks
where id = :id

-- name: task_page
-- Tasks, newest first. Served by the row number.
select id, action, state, asked_by, list, title, attribute, value, into_id, uid, total, done, changed, restored, kept,
  created_at, finished_at, until, error, at_row
from tasks
where id < :before
order by id desc
limit :limit

-- name: task_save
update tasks
set state = :state, done = :done, changed = :changed, restored = :restored, kept = :kept, finished_at = :finished_at,
  until = :until, error = :error, at_row = :at
where id = :id

-- name: task_customers_save
insert into task_customers (task_id, rows) values (:task, :rows)

-- name: task_customers_of
select rows from task_customers where task_id = :task

-- name: task_customers_drop
delete from task_customers where task_id = :task

-- name: task_item_add
insert or replace into task_items (task_id, customer_id, at, data) values (:task, :customer, :at, :data)

-- name: task_item_last
-- A step of an undo, from the end. Served by the primary key.
select customer_id, at, data from task_items where task_id = :task order by customer_id desc limit :limit

-- name: task_item_drop
delete from task_items where task_id = :task and customer_id = :customer

-- name: task_item_clear
-- For a customer that goes for good. Served by task_items_customer.
delete from task_items where customer_id = :customer

-- name: task_forget_into
-- For a customer that goes for good: tasks are few. A scan on purpose.
update tasks set uid = '' where into_id = :customer

-- name: kept_save
insert into kept_customers (customer_id, task_id, data) values (:customer, :task, :data)
on conflict (customer_id) do update set data = excluded.data

-- name: kept_find
select task_id, data from kept_customers where customer_id = :customer

-- name: kept_last
-- A step of an undo, the last one first. Served by kept_customers_task.
select customer_id from kept_customers where task_id = :task order by customer_id desc limit :limit

-- name: kept_drop
delete from kept_customers where customer_id = :customer

-- name: kept_id_add
insert or ignore into kept_ids (uid, customer_id) values (:uid, :customer)

-- name: kept_id_find
-- Everybody deleted or merged away who had an id. Served by the primary key.
select customer_id from kept_ids where uid = :uid order by customer_id desc

-- name: kept_id_clear
delete from kept_ids where customer_id = :customer

-- name: kept_events_take
-- Served by events_customer.
insert into kept_events (id, customer_id, name_id, at, source_id, value, properties, key)
select e.id, e.customer_id, e.name_id, e.at, e.source_id, e.value, e.properties, k.key
from events e
left join event_keys k on k.event_id = e.id
where e.customer_id = :customer

-- name: kept_events_again
-- Events that came again meanwhile, under the id that a repeat is told by. Served by kept_events_customer.
delete from kept_events where customer_id = :customer and key in (select key from event_keys)

-- name: kept_events_list
-- Served by kept_events_customer.
select name_id, at from kept_events where customer_id = :customer

-- name: kept_events_give
-- Served by kept_events_customer.
insert into events (id, customer_id, name_id, at, source_id, value, properties)
select id, customer_id, name_id, at, source_id, value, properties from kept_events where customer_id = :customer order by id

-- name: kept_keys_give
-- Served by kept_events_customer.
insert into event_keys (event_id, key) select id, key from kept_events where customer_id = :customer and key is not null

-- name: kept_events_clear
delete from kept_events where customer_id = :customer

-- name: kept_history_take
-- Served by history_customer.
insert into kept_history (customer_id, at, kind, source_id, data)
select customer_id, at, kind, source_id, data from history where customer_id = :customer order by id

-- name: kept_history_give
-- Served by kept_history_customer.
insert into history (customer_id, at, kind, source_id, data)
select customer_id, at, kind, source_id, data from kept_history where customer_id = :customer order by id

-- name: kept_history_clear
delete from kept_history where customer_id = :customer

-- name: kept_imports
-- What imports keep of a customer: a seek for each import there is. A scan on purpose.
select i.id, c.at, c.data, k.reason
from imports i
left join import_changes c on c.import_id = i.id and c.customer_id = :customer
left join import_kept k on k.import_id = i.id and k.customer_id = :customer
where c.data is not null or k.reason is not null

-- name: event_ids
-- For taking a merge back. Served by events_customer.
select id from events where customer_id = :customer

-- name: event_move_ids
-- Served by the row number.
update events set customer_id = :new where id in (select value from json_each(:ids)) and +customer_id = :old

-- name: event_has
-- Whether a customer has an event of a name. Served by events_customer.
select 1 from events where customer_id = :customer and name_id = :name limit 1

-- name: history_ids
-- Served by history_customer.
select id from history where customer_id = :customer

-- name: history_move_ids
-- Served by the row number.
update history set customer_id = :new where id in (select value from json_each(:ids)) and +customer_id = :old

-- name: alias_drop
delete from aliases where uid = :uid and customer_id = :customer

-- name: device_drop_at
delete from devices where customer_id = :customer and token = :token and at = :at

-- name: external_give
insert or ignore into external_ids (service, external, customer_id) values (:service, :external, :customer)

-- name: external_return
update external_ids set customer_id = :new where service = :service and external = :external and customer_id = :old

-- name: service_value_back
-- Puts back what stood before a merge, unless a service wrote since.
update service_values set stamps = :before where customer_id = :customer and service = :service and stamps = :after

-- name: service_value_drop
delete from service_values where customer_id = :customer and service = :service and stamps = :after

-- name: delivery_ids_of
-- Served by delivery_customers_customer.
select delivery_id from delivery_customers where customer_id = :customer

-- name: delivery_customer_gone
delete from delivery_customers where delivery_id = :delivery and customer_id = :customer

-- name: membership_drop_as
-- Ends a membership that is as a merge left it.
delete from memberships where customer_id = :customer and account_id = :account and at = :at
