-- name: membership_list
-- The accounts of some customers. Served by the primary key.
select m.customer_id, a.id, a.uid, a.inserted_at, a.first_name, a.last_name, m.role, m.at
from memberships m join customers a on a.id = m.account_id
where m.customer_id in (select value from json_each(:customers))
order by m.customer_id, m.account_id

-- name: membership_members
-- The members of an account, newest customers first. Served by memberships_account.
select m.account_id, c.id, c.uid, c.inserted_at, c.first_name, c.last_name, m.role, m.at
from memberships m join customers c on c.id = m.customer_id
where m.account_id = :account
order by m.customer_id desc
limit :limit

-- name: membership_page
-- A page of the members of an account, newest customers first. Served by memberships_account.
select m.account_id, c.id, c.uid, c.inserted_at, c.first_name, c.last_name, m.role, m.at
from memberships m join customers c on c.id = m.customer_id
where m.account_id = :account and m.customer_id < :after
order by m.customer_id desc
limit :limit

-- name: membership_page_before
-- The same upwards. Served by memberships_account.
select m.account_id, c.id, c.uid, c.inserted_at, c.first_name, c.last_name, m.role, m.at
from memberships m join customers c on c.id = m.customer_id
where m.account_id = :account and m.customer_id > :before
order by m.customer_id
limit :limit

-- name: membership_counts
-- How many members each account has. Served by memberships_account alone.
select account_id, count(*)
from memberships
where account_id in (select value from json_each(:accounts))
group by account_id

-- name: membership_find
select role, at from memberships where customer_id = :customer and account_id = :account

-- name: membership_save
insert into memberships (customer_id, account_id, role, at) values (:customer, :account, :role, :at)
on conflict (customer_id, account_id) do update set role = excluded.role

-- name: membership_delete
delete from memberships where customer_id = :customer and account_id = :account

-- name: membership_clear
delete from memberships where customer_id = :customer

-- name: membership_clear_account
delete from memberships where account_id = :customer
