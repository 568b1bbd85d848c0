-- name: import_insert
insert into imports (file, bytes, state, dry_run, source, options, plan, created_at)
values (:file, :bytes, :state, :dry_run, :source, :options, :plan, :at)

-- name: import_row
select id, file, bytes, state, dry_run, source, rows, done, created, updated, unchanged, skipped, failed, restored, removed, kept,
  options, plan, samples, created_at, started_at, finished_at, error
from imports
where id = :id

-- name: import_page
-- Imports, newest first. Served by the row number.
select id, file, bytes, state, dry_run, source, rows, done, created, updated, unchanged, skipped, failed, restored, removed, kept,
  options, plan, samples, created_at, started_at, finished_at, error
from imports
where id < :before
order by id desc
limit :limit

-- name: import_open
-- Those that go on after a start. Served by imports_state.
select id from imports where state in (0, 1, 5) order by id

-- name: import_save
update imports
set file = :file, bytes = :bytes, state = :state, dry_run = :dry_run, rows = :rows, done = :done, created = :created, updated = :updated,
  unchanged = :unchanged, skipped = :skipped, failed = :failed, restored = :restored, removed = :removed, kept = :kept,
  options = :options, plan = :plan, samples = :samples, started_at = :started_at, finished_at = :finished_at, error = :error
where id = :id

-- name: import_forget_samples
-- An erasure takes the cells of every file along. Imports are few. A scan on purpose.
update imports set samples = null where samples is not null

-- name: import_match_uid
-- The customers that a run of rows means, by id. Served by the unique index sqlite_autoindex_customers_1.
select j.key, c.id, c.uid, c.provisional, c.first_name, c.last_name, c.number, c.email, c.created_at, c.inserted_at,
  c.is_account, c.archived_at, c.attributes, c.changed
from json_each(:keys) j
cross join customers c on c.uid = j.value

-- name: import_match_alias
-- Likewise, by a former id. Served by the primary key.
select j.key, a.customer_id from json_each(:keys) j cross join aliases a on a.uid = j.value

-- name: import_match_email
-- Likewise, by e-mail: the oldest of those who have it. Served by customers_email.
select j.key, min(c.id) from json_each(:keys) j cross join customers c on c.email_key = j.value group by j.key

-- name: import_match_number
-- Likewise, by number. Served by customers_number.
select j.key, min(c.id) from json_each(:keys) j cross join customers c on c.number = j.value group by j.key

-- name: import_claim_email
-- The customers without an id that rows with one may claim, by e-mail. Served by customers_email.
select j.key, c.id from json_each(:keys) j cross join customers c on c.email_key = j.value where c.provisional = 1

-- name: import_claim_number
-- Likewise, by number. Served by customers_number.
select j.key, c.id from json_each(:keys) j cross join customers c on c.number = j.value where c.provisional = 1

-- name: import_customer_insert
-- A new customer under a row number that the writer gives out itself.
insert into customers (id, uid, provisional, first_name, last_name, number, email, email_key, created_at,
  inserted_at, is_account, attributes, changed)
values (:id, :uid, :provisional, :first_name, :last_name, :number, :email, :email_key, :created_at,
  :inserted_at, :is_account, :attributes, :changed)

-- name: import_customer_update
-- What is not standard, for rows that leave the standard attributes as they are: no index is touched.
update customers set attributes = :attributes, changed = :changed where id = :id

-- name: import_feed_created
-- A run of new customers leaves a row each. A scan on purpose, of numbers counted up.
insert into feed (seq, at, kind, customer_id, key, count)
with recursive n (i) as (select 0 union all select i + 1 from n where i + 1 < :count)
select :seq + i, :at, :kind, :customer + i, 0, 1 from n

-- name: import_feed_same
-- The same kind of change of many customers leaves a row each.
insert into feed (seq, at, kind, customer_id, key, count)
select :seq + j.key, :at, :kind, j.value, :key, 1 from json_each(:customers) j

-- name: import_created_add
insert into import_created (import_id, first_id, count, at) values (:import, :first, :count, :at)

-- name: import_created_last
-- A range of an undo, the newest first. Served by the primary key.
select first_id, count, at from import_created where import_id = :import order by first_id desc limit 1

-- name: import_created_shrink
update import_created set count = :count where import_id = :import and first_id = :first

-- name: import_created_drop
delete from import_created where import_id = :import and first_id = :first

-- name: import_change_add
insert or ignore into import_changes (import_id, customer_id, at, data) values (:import, :customer, :at, :data)

-- name: import_change_add_many
-- Sixteen at once: half the price of one each.
insert or ignore into import_changes (import_id, customer_id, at, data) values
  (:import, :c0, :at, :d0), (:import, :c1, :at, :d1), (:import, :c2, :at, :d2), (:import, :c3, :at, :d3),
  (:import, :c4, :at, :d4), (:import, :c5, :at, :d5), (:import, :c6, :at, :d6), (:import, :c7, :at, :d7),
  (:import, :c8, :at, :d8), (:import, :c9, :at, :d9), (:import, :c10, :at, :d10), (:import, :c11, :at, :d11),
  (:import, :c12, :at, :d12), (:import, :c13, :at, :d13), (:import, :c14, :at, :d14), (:import, :c15, :at, :d15)

-- name: import_change_find
select at, data from import_changes where import_id = :import and customer_id = :customer

-- name: import_change_save
update import_changes set at = :at, data = :data where import_id = :import and customer_id = :customer

-- name: import_change_next
-- A step of an undo. Served by the primary key.
select customer_id, at, data from import_changes where import_id = :import order by customer_id limit :limit

-- name: import_change_drop
delete from import_changes where import_id = :import and customer_id = :customer

-- name: import_change_clear
-- For a customer that goes. A seek per import.
delete from import_changes where customer_id = :customer and import_id in (select id from imports)

-- name: import_touched
-- The imports that made or changed a customer: a seek or two for each import there is. A scan on purpose.
select i.id, i.created_at, i.file, i.source,
  (select case when n.first_id + n.count > :customer then n.at end from import_created n
    where n.import_id = i.id and n.first_id <= :customer order by n.first_id desc limit 1),
  c.at, c.data
from imports i
left join import_changes c on c.import_id = i.id and c.customer_id = :customer
where i.dry_run = 0

-- name: import_refuse
insert or ignore into import_refused (import_id, number, line, reason, raw, key)
values (:import, :number, :line, :reason, :raw, :key)

-- name: import_refused_page
-- A step of the report. Served by the primary key.
select number, line, reason, raw from import_refused
where import_id = :import and number > :after
order by number
limit :limit

-- name: import_refused_clear
delete from import_refused where import_id = :import

-- name: import_refused_erase
-- What an erased person's rows said. Served by import_refused_key.
delete from import_refused where key in (select value from json_each(:keys))

-- name: import_refused_drop
-- Rows of one report, by number. Served by the primary key.
delete from import_refused where import_id = :import and number in (select value from json_each(:numbers))

-- name: import_keep
insert or ignore into import_kept (import_id, customer_id, reason) values (:import, :customer, :reason)

-- name: import_kept_page
-- Served by the primary key.
select k.customer_id, c.uid, c.inserted_at, k.reason
from import_kept k cross join customers c on c.id = k.customer_id
where k.import_id = :import and k.customer_id > :after
order by k.customer_id
limit :limit

-- name: import_kept_clear
delete from import_kept where customer_id = :customer and import_id in (select id from imports)
