// Package hook is the desk where services outside hand in what happened: it finds the
// connection, has package integration check and read the body, and stores it with what
// it became in one transaction; and it tries again what failed. It owns no rule of any
// service, and sends nothing by itself.
//
// The invariant: whatever the answer is, the body is on the disk first, and a body whose
// signature is wrong becomes nothing.
package hook

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"kith/app"
	"kith/app/integration"
)

// Store is what the desk needs of storage.
type Store interface {
	Apply(ctx context.Context, b app.Batch) ([]app.Result, error)
	Integrations(ctx context.Context) ([]app.Integration, error)
	FindIntegration(ctx context.Context, id string) (*app.Integration, error)
	IntegrationByToken(ctx context.Context, token string) (*app.Integration, error)
	Tiles(ctx context.Context, i *app.Integration, fromDay int64) error
	CreateIntegration(ctx context.Context, i *app.Integration) error
	UpdateIntegration(ctx context.Context, i *app.Integration) error
	DeleteIntegration(ctx context.Context, i *app.Integration) error
	NewIntegrationToken() string
	Deliveries(ctx context.Context, f app.DeliveryFilter, limit int) ([]app.Delivery, bool, error)
	Delivery(ctx context.Context, id string) (*app.Delivery, error)
	DeliveryRow(id string) (int64, error)
	OutgoingOf(ctx context.Context, delivery int64) ([]app.Outgoing, error)
}

// Options configure New.
type Options struct {
	Clock app.Clock
	Zone  *time.Location
	// Certificate fetches what SNS signs with; without it SES cannot be verified.
	Certificate func(url string) (*x509.Certificate, error)
	// Wake is told that something is to be sent.
	Wake func()
}

// Desk takes hooks. Its methods may be called at once.
type Desk struct {
	store Store
	o     Options

	mu       sync.Mutex
	watchers map[chan Notice]struct{}
}

// Notice says that a delivery was stored, or tried again.
type Notice struct {
	Integration string // its public id
	Delivery    app.Delivery
}

// New returns a Desk over a store.
func New(store Store, o Options) *Desk {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Wake == nil {
		o.Wake = func() {}
	}
	return &Desk{store: store, o: o, watchers: map[chan Notice]struct{}{}}
}

// Receipt is what a service is told.
type Receipt struct {
	Integration *app.Integration
	Delivery    app.Delivery
	Rejected    []integration.Rejection
}

// Receive takes what was posted to the connection with a token. Whatever it returns, the
// body is stored, unless there is no such connection or the disk does not take it. The
// error is for the service: CodeUnauthorized for a signature that is missing or wrong,
// CodeInvalid for what cannot be read or kept. With believed the caller has proved
// itself by knowing the token as an API key, and nothing need be signed.
func (d *Desk) Receive(ctx context.Context, token string, r *integration.Request, believed bool) (*Receipt, error) {
	in, err := d.store.IntegrationByToken(ctx, token)
	if err != nil {
		return nil, err
	}
	env := d.env(app.InstantOf(d.o.Clock.Now()))
	h := &app.Hook{Integration: in.Row, Body: r.Body, Whole: integration.Find(in.Kind).Whole}
	if believed {
		h.Verified = true
	} else if h.Verified, err = integration.Verify(in, r, env); err != nil {
		h.Header = keptHeader(r, true)
		return d.fail(ctx, in, h, err)
	}
	h.Header = keptHeader(r, false)
	return d.read(ctx, in, h, r, env)
}

func (d *Desk) env(at app.Instant) integration.Env {
	return integration.Env{Now: at, Zone: d.o.Zone, Certificate: d.o.Certificate}
}

// read has a body that may be believed read, and applies what it says.
func (d *Desk) read(ctx context.Context, in *app.Integration, h *app.Hook, r *integration.Request, env integration.Env) (*Receipt, error) {
	if in.Options.Forward != "" && h.Replay == 0 {
		h.Outgoing = append(h.Outgoing, app.Outgoing{Kind: app.Forwarded, URL: in.Options.Forward})
	}
	reading, err := integration.Read(in, r, env)
	if reading != nil {
		h.Event = cut(reading.Event)
	}
	if err != nil {
		return d.fail(ctx, in, h, err)
	}
	h.State, h.Error = app.Ignored, reading.Note
	if n := len(reading.Rejected); n > 0 {
		first := reading.Rejected[0]
		h.Refused = fmt.Sprintf("item %d: %s", first.Index, app.Public(first.Err).Sentence())
		if n > 1 {
			h.Refused += fmt.Sprintf(" (and %d more were left out)", n-1)
		}
		if len(reading.Changes) == 0 {
			h.State, h.Error = app.Failed, h.Refused
		}
	}
	if reading.Confirm != "" {
		h.Outgoing = append(h.Outgoing, app.Outgoing{Kind: app.Confirmed, URL: reading.Confirm})
	}
	if err := d.apply(ctx, in, app.Batch{Changes: reading.Changes, Hook: h}); err != nil {
		return nil, err
	}
	out := &Receipt{Integration: in, Delivery: h.Delivery, Rejected: reading.Rejected}
	if h.Delivery.State == app.Failed && len(reading.Rejected) == 0 {
		return out, app.Invalid("", "%s", h.Delivery.Error)
	}
	return out, nil
}

