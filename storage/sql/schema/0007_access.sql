-- Who may do what on the dashboard. The first user is its owner; whoever was there beside
-- could do everything, and goes on as an administrator.
alter table users add column role text not null default 'admin';   -- app.Role
update users set role = 'owner' where id = (select min(id) from users);

-- The second factor: its secret, and the newest step of 30 seconds that a code was taken
-- for, so that none is taken twice.
alter table users add column totp blob;
alter table users add column totp_step integer not null default 0;

create table recovery_codes (
  user_id integer not null references users (id),
  hash    blob not null,                 -- SHA-256; a code has 80 random bits
  primary key (user_id, hash)
) strict, without rowid;

-- Where a session is, for whoever looks through theirs.
alter table sessions add column address text not null default '';
alter table sessions add column agent text not null default '';

-- One-time links that make a user, or mend a lost password.
create table invitations (
  hash       blob primary key,           -- SHA-256 of the link's token
  email      text not null,              -- folded
  role       text not null,              -- app.Role; '' mends the password of a user that is there
  created_at integer not null,
  expires_at integer not null
) strict, without rowid;

-- What a key may do, and the private key before the newest, for as long as it counts.
alter table api_keys add column scopes text not null default '';   -- words with a space between; '' is everything
alter table api_keys add column previous_hash blob;
alter table api_keys add column previous_hint text not null default '';
alter table api_keys add column previous_until integer not null default 0;

-- Who did what: numbers and public ids, nothing about a customer beside them. The newest
-- are read first, by number.
create table audit (
  id     integer primary key autoincrement,
  at     integer not null,
  actor  text not null,                  -- "user 3", "key 2", "command"
  action text not null,                  -- "key.create"
  target text not null,                  -- the id of what it was done to, '' for the workspace
  detail text not null                   -- JSON object
) strict;
create index audit_actor on audit (actor);
create index audit_action on audit (action);
