package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"log/slog"
	"strings"
	"sync"
	"time"

	"kith/app"
	"kith/app/integration"
)

// Pinned is a key pair that the configuration gives.
type Pinned struct{ Public, Private string }

// Key is the pair as the dashboard lists it, nil if there is none.
func (p Pinned) Key() *app.Key {
	if p.Public == "" {
		return nil
	}
	return &app.Key{
		Name: "configured", Public: p.Public, Pinned: true,
		PrivateHash: sha256.Sum256([]byte(p.Private)), PrivateHint: hint(p.Private),
	}
}

// hint is the end of a private key, to tell it from others; of a short one it would
// give too much away.
func hint(private string) string {
	if len(private) < 16 {
		return ""
	}
	return private[len(private)-4:]
}

// keyring holds the keys in memory. Another process may make or revoke one (`kith keys`),
// so what it holds is never older than keysFor.
type keyring struct {
	store  Store
	clock  app.Clock
	pinned *app.Key
	any    bool

	mu     sync.Mutex
	loaded time.Time
	keys   map[string]*app.Key
	used   map[int64]app.Instant
}

// keysFor bounds how long a revoked key still works.
const keysFor = 2 * time.Second

func newKeyring(store Store, o Options) *keyring {
	return &keyring{store: store, clock: o.Clock, pinned: o.Pinned.Key(), any: o.AnyKey, used: map[int64]app.Instant{}}
}

// find returns the key pair of a public key, nil if there is none.
func (k *keyring) find(ctx context.Context, public string) (*app.Key, error) {
	if k.any {
		return anyKey(public), nil
	}
	if k.pinned != nil && subtle.ConstantTimeCompare([]byte(k.pinned.Public), []byte(public)) == 1 {
		return k.pinned, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := time.Now(); now.Sub(k.loaded) > keysFor {
		keys, err := k.store.Keys(ctx)
		if err != nil {
			return nil, err
		}
		k.loaded, k.keys = now, make(map[string]*app.Key, len(keys))
		for i := range keys {
			if keys[i].RevokedAt == nil {
				k.keys[keys[i].Public] = &keys[i]
			}
		}
	}
	key := k.keys[public]
	if key != nil {
		k.used[key.Row] = app.InstantOf(k.clock.Now())
	}
	return key, nil
}

// anyKey is a key pair where every one is taken. What an SDK sends before its init() is
// none, as with Engage. Its Row tells pairs apart, below those that storage numbers.
func anyKey(public string) *app.Key {
	if public == "" || public == "null" || public == "undefined" {
		return nil
	}
	sum := sha256.Sum256([]byte(public))
	return &app.Key{Row: -int64(binary.BigEndian.Uint64(sum[:8])>>1) - 1, Name: "any", Public: public}
}

// forget makes the next request read the keys anew.
func (k *keyring) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.loaded = time.Time{}
}

// run writes down, once a minute, when keys were last used.
func (k *keyring) run(ctx context.Context, log *slog.Logger) error {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
		k.mu.Lock()
		used := k.used
		k.used = map[int64]app.Instant{}
		k.mu.Unlock()
		if len(used) > 0 {
			if err := k.store.TouchKeys(context.WithoutCancel(ctx), used); err != nil {
				log.Warn("note when keys were last used", "error", err)
			}
		}
		if ctx.Err() != nil {
			return nil
		}
	}
}

// authenticate finds the caller's key pair.
// Engage: HTTP Basic, user = public key, password = private key, which some calls do without.
func (a *API) authenticate(c *call, need level) error {
	user, password, ok := c.Request.BasicAuth()
	if ok && (need == writeKey || need == trackKey) {
		var done bool
		if user, password, done = a.ownKey(c, need, user, password); done {
			return nil
		}
	}
	return a.authenticateAs(c, need, user, password, ok)
}

// ownKey reports whether a connection's own key came along, and otherwise returns the
// pair of keys that did: a write key may be "public:private".
func (a *API) ownKey(c *call, need level, user, password string) (string, string, bool) {
	own := user
	if need == trackKey {
		own = password
	}
	if in, err := a.store.IntegrationByToken(c.Request.Context(), own); a.o.Hooks != nil && err == nil && integration.Find(in.Kind).Group == integration.Pipelines {
		c.token, c.through, c.trusted = own, in.Row, true
		return "", "", true
	}
	if public, private, both := strings.Cut(user, ":"); both {
		return public, strings.TrimSuffix(private, ":"), false
	}
	return user, strings.TrimSuffix(password, ":"), false
}

// authenticateAs finds the pair of a public key, and holds the private one against it.
func (a *API) authenticateAs(c *call, need level, user, password string, ok bool) error {
	if !ok {
		if strings.TrimSpace(c.GetHeader("Authorization")) == "" {
			return app.Fail(app.CodeUnauthorized, "No API key came along. Send HTTP Basic authentication: the public key as the user, the private key as the password.")
		}
		return app.Fail(app.CodeUnauthorized, "The Authorization header is not HTTP Basic with a key in it. Was the SDK used before its init()?")
	}
	key, err := a.keys.find(c.Request.Context(), user)
	if err != nil {
		return err
	}
	if key == nil {
		return app.Fail(app.CodeUnauthorized, "There is no public key %q here, or it is revoked. `kith keys list` shows those that work.", shorten(user))
	}
	c.key = key
	if password != "" {
		if !a.o.AnyKey && !key.Opens(password, app.InstantOf(a.keys.clock.Now())) {
			return app.Fail(app.CodeUnauthorized, "The private key that came along does not belong to the public key %s.", key.Public)
		}
		c.trusted = true
	}
	if (need == full || need == trackKey) && !c.trusted {
		return app.Fail(app.CodeForbidden, "This needs the private key; only the public one was sent. Call it from your server, with both keys.")
	}
	return nil
}

func shorten(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}
