-- Where the events of each name came from: which are payments, which are messages.
create table event_sources (
  name_id   integer not null,
  source_id integer not null,
  primary key (name_id, source_id)
) strict, without rowid;
insert into event_sources (name_id, source_id) select distinct name_id, source_id from events;
