-- name: feed_insert
insert into feed (seq, at, kind, customer_id, key, count) values (:seq, :at, :kind, :customer, :key, :count)

-- name: feed_head
select coalesce(max(seq), 0) from feed

-- name: feed_start
select coalesce(min(seq), 0) from feed

-- name: feed_after
-- A reader, from its cursor on. Served by the row number.
select seq, at, kind, customer_id, key, count from feed where seq > :after order by seq limit :limit

-- name: feed_before
-- How much came of late, from the head backwards. Served by the row number.
select seq, at, kind, count from feed where seq < :before order by seq desc limit :limit

-- name: feed_prune
-- Behind every cursor and older than a week, but never the last row: numbers are not used twice.
delete from feed
where seq <= :through and at < :before and seq < (select max(seq) from feed)

-- name: cursor_all
-- Readers are a handful. A scan on purpose.
select name, seq from cursors

-- name: cursor_save
insert into cursors (name, seq) values (:name, :seq)
on conflict (name) do update set seq = excluded.seq

-- name: timer_save
insert into timers (kind, ref, due) values (:kind, :ref, :due)
on conflict (kind, ref) do update set due = excluded.due

-- name: timer_delete
-- Fires a timer, unless it was moved since it was seen to be due.
delete from timers where kind = :kind and ref = :ref and due = :due

-- name: timer_due
-- What has come due. Served by timers_due.
select kind, ref, due from timers where due <= :now order by due limit :limit

-- name: timer_next
select min(due) from timers

-- name: timer_ensure
insert or ignore into timers (kind, ref, due) values (:kind, :ref, :due)

-- name: idempotency_find
select body, status, answer, at from idempotency where scope = :scope

-- name: idempotency_insert
insert into idempotency (scope, body, status, answer, at) values (:scope, :body, :status, :answer, :at)
on conflict (scope) do update set body = excluded.body, status = excluded.status, answer = excluded.answer, at = excluded.at

-- name: idempotency_prune
delete from idempotency where at < :before

-- name: idempotency_step
-- A step through all answers, for who is to be erased.
select scope, answer from idempotency where scope > :after order by scope limit :limit

-- name: idempotency_since
-- Served by idempotency_at.
select scope, answer from idempotency where at >= :since

-- name: idempotency_drop
delete from idempotency where scope = :scope

-- name: meta_get
select value from meta where key = :key

-- name: meta_set
insert into meta (key, value) values (:key, :value)
on conflict (key) do update set value = excluded.value

-- name: meta_delete_value
-- Only if it is what it was.
delete from meta where key = :key and value = :value

-- name: meta_delete
delete from meta where key = :key

-- name: totals_all
-- A handful of rows. A scan on purpose.
select name, n from totals

-- name: totals_set
insert into totals (name, n) values (:name, :n)
on conflict (name) do update set n = excluded.n

-- name: totals_get
select n from totals where name = :name
