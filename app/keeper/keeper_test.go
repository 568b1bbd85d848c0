package keeper_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/keeper"
	"kith/app/segment"
	"kith/app/segment/segmenttest"
	"kith/storage"
	"kith/storage/storagetest"

	"pgregory.net/rapid"
)

var bg = context.Background()

// house is a data folder with a running Keeper.
type house struct {
	t     testing.TB
	db    *storage.DB
	clock *app.MovableClock
	k     *keeper.Keeper
	zone  *time.Location
	stop  func()
}

type failing struct{ t testing.TB }

func (f failing) Write(b []byte) (int, error) {
	f.t.Errorf("logged: %s", b)
	return len(b), nil
}

func open(t testing.TB, zone *time.Location) *house {
	t.Helper()
	db, clock := storagetest.Open(t)
	h := &house{t: t, db: db, clock: clock, zone: zone}
	h.start()
	t.Cleanup(func() { h.stop() })
	return h
}

// openAt is open for a property: it stands at an instant, and is closed by close.
func openAt(t testing.TB, zone *time.Location, now app.Instant) *house {
	t.Helper()
	folder, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	clock := app.NewMovableClock(now.Time())
	db, err := storage.Open(bg, folder, storage.Options{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, db: db, clock: clock, zone: zone}
	h.start()
	return h
}

func (h *house) close() {
	h.stop()
	if err := h.db.Check(bg); err != nil {
		h.t.Error(err)
	}
	if err := h.db.Close(); err != nil {
		h.t.Error(err)
	}
}

// start runs a new Keeper, as after a start of the program.
func (h *house) start() {
	log := slog.New(slog.NewTextHandler(failing{h.t}, &slog.HandlerOptions{Level: slog.LevelError}))
	h.k = keeper.New(h.db, keeper.Options{Clock: h.clock, Zone: h.zone, Log: log, Folder: h.db.Folder()})
	ctx, cancel := context.WithCancel(bg)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := h.k.Run(ctx); err != nil {
			h.t.Error(err)
		}
	}()
	h.stop = func() {
		cancel()
		<-ended
		h.stop = func() {}
	}
}

func (h *house) apply(changes ...app.Change) []app.Result {
	h.t.Helper()
	results, err := h.db.Apply(bg, app.Batch{Changes: changes})
	if err != nil {
		h.t.Fatal(err)
	}
	return results
}

// drain waits until the Keeper has done all that there is to do.
func (h *house) drain() {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(bg, 20*time.Second)
	defer cancel()
	for range 2 {
		if err := h.db.Drain(ctx); err != nil {
			h.t.Fatal(err)
		}
		if err := h.k.Settle(ctx); err != nil {
			h.t.Fatal(err)
		}
	}
}

// segment saves a rule and waits until it is built.
func (h *house) segment(rule string) app.Segment {
	h.t.Helper()
	title := rule
	if len(title) > 100 {
		title = title[:100]
	}
	res := h.apply(&app.SaveSegment{Title: &title, Rule: []byte(rule)})[0]
	if res.Err != nil {
		h.t.Fatal(rule, res.Err)
	}
	ctx, cancel := context.WithTimeout(bg, 20*time.Second)
	defer cancel()
	if !h.k.Await(ctx, res.Segment, 1) {
		h.t.Fatal("not built: ", rule)
	}
	return h.stored(res.Segment)
}

func (h *house) stored(row int64) app.Segment {
	h.t.Helper()
	all, err := h.db.Segments(bg)
	if err != nil {
		h.t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(s app.Segment) bool { return s.Row == row })
	if i < 0 {
		h.t.Fatal("there is no segment ", row)
	}
	return all[i]
}

