package storage

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"

	"kith/app"
)

// Keys returns every API key pair, revoked ones included, oldest first.
func (db *DB) Keys(ctx context.Context) ([]app.Key, error) {
	var out []app.Key
	err := db.queries.each(ctx, "key_all", nil, func(rows *sql.Rows) error {
		var k app.Key
		var hash []byte
		if err := rows.Scan(&k.Row, &k.Name, &k.Public, &hash, &k.PrivateHint, &k.CreatedAt, &k.LastUsedAt, &k.RevokedAt); err != nil {
			return err
		}
		copy(k.PrivateHash[:], hash)
		out = append(out, k)
		return nil
	})
	return out, err
}

// CreateKey makes a key pair and returns it with the private key, which is not kept
// and cannot be shown again.
func (db *DB) CreateKey(ctx context.Context, name string) (k app.Key, private string, err error) {
	k = app.Key{Name: name, Public: "pk_" + randomText(18), CreatedAt: db.Now()}
	private = "sk_" + randomText(30)
	k.PrivateHash = sha256.Sum256([]byte(private))
	k.PrivateHint = private[len(private)-4:]
	err = db.Write(ctx, func(tx *Tx) error {
		res, err := tx.t.w.q.exec("key_insert", k.Name, k.Public, k.PrivateHash[:], k.PrivateHint, int64(k.CreatedAt))
		if err != nil {
			return err
		}
		k.Row, err = res.LastInsertId()
		return err
	})
	return k, private, err
}

// RevokeKey ends a key pair. It returns CodeNotFound if there is none, or it has ended already.
func (db *DB) RevokeKey(ctx context.Context, row int64) error {
	return db.Write(ctx, func(tx *Tx) error {
		res, err := tx.t.w.q.exec("key_revoke", int64(tx.t.now), row)
		if err != nil {
			return err
		}
		return oneRow(res, "There is no such key, or it is revoked already.")
	})
}

// TouchKeys notes when keys were last used.
func (db *DB) TouchKeys(ctx context.Context, used map[int64]app.Instant) error {
	return db.Write(ctx, func(tx *Tx) error {
		for row, at := range used {
			if err := tx.exec("key_used", int64(at), row); err != nil {
				return err
			}
		}
		return nil
	})
}

func oneRow(res sql.Result, otherwise string) error {
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		err = app.NotFound("%s", otherwise)
	}
	return err
}

func randomText(size int) string {
	b := make([]byte, size)
	_, _ = rand.Read(b) // never fails: it would have ended the program
	return base64.RawURLEncoding.EncodeToString(b)
}

// Users returns who may sign in to the dashboard.
func (db *DB) Users(ctx context.Context) ([]app.User, error) {
	var out []app.User
	err := db.queries.each(ctx, "user_all", nil, func(rows *sql.Rows) error {
		var u app.User
		if err := rows.Scan(&u.Row, &u.Email, &u.Password, &u.CreatedAt); err != nil {
			return err
		}
		out = append(out, u)
		return nil
	})
	return out, err
}

// UserByEmail returns a user. It returns CodeNotFound if there is none.
func (db *DB) UserByEmail(ctx context.Context, email string) (u app.User, err error) {
	found, err := db.queries.row(ctx, "user_by_email", args(app.FoldEmail(email)), &u.Row, &u.Email, &u.Password, &u.CreatedAt)
	if err == nil && !found {
		err = app.NotFound("There is no user with this e-mail.")
	}
	return u, err
}

// CreateUser adds a user with a hashed password. It returns CodeConflict if the e-mail is taken.
func (db *DB) CreateUser(ctx context.Context, email, password string) error {
	if _, err := db.UserByEmail(ctx, email); err == nil {
		return app.Fail(app.CodeConflict, "There is a user with the e-mail %s already.", email)
	}
	return db.Write(ctx, func(tx *Tx) error {
		return tx.exec("user_insert", app.FoldEmail(email), password, int64(tx.t.now))
	})
}

// CreateFirstUser adds the first user, once: it returns CodeForbidden when token is not
// the hash kept with [DB.SetSetupToken], and uses it up.
func (db *DB) CreateFirstUser(ctx context.Context, token, email, password string) error {
	hash := sha256.Sum256([]byte(token))
	return db.Write(ctx, func(tx *Tx) error {
		var want []byte
		found, err := tx.t.w.q.row(background, "meta_get", args("setup_token"), &want)
		if err != nil {
			return err
		}
		if !found || string(want) != string(hash[:]) {
			return app.Fail(app.CodeForbidden, "This set-up link is not valid, or was used already. Start Kith again for a new one, or use `kith user add`.")
		}
		if err := tx.exec("meta_delete", "setup_token"); err != nil {
			return err
		}
		return tx.exec("user_insert", app.FoldEmail(email), password, int64(tx.t.now))
	})
}

// SetSetupToken makes the one-time token that creates the first user, and returns it.
// An older one is void from then on.
func (db *DB) SetSetupToken(ctx context.Context) (string, error) {
	token := randomText(32)
	hash := sha256.Sum256([]byte(token))
	return token, db.Write(ctx, func(tx *Tx) error { return tx.exec("meta_set", "setup_token", hash[:]) })
}

// SetPassword changes a user's hashed password and ends all of the user's sessions. It
// returns CodeNotFound if there is no such user.
func (db *DB) SetPassword(ctx context.Context, email, password string) error {
	u, err := db.UserByEmail(ctx, email)
	if err != nil {
		return err
	}
	return db.Write(ctx, func(tx *Tx) error {
		if err := tx.exec("user_password", password, u.Email); err != nil {
			return err
		}
		return tx.exec("session_clear", u.Row)
	})
}

// RemoveUser removes a user and ends the user's sessions. It returns CodeNotFound if
// there is no such user.
func (db *DB) RemoveUser(ctx context.Context, email string) error {
	u, err := db.UserByEmail(ctx, email)
	if err != nil {
		return err
	}
	return db.Write(ctx, func(tx *Tx) error {
		if err := tx.exec("session_clear", u.Row); err != nil {
			return err
		}
		return tx.exec("user_delete", u.Row)
	})
}

// CreateSession starts a session and returns its secret, of which only a hash is kept.
func (db *DB) CreateSession(ctx context.Context, user int64, expires app.Instant) (string, error) {
	secret := randomText(32)
	hash := sha256.Sum256([]byte(secret))
	return secret, db.Write(ctx, func(tx *Tx) error {
		return tx.exec("session_insert", hash[:], user, int64(db.sessionNow()), int64(expires))
	})
}

// Session returns the session of a secret. It returns CodeUnauthorized if there is
// none, or it is over.
func (db *DB) Session(ctx context.Context, secret string) (s app.Session, err error) {
	hash := sha256.Sum256([]byte(secret))
	found, err := db.queries.row(ctx, "session_find", args(hash[:]), &s.User, &s.Email, &s.SeenAt, &s.ExpiresAt)
	if err == nil && (!found || s.ExpiresAt <= db.sessionNow()) {
		err = app.Fail(app.CodeUnauthorized, "You are signed out. Sign in again.")
	}
	return s, err
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
	return db.Write(ctx, func(tx *Tx) error { return tx.exec("session_delete", hash[:]) })
}
