-- name: key_all
-- Every key, revoked ones too: there are few, and the API holds them in memory. A scan on purpose.
select id, name, public, private_hash, private_hint, created_at, last_used_at, revoked_at from api_keys order by id

-- name: key_insert
insert into api_keys (name, public, private_hash, private_hint, created_at)
values (:name, :public, :hash, :hint, :at)

-- name: key_revoke
update api_keys set revoked_at = :at where id = :id and revoked_at is null

-- name: key_used
update api_keys set last_used_at = :at where id = :id

-- name: user_all
-- Those who may sign in are few. A scan on purpose.
select id, email, password, created_at from users order by id

-- name: user_by_email
select id, email, password, created_at from users where email = :email

-- name: user_insert
insert into users (email, password, created_at) values (:email, :password, :at)

-- name: user_password
update users set password = :password where email = :email

-- name: user_delete
delete from users where id = :id

-- name: session_insert
insert into sessions (hash, user_id, created_at, seen_at, expires_at) values (:hash, :user, :at, :at, :expires)

-- name: session_find
select s.user_id, u.email, s.seen_at, s.expires_at
from sessions s join users u on u.id = s.user_id
where s.hash = :hash

-- name: session_touch
update sessions set seen_at = :at, expires_at = :expires where hash = :hash

-- name: session_delete
delete from sessions where hash = :hash

-- name: session_clear
delete from sessions where user_id = :user

-- name: session_prune
delete from sessions where expires_at < :now
