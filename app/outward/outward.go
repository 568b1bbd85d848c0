// Package outward is the one way by which Kith sends requests by itself: hooks passed on
// as they came, confirmations of subscriptions, certificates that signatures are checked
// with. It owns no data: what is to be sent, and how it went, is in storage.
//
// The invariant: no request reaches an address of a private network unless the
// configuration allows it, whatever name it was hidden behind: the address is checked
// when the connection is made, after the name was resolved; and no redirect is followed.
package outward

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"kith/app"
)

// Options configure New.
type Options struct {
	// Private lets requests reach loopback and private networks.
	Private bool
	// Version is what the requests call themselves.
	Version string
}

// Client makes requests.
type Client struct {
	http    *http.Client
	version string

	mu           sync.Mutex
	certificates map[string]*x509.Certificate
}

const (
	// timeout is for one request with its answer.
	timeout = 15 * time.Second
	// maxAnswer bounds what is read of an answer.
	maxAnswer = 64 << 10
	// maxCertificates bounds the cache; SNS has one per region, and changes it once a year.
	maxCertificates = 50
)

// New returns a client.
func New(o Options) *Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		return allowed(address, o.Private)
	}}
	return &Client{
		version: o.Version, certificates: map[string]*x509.Certificate{},
		http: &http.Client{
			Timeout:       timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: &http.Transport{
				DialContext: dialer.DialContext, TLSHandshakeTimeout: 10 * time.Second, MaxIdleConns: 10,
				IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true,
			},
		},
	}
}

// Close lets idle connections go.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// shared are addresses that belong to nobody on the internet, beside those that Go knows
// as private: carriers' NAT, documentation, benchmarks, the future.
var shared = prefixes("100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"240.0.0.0/4", "0.0.0.0/8", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:db8::/32", "2002::/16")

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		out[i] = netip.MustParsePrefix(t)
	}
	return out
}

var errPrivate = errors.New("the address is of a private network, which the setting hooks.private does not allow")

// allowed checks an address that is about to be connected to.
func allowed(address string, private bool) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := at.Addr().Unmap()
	if private {
		if ip.IsUnspecified() || ip.IsMulticast() {
			return errPrivate
		}
		return nil
	}
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() {
		return errPrivate
	}
	for _, p := range shared {
		if p.Contains(ip) {
			return errPrivate
		}
	}
	return nil
}

// do makes one request, and returns the status and the beginning of the answer.
func (c *Client) do(ctx context.Context, r *http.Request) (int, []byte, error) {
	r.Header.Set("User-Agent", "Kith/"+c.version)
	res, err := c.http.Do(r.WithContext(ctx))
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	return res.StatusCode, body, err
}

// Certificate fetches the certificate at an address, and keeps it. Whoever calls it has
// made sure that the address may be believed.
func (c *Client) Certificate(address string) (*x509.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if have := c.certificates[address]; have != nil && time.Now().Before(have.NotAfter) {
		return have, nil
	}
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	status, body, err := c.do(context.Background(), r)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("fetch the certificate: %d", status)
	}
	block, _ := pem.Decode(body)
	if block == nil {
		return nil, errors.New("fetch the certificate: it is no PEM")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	if len(c.certificates) >= maxCertificates {
		clear(c.certificates)
	}
	c.certificates[address] = certificate
	return certificate, nil
}

// Store is where what is to be sent is kept.
type Store interface {
	DueOutgoing(ctx context.Context, limit int) ([]app.Outgoing, error)
	NextOutgoing(ctx context.Context) (app.Instant, error)
	SaveOutgoing(ctx context.Context, o app.Outgoing) error
	// Quarantine is not nil after a restore, until a person confirms that things may be sent.
	Quarantine(ctx context.Context) (*app.Quarantine, error)
}

// Sender sends what storage has due, until it succeeds or has been tried for long.
type Sender struct {
	store  Store
	client *Client
	clock  app.Clock
	log    *slog.Logger
	woken  chan struct{}
}

// NewSender returns a Sender that does not run yet.
func NewSender(store Store, client *Client, clock app.Clock, log *slog.Logger) *Sender {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Sender{store: store, client: client, clock: clock, log: log, woken: make(chan struct{}, 1)}
}

// Wake says that something new is due.
func (s *Sender) Wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

