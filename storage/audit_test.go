package storage_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"kith/app"
	"kith/storage"
)

// deeds are writes that the audit log has, each with the action that it is called. They
// are done in this order.
func deeds(t *testing.T, db *storage.DB) []struct {
	action string
	do     func() error
} {
	t.Helper()
	ctx := app.WithDoer(bg, app.Doer{By: app.ByKey(7), Address: "192.0.2.7"})
	human := app.WithDoer(bg, app.Doer{By: app.ByUser(3), Address: "192.0.2.8"})
	apply := func(c app.Change) func() error {
		return func() error {
			res, err := db.Apply(ctx, app.Batch{Changes: []app.Change{c}})
			if err == nil {
				err = res[0].Err
			}
			return err
		}
	}
	title, list := "News", res(t, db, &app.SaveList{Title: new("Friends")})
	l, err := db.List(bg, list.List)
	if err != nil {
		t.Fatal(err)
	}
	g, err := db.Segment(bg, res(t, db, &app.SaveSegment{Title: new("Buyers"), Rule: []byte(`{"event":"Bought"}`)}).Segment)
	if err != nil {
		t.Fatal(err)
	}
	for _, uid := range []string{"a", "b", "c", "d", "e"} {
		one(t, db, set(uid))
	}
	in := connected(t, db, "stripe")
	was := delivered(t, db, in, `{}`)
	imp := &app.Import{File: "a.csv", State: app.ImportRunning, Options: []byte("{}"), Plan: []byte("{}")}
	if err := db.CreateImport(bg, imp); err != nil {
		t.Fatal(err)
	}
	who := chosen(t, db, "e")
	var task *app.Task
	return []struct {
		action string
		do     func() error
	}{
		{"list.create", apply(&app.SaveList{Title: &title})},
		{"list.change", apply(&app.SaveList{List: l.ID, Title: &title})},
		{"list.archive", apply(&app.ArchiveList{List: l.ID})},
		{"list.restore", apply(&app.RestoreList{List: l.ID})},
		{"segment.create", apply(&app.SaveSegment{Title: &title, Rule: []byte(`{"event":"Seen"}`)})},
		{"segment.change", apply(&app.SaveSegment{Segment: g.ID, Title: &title})},
		{"segment.delete", apply(&app.DeleteSegment{Segment: g.ID})},
		{"segment.restore", apply(&app.RestoreSegment{Segment: g.ID})},
		{"customer.archive", apply(&app.Archive{UID: "a", Archived: true})},
		{"customer.unarchive", apply(&app.Archive{UID: "a"})},
		{"customer.convert", apply(&app.Convert{UID: "a", Account: true})},
		{"customer.merge", apply(&app.Merge{From: "a", To: "b"})},
		{"customer.delete", apply(&app.Delete{UID: "c"})},
		{"customer.erase", apply(&app.Delete{UID: "d", Erase: true})},
		{"customer.lift_erasure", apply(&app.SetProfile{UID: "d", Trusted: true, Lift: true})},
		{"integration.create", func() error { return db.CreateIntegration(ctx, &app.Integration{Kind: "stripe"}) }},
		{"integration.change", func() error { return db.UpdateIntegration(ctx, in) }},
		{"delivery.replay", func() error {
			_, err := db.Apply(ctx, app.Batch{Hook: &app.Hook{Integration: in.Row, Replay: was.Row, Body: []byte("{}")}})
			return err
		}},
		{"integration.remove", func() error { return db.DeleteIntegration(ctx, in) }},
		{"import.create", func() error {
			return db.CreateImport(ctx, &app.Import{File: "b.csv", State: app.ImportDone, Options: []byte("{}"), Plan: []byte("{}")})
		}},
		{"import.cancel", func() error {
			_, err := db.ActOnImport(ctx, imp.Row, "import.cancel", func(imp *app.Import, _ app.Instant) error {
				imp.State = app.ImportCancelled
				return nil
			})
			return err
		}},
		{"key.create", func() error { _, _, err := db.CreateKey(ctx, "server"); return err }},
		{"customer.change", func() error {
			_, err := db.Apply(human, app.Batch{Changes: []app.Change{withEmail("b", "b@example.com", true)}})
			return err
		}},
		{"task.start", func() error {
			var err error
			task, err = db.StartTask(human, app.Task{Action: app.TaskArchive}, who)
			return err
		}},
		{"task.undo", func() error { _, err := db.UndoTask(human, task.Row); return err }},
	}
}

