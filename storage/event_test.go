package storage_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"kith/app"
	"kith/storage"
	"kith/storage/storagetest"
)

func TestTrack_aRepeatedMessageIsDropped(t *testing.T) {
	t.Parallel()
	db, clock := open(t)
	m := func(uid string) *app.Track {
		return &app.Track{UID: uid, Event: "Paid", At: at(0), MessageID: "m1", Value: []byte("12.50"), Properties: []byte(`{"n":1}`)}
	}
	if res := one(t, db, m("u")); !res.Created || !res.Changed {
		t.Errorf("the first: %+v", res)
	}
	clock.Move(time.Hour)
	unchanged(t, db, m("u"))
	unchanged(t, db, m("another")) // makes nobody
	absent(t, db, "another")
	storagetest.Apply(t, db, &app.Track{UID: "u", Event: "Paid", At: at(0), MessageID: "m2"}, &app.Track{UID: "u", Event: "Paid", At: at(0), MessageID: "m2"},
		track("u", "Paid", at(0)), track("u", "Paid", at(0)))
	got := events(t, db, "u")
	if len(got) != 4 {
		t.Fatalf("%d events, want 4", len(got))
	}
	if e := got[3]; e.MessageID != "m1" || string(e.Value) != "12.50" || string(e.Properties) != `{"n":1}` || e.Source != "api" {
		t.Errorf("the first event: %+v", e)
	}
}

func TestCounters_perNameAndDayAlsoBefore1970(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	const day = app.DayMillis
	storagetest.Apply(t, db, track("u", "Born", -1), track("u", "Born", -day), track("u", "Born", -day-1), track("v", "Born", 0), track("v", "Born", day-1),
		track("w", "Seen", 5*day))
	stats, err := db.EventNames(bg, -10)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(stats[0].Name, stats[0].Events, stats[0].Customers, int64(stats[0].FirstAt), int64(stats[0].LastAt), stats[0].Days); got != fmt.Sprint("Born", 5, 2, int64(-day-1), int64(day-1), []app.DayCount{{Day: -2, Count: 1}, {Day: -1, Count: 2}, {Day: 0, Count: 2}}) {
		t.Errorf("got %s", got)
	}
	one(t, db, &app.Delete{UID: "u"})
	stats, _ = db.EventNames(bg, -10)
	if len(stats[0].Days) != 1 || stats[0].Events != 2 || stats[0].FirstAt != 0 || stats[0].LastAt != day-1 {
		t.Errorf("after a deletion: %+v", stats[0])
	}
	activity, err := db.Activity(bg, storagetest.Customer(t, db, "v").Row, -1<<50)
	if err != nil || fmt.Sprint(activity) != fmt.Sprint([]app.DayCount{{Day: 0, Count: 2}}) {
		t.Errorf("activity: %v %v", activity, err)
	}
	one(t, db, &app.Delete{UID: "v"})
	if stats, _ = db.EventNames(bg, -10); len(stats) != 1 || stats[0].Name != "Seen" {
		t.Errorf("a name without events is shown: %+v", stats)
	}
	one(t, db, track("x", "Born", 7*day))
	if stats, _ = db.EventNames(bg, -10); stats[0].FirstAt != 7*day || stats[0].LastAt != 7*day || stats[0].Customers != 1 {
		t.Errorf("a name that came back: %+v", stats[0])
	}
}

func TestCatalogue_learnsTheTypesOfProperties(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	e := func(types ...app.PropertyType) *app.Track {
		return &app.Track{UID: "u", Event: "Paid", At: at(0), PropertyTypes: types}
	}
	storagetest.Apply(t, db, e(app.PropertyType{Name: "b", Type: app.TypeNumber}, app.PropertyType{Name: "a", Type: app.TypeText}),
		e(app.PropertyType{Name: "b", Type: app.TypeText}, app.PropertyType{Name: "b", Type: app.TypeNumber}))
	var many []app.PropertyType
	for i := range 600 {
		many = append(many, app.PropertyType{Name: fmt.Sprint("p", i)})
	}
	one(t, db, e(many...))
	stats, err := db.EventNames(bg, 0)
	if err != nil || fmt.Sprint(stats[0].Properties[:2]) != "[{a [text]} {b [text number]}]" {
		t.Errorf("got %v %v", stats[0].Properties[:2], err)
	}
	if n := db.Number(t, "select count(*) from event_properties"); n != 500 {
		t.Errorf("%d properties are kept", n)
	}
}

