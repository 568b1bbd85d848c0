-- name: segment_row
select id, title, description, rule, version, built, count, created_at, updated_at from segments where id = :id and deleted_at is null

-- name: segment_all
-- All of them, newest first: a few hundred, and each is wanted. A scan on purpose.
select id, title, description, rule, version, built, count, created_at, updated_at from segments where deleted_at is null order by id desc

-- name: segment_naming
-- The rules that may name other segments, for who names whom. A scan on purpose.
select id, title, rule, created_at from segments where instr(rule, '"segment"') > 0 and deleted_at is null order by id

-- name: segment_insert
insert into segments (title, description, rule, version, created_at, updated_at)
values (:title, :description, :rule, 1, :at, :at)

-- name: segment_update
update segments set title = :title, description = :description, rule = :rule, version = :version, updated_at = :at where id = :id

-- name: segment_moved
update segments set count = :count, behind = behind + :moves where id = :id

-- name: segment_built
update segments set built = :built, count = :count, entry = :entry, behind = 0 where id = :id

-- name: segment_mark_deleted
update segments set deleted_at = :at where id = :id

-- name: segment_deleted
-- One that was deleted and can be brought back.
select created_at, title, rule from segments where id = :id and deleted_at is not null

-- name: segment_restore
-- Another version, for who is in it was not followed meanwhile.
update segments set deleted_at = null, version = version + 1, updated_at = :at where id = :id

-- name: segment_delete
delete from segments where id = :id and deleted_at is not null

-- name: segment_behind
select behind from segments where id = :id

-- name: segment_members_save
insert into segment_members (segment_id, members) values (:segment, :members)
on conflict (segment_id) do update set members = excluded.members

-- name: segment_members_delete
delete from segment_members where segment_id = :segment

-- name: segment_membership
-- What the membership begins with. Served by the row number.
select s.built, s.entry, m.members
from segments s left join segment_members m on m.segment_id = s.id
where s.id = :segment and s.deleted_at is null

-- name: segment_entry_insert
insert into segment_entries (id, segment_id, customer_id, at, entered, kind, key)
values (:id, :segment, :customer, :at, :entered, :kind, :key)

-- name: segment_entry_moves
-- What came after a bitmap. Served by segment_entries_segment.
select customer_id, entered from segment_entries where segment_id = :segment and id > :after order by id

-- name: segment_entry_after
-- A segment's entries in order. Served by segment_entries_segment.
select id, customer_id, at, entered, kind, key
from segment_entries
where segment_id = :segment and id > :after
order by id
limit :limit

-- name: segment_entry_before
-- A segment's entries, newest first. Served by segment_entries_segment.
select id, customer_id, at, entered, kind, key
from segment_entries
where segment_id = :segment and id < :before
order by id desc
limit :limit

-- name: segment_entry_customer
-- A customer's timeline, newest first, after a place in it; those of deleted segments
-- are gone at once, though their rows go later. Served by segment_entries_customer.
select e.id, e.segment_id, e.at, e.entered, e.kind, e.key
from segment_entries e
where e.customer_id = :customer and (e.at, e.id) < (:at, :id)
  and exists (select 1 from segments s where s.id = e.segment_id and s.deleted_at is null)
order by e.at desc, e.id desc
limit :limit

-- name: segment_entry_count
-- How many of them a customer's timeline has. Served by segment_entries_customer.
select count(*)
from segment_entries e
where e.customer_id = :customer
  and exists (select 1 from segments s where s.id = e.segment_id and s.deleted_at is null)

-- name: segment_entry_prune
-- A step of removing a deleted segment's entries. Served by segment_entries_segment.
delete from segment_entries
where id in (select id from segment_entries where segment_id = :segment order by id limit :limit)

-- name: segment_day_move
insert into segment_days (segment_id, day, entered, left, size) values (:segment, :day, :entered, :left, :size)
on conflict (segment_id, day) do update
set entered = entered + excluded.entered, left = left + excluded.left, size = excluded.size

-- name: segment_day_later
-- With the clock put back, days that were later have the size that there is now.
update segment_days set size = :size where segment_id = :segment and day > :day

-- name: segment_day_list
-- From a day on, and the last one before it, which says the size that it began with.
select day, entered, left, size
from segment_days
where segment_id = :segment
  and day >= coalesce((select max(day) from segment_days where segment_id = :segment and day <= :from), :from)
order by day

-- name: segment_day_clear
delete from segment_days where segment_id = :segment

-- name: segment_entry_range
-- A run of moves, as an entry of the feed names it. Served by the row number.
select segment_id, customer_id, entered from segment_entries where id >= :from and id < :before order by id
