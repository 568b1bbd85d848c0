package outward

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"kith/app"
	"kith/app/hook"
	"kith/app/integration"
	"kith/storage"
	"kith/storage/storagetest"
)

// receiver is a server of the team's own, which takes what is passed on.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	answers  []int // one after the other; then 200
	requests []*http.Request
	bodies   []string
}

func newReceiver(t *testing.T, answers ...int) *receiver {
	r := &receiver{answers: answers}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.requests, r.bodies = append(r.requests, req), append(r.bodies, string(body))
		status := http.StatusOK
		if len(r.answers) > 0 {
			status, r.answers = r.answers[0], r.answers[1:]
		}
		if status == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) got() (int, string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.bodies), strings.Join(r.bodies, "\n")
}

// house is a desk, and a sender that runs.
type house struct {
	db    *storage.DB
	clock *app.MovableClock
	desk  *hook.Desk
}

func openHouse(t *testing.T, private bool) *house {
	t.Helper()
	db, clock := storagetest.Open(t)
	client := New(Options{Private: private, Version: "test"})
	sender := NewSender(db, client, clock, nil)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- sender.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return &house{db, clock, hook.New(db, hook.Options{Clock: clock, Wake: sender.Wake})}
}

func (h *house) connect(t *testing.T, body string) *app.Integration {
	t.Helper()
	in, err := h.desk.Create(context.Background(), []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func (h *house) post(t *testing.T, in *app.Integration, body string) app.Delivery {
	t.Helper()
	r := &integration.Request{Body: []byte(body), Header: http.Header{"Content-Type": {"application/json"}, "X-Paystack-Signature": {"abc"}, "Cookie": {"secret"}}}
	receipt, err := h.desk.Receive(context.Background(), in.Token, r, false)
	if receipt == nil {
		t.Fatal(err)
	}
	return receipt.Delivery
}

// until waits for what is sent for a delivery to be as it should.
func (h *house) until(t *testing.T, d app.Delivery, what string, is func(o app.Outgoing) bool) app.Outgoing {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		all, err := h.db.OutgoingOf(context.Background(), d.Row)
		if err != nil {
			t.Fatal(err)
		}
		if len(all) > 0 && is(all[0]) {
			return all[0]
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %+v", what, all)
		}
	}
}

const charge = `{"event":"charge.success","data":{"id":1,"amount":100,"currency":"NGN","customer":{"customer_code":"CUS_1"}}}`

func TestForward_aHookIsPassedOnAsItCameAndTriedAgain(t *testing.T) {
	t.Parallel()
	h, to := openHouse(t, true), newReceiver(t, 500, 302)
	in := h.connect(t, `{"kind":"paystack","forward":"`+to.URL+`/hooks"}`)
	d := h.post(t, in, charge)
	failed := h.until(t, d, "the first try", func(o app.Outgoing) bool { return o.Tries == 1 })
	if !strings.Contains(failed.Error, "500") || failed.Due != app.InstantOf(h.clock.Now().Add(10*time.Second)) {
		t.Errorf("%+v", failed)
	}
	h.clock.Move(10 * time.Second)
	failed = h.until(t, d, "the second try", func(o app.Outgoing) bool { return o.Tries == 2 })
	if !strings.Contains(failed.Error, "redirects are not followed") {
		t.Errorf("%+v", failed)
	}
	h.clock.Move(time.Minute)
	h.until(t, d, "the third try", func(o app.Outgoing) bool { return o.DoneAt != nil })
	n, bodies := to.got()
	if n != 3 || bodies != charge+"\n"+charge+"\n"+charge {
		t.Errorf("%d requests came: %s", n, bodies)
	}
	r := to.requests[0]
	if r.Header.Get("X-Paystack-Signature") != "abc" || r.Header.Get("Cookie") != "" || r.Header.Get("Content-Type") != "application/json" || r.URL.Path != "/hooks" {
		t.Errorf("%v to %s", r.Header, r.URL)
	}
	// A redelivery is not passed on again; what Kith itself cannot read is.
	if d := h.post(t, in, charge); d.State != app.Repeated {
		t.Errorf("%+v", d)
	}
	d = h.post(t, in, `{"odd":true}`)
	if d.State != app.Failed {
		t.Errorf("%+v", d)
	}
	h.until(t, d, "the odd one", func(o app.Outgoing) bool { return o.DoneAt != nil })
	if n, _ := to.got(); n != 4 {
		t.Errorf("%d requests came, want 4", n)
	}
}

func TestForward_whatIsNotSignedIsNotPassedOn(t *testing.T) {
	t.Parallel()
	h, to := openHouse(t, true), newReceiver(t)
	in := h.connect(t, `{"kind":"paystack","secret":"sk_1","forward":"`+to.URL+`"}`)
	d := h.post(t, in, charge)
	if all, err := h.db.OutgoingOf(context.Background(), d.Row); err != nil || len(all) != 0 || d.State != app.Failed {
		t.Errorf("%+v, %+v, %v", d, all, err)
	}
}

func TestForward_neverToAPrivateNetworkUnlessAllowed(t *testing.T) {
	t.Parallel()
	h, to := openHouse(t, false), newReceiver(t)
	in := h.connect(t, `{"kind":"paystack","forward":"`+to.URL+`"}`)
	d := h.post(t, in, charge)
	o := h.until(t, d, "the first try", func(o app.Outgoing) bool { return o.Tries == 1 })
	if n, _ := to.got(); n != 0 || !strings.Contains(o.Error, "private network") {
		t.Errorf("%d requests came; %+v", n, o)
	}
}

func TestForward_isGivenUpInTheEnd(t *testing.T) {
	t.Parallel()
	h, to := openHouse(t, true), newReceiver(t, 500, 500, 500, 500, 500, 500, 500, 500, 500, 500, 500, 500)
	in := h.connect(t, `{"kind":"paystack","forward":"`+to.URL+`"}`)
	d := h.post(t, in, charge)
	for i := range len(backOff) {
		h.until(t, d, "a try", func(o app.Outgoing) bool { return o.Tries == i+1 })
		h.clock.Move(backOff[i])
	}
	o := h.until(t, d, "the end", func(o app.Outgoing) bool { return o.GivenUp })
	if o.Tries != len(backOff)+1 || o.DoneAt != nil {
		t.Errorf("%+v", o)
	}
}

func TestForward_ofWhomWasErasedNothingIsSent(t *testing.T) {
	t.Parallel()
	h, to := openHouse(t, true), newReceiver(t, 500)
	in := h.connect(t, `{"kind":"paystack","forward":"`+to.URL+`"}`)
	d := h.post(t, in, charge)
	h.until(t, d, "the first try", func(o app.Outgoing) bool { return o.Tries == 1 })
	customers, _, err := h.db.Customers(context.Background(), app.CustomerFilter{}, app.Page{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	storagetest.Apply(t, h.db, &app.Delete{UID: customers[0].UID, Erase: true})
	h.clock.Move(time.Hour)
	o := h.until(t, d, "the second try", func(o app.Outgoing) bool { return o.GivenUp })
	if n, _ := to.got(); n != 1 || o.DoneAt != nil {
		t.Errorf("%d requests came; %+v", n, o)
	}
}

func TestAllowed_addresses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"127.0.0.1:80", "10.1.2.3:443", "172.16.0.1:1", "192.168.1.1:80", "169.254.169.254:80", "0.0.0.0:80", "100.64.1.1:80", "224.0.0.1:80", "255.255.255.255:80",
		"[::1]:80", "[::]:80", "[fe80::1]:80", "[fd00::1]:80", "[::ffff:127.0.0.1]:80", "[::ffff:10.0.0.1]:80", "[64:ff9b::7f00:1]:80", "[2002:7f00:1::]:80", "[ff02::1]:80", "198.51.100.7:80", "240.0.0.1:1", "nonsense"} {
		if err := allowed(address, false); err == nil {
			t.Errorf("%s is allowed", address)
		}
	}
	for _, address := range []string{"8.8.8.8:443", "[2606:4700::1111]:443", "1.1.1.1:80"} {
		if err := allowed(address, false); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	for address, want := range map[string]bool{"127.0.0.1:80": true, "10.0.0.1:80": true, "[::1]:80": true, "0.0.0.0:80": false, "224.0.0.1:80": false} {
		if err := allowed(address, true); (err == nil) != want {
			t.Errorf("%s where private ones are allowed: %v", address, err)
		}
	}
}

func TestClient_aNameThatLeadsInsideIsRefused(t *testing.T) {
	t.Parallel()
	to := newReceiver(t)
	c := New(Options{})
	_, port, _ := strings.Cut(strings.TrimPrefix(to.URL, "http://"), ":")
	for _, url := range []string{to.URL, "http://localhost:" + port, "http://[::ffff:127.0.0.1]:" + port, "http://127.1:" + port, "http://0x7f000001:" + port, "http://2130706433:" + port} {
		r, err := http.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			continue
		}
		if _, _, err := c.do(context.Background(), r); err == nil {
			t.Errorf("%s was reached", url)
		}
	}
	if n, _ := to.got(); n != 0 {
		t.Errorf("%d requests came", n)
	}
}

func TestCertificate_isFetchedOnceAndHeldAgainstNonsense(t *testing.T) {
	t.Parallel()
	to := newReceiver(t, 500)
	c := New(Options{Private: true})
	for _, why := range []string{"an error", "no PEM"} {
		if _, err := c.Certificate(to.URL + "/a.pem"); err == nil {
			t.Errorf("%s is taken for a certificate", why)
		}
	}
	if _, err := New(Options{}).Certificate(to.URL); !errors.Is(err, errPrivate) {
		t.Errorf("%v", err)
	}
}

// After a restore nothing leaves until that is confirmed; then what waited does, or, when
// it is discarded, only what comes after.
func TestQuarantine_nothingIsSentUntilItIsConfirmed(t *testing.T) {
	t.Parallel()
	for _, discard := range []bool{false, true} {
		to := newReceiver(t)
		folder, clock := t.TempDir(), app.NewMovableClock(storagetest.Start)
		db, err := storage.Open(t.Context(), folder, storage.Options{Clock: clock})
		if err != nil {
			t.Fatal(err)
		}
		h := &house{db, clock, hook.New(db, hook.Options{Clock: clock})}
		in := h.connect(t, `{"kind":"paystack","forward":"`+to.URL+`/hooks"}`)
		waiting := h.post(t, in, charge)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if err := storage.Restored(t.Context(), filepath.Join(folder, storage.FileName), app.Quarantine{Since: 1, Of: 1, File: "b"}); err != nil {
			t.Fatal(err)
		}
		if db, err = storage.Open(t.Context(), folder, storage.Options{Clock: clock}); err != nil {
			t.Fatal(err)
		}
		h = &house{db, clock, hook.New(db, hook.Options{Clock: clock})}
		within := func(ok func() bool) bool {
			for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
				if time.Now().After(deadline) {
					return false
				}
			}
			return true
		}
		sender := NewSender(db, New(Options{Private: true, Version: "test"}), clock, nil)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- sender.Run(ctx) }()
		for range 20 {
			sender.Wake()
			time.Sleep(5 * time.Millisecond)
		}
		if n, _ := to.got(); n != 0 {
			t.Errorf("%d requests left a quarantine", n)
		}
		n, err := db.EndQuarantine(t.Context(), discard)
		if err != nil || n != 1 {
			t.Errorf("%d waited: %v", n, err)
		}
		sender.Wake()
		later := h.post(t, in, strings.Replace(charge, `"id":1`, `"id":2`, 1))
		sender.Wake()
		h.until(t, later, "what came later", func(o app.Outgoing) bool { return o.DoneAt != nil })
		h.until(t, waiting, "what waited", func(o app.Outgoing) bool { return o.GivenUp == discard && (discard || o.DoneAt != nil) })
		want := 2
		if discard {
			want = 1
		}
		if !within(func() bool { n, _ := to.got(); return n == want }) {
			n, _ := to.got()
			t.Errorf("discarded %v: %d requests came, want %d", discard, n, want)
		}
		cancel()
		if err := errors.Join(<-done, db.Close()); err != nil {
			t.Error(err)
		}
	}
}
