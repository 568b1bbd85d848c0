package storage_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"kith/app"
	"kith/storage"
	"kith/storage/storagetest"
)

// connected makes a connection of a kind.
func connected(t testing.TB, db *storage.DB, kind string) *app.Integration {
	t.Helper()
	in := &app.Integration{Kind: kind, Name: kind}
	if err := db.CreateIntegration(bg, in); err != nil {
		t.Fatal(err)
	}
	return in
}

// seen is what a service reports of somebody: an event, under a key.
func seen(in *app.Integration, key string, p app.Person, when app.Instant) *app.Observe {
	p.Service = in.Kind
	return &app.Observe{Person: p, Integration: in.Row, Key: key, At: when, Source: in.Kind, Event: &app.Track{Event: "charge.success", At: when}}
}

// delivered applies a body that became changes, and returns the delivery.
func delivered(t testing.TB, db *storage.DB, in *app.Integration, body string, changes ...app.Change) app.Delivery {
	t.Helper()
	h := &app.Hook{Integration: in.Row, Body: []byte(body), State: app.Ignored}
	if _, err := db.Apply(bg, app.Batch{Changes: changes, Hook: h}); err != nil {
		t.Fatal(err)
	}
	return h.Delivery
}

func TestObserve_findsOnePersonByEachOfTheirNames(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	in := connected(t, db, "stripe")
	one(t, db, withEmail("known", "known@example.com", true))
	one(t, db, set("cus_importedByFile"))
	one(t, db, set("12345678"))
	for _, c := range []struct {
		what    string
		person  app.Person
		uid     string // "": somebody new, who is provisional
		created bool
	}{
		{"an e-mail that is known", app.Person{Email: "Known@Example.com", External: []string{"cus_1"}}, "known", false},
		{"the service's id seen before, though the e-mail is another's", app.Person{Email: "else@example.com", External: []string{"cus_1"}}, "known", false},
		{"nobody we know", app.Person{Email: "new@example.com", External: []string{"cus_2"}}, "", true},
		{"the same by the service's id alone", app.Person{External: []string{"cus_2"}}, "", false},
		{"our id comes: the provisional one gets it", app.Person{UID: "u2", External: []string{"cus_2"}}, "u2", false},
		{"and keeps it", app.Person{External: []string{"cus_2"}}, "u2", false},
		{"our id before all", app.Person{UID: "known", External: []string{"cus_2"}}, "known", false},
		{"our id of nobody yet", app.Person{UID: "u3", External: []string{"cus_3"}}, "u3", true},
		{"a service's id that a file brought in", app.Person{External: []string{"cus_importedByFile"}}, "cus_importedByFile", false},
		{"a bare number is the service's own, never ours", app.Person{External: []string{"12345678"}}, "", true},
	} {
		res := one(t, db, seen(in, "evt "+c.what, c.person, at(0)))
		switch {
		case res.Created != c.created:
			t.Errorf("%s: created %v", c.what, res.Created)
		case c.uid != "" && res.UID != c.uid:
			t.Errorf("%s: %s, want %s", c.what, res.UID, c.uid)
		case c.uid == "" && !storagetest.Customer(t, db, res.UID).Provisional:
			t.Errorf("%s: %s is not provisional", c.what, res.UID)
		}
	}
}

// TestObserve_whoWasTwoBecomesOne has a visitor of the service's and one of an address
// meet: what both had is then the one customer's.
func TestObserve_whoWasTwoBecomesOne(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	in := connected(t, db, "paystack")
	first := one(t, db, seen(in, "1", app.Person{External: []string{"CUS_1"}}, at(0)))
	delivered(t, db, in, `{"n":1}`, seen(in, "2", app.Person{External: []string{"CUS_1"}}, at(time.Second)))
	one(t, db, withEmail("ada", "ada@example.com", true))
	one(t, db, seen(in, "3", app.Person{Email: "ada@example.com", UID: "ada", External: []string{"CUS_1"}}, at(2*time.Second)))
	ada := storagetest.Customer(t, db, "ada")
	if again := storagetest.Customer(t, db, first.UID); again.UID != "ada" {
		t.Errorf("the provisional one is %s, want ada", again.UID)
	}
	if n, err := db.EventCount(bg, ada.Row); err != nil || n != 3 {
		t.Errorf("ada has %d events, %v", n, err)
	}
	if ids, err := db.ExternalIDs(bg, ada.Row); err != nil || len(ids) != 1 || ids[0] != [2]string{"paystack", "CUS_1"} {
		t.Errorf("ada is known as %v, %v", ids, err)
	}
	if n := db.Number(t, "select count(*) from delivery_customers where customer_id = "+fmt.Sprint(ada.Row)); n != 1 {
		t.Errorf("%d deliveries name ada, want the one of the folded visitor", n)
	}
}

