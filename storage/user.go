package storage

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"strconv"

	"kith/app"
)

// userColumns are where a row of user_all and its like goes.
func userColumns(u *app.User) []any {
	return []any{&u.Row, &u.Email, &u.Password, &u.Role, &u.CreatedAt, &u.TOTP, &u.TOTPStep, &u.RecoveryCodes, &u.SeenAt}
}

// Users returns who may sign in to the dashboard, oldest first.
func (db *DB) Users(ctx context.Context) ([]app.User, error) {
	var out []app.User
	err := db.queries.each(ctx, "user_all", nil, func(rows *sql.Rows) error {
		var u app.User
		err := rows.Scan(userColumns(&u)...)
		out = append(out, u)
		return err
	})
	return out, err
}

// UserByEmail returns a user. It returns CodeNotFound if there is none.
func (db *DB) UserByEmail(ctx context.Context, email string) (u app.User, err error) {
	found, err := db.queries.row(ctx, "user_by_email", args(app.FoldEmail(email)), userColumns(&u)...)
	if err == nil && !found {
		err = app.NotFound("There is no user with this e-mail.")
	}
	return u, err
}

// User returns a user by row. It returns CodeNotFound if there is none.
func (db *DB) User(ctx context.Context, row int64) (u app.User, err error) {
	found, err := db.queries.row(ctx, "user_by_id", args(row), userColumns(&u)...)
	if err == nil && !found {
		err = app.NotFound("There is no such user; it may have been removed.")
	}
	return u, err
}

// CreateUser adds a user with a hashed password and a role. The first one is the owner,
// whatever role says. It returns CodeConflict if the e-mail is taken, or there is an owner
// already and role asks for another.
func (db *DB) CreateUser(ctx context.Context, email, password string, role app.Role) error {
	return db.Write(ctx, func(tx *Tx) error { return tx.createUser(ctx, email, password, role) })
}

func (x *Tx) createUser(ctx context.Context, email, password string, role app.Role) error {
	email = app.FoldEmail(email)
	var row, users int64
	taken, err := x.t.w.q.row(background, "user_taken", args(email), &row)
	if err != nil {
		return err
	}
	if taken {
		return app.Fail(app.CodeConflict, "There is a user with the e-mail %s already.", email)
	}
	if _, err := x.t.w.q.row(background, "user_count", nil, &users); err != nil {
		return err
	}
	switch {
	case users == 0:
		role = app.RoleOwner
	case role == app.RoleOwner:
		return app.Fail(app.CodeConflict, "There is one owner. Add the user as an administrator; the owner can hand over then.")
	}
	res, err := x.t.w.q.exec("user_insert", email, password, int64(x.t.now), string(role))
	if err != nil {
		return err
	}
	if row, err = res.LastInsertId(); err != nil {
		return err
	}
	return x.audit(orThemselves(ctx, row), "user.create", strconv.FormatInt(row, 10), map[string]any{"role": role})
}

// orThemselves says that a user does what nobody else is said to do: with a one-time link.
func orThemselves(ctx context.Context, user int64) context.Context {
	if app.ActorOf(ctx) != "" {
		return ctx
	}
	return app.WithActor(ctx, app.ByUser(user))
}

// CreateFirstUser adds the first user, the owner, once: it returns CodeForbidden when
// token is not the one that [DB.SetSetupToken] made last, and uses it up.
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
		return tx.createUser(ctx, email, password, app.RoleOwner)
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
	return db.Write(ctx, func(tx *Tx) error { return tx.setPassword(ctx, u.Row, password) })
}

func (x *Tx) setPassword(ctx context.Context, user int64, password string) error {
	if err := x.exec("user_password", password, user); err != nil {
		return err
	}
	if err := x.exec("session_clear", user); err != nil {
		return err
	}
	return x.audit(orThemselves(ctx, user), "user.password", strconv.FormatInt(user, 10), nil)
}

