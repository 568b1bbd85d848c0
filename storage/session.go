package storage

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"strconv"

	"kith/app"
)

// nameOf is what a hashed secret is called where people see it: enough to tell it from
// others, and of no use to whoever wants the secret.
func nameOf(hash []byte) string { return hex.EncodeToString(hash[:8]) }

// CreateSession starts a session and returns its secret, of which only a hash is kept.
// address and agent say where it began, for whoever looks through theirs.
func (db *DB) CreateSession(ctx context.Context, user int64, expires app.Instant, address, agent string) (string, error) {
	secret := randomText(32)
	hash := sha256.Sum256([]byte(secret))
	return secret, db.Write(ctx, func(tx *Tx) error {
		if err := tx.exec("session_insert", hash[:], user, int64(db.sessionNow()), int64(expires), address, agent); err != nil {
			return err
		}
		return tx.audit(ctx, "session.begin", nameOf(hash[:]), nil)
	})
}

func sessionColumns(s *app.Session, hash, totp *[]byte) []any {
	return []any{hash, &s.User, &s.Email, &s.Role, totp, &s.Address, &s.Agent, &s.CreatedAt, &s.SeenAt, &s.ExpiresAt}
}

// Session returns the session of a secret. It returns CodeUnauthorized if there is
// none, or it is over.
func (db *DB) Session(ctx context.Context, secret string) (s app.Session, err error) {
	hash := sha256.Sum256([]byte(secret))
	var stored, totp []byte
	found, err := db.queries.row(ctx, "session_find", args(hash[:]), sessionColumns(&s, &stored, &totp)...)
	if err == nil && (!found || s.ExpiresAt <= db.sessionNow()) {
		err = app.Fail(app.CodeUnauthorized, "You are signed out. Sign in again.")
	}
	s.ID, s.SecondSet = nameOf(hash[:]), totp != nil
	return s, err
}

// Sessions returns a user's sessions, the latest used first.
func (db *DB) Sessions(ctx context.Context, user int64) ([]app.Session, error) {
	var out []app.Session
	err := db.queries.each(ctx, "session_of", args(user, int64(db.sessionNow())), func(rows *sql.Rows) error {
		var s app.Session
		var hash, totp []byte
		err := rows.Scan(sessionColumns(&s, &hash, &totp)...)
		if err == nil {
			s.ID, s.SecondSet = nameOf(hash), totp != nil
			out = append(out, s)
		}
		return err
	})
	return out, err
}

// TouchSession moves a session's end.
func (db *DB) TouchSession(ctx context.Context, secret string, expires app.Instant) error {
	hash := sha256.Sum256([]byte(secret))
	return db.Write(ctx, func(tx *Tx) error {
		return tx.exec("session_touch", int64(db.sessionNow()), int64(expires), hash[:])
	})
}

// EndSession ends a session. One that is over is no error.
func (db *DB) EndSession(ctx context.Context, secret string) error {
	hash := sha256.Sum256([]byte(secret))
	return db.Write(ctx, func(tx *Tx) error {
		if ended, err := tx.any("session_delete", hash[:]); err != nil || !ended {
			return err
		}
		return tx.audit(ctx, "session.end", nameOf(hash[:]), nil)
	})
}

// EndSessionOf ends the session of a user that has the given name. It returns
// CodeNotFound if there is none.
func (db *DB) EndSessionOf(ctx context.Context, user int64, id string) error {
	prefix, err := hex.DecodeString(id)
	if err != nil || len(prefix) != 8 {
		return app.NotFound("There is no such session; it may have ended.")
	}
	return db.Write(ctx, func(tx *Tx) error {
		ended, err := tx.any("session_delete_named", user, prefix)
		if err == nil && !ended {
			err = app.NotFound("There is no such session; it may have ended.")
		}
		if err != nil {
			return err
		}
		return tx.audit(ctx, "session.end", id, nil)
	})
}

// EndOtherSessions ends all sessions of a user but the one of a secret; "" ends all.
func (db *DB) EndOtherSessions(ctx context.Context, user int64, secret string) error {
	hash := sha256.Sum256([]byte(secret))
	return db.Write(ctx, func(tx *Tx) error {
		if ended, err := tx.any("session_clear_others", user, hash[:]); err != nil || !ended {
			return err
		}
		return tx.audit(ctx, "session.end_others", strconv.FormatInt(user, 10), nil)
	})
}