// res applies one Change of nobody's.
func res(t *testing.T, db *storage.DB, c app.Change) app.Result {
	t.Helper()
	out, err := db.Apply(bg, app.Batch{Changes: []app.Change{c}})
	if err != nil || out[0].Err != nil {
		t.Fatal(err, out[0].Err)
	}
	return out[0]
}

// Where a crash, or a disk that is full, falls between a write and its line, neither is
// there. A trigger stops the writer at exactly that point.
func TestAudit_noWriteIsThereWithoutItsLine(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	all := deeds(t, db)
	seq := func() int64 {
		return db.Number(t, "select (select max(seq) from feed) + (select count(*) from api_keys) + (select count(*) from integrations) + (select count(*) from imports where state <> 1) + (select count(*) from tasks) + (select coalesce(sum(state), 0) from tasks) + (select count(*) from deliveries where replayed_at is not null)")
	}
	for _, d := range all {
		before, lines := seq(), db.Number(t, "select count(*) from audit")
		db.Exec(t, "create trigger stop before insert on audit begin select raise(abort, 'the power went'); end")
		if err := d.do(); err == nil {
			t.Errorf("%s is answered though its line was not written", d.action)
		}
		db.Exec(t, "drop trigger stop")
		if after := seq(); after != before || db.Number(t, "select count(*) from audit") != lines {
			t.Errorf("%s is there without its line: %d rows of effect were %d", d.action, after, before)
		}
		if err := d.do(); err != nil {
			t.Fatalf("%s: %v", d.action, err)
		}
		if after := seq(); after == before && d.action != "integration.change" { // which changes no count
			t.Errorf("%s has no effect that this test could see", d.action)
		}
		log, _, err := db.AuditLog(bg, app.AuditFilter{}, 1)
		if err != nil || len(log) != 1 || log[0].Action != d.action || log[0].State != app.DeedDone || log[0].Address == "" {
			t.Errorf("after %s the log ends with %+v %v", d.action, log, err)
		}
	}
	log, _, err := db.AuditLog(bg, app.AuditFilter{}, 1000)
	if err != nil || len(log) != len(all) {
		t.Errorf("%d deeds have %d lines (%v)", len(all), len(log), err)
	}
	if err := db.Check(bg); err != nil {
		t.Error(err)
	}
}