// backOff is how long to wait after each try: some 26 hours in all, as long as the
// services themselves try. After the last one it is given up.
var backOff = []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 20 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 6 * time.Hour, 12 * time.Hour}

// atOnce is how many requests are under way together: one slow receiver does not hold
// up the others.
const atOnce = 8

// quarantineLook is how often it is asked, in a quarantine, whether that is over: another
// program may have ended it.
const quarantineLook = 2 * time.Second

// quarantined reports whether nothing may be sent; when that cannot be read, nothing is.
func (s *Sender) quarantined(ctx context.Context) bool {
	q, err := s.store.Quarantine(ctx)
	if err != nil {
		s.log.Error("read whether what waits may be sent", "error", err)
	}
	return err != nil || q != nil
}

// Run sends until ctx ends.
func (s *Sender) Run(ctx context.Context) error {
	defer s.client.Close()
	for ctx.Err() == nil {
		if s.quarantined(ctx) {
			timer := time.NewTimer(quarantineLook)
			select {
			case <-timer.C:
			case <-s.woken:
			case <-ctx.Done():
			}
			timer.Stop()
			continue
		}
		n, err := s.round(ctx)
		if err != nil {
			s.log.Error("send what is due", "error", err)
		}
		if n > 0 && err == nil {
			continue
		}
		var reached <-chan struct{}
		stop := func() {}
		next, nerr := s.store.NextOutgoing(ctx)
		if err != nil || nerr != nil {
			next = app.InstantOf(s.clock.Now().Add(time.Minute))
		}
		if next != 0 {
			reached, stop = s.clock.Until(next.Time())
		}
		select {
		case <-reached:
		case <-s.woken:
		case <-ctx.Done():
		}
		stop()
	}
	return nil
}

// round sends what is due now and reports how many that were.
func (s *Sender) round(ctx context.Context) (int, error) {
	due, err := s.store.DueOutgoing(ctx, atOnce)
	if err != nil {
		return 0, err
	}
	var wg sync.WaitGroup
	failed := make([]error, len(due))
	for i := range due {
		wg.Go(func() { failed[i] = s.send(ctx, due[i]) })
	}
	wg.Wait()
	return len(due), errors.Join(failed...)
}

func (s *Sender) send(ctx context.Context, o app.Outgoing) error {
	if o.GivenUp { // its delivery is gone
		o.Error = "What was to be sent is no longer kept."
		return s.store.SaveOutgoing(context.WithoutCancel(ctx), o)
	}
	o.Tries++
	err := s.try(ctx, o)
	if ctx.Err() != nil {
		return nil // stopping; it is tried again at the next start
	}
	now := app.InstantOf(s.clock.Now())
	switch {
	case err == nil:
		o.DoneAt, o.Error = &now, ""
	case o.Tries > len(backOff):
		o.GivenUp, o.Error = true, err.Error()
	default:
		o.Error = err.Error()
		o.Due = now + app.Instant(backOff[o.Tries-1].Milliseconds())
	}
	return s.store.SaveOutgoing(context.WithoutCancel(ctx), o)
}

// try makes the request once.
func (s *Sender) try(ctx context.Context, o app.Outgoing) error {
	r, err := request(o)
	if err != nil {
		return err
	}
	status, _, err := s.client.do(ctx, r)
	switch {
	case errors.Is(err, errPrivate):
		return errPrivate
	case err != nil:
		return fmt.Errorf("it could not be reached: %w", err)
	case status >= 300 && status < 400:
		return fmt.Errorf("it answered %d, and redirects are not followed", status)
	case status < 200 || status >= 300:
		return fmt.Errorf("it answered %d", status)
	}
	return nil
}

func request(o app.Outgoing) (*http.Request, error) {
	if o.Kind == app.Confirmed {
		return http.NewRequest(http.MethodGet, o.URL, nil)
	}
	r, err := http.NewRequest(http.MethodPost, o.URL, bytes.NewReader(o.Body))
	if err != nil {
		return nil, err
	}
	r.ContentLength = int64(len(o.Body))
	kept := map[string]string{}
	_ = json.Unmarshal(o.Header, &kept)
	for name, v := range kept { // the signature too, so that the next one can check it as well
		if name != "Kith-Route" && name != "Kith-Url" && name != "User-Agent" {
			r.Header.Set(name, v)
		}
	}
	return r, nil
}