func TestObserve_aRefusalWritesNothingAndMayComeAgain(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	in := connected(t, db, "stripe")
	full := &app.SetProfile{UID: "full", Trusted: true}
	for i := range app.MaxAttributes {
		full.Profile.Attributes = append(full.Profile.Attributes, app.Attribute{Name: fmt.Sprint("a", i), Value: []byte("1")})
	}
	one(t, db, full)
	more := seen(in, "evt_1", app.Person{UID: "full", External: []string{"cus_1"}}, at(0))
	more.Set = profile("one_more", "1")
	refused(t, db, more, app.CodeInvalid)
	one(t, db, set("full", "a0", ""))
	if res := one(t, db, more); !res.Changed || res.Repeated {
		t.Errorf("once there is room: %+v", res)
	}
	if res := one(t, db, more); res.Changed || !res.Repeated {
		t.Errorf("a second time: %+v", res)
	}
}

func TestObserve_aBadAddressIsMarkedOnWhoeverHasIt(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	in := connected(t, db, "mailgun")
	bounce := func(key string, when time.Duration, reason string) {
		t.Helper()
		o := seen(in, key, app.Person{Email: "a@example.com"}, at(when))
		o.Suppress, o.Allow = reason, reason == ""
		one(t, db, o)
	}
	marked := func(uid, want string) {
		t.Helper()
		if got := string(storagetest.Customer(t, db, uid).Attribute(app.SuppressedAttribute)); got != want {
			t.Errorf("%s: %q, want %q", uid, got, want)
		}
	}
	one(t, db, withEmail("a", "a@example.com", true))
	bounce("1", time.Minute, "hard bounce")
	marked("a", `"hard bounce"`)
	one(t, db, withEmail("a", "b@example.com", true))
	marked("a", "")
	one(t, db, withEmail("c", "A@example.com", true))
	marked("c", `"hard bounce"`)
	bounce("3", time.Hour, "")
	marked("c", "")
	bounce("2", 2*time.Minute, "late, and older than the lifting")
	marked("c", "")
}

// TestDeliveries_areKeptForAsLongAsIsWanted lets the clock run past the retention.
func TestDeliveries_areKeptForAsLongAsIsWanted(t *testing.T) {
	t.Parallel()
	clock := app.NewMovableClock(storagetest.Start)
	db, err := storage.Open(bg, t.TempDir(), storage.Options{Clock: clock, HooksKept: 48 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(bg)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := db.KeepHouse(ctx); err != nil {
			t.Error(err)
		}
	})
	defer func() {
		cancel()
		wg.Wait()
		if err := db.Check(bg); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	until := func(what, query string, want int64) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			if n := db.Number(t, query); n == want {
				return
			} else if time.Now().After(deadline) {
				t.Fatalf("%s: %d, want %d", what, n, want)
			}
		}
	}
	until("the timer is set", "select count(*) from timers where kind = 'prune hooks'", 1)
	kept, gone := connected(t, db, "stripe"), connected(t, db, "mailgun")
	mark := func(in *app.Integration, key string) *app.Observe {
		o := seen(in, key, app.Person{UID: "u"}, db.Now())
		o.Set = profile("n", "1")
		return o
	}
	old := delivered(t, db, kept, `{"old":1}`, mark(kept, "old"))
	delivered(t, db, gone, `{"gone":1}`, mark(gone, "gone"))
	clock.Move(40 * time.Hour)
	young := delivered(t, db, kept, `{"young":1}`, mark(kept, "young"))
	if err := db.DeleteIntegration(bg, gone); err != nil {
		t.Fatal(err)
	}
	until("those of the deleted connection went with it", "select count(*) from deliveries", 2)
	until("so did its keys", "select count(*) from hook_keys", 2)
	clock.Move(9 * time.Hour)
	until("the old body is gone", "select count(*) from deliveries", 1)
	if _, err := db.Delivery(bg, old.ID); app.CodeOf(err) != app.CodeNotFound {
		t.Errorf("the old one: %v", err)
	}
	if d, err := db.Delivery(bg, young.ID); err != nil || string(d.Body) != `{"young":1}` {
		t.Errorf("the young one: %+v, %v", d, err)
	}
	if n := db.Number(t, "select count(*) from delivery_customers"); n != 1 {
		t.Errorf("%d customers of deliveries are left, want 1", n)
	}
	if res := one(t, db, mark(kept, "old")); !res.Repeated {
		t.Error("a repeat of a body that is gone is not recognised")
	}
	clock.Move(91 * 24 * time.Hour)
	until("its keys go after 90 days", "select count(*) from hook_keys", 0)
	if n := db.Number(t, "select count(*) from events"); n != 3 {
		t.Errorf("%d events, want all three still", n)
	}
	if res := one(t, db, mark(kept, "old")); res.Repeated {
		t.Error("a key that is gone is recognised")
	}
	if n := db.Number(t, "select count(*) from events"); n != 3 {
		t.Errorf("%d events: a repeat after the keys went tracked an event twice", n)
	}
}