func TestCatalogue_countsAttributesByType(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	storagetest.Apply(t, db, set("a", "x", "1"), set("b", "x", `"text"`), set("c", "x", `"2026-03-01"`), set("d", "x", "true"), set("e", "x", "[1]"), set("f", "x", "{}"),
		set("a", "x", `"now text"`), set("b", "x", ""), set("g", "x", "7"))
	attributes, err := db.Attributes(bg)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range attributes {
		if a.Name == "x" && !a.Standard && (a.Types != [app.AttributeTypeCount]int64{1, 1, 1, 1, 1, 1} || a.Customers() != 6) {
			t.Errorf("x: %v", a.Types)
		}
	}
}

func TestLastInteraction_ignoresTheFutureUntilItComes(t *testing.T) {
	t.Parallel()
	db, clock := open(t)
	last := func() *app.Instant { return storagetest.Customer(t, db, "u").LastInteraction }
	one(t, db, set("u"))
	if got := last(); got != nil {
		t.Errorf("without events: %v", got)
	}
	one(t, db, track("u", "Planned", at(time.Hour)))
	if got := last(); got != nil {
		t.Errorf("with a future event only: %v", got)
	}
	one(t, db, track("u", "Seen", at(-time.Hour)))
	if got := last(); got == nil || *got != at(-time.Hour) {
		t.Errorf("before its time: %v", got)
	}
	clock.Move(time.Hour)
	if got := last(); got == nil || *got != at(time.Hour) {
		t.Errorf("at its time: %v", got)
	}
}

func TestEvents_pageByFilterAndDirection(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	for i := range 6 {
		one(t, db, track("u", []string{"A", "B"}[i%2], at(time.Duration(i/2)*time.Hour)))
	}
	row := storagetest.Customer(t, db, "u").Row
	show := func(f app.EventFilter, from app.Place, back bool, limit int) (s string, list []app.Event) {
		list, more, err := db.Events(bg, row, f, from, back, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			s += fmt.Sprint(e.Name, int64(e.At-at(0))/3_600_000)
		}
		return s + map[bool]string{true: "…"}[more], list
	}
	place := func(e app.Event) app.Place { return app.Place{At: e.At, Row: e.Row} }
	first, list := show(app.EventFilter{}, app.Newest, false, 3)
	second, rest := show(app.EventFilter{}, place(list[2]), false, 3)
	back, _ := show(app.EventFilter{}, place(rest[0]), true, 2)
	from, to := at(time.Hour), at(2*time.Hour)
	window, _ := show(app.EventFilter{From: &from, To: &to}, app.Newest, false, 9)
	named, _ := show(app.EventFilter{Name: "A"}, app.Newest, false, 9)
	unknown, _ := show(app.EventFilter{Name: "Z"}, app.Newest, false, 9)
	if got := fmt.Sprint(first, "|", second, "|", back, "|", window, "|", named, "|", unknown); got != "B2A2B1…|A1B0A0|A2B1…|B1A1|A2A1A0|" {
		t.Errorf("got %s", got)
	}
	var exported int
	err := db.EachEvent(bg, app.EventFilter{Name: "A", From: &from}, func(*app.Event) error { exported++; return nil })
	if err != nil || exported != 2 {
		t.Errorf("%d exported, %v", exported, err)
	}
}

// once is a batch with an idempotency key; its answer is the number of customers at that time.
func once(key, body byte, changes ...app.Change) app.Batch {
	return app.Batch{Changes: changes, Once: &app.Once{Scope: [32]byte{key}, Body: [32]byte{body},
		Encode: func(r app.Reader, results []app.Result) (int, []byte, error) {
			if len(results) > 0 && results[0].Customer != 0 {
				c, err := r.Customer(bg, results[0].Customer)
				if err != nil {
					return 0, nil, err
				}
				return 200, fmt.Appendf(nil, "%s made %v", c.UID, results[0].Created), nil
			}
			return 200, []byte("ok"), nil
		}}}
}

func apply(t testing.TB, db *storage.DB, b app.Batch) *app.Once {
	t.Helper()
	if _, err := db.Apply(bg, b); err != nil {
		t.Fatal(err)
	}
	return b.Once
}

func TestOnce_answersARepeatWithTheFirstAnswer(t *testing.T) {
	t.Parallel()
	db, clock := open(t)
	event := track("u", "Paid", at(0))
	if o := apply(t, db, once(1, 1, event)); o.Repeated || o.Status != 200 || string(o.Answer) != "u made true" {
		t.Errorf("the first: %+v", o)
	}
	clock.Move(24*time.Hour - time.Millisecond)
	if o := apply(t, db, once(1, 1, event)); !o.Repeated || o.Status != 200 || string(o.Answer) != "u made true" {
		t.Errorf("the repeat: %v %d %s", o.Repeated, o.Status, o.Answer)
	}
	if _, err := db.Apply(bg, once(1, 2, event)); app.CodeOf(err) != app.CodeConflict {
		t.Errorf("the same key with another body: %v", err)
	}
	if o := apply(t, db, once(2, 1, event)); o.Repeated || string(o.Answer) != "u made false" {
		t.Errorf("another key: %+v", o)
	}
	clock.Move(time.Millisecond)
	if o := apply(t, db, once(1, 2, event)); o.Repeated {
		t.Error("a day later the key is still taken")
	}
	if n := len(events(t, db, "u")); n != 3 {
		t.Errorf("%d events, want 3", n)
	}
}