// fail stores a body that becomes nothing, and returns why.
func (d *Desk) fail(ctx context.Context, in *app.Integration, h *app.Hook, why error) (*Receipt, error) {
	h.State, h.Error = app.Failed, app.Public(why).Sentence()
	if err := d.apply(ctx, in, app.Batch{Hook: h}); err != nil {
		return nil, err
	}
	return &Receipt{Integration: in, Delivery: h.Delivery}, why
}

func (d *Desk) apply(ctx context.Context, in *app.Integration, b app.Batch) error {
	if app.ActorOf(ctx) == "" { // the service itself
		ctx = app.WithActor(ctx, app.ByIntegration(in.Row))
	}
	if _, err := d.store.Apply(ctx, b); err != nil {
		return err
	}
	if len(b.Hook.Outgoing) > 0 {
		d.o.Wake()
	}
	d.tell(Notice{in.ID, b.Hook.Delivery})
	return nil
}

// Replay tries a delivery again as it was stored, or, with mended, as a person mended
// it. What was applied of it before is not applied twice. A body that was never
// verified must pass now, unless a person vouches for it by having mended it.
func (d *Desk) Replay(ctx context.Context, in *app.Integration, id string, mended []byte) (*app.Delivery, error) {
	was, err := d.store.Delivery(ctx, id)
	if err != nil {
		return nil, err
	}
	if was.Integration != in.Row {
		return nil, app.NotFound("There is no delivery with this id.")
	}
	if was.Removed {
		return nil, app.Fail(app.CodeConflict, "The body of this delivery was erased; there is nothing to replay.")
	}
	env := d.env(was.ReceivedAt)
	env.Replay = true
	r := requestOf(was)
	h := &app.Hook{Integration: in.Row, Replay: was.Row, Body: mended, Header: was.Header, Verified: was.Verified, Whole: integration.Find(in.Kind).Whole}
	if mended != nil {
		r.Body = mended
	} else if !was.Verified && was.Mended == nil {
		if h.Verified, err = integration.Verify(in, r, d.replayed(env)); err != nil {
			if _, failed := d.fail(ctx, in, h, err); failed != err {
				return nil, failed
			}
			return &h.Delivery, nil
		}
	}
	if _, err := d.read(ctx, in, h, r, env); err != nil && h.Delivery.Row == 0 {
		return nil, err
	}
	return &h.Delivery, nil
}

// replayed is an environment in which today's secrets count for an old body.
func (d *Desk) replayed(env integration.Env) integration.Env {
	env.Now = app.InstantOf(d.o.Clock.Now())
	return env
}

// Watch returns a channel that gets each notice, and a function that ends it.
func (d *Desk) Watch() (<-chan Notice, func()) {
	ch := make(chan Notice, 64)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.watchers[ch] = struct{}{}
	return ch, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.watchers, ch)
	}
}

func (d *Desk) tell(n Notice) {
	n.Delivery.Body, n.Delivery.Mended = nil, nil
	d.mu.Lock()
	defer d.mu.Unlock()
	for ch := range d.watchers {
		select {
		case ch <- n:
		default: // it reads too slowly; the page asks again
		}
	}
}

// cut bounds the name of an event that somebody else made up.
func cut(s string) string {
	if r := []rune(s); len(r) > app.MaxName {
		return string(r[:app.MaxName-1]) + "…"
	}
	return s
}

// What is kept of the headers, beside those that carry a signature.
const (
	routeHeader  = "Kith-Route"
	urlHeader    = "Kith-Url"
	maxHeaderKey = 8 << 10
)

// keptHeader are the headers that a replay needs. A password is kept only while the
// body has not been believed, so that it can be held against a secret that is mended.
func keptHeader(r *integration.Request, doubted bool) []byte {
	kept, size := map[string]string{}, 0
	for name, values := range r.Header {
		low := strings.ToLower(name)
		keep := low == "content-type" || low == "user-agent" || strings.HasPrefix(low, "svix-") || strings.HasPrefix(low, "webhook-") || strings.Contains(low, "signature")
		if doubted && (low == "authorization" || low == "verif-hash" || strings.HasPrefix(low, "x-")) && !strings.HasPrefix(low, "x-forwarded") && low != "x-real-ip" {
			keep = true
		}
		if size += len(name) + len(values[0]); keep && size < maxHeaderKey {
			kept[http.CanonicalHeaderKey(name)] = values[0]
		}
	}
	if r.Route != "" {
		kept[routeHeader] = r.Route
	}
	if r.URL != "" && doubted {
		kept[urlHeader] = r.URL
	}
	b, err := json.Marshal(kept)
	if err != nil {
		return []byte("{}") // texts always encode
	}
	return b
}

// requestOf is a stored delivery as it came.
func requestOf(d *app.Delivery) *integration.Request {
	r := &integration.Request{Body: d.Body, Header: http.Header{}}
	if d.Mended != nil {
		r.Body = d.Mended
	}
	kept := map[string]string{}
	_ = json.Unmarshal(d.Header, &kept)
	for name, v := range kept {
		switch name {
		case routeHeader:
			r.Route = v
		case urlHeader:
			r.URL = v
		default:
			r.Header.Set(name, v)
		}
	}
	return r
}