// TestObserve_anyOrderOfMeetingsLeavesAFolderWhole has few people reported under few
// names, in any combination and order, among merges, profiles and deletions. What is
// reported a second time changes nothing, and the folder's invariants hold at the end.
func TestObserve_anyOrderOfMeetingsLeavesAFolderWhole(t *testing.T) {
	t.Parallel()
	runs := 15
	if testing.Short() {
		runs = 4
	}
	for seed := range runs {
		db, _ := open(t)
		services := []*app.Integration{connected(t, db, "stripe"), connected(t, db, "mailgun")}
		r := rand.New(rand.NewPCG(uint64(seed), 7))
		pick := func(prefix string) string {
			if n := r.IntN(6); n > 0 {
				return fmt.Sprint(prefix, n%4)
			}
			return ""
		}
		for i := range 60 {
			in := services[r.IntN(2)]
			p := app.Person{UID: pick("u"), Email: pick("mail@example")}
			if p.Email != "" {
				p.Email += ".com"
			}
			if id := pick("cus_number"); id != "" {
				p.External = []string{id}
			}
			o := seen(in, fmt.Sprint("evt_", seed, "_", i), p, at(time.Duration(r.IntN(100))*time.Second))
			o.Set, o.Fill = profile("plan", fmt.Sprint(r.IntN(3))), profile("city", fmt.Sprint(r.IntN(3)))
			if p.Email != "" {
				o.Fill.Email = app.FieldOf(p.Email)
				if r.IntN(5) == 0 {
					o.Suppress = "bounced"
				}
			}
			changes := []app.Change{o}
			switch r.IntN(12) {
			case 0:
				changes = append(changes, &app.Merge{From: "u1", To: "u2", Source: "api"})
			case 1:
				changes = append(changes, withEmail("u3", "mail@example1.com", true))
			case 2:
				changes = append(changes, &app.Delete{UID: fmt.Sprint("u", r.IntN(4)), Erase: r.IntN(2) == 0})
			}
			h := &app.Hook{Integration: in.Row, Body: fmt.Appendf(nil, `{"n":%d}`, i), State: app.Ignored}
			first, err := db.Apply(bg, app.Batch{Changes: changes, Hook: h})
			if err != nil {
				t.Fatalf("run %d, step %d: %v", seed, i, err)
			}
			again, err := db.Apply(bg, app.Batch{Changes: []app.Change{o}})
			if err != nil {
				t.Fatal(err)
			}
			// What was refused, of somebody erased, may be taken once they are there again.
			if res := again[0]; first[0].Err == nil && (!res.Repeated || res.Changed) {
				t.Errorf("run %d, step %d: a second time it is %+v", seed, i, res)
			}
		}
		if n := db.Number(t, `select count(*) from external_ids where customer_id not in (select id from customers)`) +
			db.Number(t, `select count(*) from delivery_customers where customer_id not in (select id from customers)`) +
			db.Number(t, `select count(*) from service_values where customer_id not in (select id from customers)`); n != 0 {
			t.Errorf("run %d: %d rows of services name nobody", seed, n)
		}
	}
}
