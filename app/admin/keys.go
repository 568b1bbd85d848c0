package admin

import (
	"strings"
	"time"

	"kith/app"
)

type keyView struct {
	ID          string       `json:"id"`
	Name        string       `json:"name"`
	Public      string       `json:"public"`
	Private     string       `json:"private,omitempty"` // in the one answer that made it
	PrivateHint string       `json:"private_hint"`
	CreatedAt   *app.Instant `json:"created_at"`
	LastUsedAt  *app.Instant `json:"last_used_at"`
	RevokedAt   *app.Instant `json:"revoked_at"`
	// Scopes is what the pair may do; none is everything.
	Scopes []app.Scope `json:"scopes"`
	// PreviousHint and PreviousUntil are of the private key before the last rotation, while it counts.
	PreviousHint  string       `json:"previous_hint,omitempty"`
	PreviousUntil *app.Instant `json:"previous_until,omitempty"`
	Pinned        bool         `json:"pinned"`
}

func keyOf(k app.Key) keyView {
	v := keyView{ID: itoa(k.Row), Name: k.Name, Public: k.Public, PrivateHint: "…" + k.PrivateHint,
		LastUsedAt: k.LastUsedAt, RevokedAt: k.RevokedAt, Pinned: k.Pinned, Scopes: k.Scopes}
	if v.Scopes == nil {
		v.Scopes = []app.Scope{}
	}
	if k.PreviousUntil != 0 {
		v.PreviousHint, v.PreviousUntil = "…"+k.PreviousHint, &k.PreviousUntil
	}
	if !k.Pinned {
		v.CreatedAt = &k.CreatedAt
	}
	return v
}

func (a *Admin) keys(c *call) (any, error) {
	keys, err := a.store.Keys(c.Request.Context())
	if err != nil {
		return nil, err
	}
	out := []keyView{}
	if a.o.Pinned != nil {
		out = append(out, keyOf(*a.o.Pinned))
	}
	for _, k := range keys {
		out = append(out, keyOf(k))
	}
	return map[string]any{"data": out, "base_url": a.base(c)}, nil
}

func (a *Admin) createKey(c *call) (any, error) {
	var in struct {
		Name   string
		Scopes []string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Name == "" || len(in.Name) > 64 {
		return nil, app.Invalid("name", "must have 1 to 64 characters")
	}
	scopes, err := app.ParseScopes(strings.Join(in.Scopes, " "))
	if err != nil {
		return nil, err
	}
	k, private, err := a.store.CreateKey(c.Request.Context(), in.Name, scopes...)
	if err != nil {
		return nil, err
	}
	a.o.KeysChanged()
	v := keyOf(k)
	v.Private = private
	return v, nil
}

// keyRow is the row of the path's key, which must not be pinned.
func keyRow(c *call) (int64, error) {
	row, err := atoi(c.Param("id"))
	if err != nil {
		return 0, app.NotFound("There is no such key.")
	}
	if row == 0 {
		return 0, app.Fail(app.CodeConflict, "This key is set in the configuration: change it there and start Kith again.")
	}
	return row, nil
}

const (
	// overlap is how long the private key before a rotation counts when nothing else is asked for.
	overlap = 24 * time.Hour
	// maxOverlap bounds that: an old key that never ends was not rotated.
	maxOverlap = 90 * 24 * time.Hour
)

// rotateKey makes another private key for a pair; the one before counts until an instant.
func (a *Admin) rotateKey(c *call) (any, error) {
	row, err := keyRow(c)
	if err != nil {
		return nil, err
	}
	var in struct{ Until *app.Instant }
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	now := app.InstantOf(a.o.Sessions.Now())
	until := now + app.Instant(overlap.Milliseconds())
	if in.Until != nil {
		until = max(*in.Until, now)
	}
	if until > now+app.Instant(maxOverlap.Milliseconds()) {
		return nil, app.Invalid("until", "can be 90 days from now at most")
	}
	k, private, err := a.store.RotateKey(c.Request.Context(), row, until)
	if err != nil {
		return nil, err
	}
	a.o.KeysChanged()
	v := keyOf(k)
	v.Private = private
	return v, nil
}

func (a *Admin) revokeKey(c *call) (any, error) {
	row, err := keyRow(c)
	if err != nil {
		return nil, err
	}
	if err := a.store.RevokeKey(c.Request.Context(), row); err != nil {
		return nil, err
	}
	a.o.KeysChanged()
	return map[string]string{"status": "ok"}, nil
}
