package search_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kith/app"
	"kith/search"
	"kith/storage/storagetest"
)

// found is the uids of a query's page, and the total.
func (s *started) found(q app.Query) string {
	s.t.Helper()
	if q.Limit == 0 {
		q.Limit = 10
	}
	m, err := s.Find(context.Background(), q)
	if err != nil {
		s.t.Fatalf("%+v: %v", q, err)
	}
	out := []string{fmt.Sprint(m.Total)}
	for _, row := range m.Rows {
		c, err := s.db.Customer(context.Background(), row)
		if err != nil {
			s.t.Fatalf("%+v found row %d: %v", q, row, err)
		}
		out = append(out, c.UID)
	}
	return strings.Join(out, " ")
}

func TestSearch_aTypoInAnAttributeIsForgiven(t *testing.T) {
	t.Parallel()
	db, _ := storagetest.Open(t)
	storagetest.Apply(t, db, person("a", "Ada", "", "", "", "company", `"Blue Kite Stores"`), person("b", "", "", "", "", "city", `"Maiduguri"`),
		person("c", "", "", "kitesurf@example.com", "", "note", `"`+strings.Repeat("long prose about a harpoon ", 5)+`"`))
	s := start(t, db, t.TempDir())
	s.settle()
	for _, tt := range []struct{ text, uids string }{
		{"stoers", "a"}, {"storess", "a"}, {"stres", "a"}, {"storas", "a"}, {"sxores", "a"}, {"xstores", "a"},
		{"maidgu", "b"}, {"miaduguri", "b"}, {"maydugur", "b"},
		{"harpon", ""}, // prose is found by its attribute only
		{"stxxes", ""},
	} {
		s.want(tt.text, tt.uids)
	}
}

func TestSearch_formerIdsAreFound(t *testing.T) {
	t.Parallel()
	db, _ := storagetest.Open(t)
	storagetest.Apply(t, db, person("crm-4711", "Ada", "", "", ""), person("u1", "Ada", "Obi", "", ""), person("firm-81", "Kite", "", "", ""), person("f1", "Kite Ltd", "", "", ""))
	storagetest.Apply(t, db, &app.Merge{From: "crm-4711", To: "u1"}, &app.Merge{From: "firm-81", To: "f1"})
	s := start(t, db, t.TempDir())
	s.settle()
	s.want("crm-4711", "u1")
	s.want("4711", "u1")
	s.want("crm", "u1")
	s.want("firm-81", "f1")
	c, err := db.Customer(context.Background(), mustFind(t, s, "u1"))
	if err != nil {
		t.Fatal(err)
	}
	want := []app.Mark{{Field: "alias", Text: "crm-4711", At: [][2]int{{4, 8}}}}
	if got := s.Marks(context.Background(), "4711", c); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("marked %v", got)
	}
}

