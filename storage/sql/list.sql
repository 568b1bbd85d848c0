-- name: list_row
select id, title, description, redirect_url, double_optin, created_at, archived_at, pending, subscribed, unsubscribed
from lists
where id = :id

-- name: list_after
-- A page of lists, newest first.
select id, title, description, redirect_url, double_optin, created_at, archived_at, pending, subscribed, unsubscribed
from lists
where id < :id
order by id desc
limit :limit

-- name: list_before
select id, title, description, redirect_url, double_optin, created_at, archived_at, pending, subscribed, unsubscribed
from lists
where id > :id
order by id
limit :limit

-- name: list_insert
insert into lists (title, description, redirect_url, double_optin, created_at)
values (:title, :description, :redirect_url, :double_optin, :created_at)

-- name: list_update
update lists
set title = :title, description = :description, redirect_url = :redirect_url, double_optin = :double_optin
where id = :id

-- name: list_archive
update lists set archived_at = :at where id = :id and archived_at is null

-- name: list_restore
update lists set archived_at = null where id = :id

-- name: list_count
update lists
set pending = pending + :pending, subscribed = subscribed + :subscribed, unsubscribed = unsubscribed + :unsubscribed
where id = :id

-- name: subscription_find
select status, at from subscriptions where list_id = :list and customer_id = :customer

-- name: subscription_save
insert into subscriptions (list_id, customer_id, status, at) values (:list, :customer, :status, :at)
on conflict (list_id, customer_id) do update set status = excluded.status, at = excluded.at

-- name: subscription_delete
delete from subscriptions where list_id = :list and customer_id = :customer

-- name: subscription_list
-- The lists of some customers. Served by subscriptions_customer.
select s.customer_id, s.list_id, l.created_at, l.title, s.status, s.at
from subscriptions s join lists l on l.id = s.list_id
where s.customer_id in (select value from json_each(:customers))
order by s.customer_id, s.list_id

-- name: subscription_members
-- The subscribers of a list, newest customers first. Served by the primary key.
select customer_id, status, at
from subscriptions
where list_id = :list and customer_id < :after and (:status < 0 or status = :status)
order by customer_id desc
limit :limit

-- name: subscription_members_before
-- The same upwards. Served by the primary key.
select customer_id, status, at
from subscriptions
where list_id = :list and customer_id > :before and (:status < 0 or status = :status)
order by customer_id
limit :limit