func TestOnce_twoAtOnceHappenOnce(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	unplug := db.PlugWriter()
	var wg sync.WaitGroup
	var repeats int
	var mu sync.Mutex
	for range 20 {
		wg.Go(func() {
			b := once(1, 1, track("u", "Paid", at(0)))
			if _, err := db.Apply(bg, b); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if b.Once.Repeated {
				repeats++
			}
			if string(b.Once.Answer) != "u made true" {
				t.Errorf("answered %q", b.Once.Answer)
			}
		})
	}
	unplug()
	wg.Wait()
	if n := len(events(t, db, "u")); n != 1 || repeats != 19 {
		t.Errorf("%d events and %d repeats", n, repeats)
	}
}

func TestOnce_whatWasRefusedWhollyMayBeTriedAgain(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	b := once(1, 1, &app.Archive{UID: "u", Archived: true})
	if results, err := db.Apply(bg, b); err != nil || app.CodeOf(results[0].Err) != app.CodeNotFound {
		t.Fatalf("got %v %v", results, err)
	}
	one(t, db, set("u"))
	b = once(1, 1, &app.Archive{UID: "u", Archived: true})
	if results, err := db.Apply(bg, b); err != nil || results[0].Err != nil || b.Once.Repeated {
		t.Errorf("the second try: %v %v", results, err)
	}
}

func TestOnce_aFailingAnswerUndoesTheBatchAlone(t *testing.T) {
	t.Parallel()
	for _, cause := range []error{errors.New("a bug"), app.NotFound("gone"), app.Fail(app.CodeUnavailable, "not now")} {
		db, _ := open(t)
		bad := once(1, 1, track("bad", "Paid", at(0)))
		bad.Once.Encode = func(app.Reader, []app.Result) (int, []byte, error) { return 0, nil, cause }
		unplug := db.PlugWriter()
		var wg sync.WaitGroup
		wg.Go(func() { one(t, db, track("before", "Paid", at(0))) })
		wg.Go(func() {
			if _, err := db.Apply(bg, bad); !errors.Is(err, cause) {
				t.Errorf("got %v, want %v", err, cause)
			}
		})
		wg.Go(func() { one(t, db, track("after", "Paid", at(0))) })
		for db.Waiting() < 3 {
			time.Sleep(time.Millisecond)
		}
		unplug()
		wg.Wait()
		absent(t, db, "bad")
		if totals, _ := db.Totals(bg); totals.Events != 2 {
			t.Errorf("%v: %d events, want 2", cause, totals.Events)
		}
	}
}

func TestHistory_isValidJSONForEveryKindOfChange(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	l := newList(t, db, `Ne"ws`, false)
	role := `ro"le`
	storagetest.Apply(t, db, &app.SetProfile{UID: "u", Device: &app.Device{Token: `to"k`, Platform: "ios"}, Lists: []string{l.ID}, Accounts: []app.AccountRole{{UID: `ac"me`, Role: &role}}},
		set("u", `na"me`, `"va\"lue"`), set("u", `na"me`, ""), merge(`o"ld`, "u"), set(`se"cond`), merge(`se"cond`, "u"), merge("u", `u"2`),
		&app.Archive{UID: "u", Archived: true}, &app.Convert{UID: "u", Account: true}, &app.LeaveAccount{UID: "u", Account: `ac"me`},
		&app.LeaveLists{UID: "u", Lists: []string{l.ID}}, &app.RemoveDevice{UID: "u", Token: `to"k`})
	seen := map[app.Kind]bool{}
	for _, h := range append(history(t, db, "u"), history(t, db, `ac"me`)...) {
		seen[h.Kind] = true
		if !json.Valid(h.Data) {
			t.Errorf("kind %d: %s", h.Kind, h.Data)
		}
	}
	for _, k := range []app.Kind{app.KindCreated, app.KindAttribute, app.KindDevice, app.KindList, app.KindAccount, app.KindMember, app.KindMerged, app.KindRenamed, app.KindArchived, app.KindConverted} {
		if !seen[k] {
			t.Errorf("no line of kind %d", k)
		}
	}
}
