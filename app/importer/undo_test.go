package importer_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/importer"
	"kith/storage"
	"kith/storage/storagetest"
)

// whole is everything that there is about all customers but internal ids, to compare states by.
func whole(t testing.TB, db *storage.DB) string {
	t.Helper()
	var lines []string
	if err := db.EachCustomer(bg, func(c *app.Customer) error {
		line := fmt.Sprintf("%s %v", c.UID, c.Provisional)
		for _, to := range []string{"first_name", "last_name", "email", "number"} {
			line += fmt.Sprintf(" %q", cellOf(c, to))
		}
		line += " " + c.CreatedAt.String()
		for _, a := range c.Attributes {
			line += fmt.Sprintf(" %s=%s@%d", a.Name, a.Value, a.ChangedAt)
		}
		for _, s := range app.StandardAttributes {
			line += fmt.Sprintf(" %d", c.Changed[s])
		}
		for _, l := range c.Lists {
			line += fmt.Sprintf(" %s:%s@%d", l.Title, l.Status, l.At)
		}
		for _, d := range c.Devices {
			line += " " + d.Token
		}
		lines = append(lines, line)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

func (b *bench) undo(imp *app.Import) *app.Import {
	b.t.Helper()
	if _, err := b.r.Undo(bg, imp.ID); err != nil {
		b.t.Fatal(err)
	}
	return b.await(imp)
}

func apply(t testing.TB, db *storage.DB, changes ...app.Change) { storagetest.Apply(t, db, changes...) }

func set(uid string, attributes ...string) *app.SetProfile {
	c := &app.SetProfile{UID: uid, Trusted: true}
	for i := 0; i+1 < len(attributes); i += 2 {
		c.Profile.Attributes = append(c.Profile.Attributes, app.Attribute{Name: attributes[i], Value: []byte(attributes[i+1])})
	}
	return c
}

func TestUndo_bringsBackWhatWasThereToTheByte(t *testing.T) {
	t.Parallel()
	db, clock := storagetest.Open(t)
	b := start(t, db)
	title := "News"
	list, err := db.List(bg, storagetest.Apply(t, db, &app.SaveList{Title: &title})[0].List)
	if err != nil {
		t.Fatal(err)
	}
	apply(t, db, set("p1", "plan", `"Fibre 20"`, "usage", "12.50"), set("p2", "plan", `"Fibre 50"`), set("p3", "plan", `"Fibre 100"`),
		&app.JoinLists{UID: "p2", Lists: []string{list.ID}}, &app.SetSubscription{UID: "p3", List: list.ID})
	clock.Move(time.Hour)
	before := whole(t, db)
	file := "uid,first_name,email,created_at,plan,usage,city\n" +
		"p1,Ada,ada@example.com,2020-01-02,Fibre 50,13,Lagos\n" +
		"n1,Nia,nia@example.com,2021-01-02,Fibre 50,1,Accra\n" +
		"p2,Bo,,,Fibre 50,,\n" +
		"p3,,,,,,\n" +
		"n2,Nuri,,,,,Lomé\n" +
		"p1,Ada,ada@example.com,2020-01-03,Fibre 100,14,Lagos\n" +
		"n1,Nia,nia@example.org,,,2,\n"
	imp := b.run("people.csv", []byte(file), importer.Options{List: list.ID, Blank: "clear"})
	wantCounts(t, imp, 2, 5, 0, 0, 0)
	if p := plan(t, imp); p.Repeats != 2 {
		t.Errorf("%d rows repeat, want 2", p.Repeats)
	}
	if c := storagetest.Customer(t, db, "p3"); c.Lists[0].Status != app.Unsubscribed {
		t.Errorf("an import subscribed who had left: %s", c.Lists[0].Status)
	}
	if c := storagetest.Customer(t, db, "p1"); cellOf(c, "plan") != "Fibre 100" || cellOf(c, "usage") != "14" {
		t.Errorf("the last row does not win: %q %q", cellOf(c, "plan"), cellOf(c, "usage"))
	}
	clock.Move(time.Hour)
	head := db.Head()
	undone := b.undo(imp)
	if undone.State != app.ImportUndone || undone.Removed != 2 || undone.Kept != 0 || undone.Restored != 3 {
		t.Errorf("undone: %s, %d removed, %d restored, %d kept %s", undone.State, undone.Removed, undone.Restored, undone.Kept, undone.Error)
	}
	if after := whole(t, db); after != before {
		t.Errorf("after the undo it is\n%s\nand was\n%s", after, before)
	}
	if db.Head() == head {
		t.Error("the undo left nothing in the feed")
	}
	if _, err := b.r.Undo(bg, imp.ID); app.CodeOf(err) != app.CodeConflict {
		t.Errorf("undone twice: %v", err)
	}
}

func TestUndo_leavesWhatHasChangedSinceAndSaysSo(t *testing.T) {
	t.Parallel()
	db, clock := storagetest.Open(t)
	b := start(t, db)
	apply(t, db, set("p1", "plan", `"Fibre 20"`, "usage", "12"), set("p2", "plan", `"Fibre 20"`))
	clock.Move(time.Hour)
	var file strings.Builder
	file.WriteString("uid,plan,usage\np1,Fibre 50,13\np2,Fibre 50,13\n")
	for i := range 9 {
		fmt.Fprintf(&file, "n%d,Fibre 50,%d\n", i, i)
	}
	imp := b.run("people.csv", []byte(file.String()), importer.Options{})
	wantCounts(t, imp, 9, 2, 0, 0, 0)
	clock.Move(time.Hour)
	phone := app.FieldOf("2348160000000")
	title := "Later"
	list, _ := db.List(bg, storagetest.Apply(t, db, &app.SaveList{Title: &title})[0].List)
	apply(t, db, set("p1", "usage", "99"),
		&app.Track{UID: "n0", Event: "Seen", At: db.Now()}, set("n1", "usage", "7"), &app.Archive{UID: "n2", Archived: true},
		&app.JoinLists{UID: "n3", Lists: []string{list.ID}}, &app.RemoveAttributes{UID: "n4", Names: []string{"plan"}},
		&app.SetProfile{UID: "n5", Trusted: true, Profile: app.Profile{Number: phone}}, &app.Delete{UID: "n6"},
		&app.Merge{From: "old", To: "n7"})
	undone := b.undo(imp)
	if undone.State != app.ImportUndone || undone.Removed != 2 || undone.Restored != 1 || undone.Kept != 7 {
		t.Errorf("undone: %s, %d removed, %d restored, %d kept %s", undone.State, undone.Removed, undone.Restored, undone.Kept, undone.Error)
	}
	kept, err := db.ImportKept(bg, imp.Row, 0, 100)
	if err != nil || len(kept) != 7 {
		t.Errorf("%d are said to be kept, want 7: %+v %v", len(kept), kept, err)
	}
	for _, k := range kept {
		if k.Reason == "" || k.UID == "" {
			t.Errorf("%+v gives no reason", k)
		}
	}
	p1 := storagetest.Customer(t, db, "p1")
	if cellOf(p1, "plan") != "Fibre 20" || cellOf(p1, "usage") != "99" {
		t.Errorf("p1 is %q %q: its plan goes back, its usage was written since", cellOf(p1, "plan"), cellOf(p1, "usage"))
	}
}

func TestUndo_ofTheFirstOfTwoImportsLeavesTheSecond(t *testing.T) {
	t.Parallel()
	db, clock := storagetest.Open(t)
	b := start(t, db)
	first := b.run("a.csv", []byte("uid,plan\na,1 Mbit\nb,1 Mbit\n"), importer.Options{})
	clock.Move(time.Hour)
	second := b.run("b.csv", []byte("uid,plan\na,2 Mbit\nc,2 Mbit\n"), importer.Options{})
	clock.Move(time.Hour)
	if u := b.undo(first); u.Removed != 1 || u.Kept != 1 {
		t.Errorf("%d removed, %d kept", u.Removed, u.Kept)
	}
	if u := b.undo(second); u.Removed != 1 || u.Restored != 1 {
		t.Errorf("%d removed, %d restored", u.Removed, u.Restored)
	}
	if c := storagetest.Customer(t, db, "a"); cellOf(c, "plan") != "1 Mbit" {
		t.Errorf("a has %q", cellOf(c, "plan"))
	}
}

func TestTimeline_saysWhatAnImportDid(t *testing.T) {
	t.Parallel()
	db, clock := storagetest.Open(t)
	b := start(t, db)
	apply(t, db, set("p1", "plan", `"Fibre 20"`))
	clock.Move(time.Hour)
	imp := b.run("people.csv", []byte("uid,plan\np1,Fibre 50\nn1,Fibre 50\n"), importer.Options{})
	lines := func(uid string) []app.HistoryEntry {
		out, err := db.History(bg, storagetest.Customer(t, db, uid).Row, app.Newest, 100)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	p1 := lines("p1")
	if len(p1) != 2 || p1[0].Kind != app.KindImported || !bytes.Contains(p1[0].Data, []byte(`"from":"Fibre 20"`)) || !bytes.Contains(p1[0].Data, []byte(imp.ID)) {
		t.Errorf("p1: %d lines, %s", len(p1), p1[0].Data)
	}
	n1 := lines("n1")
	if len(n1) != 1 || !bytes.Contains(n1[0].Data, []byte(`"made":true`)) || !bytes.Contains(n1[0].Data, []byte(`"file":"people.csv"`)) {
		t.Errorf("n1: %+v", n1)
	}
	if n, err := db.HistoryCount(bg, storagetest.Customer(t, db, "p1").Row); n != 2 || err != nil {
		t.Errorf("p1 has %d lines: %v", n, err)
	}
	if more, _ := db.History(bg, storagetest.Customer(t, db, "p1").Row, app.Place{At: p1[0].At, Row: p1[0].Row}, 100); len(more) != 1 || more[0].Kind == app.KindImported {
		t.Errorf("behind the import there is %+v", more)
	}
}

func TestErase_takesWhatImportsKeepAlong(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	db, err := storage.Open(bg, folder, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	b := start(t, db)
	apply(t, db, set("secret-1", "plan", `"Fibre zebra"`))
	imp := b.run("people.csv", []byte("uid,email,plan\nsecret-1,zebra@example.com,Fibre 50\nsecret-1,no zebra,zebra\nother,o@example.com,x\n"), importer.Options{})
	wantCounts(t, imp, 1, 1, 0, 0, 1)
	apply(t, db, &app.Delete{UID: "secret-1", Erase: true})
	now, err := db.ImportRow(bg, imp.Row)
	if err != nil {
		t.Fatal(err)
	}
	if now.Samples != nil || len(b.refusals(imp)) != 0 {
		t.Errorf("left behind: %s %+v", now.Samples, b.refusals(imp))
	}
	if all := whole(t, db); !strings.Contains(all, "other") || strings.Contains(all, "zebra") {
		t.Error(all)
	}
	if err := db.Check(bg); err != nil {
		t.Error(err)
	}
	b.stop()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := filepath.WalkDir(folder, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(p)
		if bytes.Contains(text, []byte("zebra")) {
			t.Errorf("%s still holds what was erased", p)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}