// What comes in as data leaves no line, and neither does what only a public key asks for.
func TestAudit_leavesOutTheStreamOfTheData(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	title := "News"
	l, err := db.List(bg, res(t, db, &app.SaveList{Title: &title}).List)
	if err != nil {
		t.Fatal(err)
	}
	key := app.WithDoer(bg, app.Doer{By: app.ByKey(1)})
	browser := app.WithDoer(bg, app.Doer{By: app.ByKey(1), Public: true})
	service := app.WithDoer(bg, app.Doer{By: app.ByIntegration(1)})
	in := connected(t, db, "stripe")
	for _, b := range []struct {
		by    app.Doer
		batch app.Batch
	}{
		{app.DoerOf(key), app.Batch{Changes: []app.Change{
			set("a"), &app.Track{UID: "a", Event: "Seen", At: db.Now()}, &app.JoinLists{UID: "a", Lists: []string{l.ID}},
			&app.LeaveLists{UID: "a", Lists: []string{l.ID}}, &app.RemoveAttributes{UID: "a", Names: []string{"x"}},
			&app.Merge{From: "visitor", To: "a", Visitor: true}, &app.Archive{UID: "a"}, // it is no more archived than before
		}}},
		{app.DoerOf(browser), app.Batch{Changes: []app.Change{set("b"), &app.Merge{From: "c", To: "b"}, &app.Convert{UID: "b", Account: true}}}},
		{app.DoerOf(service), app.Batch{Changes: []app.Change{set("d"), &app.Archive{UID: "d", Archived: true}}, Hook: &app.Hook{Integration: in.Row, Body: []byte("{}")}}},
	} {
		out, err := db.Apply(app.WithDoer(bg, b.by), b.batch)
		for _, r := range out {
			if r.Err != nil {
				t.Error(r.Err)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := db.Number(t, "select count(*) from audit"); n != 0 {
		log, _, _ := db.AuditLog(bg, app.AuditFilter{}, 10)
		t.Errorf("there are %d lines: %+v", n, log)
	}
	// A service that deletes, and a browser that renames a list, are another matter.
	if _, err := db.Apply(service, app.Batch{Changes: []app.Change{&app.Delete{UID: "d"}}, Hook: &app.Hook{Integration: in.Row, Body: []byte("{1}")}}); err != nil {
		t.Fatal(err)
	}
	other := "Other"
	if _, err := db.Apply(browser, app.Batch{Changes: []app.Change{&app.SaveList{List: l.ID, Title: &other}}}); err != nil {
		t.Fatal(err)
	}
	log, _, err := db.AuditLog(bg, app.AuditFilter{}, 10)
	if err != nil || len(log) != 2 || log[0].Action != "list.change" || string(log[0].Detail) != `{"public_key":true}` || log[1].Action != "customer.delete" || log[1].By != "integration 1" {
		t.Errorf("the log has %+v %v", log, err)
	}
}

// A repeat of a request that was done is no deed.
func TestAudit_aRepeatedRequestHasOneLine(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	title := "News"
	for range 2 {
		once := &app.Once{Scope: [32]byte{1}, Body: [32]byte{2}, Encode: func(app.Reader, []app.Result) (int, []byte, error) { return 200, []byte("{}"), nil }}
		if _, err := db.Apply(app.WithActor(bg, app.ByKey(1)), app.Batch{Changes: []app.Change{&app.SaveList{Title: &title}}, Once: once}); err != nil {
			t.Fatal(err)
		}
	}
	if n := db.Number(t, "select count(*) from audit"); n != 1 {
		t.Errorf("there are %d lines", n)
	}
}

// What goes on beside the database is in the log before it begins, and a start says of
// whose end nobody knows that nobody knows it.
func TestAudit_aDeedWhoseProcessEndedIsSaidToBe(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	db, err := storage.Open(bg, folder, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx := app.WithDoer(bg, app.Doer{By: app.ByUser(1), Address: "192.0.2.7"})
	begin := func(action string) int64 {
		deed, err := db.BeginDeed(ctx, action, "kith-1.tar.zst", map[string]any{"format": "csv"})
		if err != nil {
			t.Fatal(err)
		}
		return deed
	}
	done, failed, lost := begin("customer.export"), begin("event.export"), begin("backup.download")
	if err := db.EndDeed(ctx, done, app.DeedDone, map[string]any{"customers": 5}); err != nil {
		t.Fatal(err)
	}
	if err := db.EndDeed(ctx, failed, app.DeedFailed, nil); err != nil {
		t.Fatal(err)
	}
	if got := states(t, db); got != "begun failed done" {
		t.Errorf("while it goes on, the log has %s", got)
	}
	beside, err := storage.Open(bg, folder, storage.Options{Shared: true}) // a command, which must not say so
	if err != nil {
		t.Fatal(err)
	}
	if err := beside.Close(); err != nil {
		t.Fatal(err)
	}
	if got := states(t, db); got != "begun failed done" {
		t.Errorf("after a command, the log has %s", got)
	}
	if err := db.Close(); err != nil { // as after a kill: nothing ended it
		t.Fatal(err)
	}
	if db, err = storage.Open(bg, folder, storage.Options{}); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if got := states(t, db); got != "unknown failed done" {
		t.Errorf("after the next start, the log has %s", got)
	}
	if err := db.EndDeed(ctx, lost, app.DeedDone, nil); err != nil {
		t.Fatal(err)
	}
	if got := states(t, db); got != "unknown failed done" {
		t.Errorf("a line that is closed was changed: %s", got)
	}
	log, _, err := db.AuditLog(bg, app.AuditFilter{Action: "customer.export"}, 1)
	var detail map[string]any
	if err != nil || json.Unmarshal(log[0].Detail, &detail) != nil || fmt.Sprint(detail) != "map[customers:5 format:csv]" {
		t.Errorf("its detail is %v (%v)", detail, err)
	}
}

// states are those of the log, newest first.
func states(t *testing.T, db *storage.DB) string {
	t.Helper()
	log, _, err := db.AuditLog(bg, app.AuditFilter{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, l := range log {
		out = append(out, l.State.String())
	}
	return strings.Join(out, " ")
}