// CreateInvitation makes a one-time link's token, of which only a hash is kept. With a
// role it makes a user; without one it mends the password of a user that is there
// (CodeNotFound if there is none). An older one for the same e-mail is void from then on.
func (db *DB) CreateInvitation(ctx context.Context, email string, role app.Role, expires app.Instant) (string, error) {
	token := randomText(32)
	hash := sha256.Sum256([]byte(token))
	email = app.FoldEmail(email)
	return token, db.Write(ctx, func(tx *Tx) error {
		var user int64
		taken, err := tx.t.w.q.row(background, "user_taken", args(email), &user)
		switch {
		case err != nil:
			return err
		case taken && role != "":
			return app.Fail(app.CodeConflict, "There is a user with the e-mail %s already.", email)
		case !taken && role == "":
			return app.NotFound("There is no user with this e-mail.")
		case role == app.RoleOwner:
			return app.Fail(app.CodeConflict, "There is one owner. Invite an administrator; the owner can hand over then.")
		}
		if err := tx.exec("invitation_clear", email); err != nil {
			return err
		}
		if err := tx.exec("invitation_insert", hash[:], email, string(role), int64(db.sessionNow()), int64(expires)); err != nil {
			return err
		}
		if role == "" {
			return tx.audit(ctx, "user.reset_link", strconv.FormatInt(user, 10), nil)
		}
		return tx.audit(ctx, "user.invite", nameOf(hash[:]), map[string]any{"role": role})
	})
}

// Invitations returns the links that are still open, oldest first.
func (db *DB) Invitations(ctx context.Context) ([]app.Invitation, error) {
	var out []app.Invitation
	err := db.queries.each(ctx, "invitation_all", args(int64(db.sessionNow())), func(rows *sql.Rows) error {
		var i app.Invitation
		var hash []byte
		err := rows.Scan(&hash, &i.Email, &i.Role, &i.CreatedAt, &i.ExpiresAt)
		if err == nil {
			i.ID = nameOf(hash)
			out = append(out, i)
		}
		return err
	})
	return out, err
}

// Invitation returns the open link of a token. It returns CodeForbidden if there is none.
func (db *DB) Invitation(ctx context.Context, token string) (i app.Invitation, err error) {
	hash := sha256.Sum256([]byte(token))
	found, err := db.queries.row(ctx, "invitation_find", args(hash[:], int64(db.sessionNow())), &i.Email, &i.Role, &i.CreatedAt, &i.ExpiresAt)
	if err == nil && !found {
		err = noInvitation()
	}
	i.ID = nameOf(hash[:])
	return i, err
}

func noInvitation() error {
	return app.Fail(app.CodeForbidden, "This link is not valid any more: it was used, withdrawn, or is too old. Ask who sent it for another.")
}

// WithdrawInvitation ends an open link by its name. It returns CodeNotFound if there is none.
func (db *DB) WithdrawInvitation(ctx context.Context, id string) error {
	prefix, err := hex.DecodeString(id)
	if err != nil || len(prefix) != 8 {
		return app.NotFound("There is no such invitation; it may have been used.")
	}
	return db.Write(ctx, func(tx *Tx) error {
		ended, err := tx.any("invitation_delete_named", prefix)
		if err == nil && !ended {
			err = app.NotFound("There is no such invitation; it may have been used.")
		}
		if err != nil {
			return err
		}
		return tx.audit(ctx, "user.withdraw", id, nil)
	})
}

// TakeInvitation uses a link up: it makes its user, or gives it the new password and ends
// its sessions. It returns CodeForbidden if the link is not open.
func (db *DB) TakeInvitation(ctx context.Context, token, password string) (email string, err error) {
	hash := sha256.Sum256([]byte(token))
	err = db.Write(ctx, func(tx *Tx) error {
		var i app.Invitation
		found, err := tx.t.w.q.row(background, "invitation_find", args(hash[:], int64(db.sessionNow())), &i.Email, &i.Role, &i.CreatedAt, &i.ExpiresAt)
		if err != nil {
			return err
		}
		if !found {
			return noInvitation()
		}
		email = i.Email
		if err := tx.exec("invitation_clear", i.Email); err != nil {
			return err
		}
		if i.Role != "" {
			return tx.createUser(ctx, i.Email, password, i.Role)
		}
		var user int64
		if found, err = tx.t.w.q.row(background, "user_taken", args(i.Email), &user); err != nil {
			return err
		}
		if !found {
			return noInvitation()
		}
		return tx.setPassword(ctx, user, password)
	})
	return email, err
}