// members are the uids of a segment, sorted.
func (h *house) members(s app.Segment) string {
	h.t.Helper()
	var out []string
	for _, row := range h.k.Members(s.Row, app.Page{Limit: 1000}) {
		c, err := h.db.Customer(bg, row)
		if err != nil {
			h.t.Fatal(err)
		}
		out = append(out, c.UID)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func profile(uid string, attributes ...string) *app.SetProfile {
	c := &app.SetProfile{UID: uid, Trusted: true}
	for i := 0; i < len(attributes); i += 2 {
		a := app.Attribute{Name: attributes[i], Value: []byte(attributes[i+1])}
		if attributes[i+1] == "" {
			a.Value = nil
		}
		c.Profile.Attributes = append(c.Profile.Attributes, a)
	}
	return c
}

func (h *house) now() app.Instant { return app.InstantOf(h.clock.Now()) }

func TestKeeper_changesEnterAndLeave(t *testing.T) {
	t.Parallel()
	h := open(t, time.UTC)
	s := h.segment(`{"all":[{"attribute":"plan","op":"is","value":"pro"},{"event":"Paid","count":{"op":"gte","value":2}}]}`)
	h.apply(profile("ada", "plan", `"Pro"`), profile("bo", "plan", `"pro"`), profile("cy", "plan", `"basic"`))
	for range 2 {
		h.apply(&app.Track{UID: "ada", Event: "Paid", At: h.now()}, &app.Track{UID: "cy", Event: "Paid", At: h.now()})
	}
	h.apply(&app.Track{UID: "bo", Event: "Paid", At: h.now()})
	h.drain()
	if got := h.members(s); got != "ada" {
		t.Errorf("members are %q", got)
	}
	h.apply(&app.Track{UID: "bo", Event: "Paid", At: h.now() - 400*app.DayMillis}, profile("ada", "plan", ""))
	h.drain()
	if got := h.members(s); got != "bo" {
		t.Errorf("members are %q", got)
	}
	entries, err := h.db.SegmentEntries(bg, s.Row, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, e := range entries {
		lines = append(lines, fmt.Sprint(e.Customer, e.Entered, e.Cause.Kind == app.KindEvents, e.Cause.Kind == app.KindAttribute))
	}
	if got := strings.Join(lines, "; "); got != "1 true true false; 2 true true false; 1 false false true" && got != "1 true true false; 1 false false true; 2 true true false" {
		t.Errorf("entries are %s", got)
	}
	if got := h.stored(s.Row); got.Count != 1 {
		t.Errorf("the count is %d", got.Count)
	}
}

// A rule may name a source from which nothing has come yet, and the first event from there
// may be of a name that is known.
func TestKeeper_aSourceThatComesLater(t *testing.T) {
	t.Parallel()
	h := open(t, time.UTC)
	h.apply(&app.Track{UID: "ada", Event: "Paid", At: h.now(), Source: "api"})
	h.drain()
	paid := h.segment(`{"event":"Paid","source":"paystack"}`)
	first := h.segment(`{"event":"*","source":"paystack","occurrence":"first"}`)
	never := h.segment(`{"event":"*","source":"paystack","count":{"op":"is","value":0}}`)
	h.drain()
	h.apply(&app.Track{UID: "bo", Event: "Paid", At: h.now(), Source: "paystack"})
	h.drain()
	if a, b, c := h.members(paid), h.members(first), h.members(never); a != "bo" || b != "bo" || c != "ada" {
		t.Errorf("members are %q, %q and %q", a, b, c)
	}
}

func TestKeeper_timeAloneTurns(t *testing.T) {
	t.Parallel()
	h := open(t, time.UTC)
	away := h.segment(`{"attribute":"last_interaction","op":"more_than_ago","value":"30d"}`)
	busy := h.segment(`{"event":"*","within":{"last":"30d"},"count":{"op":"gte","value":2}}`)
	h.apply(&app.Track{UID: "ada", Event: "A", At: h.now()}, &app.Track{UID: "ada", Event: "B", At: h.now() + 10*app.DayMillis})
	h.drain()
	look := func(days int64, wantAway, wantBusy string) {
		t.Helper()
		h.drain()
		if a, b := h.members(away), h.members(busy); a != wantAway || b != wantBusy {
			t.Errorf("after %d days: away %q, busy %q; want %q, %q", days, a, b, wantAway, wantBusy)
		}
	}
	look(0, "", "")
	at := int64(0)
	for _, step := range []struct {
		days       int64
		away, busy string
	}{{9, "", ""}, {10, "", "ada"}, {29, "", "ada"}, {30, "", ""}, {39, "", ""}, {40, "ada", ""}, {400, "ada", ""}} {
		h.clock.Move(time.Duration(step.days-at) * 24 * time.Hour)
		at = step.days
		h.await(away, step.away)
		h.await(busy, step.busy)
		look(step.days, step.away, step.busy)
	}
	// Put back, what time decides is worked out anew.
	h.clock.Move(-370 * 24 * time.Hour)
	h.apply(profile("somebody"))
	h.await(away, "")
	h.await(busy, "")
}

// Customers that turn a millisecond apart each turn at their own, though time was looked at
// only just before.
func TestKeeper_turnsThatFollowAtOnce(t *testing.T) {
	t.Parallel()
	h := open(t, time.UTC)
	away := h.segment(`{"event":"A","occurrence":"last","within":{"to":"1h"}}`)
	for i, uid := range []string{"ada", "bo", "cy"} {
		h.apply(&app.Track{UID: uid, Event: "A", At: h.now() + app.Instant(i)})
	}
	h.drain()
	h.clock.Move(time.Hour)
	for _, want := range []string{"", "ada", "ada bo", "ada bo cy"} {
		h.await(away, want)
		h.clock.Move(time.Millisecond)
	}
}

// await waits until a segment has these members: time moves without the feed.
func (h *house) await(s app.Segment, want string) {
	h.t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for h.members(s) != want {
		if time.Now().After(deadline) {
			h.t.Fatalf("members are %q, want %q", h.members(s), want)
		}
		time.Sleep(time.Millisecond)
	}
}

// What happened before a stop is not the cause of what time turned meanwhile; what came in
// meanwhile is.
func TestKeeper_causesAreKeptApartAcrossAStop(t *testing.T) {
	t.Parallel()
	h := open(t, time.UTC)
	s := h.segment(`{"all":[{"event":"Paid","within":{"last":"30d"}},{"attribute":"off","op":"not_exists"}]}`)
	h.apply(&app.Track{UID: "ada", Event: "Paid", At: h.now()}, &app.Track{UID: "bo", Event: "Paid", At: h.now() + 20*app.DayMillis})
	h.drain()
	h.clock.Move(21 * 24 * time.Hour)
	h.drain()
	if got := h.members(s); got != "ada bo" {
		t.Fatalf("members are %q", got)
	}
	h.stop()
	h.clock.Move(10 * 24 * time.Hour)
	h.apply(profile("bo", "off", "true"))
	h.start()
	h.drain()
	entries, err := h.db.LatestSegmentEntries(bg, s.Row, 0, 2)
	if err != nil || len(entries) != 2 || h.members(s) != "" {
		t.Fatal(entries, err, h.members(s))
	}
	for _, e := range entries {
		want := app.Kind(0)
		if e.Customer == 2 {
			want = app.KindAttribute
		}
		if e.Entered || e.Cause.Kind != want {
			t.Errorf("customer %d: entered %v by %d, want left by %d", e.Customer, e.Entered, e.Cause.Kind, want)
		}
	}
}

func TestKeeper_editsRebuildAndDependentsFollow(t *testing.T) {
	t.Parallel()
	h := open(t, time.UTC)
	h.apply(profile("ada", "plan", `"pro"`), profile("bo", "plan", `"basic"`))
	pro := h.segment(`{"attribute":"plan","op":"is","value":"pro"}`)
	not := h.segment(`{"segment":"` + pro.ID + `","member":false}`)
	if a, b := h.members(pro), h.members(not); a != "ada" || b != "bo" {
		t.Fatalf("%q and %q", a, b)
	}
	h.apply(&app.SaveSegment{Segment: pro.ID, Rule: []byte(`{"attribute":"plan","op":"is","value":"basic"}`)})
	h.drain()
	if a, b := h.members(pro), h.members(not); a != "bo" || b != "ada" {
		t.Errorf("after the edit %q and %q", a, b)
	}
	entries, err := h.db.SegmentEntries(bg, not.Row, 0, 10)
	if err != nil || len(entries) != 0 {
		t.Errorf("an edit left entries %v (%v)", entries, err)
	}
	h.apply(&app.DeleteSegment{Segment: not.ID})
	h.drain()
	if got := h.k.Members(not.Row, app.Page{Limit: 10}); got != nil {
		t.Errorf("a deleted segment has members %v", got)
	}
	if got := h.k.Of(1); len(got) != 0 {
		t.Errorf("ada is in %v", got)
	}
}

func TestKeeper_accountsMeanWhatTheirUIDMeansNow(t *testing.T) {
	t.Parallel()
	h := open(t, time.UTC)
	h.apply(profile("acme"), &app.Convert{UID: "acme", Account: true})
	s := h.segment(`{"account":"acme"}`)
	h.apply(profile("ada"), &app.JoinAccounts{UID: "ada", Accounts: []app.AccountRole{{UID: "acme"}}})
	h.drain()
	if got := h.members(s); got != "ada" {
		t.Errorf("members are %q", got)
	}
	h.apply(&app.Merge{From: "acme", To: "globex"})
	h.drain()
	if got := h.members(s); got != "ada" {
		t.Errorf("after the account was merged members are %q", got)
	}
	h.apply(&app.Delete{UID: "globex"})
	h.drain()
	if got := h.members(s); got != "" {
		t.Errorf("after the account was deleted members are %q", got)
	}
}

func TestKeeper_previewsWhatIsNotSaved(t *testing.T) {
	t.Parallel()
	h := open(t, time.UTC)
	h.apply(profile("ada", "plan", `"pro"`, "odd name", `5`), profile("bo", "plan", `"basic"`), profile("cy", "plan", `"pro"`), &app.Archive{UID: "cy", Archived: true},
		&app.Track{UID: "ada", Event: "Paid", At: h.now(), Properties: []byte(`{"amount":60,"note":"Big"}`)})
	h.drain()
	for rule, want := range map[string][]int64{
		`{"all":[]}`: {2},
		`{"attribute":"plan","op":"is","value":"pro"}`:                                                                                  {1, 1},
		`{"any":[{"attribute":"odd name","op":"gt","value":4},{"attribute":"plan","op":"exists"}]}`:                                     {2, 1, 2},
		`{"event":"Paid","where":[{"property":"amount","op":"gt","value":50},{"property":"note","op":"is","value":"Big","case":true}]}`: {1, 1},
		`{"event":"Paid","sum":{"of":"amount","op":"gte","value":60}}`:                                                                  {1, 1},
		`{"event":"Never","count":{"op":"is","value":0}}`:                                                                               {2, 2},
	} {
		r, err := app.ParseRule([]byte(rule))
		if err != nil {
			t.Fatal(err)
		}
		p, err := h.k.Preview(bg, r, 10)
		if err != nil {
			t.Fatal(err)
		}
		if got := append([]int64{p.Count}, p.Conditions...); !slices.Equal(got, want) || p.Total != 2 || p.Loading != 1 {
			t.Errorf("%s: %v of %d, want %v of 2", rule, got, p.Total, want)
		}
	}
}

// facts are a customer's as Match takes them, read from the tables.
func (h *house) facts(row int64) *segment.Facts {
	h.t.Helper()
	c, err := h.db.Customer(bg, row)
	if err != nil {
		h.t.Fatal(err)
	}
	f := &segment.Facts{Customer: c}
	events, err := h.db.EventNameRows(bg)
	if err != nil {
		h.t.Fatal(err)
	}
	sources, err := h.db.SourceNameRows(bg)
	if err != nil {
		h.t.Fatal(err)
	}
	err = h.db.FactsEventsOf(bg, row, 1<<62, func(e *app.FactsEvent) error {
		f.Events = append(f.Events, app.Event{Row: e.Row, Customer: row, Name: events[e.Name], Source: sources[e.Source], At: e.At,
			Value: slices.Clone(e.Value), Properties: slices.Clone(e.Properties)})
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	segmenttest.Complete(f, h.now())
	return f
}

// names resolve what rules name from the tables.
type names struct{ h *house }

func (n names) Segment(id string) (string, *app.Rule, bool) {
	g, err := n.h.db.FindSegment(bg, id)
	if err != nil {
		return "", nil, false
	}
	r, err := app.ParseRule(g.Rule)
	return g.Title, r, err == nil
}

func (n names) List(id string) (int64, string, bool) {
	l, err := n.h.db.FindList(bg, id)
	if err != nil {
		return 0, "", false
	}
	return l.Row, l.Title, true
}

func (n names) Account(uid string) (int64, string, bool) {
	row, err := n.h.db.Find(bg, uid)
	return row, uid, err == nil
}

// check holds every segment's members, in memory and as stored, against Match.
func (h *house) check(t *rapid.T, segments []app.Segment) {
	t.Helper()
	h.drain()
	var rows []int64
	if err := h.db.EachCustomer(bg, func(c *app.Customer) error { rows = append(rows, c.Row); return nil }); err != nil {
		t.Fatal(err)
	}
	all := map[int64]*segment.Facts{}
	for _, row := range rows {
		all[row] = h.facts(row)
	}
	for _, s := range segments {
		r, err := app.ParseRule(s.Rule)
		if err != nil {
			t.Fatal(err)
		}
		var want []int64
		for _, row := range rows {
			if segment.Match(r, all[row], names{h}, segment.Moment{Now: h.now(), Zone: h.zone}) {
				want = append(want, row)
			}
		}
		slices.Reverse(want)
		if got := h.k.Members(s.Row, app.Page{Limit: 1000}); !slices.Equal(got, want) {
			t.Fatalf("%s: members are %v, want %v", s.Rule, got, want)
		}
		stored, _, err := h.db.Membership(bg, s.Row)
		if err != nil || int(stored.GetCardinality()) != len(want) || h.stored(s.Row).Count != int64(len(want)) {
			t.Fatalf("%s: stored %v (%v), want %v", s.Rule, stored, err, want)
		}
	}
}