// SetRole gives a user another role and ends all of the user's sessions. There is one
// owner: making another makes the one before an administrator, and the owner's own role
// cannot be taken otherwise (CodeConflict). It returns CodeNotFound if there is no such user.
func (db *DB) SetRole(ctx context.Context, user int64, role app.Role) error {
	return db.Write(ctx, func(tx *Tx) error {
		var had app.Role
		found, err := tx.t.w.q.row(background, "user_role_get", args(user), &had)
		switch {
		case err != nil:
			return err
		case !found:
			return app.NotFound("There is no such user; it may have been removed.")
		case had == role:
			return nil
		case had == app.RoleOwner:
			return app.Fail(app.CodeConflict, "There is always an owner. Make another user the owner; this one becomes an administrator by that.")
		}
		if role == app.RoleOwner {
			if err := tx.exec("session_clear_owner"); err != nil {
				return err
			}
			if err := tx.exec("user_owner_down"); err != nil {
				return err
			}
		}
		if err := tx.exec("user_role", string(role), user); err != nil {
			return err
		}
		if err := tx.exec("session_clear", user); err != nil {
			return err
		}
		return tx.audit(ctx, "user.role", strconv.FormatInt(user, 10), map[string]any{"from": had, "to": role})
	})
}

// RemoveUser removes a user, with the user's sessions and second factor. It returns
// CodeNotFound if there is no such user, and CodeConflict for the owner while there are others.
func (db *DB) RemoveUser(ctx context.Context, email string) error {
	u, err := db.UserByEmail(ctx, email)
	if err != nil {
		return err
	}
	return db.Write(ctx, func(tx *Tx) error {
		var users int64
		if _, err := tx.t.w.q.row(background, "user_count", nil, &users); err != nil {
			return err
		}
		var role app.Role
		if found, err := tx.t.w.q.row(background, "user_role_get", args(u.Row), &role); err != nil || !found {
			return err
		}
		if role == app.RoleOwner && users > 1 {
			return app.Fail(app.CodeConflict, "There is always an owner. Make another user the owner first.")
		}
		for _, name := range []string{"session_clear", "recovery_clear", "user_delete"} {
			if err := tx.exec(name, u.Row); err != nil {
				return err
			}
		}
		return tx.audit(ctx, "user.remove", strconv.FormatInt(u.Row, 10), map[string]any{"role": role})
	})
}

// SetTOTP gives a user a second factor, with the recovery codes that stand in for it, or
// takes it away when secret is nil. All of the user's sessions end.
func (db *DB) SetTOTP(ctx context.Context, user int64, secret []byte, step int64, recovery []string) error {
	return db.Write(ctx, func(tx *Tx) error {
		if err := tx.exec("user_totp", secret, step, user); err != nil {
			return err
		}
		if err := tx.setRecovery(user, recovery); err != nil {
			return err
		}
		if err := tx.exec("session_clear", user); err != nil {
			return err
		}
		action := "user.totp_on"
		if secret == nil {
			action = "user.totp_off"
		}
		return tx.audit(ctx, action, strconv.FormatInt(user, 10), nil)
	})
}

// SetRecoveryCodes replaces a user's recovery codes.
func (db *DB) SetRecoveryCodes(ctx context.Context, user int64, codes []string) error {
	return db.Write(ctx, func(tx *Tx) error {
		if err := tx.setRecovery(user, codes); err != nil {
			return err
		}
		return tx.audit(ctx, "user.recovery_codes", strconv.FormatInt(user, 10), nil)
	})
}

func (x *Tx) setRecovery(user int64, codes []string) error {
	if err := x.exec("recovery_clear", user); err != nil {
		return err
	}
	for _, code := range codes {
		hash := sha256.Sum256([]byte(code))
		if err := x.exec("recovery_insert", user, hash[:]); err != nil {
			return err
		}
	}
	return nil
}

// TakeTOTP notes that a code of a step was taken, once: it reports false when one of that
// step or a later one was taken before.
func (db *DB) TakeTOTP(ctx context.Context, user, step int64) (taken bool, err error) {
	err = db.Write(ctx, func(tx *Tx) error {
		taken, err = tx.any("user_totp_step", step, user)
		return err
	})
	return taken, err
}

// TakeRecoveryCode uses a recovery code up, and reports whether there was such a one.
func (db *DB) TakeRecoveryCode(ctx context.Context, user int64, code string) (taken bool, err error) {
	hash := sha256.Sum256([]byte(code))
	err = db.Write(ctx, func(tx *Tx) error {
		if taken, err = tx.any("recovery_take", user, hash[:]); err != nil || !taken {
			return err
		}
		return tx.audit(ctx, "user.recovery_used", strconv.FormatInt(user, 10), nil)
	})
	return taken, err
}

// any runs a named statement and reports whether it changed a row.
func (x *Tx) any(name string, args ...any) (bool, error) {
	res, err := x.t.w.q.exec(name, args...)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}
