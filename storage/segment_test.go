package storage_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/storage"
	"kith/storage/storagetest"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
	"pgregory.net/rapid"
)

const proRule = `{"attribute":"plan","op":"is","value":"pro"}`

func saveSegment(title, rule string) *app.SaveSegment {
	c := &app.SaveSegment{Title: &title}
	if rule != "" {
		c.Rule = []byte(rule)
	}
	return c
}

// newSegment makes a segment and returns it.
func newSegment(t testing.TB, db *storage.DB, title, rule string) *app.Segment {
	t.Helper()
	return segmentAt(t, db, one(t, db, saveSegment(title, rule)).Segment)
}

func segmentAt(t testing.TB, db *storage.DB, row int64) *app.Segment {
	t.Helper()
	g, err := db.Segment(bg, row)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func build(t testing.TB, segment, version int64, members ...uint64) *app.BuildSegment {
	t.Helper()
	b := roaring64.BitmapOf(members...)
	raw, err := b.ToBytes()
	if err != nil {
		t.Fatal(err)
	}
	return &app.BuildSegment{Segment: segment, Version: version, Members: raw, Count: int64(b.GetCardinality())}
}

func move(customer int64, entered bool) app.Move {
	return app.Move{Customer: customer, Entered: entered, Cause: app.Cause{Kind: app.KindAttribute, Key: customer * 10}}
}

func membersOf(t testing.TB, db *storage.DB, row int64) []uint64 {
	t.Helper()
	m, _, err := db.Membership(bg, row)
	if err != nil {
		t.Fatal(err)
	}
	return m.ToArray()
}

func TestSaveSegment_aNewRuleMakesANewVersion(t *testing.T) {
	t.Parallel()
	db, clock := open(t)
	head := db.Head()
	g := newSegment(t, db, "Pro", " { \"attribute\" : \"plan\",\n\"op\":\"is\",\"value\":\"pro\"}")
	wantKinds(t, db, head, app.KindSegmentSaved)
	if string(g.Rule) != proRule || g.Version != 1 || g.Built != 0 || g.Ready() || g.CreatedAt != at(0) || g.UpdatedAt != at(0) || len(g.ID) != 24 {
		t.Errorf("a new segment: %+v", g)
	}
	if again, err := db.FindSegment(bg, g.ID); err != nil || again.Row != g.Row {
		t.Errorf("by its id: %+v %v", again, err)
	}
	unchanged(t, db, &app.SaveSegment{Segment: g.ID, Title: &g.Title, Rule: []byte(proRule + " ")})
	clock.Move(time.Hour)
	name := "Professionals"
	one(t, db, &app.SaveSegment{Segment: g.ID, Title: &name, Description: app.FieldOf("who pay")})
	if g = segmentAt(t, db, g.Row); g.Title != name || deref(g.Description) != "who pay" || g.Version != 1 || g.UpdatedAt != at(time.Hour) {
		t.Errorf("renamed: %+v", g)
	}
	one(t, db, &app.SaveSegment{Segment: g.ID, Rule: []byte(`{"all":[]}`), Description: app.Field{Given: true}})
	if g = segmentAt(t, db, g.Row); g.Title != name || g.Description != nil || g.Version != 2 || string(g.Rule) != `{"all":[]}` {
		t.Errorf("with another rule: %+v", g)
	}
	all, err := db.Segments(bg)
	if err != nil || len(all) != 1 || all[0].ID != g.ID {
		t.Errorf("all: %+v %v", all, err)
	}
}

func TestSaveSegment_refusals(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	l := newList(t, db, "News", false)
	one(t, db, &app.SetProfile{UID: "acme"})
	g := newSegment(t, db, "Pro", proRule)
	rows := []struct{ name, title, rule, field, message string }{
		{"no title", "", proRule, "title", "missing"},
		{"a blank title", " ", proRule, "title", "missing"},
		{"no rule", "x", "", "rule", "missing"},
		{"a rule that does not parse", "x", `{"all":[{"attribute":"plan","op":"iz","value":1}]}`, "all[0].op", "unknown operator"},
		{"an unknown segment", "x", `{"any":[` + proRule + `,{"segment":"000000000000000000000000"}]}`, "any[1].segment", "no segment"},
		{"a list for a segment", "x", `{"segment":"` + l.ID + `"}`, "segment", "no segment"},
		{"an unknown list", "x", `{"none":[{"all":[{"list":"` + g.ID + `"}]}]}`, "none[0].all[0].list", "no list"},
		{"an unknown account", "x", `{"account":"beta"}`, "account", "no account"},
	}
	for _, row := range rows {
		if e := refused(t, db, saveSegment(row.title, row.rule), app.CodeInvalid); e.Field != row.field || !strings.Contains(e.Message, row.message) {
			t.Errorf("%s: %s", row.name, e.Sentence())
		}
	}
	one(t, db, saveSegment("every reference", `{"all":[{"segment":"`+g.ID+`"},{"list":"`+l.ID+`"},{"account":"acme"},{"segment":"all"}]}`))
	for _, id := range []string{"000000000000000000000000", l.ID, "x"} {
		refused(t, db, &app.SaveSegment{Segment: id, Title: &g.Title}, app.CodeNotFound)
		refused(t, db, &app.DeleteSegment{Segment: id}, app.CodeNotFound)
	}
	refused(t, db, &app.SaveSegment{Segment: app.AllSegment, Title: &g.Title}, app.CodeInvalid)
	refused(t, db, &app.DeleteSegment{Segment: app.AllSegment}, app.CodeInvalid)
}

func TestSaveSegment_noCirclesAndNoExplosions(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	named := func(ids ...string) string {
		var parts []string
		for _, id := range ids {
			parts = append(parts, `{"segment":"`+id+`"}`)
		}
		return `{"any":[` + strings.Join(parts, ",") + `]}`
	}
	a := newSegment(t, db, "a", proRule)
	b := newSegment(t, db, "b", named(a.ID))
	c := newSegment(t, db, "c", named(app.AllSegment, b.ID, a.ID))
	for _, rule := range []string{named(a.ID), named(app.AllSegment, b.ID), named(app.AllSegment, c.ID)} {
		e := refused(t, db, &app.SaveSegment{Segment: a.ID, Rule: []byte(rule)}, app.CodeInvalid)
		if !strings.HasPrefix(e.Field, "any[") || !strings.Contains(e.Message, "cannot be made of itself") {
			t.Errorf("%s: %s", rule, e.Sentence())
		}
	}
	if e := refused(t, db, &app.DeleteSegment{Segment: a.ID}, app.CodeConflict); !strings.Contains(e.Message, `"b" and "c"`) {
		t.Errorf("deleting one that others name: %s", e.Message)
	}
	// Ten times ten times ten conditions are a thousand, and one more is too many.
	ten := func(id string) string { return named(slices.Repeat([]string{id}, 10)...) }
	d := newSegment(t, db, "ten", ten(app.AllSegment))
	hundred := newSegment(t, db, "hundred", ten(d.ID))
	newSegment(t, db, "thousand", ten(hundred.ID))
	refused(t, db, saveSegment("more", named(append(slices.Repeat([]string{hundred.ID}, 10), app.AllSegment)...)), app.CodeInvalid)
	e := refused(t, db, &app.SaveSegment{Segment: d.ID, Rule: []byte(named(slices.Repeat([]string{app.AllSegment}, 11)...))}, app.CodeInvalid)
	if !strings.Contains(e.Message, `"thousand" names this one`) {
		t.Errorf("growing below others: %s", e.Message)
	}
	one(t, db, &app.SaveSegment{Segment: d.ID, Rule: []byte(proRule)})
	one(t, db, &app.DeleteSegment{Segment: c.ID})
	one(t, db, &app.DeleteSegment{Segment: b.ID})
	one(t, db, &app.DeleteSegment{Segment: a.ID})
}

func TestMoveMembers_oneEntryOfTheFeedPerChange(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	g := newSegment(t, db, "Pro", proRule)
	one(t, db, build(t, g.Row, 1, 3, 5))
	head := db.Head()
	storagetest.Apply(t, db, &app.MoveMembers{Segment: g.Row, Version: 1, Moves: []app.Move{move(5, false), move(1<<40, true), move(7, true)}},
		&app.MoveMembers{Segment: g.Row, Version: 1, Moves: []app.Move{move(5, true)}})
	feed, err := db.Feed(bg, head, 10)
	if err != nil || len(feed) != 2 || feed[0].Kind != app.KindSegmentMoves || feed[0].Count != 3 || feed[1].Key != feed[0].Key+3 || feed[0].Customer != 0 {
		t.Errorf("the feed: %+v %v", feed, err)
	}
	if got := fmt.Sprint(membersOf(t, db, g.Row)); got != "[3 5 7 1099511627776]" {
		t.Errorf("members %s", got)
	}
	entries, err := db.SegmentEntries(bg, g.Row, feed[0].Key, 10)
	want := app.SegmentEntry{Row: feed[0].Key + 1, Segment: g.Row, Customer: 1 << 40, At: at(0), Entered: true, Cause: app.Cause{Kind: app.KindAttribute, Key: 10 << 40}}
	if err != nil || len(entries) != 3 || entries[0] != want {
		t.Errorf("entries: %+v %v", entries, err)
	}
	latest, err := db.LatestSegmentEntries(bg, g.Row, 0, 2)
	if err != nil || len(latest) != 2 || latest[0].Customer != 5 || latest[1].Customer != 7 {
		t.Errorf("the latest: %+v %v", latest, err)
	}
	mine, err := db.CustomerSegmentEntries(bg, 5, app.Newest, 10)
	if err != nil || len(mine) != 2 || !mine[0].Entered || mine[1].Entered || mine[0].Segment != g.Row {
		t.Errorf("of one customer: %+v %v", mine, err)
	}
	if rest, err := db.CustomerSegmentEntries(bg, 5, app.Place{At: mine[0].At, Row: mine[0].Row}, 10); err != nil || len(rest) != 1 || rest[0].Row != mine[1].Row {
		t.Errorf("after the first: %+v %v", rest, err)
	}
}

// What the Keeper found out about a rule that was changed meanwhile, or a segment that was
// deleted, changes nothing.
func TestMembers_ofAnotherVersionChangeNothing(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	g := newSegment(t, db, "Pro", proRule)
	unchanged(t, db, &app.MoveMembers{Segment: g.Row, Version: 1, Moves: []app.Move{move(1, true)}})
	one(t, db, build(t, g.Row, 1, 3, 5))
	one(t, db, &app.SaveSegment{Segment: g.ID, Rule: []byte(`{"all":[]}`)})
	unchanged(t, db, build(t, g.Row, 1, 3))
	unchanged(t, db, build(t, g.Row, 3, 3))
	unchanged(t, db, &app.MoveMembers{Segment: g.Row, Version: 2, Moves: []app.Move{move(1, true)}})
	unchanged(t, db, &app.MoveMembers{Segment: g.Row, Version: 1})
	one(t, db, &app.MoveMembers{Segment: g.Row, Version: 1, Moves: []app.Move{move(1, true)}}) // the old rule's members go on until the new one is built
	if got := fmt.Sprint(membersOf(t, db, g.Row)); got != "[1 3 5]" {
		t.Errorf("members %s", got)
	}
	one(t, db, build(t, g.Row, 2, 9))
	unchanged(t, db, &app.MoveMembers{Segment: g.Row, Version: 1, Moves: []app.Move{move(1, false)}})
	if got := fmt.Sprint(membersOf(t, db, g.Row), segmentAt(t, db, g.Row).Ready()); got != "[9] true" {
		t.Errorf("members, and ready: %s", got)
	}
	wrong := build(t, g.Row, 2, 9)
	wrong.Count = 2
	refused(t, db, wrong, app.CodeInvalid)
	refused(t, db, &app.BuildSegment{Segment: g.Row, Version: 2, Members: []byte("no bitmap")}, app.CodeInvalid)
	one(t, db, &app.DeleteSegment{Segment: g.ID})
	unchanged(t, db, build(t, g.Row, 2, 3))
	unchanged(t, db, &app.MoveMembers{Segment: g.Row, Version: 2, Moves: []app.Move{move(1, true)}})
	if _, _, err := db.Membership(bg, g.Row); app.CodeOf(err) != app.CodeNotFound {
		t.Errorf("the membership of a deleted one: %v", err)
	}
}

func TestMoveMembers_renewsTheBitmapBehindMany(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	g := newSegment(t, db, "Pro", proRule)
	one(t, db, build(t, g.Row, 1, 1))
	behind := func() int64 { return db.Number(t, "select behind from segments where id = ?", g.Row) }
	step := func(from, n int64) *app.MoveMembers {
		c := &app.MoveMembers{Segment: g.Row, Version: 1}
		for i := range n {
			c.Moves = append(c.Moves, move(from+i, true))
		}
		return c
	}
	one(t, db, step(2, 9_999))
	if n := behind(); n != 9_999 {
		t.Errorf("%d entries stand behind the bitmap", n)
	}
	one(t, db, step(10_001, 1))
	one(t, db, step(10_002, 2_500))
	if n := behind(); n != 0 {
		t.Errorf("%d entries stand behind the bitmap, which should be new", n)
	}
	one(t, db, &app.MoveMembers{Segment: g.Row, Version: 1, Moves: []app.Move{move(1, false)}})
	if members := membersOf(t, db, g.Row); len(members) != 12_500 || members[0] != 2 || behind() != 1 {
		t.Errorf("%d members from %d on", len(members), members[0])
	}
}

// A deleted segment is gone at once; its rows go after an hour, a step at a time.
func TestDeleteSegment_theRowsGoAfterAnHour(t *testing.T) {
	t.Parallel()
	db, clock := open(t)
	g, other := newSegment(t, db, "Pro", proRule), newSegment(t, db, "Other", proRule)
	moves := &app.MoveMembers{Segment: g.Row, Version: 1}
	for i := range int64(12_000) {
		moves.Moves = append(moves.Moves, move(i+1, true))
	}
	storagetest.Apply(t, db, build(t, g.Row, 1), build(t, other.Row, 1), &app.MoveMembers{Segment: other.Row, Version: 1, Moves: moves.Moves[:3]}, moves)
	head := db.Head()
	one(t, db, &app.DeleteSegment{Segment: g.ID})
	wantKinds(t, db, head, app.KindSegmentSaved)
	if _, err := db.FindSegment(bg, g.ID); app.CodeOf(err) != app.CodeNotFound {
		t.Errorf("the deleted one: %v", err)
	}
	if all, _ := db.Segments(bg); len(all) != 1 {
		t.Errorf("%d segments are left", len(all))
	}
	refused(t, db, &app.DeleteSegment{Segment: g.ID}, app.CodeNotFound)
	if mine, err := db.CustomerSegmentEntries(bg, 1, app.Newest, 10); err != nil || len(mine) != 1 || mine[0].Segment != other.Row {
		t.Errorf("a customer's entries: %+v %v", mine, err)
	}
	ctx, stop := context.WithCancel(bg)
	ended := make(chan error, 1)
	go func() { ended <- db.KeepHouse(ctx) }()
	clock.Move(59 * time.Minute)
	left := func() int64 { return db.Number(t, "select count(*) from segment_entries") }
	if n := left(); n != 12_003 {
		t.Errorf("%d entries are left before the hour is over", n)
	}
	clock.Move(time.Minute)
	for deadline := time.Now().Add(10 * time.Second); left() != 3 || db.Number(t, "select count(*) from segments") != 1; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d entries are left", left())
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	refused(t, db, &app.RestoreSegment{Segment: g.ID}, app.CodeNotFound)
	// Numbers are not used twice, though the newest are gone.
	one(t, db, &app.MoveMembers{Segment: other.Row, Version: 1, Moves: []app.Move{move(99, true)}})
	if latest, _ := db.LatestSegmentEntries(bg, other.Row, 0, 1); latest[0].Row != 12_004 {
		t.Errorf("the next entry has number %d", latest[0].Row)
	}
}

func TestRestoreSegment_bringsItBackAsAnotherVersion(t *testing.T) {
	t.Parallel()
	db, clock := open(t)
	base := newSegment(t, db, "Base", proRule)
	g := newSegment(t, db, "Pro", `{"segment":"`+base.ID+`"}`)
	one(t, db, build(t, g.Row, 1, 1, 2))
	one(t, db, &app.MoveMembers{Segment: g.Row, Version: 1, Moves: []app.Move{move(2, false)}})
	unchanged(t, db, &app.RestoreSegment{Segment: g.ID})
	refused(t, db, &app.RestoreSegment{Segment: "none"}, app.CodeNotFound)
	one(t, db, &app.DeleteSegment{Segment: g.ID})
	unchanged(t, db, &app.MoveMembers{Segment: g.Row, Version: 1, Moves: []app.Move{move(1, false)}})
	unchanged(t, db, build(t, g.Row, 1, 9))
	clock.Move(30 * time.Minute)
	head := db.Head()
	one(t, db, &app.RestoreSegment{Segment: g.ID})
	wantKinds(t, db, head, app.KindSegmentSaved)
	back, err := db.FindSegment(bg, g.ID)
	if err != nil || back.Row != g.Row || back.Version != 2 || back.Built != 1 || back.Count != 1 || back.UpdatedAt != at(30*time.Minute) {
		t.Errorf("brought back: %+v %v", back, err)
	}
	if entries, _ := db.SegmentEntries(bg, g.Row, 0, 10); len(entries) != 1 {
		t.Errorf("with %d entries", len(entries))
	}
	one(t, db, &app.DeleteSegment{Segment: g.ID})
	one(t, db, &app.DeleteSegment{Segment: base.ID})
	if e := refused(t, db, &app.RestoreSegment{Segment: g.ID}, app.CodeInvalid); e.Field != "segment" {
		t.Errorf("one that names what is gone: %s", e.Sentence())
	}
	one(t, db, &app.RestoreSegment{Segment: base.ID})
	one(t, db, &app.RestoreSegment{Segment: g.ID})
}

// segmentModel is a segment as naively as it can be said.
type segmentModel struct {
	row, version, built int64
	members             map[int64]bool
	days                map[int64]*app.SegmentDay
}

func (m *segmentModel) day(clock app.Clock) *app.SegmentDay {
	day := app.DayOf(app.InstantOf(clock.Now()))
	if m.days[day] == nil {
		m.days[day] = &app.SegmentDay{Day: day}
	}
	return m.days[day]
}

// Whatever is saved, built and moved in whatever order, over days and restarts: who is in,
// how many, and the days' figures are those of a model of maps.
func TestSegments_areThoseOfTheModel(t *testing.T) {
	fewerChecks()
	rapid.Check(t, func(rt *rapid.T) {
		folder := t.TempDir()
		clock := app.NewMovableClock(storagetest.Start)
		db, err := storage.Open(bg, folder, storage.Options{Clock: clock})
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { db.Close() }()
		models := map[int64]*segmentModel{}
		pick := func() *segmentModel {
			rows := slices.Sorted(maps.Keys(models))
			return models[rapid.SampledFrom(rows).Draw(rt, "segment")]
		}
		apply := func(c app.Change) app.Result {
			results, err := db.Apply(bg, app.Batch{Changes: []app.Change{c}})
			if err != nil || results[0].Err != nil {
				rt.Fatalf("%T: %v %v", c, err, results)
			}
			return results[0]
		}
		some := func() map[int64]bool {
			set := map[int64]bool{}
			for _, c := range rapid.SliceOfN(rapid.Int64Range(1, 40), 0, 30).Draw(rt, "members") {
				set[c] = true
			}
			return set
		}
		actions := map[string]func(*rapid.T){
			"make": func(rt *rapid.T) {
				res := apply(saveSegment("s", proRule))
				models[res.Segment] = &segmentModel{row: res.Segment, version: 1, members: map[int64]bool{}, days: map[int64]*app.SegmentDay{}}
			},
			"edit": func(rt *rapid.T) {
				if len(models) == 0 {
					rt.Skip()
				}
				m := pick()
				apply(&app.SaveSegment{Segment: segmentAt(t, db, m.row).ID, Rule: []byte(fmt.Sprintf(`{"attribute":"a","op":"is","value":%d}`, m.version))})
				m.version++
			},
			"delete": func(rt *rapid.T) {
				if len(models) < 3 {
					rt.Skip()
				}
				m := pick()
				id := segmentAt(t, db, m.row).ID
				apply(&app.DeleteSegment{Segment: id})
				if rapid.Bool().Draw(rt, "undo") {
					apply(&app.RestoreSegment{Segment: id})
					m.version++
					return
				}
				delete(models, m.row)
			},
			"build": func(rt *rapid.T) {
				if len(models) == 0 {
					rt.Skip()
				}
				m, set := pick(), some()
				version := m.version - rapid.SampledFrom([]int64{0, 0, 0, 1}).Draw(rt, "older")
				var rows []uint64
				for c := range set {
					rows = append(rows, uint64(c))
				}
				apply(build(t, m.row, version, rows...))
				if version == m.version {
					m.built, m.members = version, set
					m.day(clock).Size = int64(len(set))
				}
			},
			"move": func(rt *rapid.T) {
				if len(models) == 0 {
					rt.Skip()
				}
				m := pick()
				c := &app.MoveMembers{Segment: m.row, Version: m.built}
				for _, who := range slices.Sorted(maps.Keys(some())) {
					c.Moves = append(c.Moves, move(who, !m.members[who]))
				}
				if m.built == 0 {
					c.Version = 1
				} else if len(c.Moves) > 0 {
					d := m.day(clock)
					for _, mv := range c.Moves {
						if mv.Entered {
							m.members[mv.Customer] = true
							d.Entered++
						} else {
							delete(m.members, mv.Customer)
							d.Left++
						}
					}
					d.Size = int64(len(m.members))
				}
				apply(c)
			},
			"wait": func(rt *rapid.T) { clock.Move(7 * time.Hour) },
			"restart": func(rt *rapid.T) {
				if err := db.Close(); err != nil {
					rt.Fatal(err)
				}
				if db, err = storage.Open(bg, folder, storage.Options{Clock: clock}); err != nil {
					rt.Fatal(err)
				}
			},
			"": func(rt *rapid.T) {
				if err := db.Check(bg); err != nil {
					rt.Fatal(err)
				}
				all, err := db.Segments(bg)
				if err != nil || len(all) != len(models) {
					rt.Fatalf("%d segments, want %d (%v)", len(all), len(models), err)
				}
				for _, g := range all {
					m := models[g.Row]
					members, built, err := db.Membership(bg, g.Row)
					if err != nil || built != m.built || g.Built != m.built || g.Version != m.version || g.Count != int64(len(m.members)) {
						rt.Fatalf("segment %+v, want %+v (%v)", g, m, err)
					}
					for _, c := range members.ToArray() {
						if !m.members[int64(c)] {
							rt.Fatalf("customer %d is in segment %d", c, g.Row)
						}
					}
					days, err := db.SegmentDays(bg, g.Row, 0)
					if err != nil || len(days) != len(m.days) {
						rt.Fatalf("days %+v, want %d (%v)", days, len(m.days), err)
					}
					for _, d := range days {
						if d != *m.days[d.Day] {
							rt.Fatalf("day %+v, want %+v", d, *m.days[d.Day])
						}
					}
				}
			},
		}
		rt.Repeat(actions)
	})
}

func TestSegmentDays_beginWithTheSizeBefore(t *testing.T) {
	t.Parallel()
	db, clock := open(t)
	g := newSegment(t, db, "Pro", proRule)
	today := app.DayOf(at(0))
	one(t, db, build(t, g.Row, 1, 1, 2))
	clock.Move(48 * time.Hour)
	one(t, db, &app.MoveMembers{Segment: g.Row, Version: 1, Moves: []app.Move{move(1, false), move(3, true), move(4, true)}})
	for _, from := range []int64{today, today + 1} {
		days, err := db.SegmentDays(bg, g.Row, from)
		want := []app.SegmentDay{{Day: today, Size: 2}, {Day: today + 2, Entered: 2, Left: 1, Size: 3}}
		if err != nil || !slices.Equal(days, want) {
			t.Errorf("from day %d: %+v %v", from-today, days, err)
		}
	}
	if days, _ := db.SegmentDays(bg, g.Row, today+3); len(days) != 1 || days[0].Size != 3 {
		t.Errorf("after all: %+v", days)
	}
}
