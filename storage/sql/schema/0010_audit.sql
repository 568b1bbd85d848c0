-- Where something was asked for, and how far it came: what goes on beside the database, as
-- a backup or an export, is written down before it begins and again at its end.
alter table audit add column address text not null default '';
alter table audit add column state integer not null default 0;   -- app.DeedState
create index audit_begun on audit (id) where state = 1;
