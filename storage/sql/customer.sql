-- name: customer_find
-- The writer, for every Change that names a uid. Served by the unique index and the aliases' key.
select id from customers where uid = :uid
union all
select customer_id from aliases where uid = :uid
limit 1

-- name: customer_row
-- One customer without what hangs on it. Served by the row number.
select id, uid, provisional, first_name, last_name, number, email, created_at, inserted_at,
  is_account, archived_at, attributes, changed
from customers
where id = :id

-- name: customer_insert
insert into customers (uid, provisional, first_name, last_name, number, email, email_key, created_at,
  inserted_at, is_account, attributes, changed)
values (:uid, :provisional, :first_name, :last_name, :number, :email, :email_key, :created_at,
  :inserted_at, :is_account, :attributes, :changed)

-- name: customer_update
update customers
set first_name = :first_name, last_name = :last_name, number = :number, email = :email, email_key = :email_key,
  created_at = :created_at, is_account = :is_account, attributes = :attributes, changed = :changed
where id = :id

-- name: customer_rename
update customers set uid = :uid, provisional = :provisional where id = :id

-- name: customer_archive
update customers set archived_at = :at where id = :id

-- name: customer_account
update customers set is_account = :is_account where id = :id

-- name: customer_delete
delete from customers where id = :id

-- name: customer_by_email
-- The e-mail rule, claims and subscribers: at most a handful. Served by customers_email.
select id, provisional from customers where email_key = :email order by id limit 20

-- name: customer_by_number
-- Claims and subscribers. Served by customers_number.
select id, provisional from customers where number = :number order by id limit 20

-- name: customer_last_events
-- last_interaction of each: the latest event that is not in the future. Served by events_customer alone.
select c.value, (select at from events where customer_id = c.value and at <= :now order by at desc limit 1)
from json_each(:customers) c

-- name: alias_insert
insert into aliases (uid, customer_id) values (:uid, :customer)
on conflict (uid) do update set customer_id = excluded.customer_id

-- name: alias_move
update aliases set customer_id = :new where customer_id = :old

-- name: alias_delete
delete from aliases where customer_id = :customer

-- name: alias_all
-- For a deletion or a merge. Served by aliases_customer.
select uid from aliases where customer_id = :customer

-- name: alias_list
-- For people to read. Served by aliases_customer.
select uid from aliases where customer_id = :customer order by uid limit 100

-- name: erased_insert
insert or ignore into erased (hash, at) values (:hash, :at)

-- name: erased_find
-- Salted as they are now, or plain as they were.
select 1 from erased where hash in (:salted, :plain)

-- name: erased_lift
delete from erased where hash in (:salted, :plain)

-- name: erased_count
-- For people to read, now and then. A scan on purpose.
select count(*) from erased

-- name: device_list
-- Devices of some customers, newest first. Served by the primary key.
select customer_id, token, platform, at
from devices
where customer_id in (select value from json_each(:customers))
order by customer_id, at desc, token

-- name: device_save
insert into devices (customer_id, token, platform, at) values (:customer, :token, :platform, :at)
on conflict (customer_id, token) do update set platform = excluded.platform, at = excluded.at

-- name: device_delete
delete from devices where customer_id = :customer and token = :token

-- name: device_clear
delete from devices where customer_id = :customer

-- name: history_insert
insert into history (customer_id, at, kind, source_id, data) values (:customer, :at, :kind, :source, :data)

-- name: history_move
update history set customer_id = :new where customer_id = :old

-- name: history_clear
delete from history where customer_id = :customer

-- name: source_all
-- At start: the names are few and held in memory. A scan on purpose.
select id, name from sources

-- name: source_insert
insert into sources (id, name) values (:id, :name)

-- name: history_last
-- Whether a change of attributes continues the one before. Served by history_customer.
select id, at, kind, source_id, data from history where customer_id = :customer order by at desc, id desc limit 1

-- name: history_fold
update history set at = :at, data = :data where id = :id

-- name: customer_last_row
-- At start: the highest row number that was ever given out. A scan on purpose, of a row per table.
select coalesce((select seq from sqlite_sequence where name = 'customers'), 0)
