package storage

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"strconv"
	"strings"

	"kith/app"
)

// Keys returns every API key pair, revoked ones included, oldest first.
func (db *DB) Keys(ctx context.Context) ([]app.Key, error) {
	var out []app.Key
	now := db.sessionNow()
	err := db.queries.each(ctx, "key_all", nil, func(rows *sql.Rows) error {
		var k app.Key
		var hash []byte
		var scopes string
		if err := rows.Scan(&k.Row, &k.Name, &k.Public, &hash, &k.PrivateHint, &k.CreatedAt, &k.LastUsedAt, &k.RevokedAt,
			&scopes, &k.PreviousHash, &k.PreviousHint, &k.PreviousUntil); err != nil {
			return err
		}
		copy(k.PrivateHash[:], hash)
		if k.PreviousUntil <= now {
			k.PreviousHash, k.PreviousHint, k.PreviousUntil = nil, "", 0
		}
		for scope := range strings.FieldsSeq(scopes) {
			k.Scopes = append(k.Scopes, app.Scope(scope)) // of a newer Kith too: it allows nothing here
		}
		out = append(out, k)
		return nil
	})
	return out, err
}

// CreateKey makes a key pair with scopes (none is everything) and returns it with the
// private key, which is not kept and cannot be shown again.
func (db *DB) CreateKey(ctx context.Context, name string, scopes ...app.Scope) (k app.Key, private string, err error) {
	k = app.Key{Name: name, Scopes: scopes, Public: "pk_" + randomText(18), CreatedAt: db.Now()}
	private = newPrivate(&k)
	err = db.Write(ctx, func(tx *Tx) error {
		res, err := tx.t.w.q.exec("key_insert", k.Name, k.Public, k.PrivateHash[:], k.PrivateHint, int64(k.CreatedAt), app.ScopeText(k.Scopes))
		if err != nil {
			return err
		}
		if k.Row, err = res.LastInsertId(); err != nil {
			return err
		}
		return tx.audit(ctx, "key.create", strconv.FormatInt(k.Row, 10), map[string]any{"name": k.Name, "scopes": app.ScopeText(k.Scopes)})
	})
	return k, private, err
}

// newPrivate makes a private key for k and returns it.
func newPrivate(k *app.Key) string {
	private := "sk_" + randomText(30)
	k.PrivateHash = sha256.Sum256([]byte(private))
	k.PrivateHint = private[len(private)-4:]
	return private
}

// RotateKey gives a key pair another private key and returns it; the one before counts
// until an instant. The public key stays: apps in people's hands have it. It returns
// CodeNotFound if there is no such pair, or it has ended.
func (db *DB) RotateKey(ctx context.Context, row int64, until app.Instant) (k app.Key, private string, err error) {
	keys, err := db.Keys(ctx)
	if err != nil {
		return k, "", err
	}
	for i := range keys {
		if keys[i].Row == row {
			k = keys[i]
		}
	}
	k.PreviousHint, k.PreviousUntil = k.PrivateHint, until
	private = newPrivate(&k)
	err = db.Write(ctx, func(tx *Tx) error {
		res, err := tx.t.w.q.exec("key_rotate", int64(until), k.PrivateHash[:], k.PrivateHint, row)
		if err != nil {
			return err
		}
		if err := oneRow(res, "There is no such key, or it is revoked already."); err != nil {
			return err
		}
		return tx.audit(ctx, "key.rotate", strconv.FormatInt(row, 10), map[string]any{"until": until})
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
		if err := oneRow(res, "There is no such key, or it is revoked already."); err != nil {
			return err
		}
		return tx.audit(ctx, "key.revoke", strconv.FormatInt(row, 10), nil)
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
