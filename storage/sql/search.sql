-- name: findable_after
-- The search index, which reads everybody. In the order of the rows; what hangs on a customer is one lookup each.
select c.id, c.uid, c.first_name, c.last_name, c.number, c.email, c.is_account, c.archived_at is not null, json(c.attributes),
  exists (select 1 from devices d where d.customer_id = c.id),
  (select json_group_array(s.list_id) from subscriptions s where s.customer_id = c.id),
  (select group_concat(a.uid, char(0)) from aliases a where a.customer_id = c.id)
from customers c
where c.id > :after
order by c.id
limit :limit

-- name: findable_of
-- The search index, for those that changed. Served by the row number.
select c.id, c.uid, c.first_name, c.last_name, c.number, c.email, c.is_account, c.archived_at is not null, json(c.attributes),
  exists (select 1 from devices d where d.customer_id = c.id),
  (select json_group_array(s.list_id) from subscriptions s where s.customer_id = c.id),
  (select group_concat(a.uid, char(0)) from aliases a where a.customer_id = c.id)
from json_each(:customers) j cross join customers c on c.id = j.value

-- name: findable_exact
-- Whose id, former id, e-mail or number a text is. Each piece is served by its index.
select id from customers where uid = :text
union
select customer_id from aliases where uid = :text
union
select id from customers where email_key = :email
union
select id from customers where number = :number
limit 100
