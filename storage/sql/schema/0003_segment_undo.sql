-- When a segment was deleted. It is gone from then on, but its rows stay for an hour, so
-- that the deletion can be undone.
alter table segments add column deleted_at integer;