func mustFind(t *testing.T, s *started, uid string) int64 {
	t.Helper()
	row, err := s.db.Find(context.Background(), uid)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func TestFind_filtersCombineWithTheTextAndCountExactly(t *testing.T) {
	t.Parallel()
	db, _ := storagetest.Open(t)
	title := "Weekly newsletter"
	results := storagetest.Apply(t, db, &app.SaveList{Title: &title})
	list, err := db.List(context.Background(), results[0].List)
	if err != nil {
		t.Fatal(err)
	}
	var changes []app.Change
	for i := range 40 {
		uid := fmt.Sprintf("p%02d", i)
		changes = append(changes, person(uid, "Ada", fmt.Sprint("Number", i), "", "", "plan", []string{`"free"`, `"pro plus"`}[i%2]))
		if i%4 == 0 {
			changes = append(changes, &app.JoinLists{UID: uid, Lists: []string{list.ID}})
		}
		if i%5 == 0 {
			changes = append(changes, &app.SetProfile{UID: uid, Trusted: true, Device: &app.Device{Token: "t" + uid, Platform: "ios"}})
		}
		if i%8 == 0 {
			changes = append(changes, &app.Archive{UID: uid, Archived: true})
		}
	}
	storagetest.Apply(t, db, append(changes, person("other", "Bola", "", "", "", "plan", `"pro plus"`))...)
	s := start(t, db, t.TempDir())
	s.settle()
	yes, no := true, false
	var even app.Rows
	for i := 0; i < 40; i += 2 {
		even.Add(mustFind(t, s, fmt.Sprintf("p%02d", i)))
	}
	pro := []app.AttributeIs{{Name: "Plan", Value: "Pro Plus"}}
	for _, tt := range []struct {
		name string
		q    app.Query
		want string
	}{
		{"text", app.Query{Text: "ada", Limit: 2}, "40 p39 p38"},
		{"a list", app.Query{Text: "ada", Lists: []string{list.ID}, Limit: 2}, "10 p36 p32"},
		{"a list that is none", app.Query{Text: "ada", Lists: []string{"nope"}}, "0"},
		{"an attribute", app.Query{Text: "ada", Attributes: pro, Limit: 2}, "20 p39 p37"},
		{"an attribute's word", app.Query{Attributes: []app.AttributeIs{{Name: "plan", Value: "plus"}}, Limit: 1}, "21 other"},
		{"a device", app.Query{Text: "ada", Device: &yes, Limit: 2}, "8 p35 p30"},
		{"no device", app.Query{Text: "ada", Device: &no, Limit: 1}, "32 p39"},
		{"archived", app.Query{Text: "ada", Archived: &yes, Limit: 2}, "5 p32 p24"},
		{"not archived", app.Query{Text: "ada", Archived: &no, Limit: 1}, "35 p39"},
		{"a segment", app.Query{Text: "ada", Segment: even, Limit: 2}, "20 p38 p36"},
		{"nobody's segment", app.Query{Text: "ada", Segment: app.Rows{}}, "0"},
		{"an account", app.Query{IsAccount: &yes}, "0"},
		{"all of it", app.Query{Text: "ada num", Lists: []string{list.ID}, Device: &yes, Archived: &no, Segment: even}, "1 p20"},
		{"no text", app.Query{Lists: []string{list.ID}, Archived: &no, Limit: 9}, "5 p36 p28 p20 p12 p04"},
		{"by the list's name", app.Query{Text: `list:week -number36`, Limit: 2}, "9 p32 p28"},
		{"a name that a list has", app.Query{Text: "newslet", Limit: 2}, "10 p36 p32"},
		{"a later page", app.Query{Text: "ada", Skip: 38}, "40 p01 p00"},
		{"behind the end", app.Query{Text: "ada", Skip: 99}, "40"},
		{"punctuation", app.Query{Text: "??"}, "0"},
	} {
		if got := s.found(tt.q); got != tt.want {
			t.Errorf("%s: found %q, not %q", tt.name, got, tt.want)
		}
	}
	// What changes beside the profile is followed too.
	storagetest.Apply(t, db, &app.LeaveLists{UID: "p36", Lists: []string{list.ID}}, &app.Archive{UID: "p32"}, &app.RemoveDevice{UID: "p35", Token: "tp35"})
	s.settle()
	for _, tt := range []struct {
		q    app.Query
		want string
	}{{app.Query{Text: "ada", Archived: &yes, Limit: 1}, "4 p24"}, {app.Query{Device: &yes, Limit: 1}, "7 p30"}} {
		if got := s.found(tt.q); got != tt.want {
			t.Errorf("%+v after a change: found %q, not %q", tt.q, got, tt.want)
		}
	}
	renamed := "Monthly letter"
	storagetest.Apply(t, db, &app.SaveList{List: list.ID, Title: &renamed})
	s.settle()
	if got := s.found(app.Query{Text: "newslet"}); got != "0" {
		t.Errorf("a list's former name finds %q", got)
	}
	if got := s.found(app.Query{Text: "list:monthly", Limit: 1}); !strings.HasSuffix(got, " p36") && !strings.HasSuffix(got, " p32") {
		t.Errorf("a list's new name finds %q", got)
	}
}

// No attribute makes a field, and a hundred thousand names of attributes are so many terms.
func TestIndex_ahundredThousandAttributesMakeNoField(t *testing.T) {
	t.Parallel()
	db, _ := storagetest.Open(t)
	var changes []app.Change
	for i := range 1000 {
		var attributes []string
		for j := range 100 {
			attributes = append(attributes, fmt.Sprintf("attribute %d", i*100+j), fmt.Sprintf(`"value %d"`, j))
		}
		changes = append(changes, person(fmt.Sprint("c", i), "Ada", "", "", "", attributes...))
	}
	for part := range slices.Chunk(changes, 250) {
		storagetest.Apply(t, db, part...)
	}
	s := start(t, db, t.TempDir())
	s.settle()
	if got := s.Fields(); !slices.Equal(got, []string{"_id", "b", "w"}) {
		t.Errorf("the index has the fields %v", got)
	}
	if got := s.found(app.Query{Attributes: []app.AttributeIs{{Name: "attribute 54321", Value: "value 21"}}}); got != "1 c543" {
		t.Errorf("found %q", got)
	}
	began := time.Now()
	for range 20 {
		if got := s.found(app.Query{Text: "ad", Limit: 1}); got != "1000 c999" {
			t.Fatalf("found %q", got)
		}
	}
	if took := time.Since(began) / 20; took > 50*time.Millisecond {
		t.Errorf("a search takes %s", took)
	}
}

func TestAsk_aNewIndexIsBuiltBesideTheOldOneWhichAnswers(t *testing.T) {
	t.Parallel()
	db, _ := storagetest.Open(t)
	storagetest.Apply(t, db, crew()...)
	folder := t.TempDir()
	g := &gated{DB: db, after: 1000, gate: make(chan struct{})}
	e := search.New(g, folder, search.Options{Calm: time.Millisecond})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	until(t, "the index is not built", e.Ready)
	g.after = 0 // the next build waits
	var failed, answered atomic.Int64
	asking, stop := context.WithCancel(ctx)
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		for asking.Err() == nil {
			rows, err := e.Search(ctx, "kite", 10)
			if err != nil || len(rows) != 1 {
				failed.Add(1)
			}
			answered.Add(1)
		}
	}()
	if err := search.Ask(folder); err != nil {
		t.Fatal(err)
	}
	until(t, "it does not build", func() bool { return e.State().Phase == search.Building })
	if i := e.Index(); !i.Serving || i.State != "building" || !i.Ready() {
		t.Errorf("it says %+v", i)
	}
	storagetest.Apply(t, db, person("late", "Latecomer", "", "", ""))
	close(g.gate)
	until(t, "it does not end", func() bool {
		return !search.Asked(folder) && e.State().Phase == search.Following && e.State().Position == db.Head()
	})
	stop()
	<-asked
	if failed.Load() > 0 || answered.Load() == 0 {
		t.Errorf("%d of %d searches failed meanwhile", failed.Load(), answered.Load())
	}
	if rows, err := e.Search(ctx, "latecomer", 10); err != nil || len(rows) != 1 {
		t.Errorf("%v %v", rows, err)
	}
	if left, err := filepath.Glob(filepath.Join(folder, search.FolderName+".*")); err != nil || len(left) > 0 {
		t.Errorf("%v %v is left", left, err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestFind_segmentsAreFoundByTheirNames(t *testing.T) {
	t.Parallel()
	db, _ := storagetest.Open(t)
	storagetest.Apply(t, db, crew()...)
	title := "Power users"
	storagetest.Apply(t, db, &app.SaveSegment{Title: &title, Rule: []byte(`{"all":[]}`)})
	var members app.Rows
	members.Add(mustFind(t, &started{t: t, db: db}, "u2"))
	e := search.New(db, t.TempDir(), search.Options{Segment: func(int64) app.Rows { return members }})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	s := &started{Engine: e, t: t, db: db}
	s.settle()
	for text, want := range map[string]string{"power": "1 u2", "segment:users": "1 u2", `segment:"power users"`: "1 u2", "segment:use ada": "1 u2", "segment:use bayo": "0", "powwer": "0", "-segment:power ade": "2 u1 u3"} {
		if got := s.found(app.Query{Text: text}); got != want {
			t.Errorf("%s found %q, not %q", text, got, want)
		}
	}
	c, err := db.Customer(ctx, mustFind(t, s, "u2"))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Marks(ctx, "power", c); len(got) != 1 || got[0].Field != "segment" || got[0].Text != title {
		t.Errorf("marked %v", got)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A build left the files that it was merged from, until something was written.
func TestRun_aBuildEndsInOneFile(t *testing.T) {
	t.Parallel()
	db, _ := storagetest.Open(t)
	var changes []app.Change
	for i := range 2*search.BatchSize + 100 {
		changes = append(changes, person(fmt.Sprint("c", i), word(i), word(3*i), "", ""))
	}
	for part := range slices.Chunk(changes, 1000) {
		storagetest.Apply(t, db, part...)
	}
	folder := t.TempDir()
	s := start(t, db, folder)
	s.settle()
	until(t, "there are more files", func() bool {
		files, err := filepath.Glob(filepath.Join(folder, search.FolderName, "*.zap"))
		return err == nil && len(files) == 1
	})
	s.want("c4050", "c4050")
}

// However many words begin with what was typed, all of them are found.
func TestEngine_manyWordsBeginAlike(t *testing.T) {
	db, _ := storagetest.Open(t)
	const customers, each = 110, 500
	var changes []app.Change
	for i := range customers {
		var tags strings.Builder
		for j := range each {
			fmt.Fprintf(&tags, `,"acmecustomer0%06d"`, i*each+j)
		}
		changes = append(changes, person(fmt.Sprint("u", i), "", "", "", "", "tags", "["+tags.String()[1:]+"]"))
	}
	storagetest.Apply(t, db, changes...)
	e := start(t, db, t.TempDir())
	e.settle()
	m, err := e.Find(t.Context(), app.Query{Text: "acmecustomer0", Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if m.Total != customers {
		t.Errorf("%d found of %d", m.Total, customers)
	}
	m, err = e.Find(t.Context(), app.Query{Text: "-acmecustomer0", Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if m.Total != 0 {
		t.Errorf("%d found of those who are not meant", m.Total)
	}
}

// More than one window takes at once arrives whole, and in order.
func TestEngine_manyChangesAtOnce(t *testing.T) {
	db, _ := storagetest.Open(t)
	e := start(t, db, t.TempDir())
	e.settle()
	const customers = search.WindowSize + 100
	for _, first := range []string{"Before", "Bayo"} {
		var changes []app.Change
		for i := range customers {
			changes = append(changes, person(fmt.Sprint("u", i), first, "", "", ""))
		}
		storagetest.Apply(t, db, changes...)
	}
	e.settle()
	for text, want := range map[string]int64{"bayo": customers, "before": 0} {
		if m, err := e.Find(t.Context(), app.Query{Text: text, Limit: 1}); err != nil || m.Total != want {
			t.Errorf("%s: %+v %v, want %d", text, m, err, want)
		}
	}
}
