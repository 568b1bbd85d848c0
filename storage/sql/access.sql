-- name: key_all
-- Every key, revoked ones too: there are few, and the API holds them in memory. A scan on purpose.
select id, name, public, private_hash, private_hint, created_at, last_used_at, revoked_at,
  scopes, previous_hash, previous_hint, previous_until
from api_keys order by id

-- name: key_insert
insert into api_keys (name, public, private_hash, private_hint, created_at, scopes)
values (:name, :public, :hash, :hint, :at, :scopes)

-- name: key_rotate
update api_keys set
  previous_hash = private_hash, previous_hint = private_hint, previous_until = :until,
  private_hash = :hash, private_hint = :hint
where id = :id and revoked_at is null

-- name: key_revoke
update api_keys set revoked_at = :at where id = :id and revoked_at is null

-- name: key_used
update api_keys set last_used_at = :at where id = :id

-- name: user_all
-- Those who may sign in are few. A scan on purpose.
select u.id, u.email, u.password, u.role, u.created_at, u.totp, u.totp_step,
  (select count(*) from recovery_codes r where r.user_id = u.id),
  (select max(s.seen_at) from sessions s where s.user_id = u.id)
from users u order by u.id

-- name: user_by_email
select u.id, u.email, u.password, u.role, u.created_at, u.totp, u.totp_step,
  (select count(*) from recovery_codes r where r.user_id = u.id),
  (select max(s.seen_at) from sessions s where s.user_id = u.id)
from users u where u.email = :email

-- name: user_by_id
select u.id, u.email, u.password, u.role, u.created_at, u.totp, u.totp_step,
  (select count(*) from recovery_codes r where r.user_id = u.id),
  (select max(s.seen_at) from sessions s where s.user_id = u.id)
from users u where u.id = :id

-- name: user_taken
select id from users where email = :email

-- name: user_count
-- There are few users. A scan on purpose.
select count(*) from users

-- name: user_insert
insert into users (email, password, created_at, role) values (:email, :password, :at, :role)

-- name: user_password
update users set password = :password where id = :id

-- name: user_role_get
select role from users where id = :id

-- name: user_role
update users set role = :role where id = :id

-- name: user_owner_down
-- Before another becomes the owner. There are few users. A scan on purpose.
update users set role = 'admin' where role = 'owner'

-- name: user_totp
update users set totp = :secret, totp_step = :step where id = :id

-- name: user_totp_step
update users set totp_step = :step where id = :id and totp_step < :step

-- name: user_delete
delete from users where id = :id

-- name: recovery_insert
insert into recovery_codes (user_id, hash) values (:user, :hash)

-- name: recovery_take
delete from recovery_codes where user_id = :user and hash = :hash

-- name: recovery_clear
delete from recovery_codes where user_id = :user

-- name: session_insert
insert into sessions (hash, user_id, created_at, seen_at, expires_at, address, agent)
values (:hash, :user, :at, :at, :expires, :address, :agent)

-- name: session_find
select s.hash, s.user_id, u.email, u.role, u.totp, s.address, s.agent, s.created_at, s.seen_at, s.expires_at
from sessions s join users u on u.id = s.user_id
where s.hash = :hash

-- name: session_of
-- Served by sessions_user.
select s.hash, s.user_id, u.email, u.role, u.totp, s.address, s.agent, s.created_at, s.seen_at, s.expires_at
from sessions s join users u on u.id = s.user_id
where s.user_id = :user and s.expires_at > :now
order by s.seen_at desc

-- name: session_touch
update sessions set seen_at = :at, expires_at = :expires where hash = :hash

-- name: session_delete
delete from sessions where hash = :hash

-- name: session_delete_named
-- By the first eight bytes of the hash. Served by sessions_user.
delete from sessions where user_id = :user and substr(hash, 1, 8) = :prefix

-- name: session_clear
delete from sessions where user_id = :user

-- name: session_clear_others
delete from sessions where user_id = :user and hash <> :hash

-- name: session_clear_owner
-- Of who is the owner now, before another becomes it. There are few users. A scan on purpose.
delete from sessions where user_id in (select id from users where role = 'owner')

-- name: session_prune
delete from sessions where expires_at < :now

-- name: invitation_insert
insert into invitations (hash, email, role, created_at, expires_at) values (:hash, :email, :role, :at, :expires)

-- name: invitation_all
-- There are few. A scan on purpose.
select hash, email, role, created_at, expires_at from invitations where expires_at > :now order by created_at

-- name: invitation_find
select email, role, created_at, expires_at from invitations where hash = :hash and expires_at > :now

-- name: invitation_clear
-- There are few. A scan on purpose.
delete from invitations where email = :email

-- name: invitation_delete_named
-- By the first eight bytes of the hash. There are few. A scan on purpose.
delete from invitations where substr(hash, 1, 8) = :prefix

-- name: invitation_prune
-- There are few. A scan on purpose.
delete from invitations where expires_at < :now

-- name: audit_insert
insert into audit (at, actor, address, action, target, state, detail)
values (:at, :actor, :address, :action, :target, :state, :detail)

-- name: audit_end
-- What was begun, at its end. detail is merged into what was said at the beginning.
update audit set state = :state, detail = json_patch(detail, :detail) where id = :id and state = 1

-- name: audit_lost
-- At the start: what a process before began, whose end nobody knows. A scan on purpose, of
-- audit_begun, which holds these alone.
update audit set state = 3 where state = 1

-- name: audit_page
-- Newest first from a number on. A filter that finds nothing looks through all: a third of a
-- second for a million lines.
select id, at, actor, address, action, target, state, detail from audit
where id < :before
  and (:actor = '' or actor = :actor)
  and (:action = '' or action between :action and :to_action)
  and (:target = '' or target = :target)
  and at >= :from_at and at < :to_at
order by id desc limit :limit
