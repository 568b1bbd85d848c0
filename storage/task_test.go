package storage_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/storage"
	"kith/storage/storagetest"

	"pgregory.net/rapid"
)

// chosen are the rows of customers by their ids.
func chosen(t testing.TB, db *storage.DB, uids ...string) []int64 {
	t.Helper()
	var b []int64
	for _, uid := range uids {
		row, err := db.Find(bg, uid)
		if err != nil {
			t.Fatal(err)
		}
		b = append(b, row)
	}
	return b
}

// start begins a task that must be done at once.
func start(t testing.TB, db *storage.DB, task app.Task, uids ...string) *app.Task {
	t.Helper()
	k, err := db.StartTask(bg, task, chosen(t, db, uids...))
	if err != nil {
		t.Fatal(err)
	}
	if k.State != app.TaskDone || k.Done != int64(len(uids)) {
		t.Fatalf("the task is %s with %d of %d done: %s", k.State, k.Done, len(uids), k.Error)
	}
	return k
}

// undo takes a task back, and wants so many restored and kept.
func undo(t testing.TB, db *storage.DB, k *app.Task, restored, kept int64) {
	t.Helper()
	k, err := db.UndoTask(bg, k.Row)
	if err != nil {
		t.Fatal(err)
	}
	if k.State != app.TaskUndone || k.Restored != restored || k.Kept != kept {
		t.Errorf("the undo is %s, restored %d and kept %d; want %d and %d", k.State, k.Restored, k.Kept, restored, kept)
	}
	if err := db.Check(bg); err != nil {
		t.Error(err)
	}
}

// whole is everything of some customers that is not a line of history, as text.
func whole(t testing.TB, db *storage.DB, uids ...string) string {
	t.Helper()
	out := map[string]any{}
	for _, uid := range uids {
		row, err := db.Find(bg, uid)
		if err != nil {
			out[uid] = "nobody"
			continue
		}
		c := storagetest.Customer(t, db, uid)
		aliases, err := db.Aliases(bg, row)
		if err != nil {
			t.Fatal(err)
		}
		members, _, err := db.Members(bg, row, app.Page{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		external, err := db.ExternalIDs(bg, row)
		if err != nil {
			t.Fatal(err)
		}
		out[uid] = []any{c, aliases, members, external, events(t, db, uid)}
	}
	names, err := db.EventNames(bg, 0)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(names, func(a, b app.EventStat) int { return int(a.Row - b.Row) })
	totals, err := db.Totals(bg)
	if err != nil {
		t.Fatal(err)
	}
	attributes, err := db.Attributes(bg)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]any{}
	for _, a := range attributes {
		if a.Customers() > 0 {
			counts[fmt.Sprint(a.Name, a.Standard)] = a.Types
		}
	}
	b, err := json.MarshalIndent([]any{out, names, totals, counts}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// differing are the lines of two texts from the first that differs on.
func differing(before, after string) string {
	a, b := strings.Split(before, "\n"), strings.Split(after, "\n")
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			return "- " + strings.Join(a[max(0, i-12):min(len(a), i+4)], "\n- ") + "\n+ " + strings.Join(b[min(len(b), max(0, i-3)):min(len(b), i+6)], "\n+ ")
		}
	}
	return ""
}

// company fills a folder with two households and what can hang on a customer.
func company(t testing.TB, db *storage.DB, clock *app.MovableClock) *app.List {
	t.Helper()
	list := newList(t, db, "Letter", false)
	role := "owner"
	for i, uid := range []string{"ada", "bode", "chi"} {
		clock.Move(time.Minute)
		storagetest.Apply(t, db,
			&app.SetProfile{UID: uid, Trusted: true, Source: "api", Lists: []string{list.ID}, Device: &app.Device{Token: "t-" + uid, Platform: "ios"},
				Profile:  app.Profile{FirstName: app.FieldOf("First " + uid), Email: app.FieldOf(uid + "@example.com"), Attributes: profile("plan", `"Fibre"`, "gb", fmt.Sprint(i)).Attributes},
				Accounts: []app.AccountRole{{UID: "household", Role: &role}}},
			&app.Track{UID: uid, Event: "Logged in", At: at(time.Duration(i) * time.Hour), MessageID: "m-" + uid, Source: "api"},
			&app.Track{UID: uid, Event: "Bought", At: at(time.Hour), Properties: []byte(`{"gb":5}`), Source: "api"},
			&app.Merge{From: "old-" + uid, To: uid})
	}
	one(t, db, &app.SetSubscription{UID: "chi", List: list.ID})
	one(t, db, &app.Archive{UID: "bode", Archived: true})
	clock.Move(12 * time.Hour)
	return list
}

var everybody = []string{"ada", "bode", "chi", "household", "old-ada", "late"}

func TestTask_eachOneIsTakenBackExactly(t *testing.T) {
	t.Parallel()
	for name, task := range map[string]func(l *app.List) app.Task{
		"delete":              func(*app.List) app.Task { return app.Task{Action: app.TaskDelete} },
		"archive":             func(*app.List) app.Task { return app.Task{Action: app.TaskArchive} },
		"unarchive":           func(*app.List) app.Task { return app.Task{Action: app.TaskUnarchive} },
		"leave a list":        func(l *app.List) app.Task { return app.Task{Action: app.TaskLeaveList, List: l.ID} },
		"remove an attribute": func(*app.List) app.Task { return app.Task{Action: app.TaskSetAttribute, Attribute: "plan"} },
		"remove a first name": func(*app.List) app.Task { return app.Task{Action: app.TaskSetAttribute, Attribute: "first_name"} },
		"set an attribute": func(*app.List) app.Task {
			return app.Task{Action: app.TaskSetAttribute, Attribute: "gb", Value: []byte("7")}
		},
		"set a new attribute": func(*app.List) app.Task {
			return app.Task{Action: app.TaskSetAttribute, Attribute: "new", Value: []byte(`"x"`)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, clock := open(t)
			list := company(t, db, clock)
			before := whole(t, db, everybody...)
			k := start(t, db, task(list), "ada", "bode", "chi", "household")
			if after := whole(t, db, everybody...); after == before {
				t.Fatal("the task changed nothing")
			}
			if err := db.Check(bg); err != nil {
				t.Fatal(err)
			}
			clock.Move(time.Hour)
			undo(t, db, k, k.Changed, 0)
			if after := whole(t, db, everybody...); after != before {
				t.Errorf("after the undo it is not as it was:\n%s", differing(before, after))
			}
		})
	}
}

func TestTask_joiningAListLeavesThoseWhoOnceSaidNo(t *testing.T) {
	t.Parallel()
	db, clock := open(t)
	list := company(t, db, clock)
	one(t, db, &app.LeaveLists{UID: "ada", Lists: []string{list.ID}})
	k := start(t, db, app.Task{Action: app.TaskJoinList, List: list.ID}, "ada", "bode", "chi")
	if got := counts(t, db, list); got != "0/2/1" || k.Changed != 1 {
		t.Errorf("the list has %s and %d changed", got, k.Changed)
	}
	undo(t, db, k, 1, 0)
	if got := counts(t, db, list); got != "0/1/1" {
		t.Errorf("after the undo the list has %s", got)
	}
}

func TestUndo_whatCameMeanwhileStays(t *testing.T) {
	t.Parallel()
	db, clock := open(t)
	list := company(t, db, clock)
	archive := start(t, db, app.Task{Action: app.TaskArchive}, "ada", "chi")
	leave := start(t, db, app.Task{Action: app.TaskLeaveList, List: list.ID}, "ada", "chi")
	plan := start(t, db, app.Task{Action: app.TaskSetAttribute, Attribute: "plan"}, "ada", "chi")
	clock.Move(time.Minute)
	storagetest.Apply(t, db, &app.Archive{UID: "ada"}, &app.JoinLists{UID: "ada", Lists: []string{list.ID}}, set("ada", "plan", `"Other"`))
	undo(t, db, archive, 1, 1)
	undo(t, db, leave, 1, 1)
	undo(t, db, plan, 1, 1)
	if c := storagetest.Customer(t, db, "ada"); c.Archived() || string(c.Attribute("plan")) != `"Other"` || c.Lists[0].Status != app.Subscribed {
		t.Errorf("what was written meanwhile did not stay: %+v", c)
	}
	if c := storagetest.Customer(t, db, "chi"); c.Archived() || string(c.Attribute("plan")) != `"Fibre"` || c.Lists[0].Status != app.Unsubscribed {
		t.Errorf("what was taken did not come back: %+v", c)
	}
}

func TestUndo_aDeletedCustomerJoinsTheOneMadeMeanwhile(t *testing.T) {
	t.Parallel()
	db, clock := open(t)
	company(t, db, clock)
	created := storagetest.Customer(t, db, "ada").CreatedAt
	k := start(t, db, app.Task{Action: app.TaskDelete}, "ada")
	absent(t, db, "old-ada")
	clock.Move(time.Minute)
	late := track("ada", "Came back", at(3*time.Hour))
	again := track("ada", "Logged in", at(0))
	again.MessageID = "m-ada" // the repeat of an event that was deleted
	storagetest.Apply(t, db, late, again, set("ada", "plan", `"Newer"`))
	undo(t, db, k, 1, 0)
	c := storagetest.Customer(t, db, "ada")
	if string(c.Attribute("plan")) != `"Newer"` || string(c.Attribute("gb")) != "0" || deref(c.Email) != "ada@example.com" || c.CreatedAt != created {
		t.Errorf("the joined customer is %s, %v", text(c), deref(c.Email))
	}
	if got := len(events(t, db, "ada")); got != 3 {
		t.Errorf("it has %d events, want the two that were kept, one of them sent again, and the late one", got)
	}
	if row, err := db.Find(bg, "old-ada"); err != nil || row != c.Row {
		t.Errorf("the former id leads to %d: %v", row, err)
	}
}

func TestUndo_membersAndAccountsFindEachOtherAcrossTasks(t *testing.T) {
	t.Parallel()
	for _, memberFirst := range []bool{true, false} {
		db, clock := open(t)
		company(t, db, clock)
		before := whole(t, db, everybody...)
		first := start(t, db, app.Task{Action: app.TaskDelete}, "ada")
		second := start(t, db, app.Task{Action: app.TaskDelete}, "household")
		if !memberFirst {
			first, second = second, first
		}
		undo(t, db, first, 1, 0)
		undo(t, db, second, 1, 0)
		if after := whole(t, db, everybody...); after != before {
			t.Errorf("member first %v: after both undos it is not as it was:\n%s", memberFirst, differing(before, after))
		}
	}
}

func TestUndo_aMergeIsTakenApartExactly(t *testing.T) {
	t.Parallel()
	db, clock := open(t)
	list := company(t, db, clock)
	storagetest.Apply(t, db, set("bode", "only", "true"), &app.LeaveLists{UID: "chi", Lists: []string{list.ID}}, &app.LeaveAccount{UID: "chi", Account: "household"})
	before := whole(t, db, "ada", "bode", "chi", "household", "old-bode")
	for _, pair := range [][2]string{{"bode", "chi"}, {"ada", "bode"}, {"household", "chi"}} {
		into := storagetest.Customer(t, db, pair[1])
		clock.Move(time.Minute)
		k := start(t, db, app.Task{Action: app.TaskMerge, Into: into.Row}, pair[0])
		if row, err := db.Find(bg, pair[0]); err != nil || row != into.Row {
			t.Fatalf("%s leads to %d after the merge: %v", pair[0], row, err)
		}
		if err := db.Check(bg); err != nil {
			t.Fatal(err)
		}
		undo(t, db, k, 1, 0)
		if after := whole(t, db, "ada", "bode", "chi", "household", "old-bode"); after != before {
			t.Errorf("%v: after the undo it is not as it was:\n%s", pair, differing(before, after))
		}
	}
}

func TestUndo_ofAMergeLeavesWhatCameAfterWithTheOther(t *testing.T) {
	t.Parallel()
	db, clock := open(t)
	company(t, db, clock)
	storagetest.Apply(t, db, set("bode", "only", "1", "both", "1"))
	k := start(t, db, app.Task{Action: app.TaskMerge, Into: storagetest.Customer(t, db, "chi").Row}, "bode")
	clock.Move(time.Minute)
	storagetest.Apply(t, db, track("bode", "After", at(5*time.Hour)), set("chi", "only", "2"))
	undo(t, db, k, 1, 0)
	if c := storagetest.Customer(t, db, "chi"); string(c.Attribute("only")) != "2" || c.Attribute("both") != nil || events(t, db, "chi")[0].Name != "After" {
		t.Errorf("the other is %s", text(c))
	}
	if c := storagetest.Customer(t, db, "bode"); string(c.Attribute("only")) != "1" || len(events(t, db, "bode")) != 2 {
		t.Errorf("who was merged is %s", text(c))
	}
}

func TestUndo_ofAMergeWhoseOtherIsGoneSaysSo(t *testing.T) {
	t.Parallel()
	db, clock := open(t)
	company(t, db, clock)
	k := start(t, db, app.Task{Action: app.TaskMerge, Into: storagetest.Customer(t, db, "chi").Row}, "bode")
	gone := start(t, db, app.Task{Action: app.TaskDelete}, "chi")
	if _, err := db.UndoTask(bg, k.Row); app.CodeOf(err) != app.CodeConflict {
		t.Errorf("got %v", err)
	}
	undo(t, db, gone, 1, 0)
	undo(t, db, k, 1, 0)
}

func TestErase_findsWhoWasDeletedBefore(t *testing.T) {
	t.Parallel()
	db, clock := open(t)
	company(t, db, clock)
	k := start(t, db, app.Task{Action: app.TaskDelete}, "ada")
	plan := start(t, db, app.Task{Action: app.TaskSetAttribute, Attribute: "plan"}, "chi")
	merged := start(t, db, app.Task{Action: app.TaskMerge, Into: storagetest.Customer(t, db, "chi").Row}, "bode")
	for _, uid := range []string{"old-ada", "chi"} {
		if res := one(t, db, &app.Delete{UID: uid, Erase: true}); res.Err != nil || !res.Changed {
			t.Fatalf("%+v", res)
		}
	}
	for _, table := range []string{"kept_customers", "kept_ids", "kept_events", "kept_history", "task_items"} {
		if n := db.Number(t, "select count(*) from "+table); n != 0 {
			t.Errorf("%s has %d rows after the erasure", table, n)
		}
	}
	for _, task := range []*app.Task{k, plan, merged} {
		if task, err := db.UndoTask(bg, task.Row); err == nil && task.Restored > 0 {
			t.Errorf("the undo of %s brought back who was erased", task.Action)
		}
	}
	refused(t, db, track("ada", "Logged in", at(0)), app.CodeConflict)
	if err := db.Check(bg); err != nil {
		t.Error(err)
	}
}

func TestTask_isLetGoAfterItsTime(t *testing.T) {
	t.Parallel()
	db, clock := open(t)
	company(t, db, clock)
	ctx, cancel := context.WithCancel(bg)
	done := make(chan error, 1)
	go func() { done <- db.KeepHouse(ctx) }()
	k := start(t, db, app.Task{Action: app.TaskDelete}, "ada", "bode")
	clock.Move(app.UndoTime + time.Second)
	deadline := time.Now().Add(10 * time.Second)
	for db.Number(t, "select count(*) from kept_customers") > 0 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"kept_customers", "kept_ids", "kept_events", "kept_history"} {
		if n := db.Number(t, "select count(*) from "+table); n != 0 {
			t.Errorf("%s has %d rows three days later", table, n)
		}
	}
	if _, err := db.UndoTask(bg, k.Row); app.CodeOf(err) != app.CodeConflict {
		t.Errorf("got %v", err)
	}
}

// A task over many is done in steps: it goes on after the folder was closed in between, and
// so does its undo.
func TestTask_goesOnAfterARestart(t *testing.T) {
	t.Parallel()
	folder, clock := t.TempDir(), app.NewMovableClock(storagetest.Start)
	reopen := func() *storage.DB {
		db, err := storage.Open(bg, folder, storage.Options{Clock: clock})
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	const many = 2_300
	db := reopen()
	var changes []app.Change
	for i := range many {
		changes = append(changes, set(fmt.Sprint("u", i), "n", fmt.Sprint(i)), track(fmt.Sprint("u", i), "Seen", at(time.Duration(i)*time.Second)))
	}
	storagetest.Apply(t, db, changes...)
	var all []int64
	for row := range int64(many) {
		all = append(all, row+1)
	}
	k, err := db.StartTask(bg, app.Task{Action: app.TaskDelete, By: "ada@example.com"}, all)
	if err != nil {
		t.Fatal(err)
	}
	if k.State != app.TaskRunning || k.Done == 0 || k.Done >= many {
		t.Fatalf("after the first step it is %s with %d done", k.State, k.Done)
	}
	through := func(want app.TaskState) {
		t.Helper()
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		db = reopen()
		ctx, cancel := context.WithCancel(bg)
		done := make(chan error, 1)
		go func() { done <- db.KeepHouse(ctx) }()
		for deadline := time.Now().Add(20 * time.Second); k.State != want && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			if k, err = db.Task(bg, k.Row); err != nil {
				t.Fatal(err)
			}
		}
		cancel()
		if err := <-done; err != nil || k.State != want {
			t.Fatalf("it is %s: %v", k.State, err)
		}
		if err := db.Check(bg); err != nil {
			t.Error(err)
		}
	}
	through(app.TaskDone)
	if totals, err := db.Totals(bg); err != nil || totals.Customers != 0 || totals.Events != 0 || k.Changed != many {
		t.Errorf("%+v %+v %v", totals, k, err)
	}
	if k, err = db.UndoTask(bg, k.Row); err != nil || k.State != app.TaskUndoing {
		t.Fatalf("%+v %v", k, err)
	}
	through(app.TaskUndone)
	if totals, err := db.Totals(bg); err != nil || totals.Customers != many || totals.Events != many || k.Restored != many {
		t.Errorf("%+v %+v %v", totals, k, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestTask_whatItLacksIsSaid(t *testing.T) {
	t.Parallel()
	db, clock := open(t)
	list := company(t, db, clock)
	one(t, db, &app.ArchiveList{List: list.ID})
	for name, task := range map[string]app.Task{
		"no list": {Action: app.TaskJoinList}, "an archived list": {Action: app.TaskJoinList, List: list.ID}, "no attribute": {Action: app.TaskSetAttribute},
		"itself": {Action: app.TaskMerge, Into: storagetest.Customer(t, db, "ada").Row}, "nothing": {},
	} {
		if k, err := db.StartTask(bg, task, chosen(t, db, "ada")); err == nil {
			t.Errorf("%s: was begun: %+v", name, k)
		}
	}
	if _, err := db.StartTask(bg, app.Task{Action: app.TaskArchive}, nil); app.CodeOf(err) != app.CodeInvalid {
		t.Errorf("nobody: %v", err)
	}
}

// Whatever is done to a few customers by tasks, taking all of it back in reverse order
// gives the world as it was.
func TestUndo_reversesAnyRunOfTasks(t *testing.T) {
	fewerChecks()
	rapid.Check(t, func(r *rapid.T) {
		clock := app.NewMovableClock(storagetest.Start)
		db, err := storage.Open(bg, t.TempDir(), storage.Options{Clock: clock})
		if err != nil {
			r.Fatal(err)
		}
		defer db.Close()
		list := company(t, db, clock)
		before := whole(t, db, everybody...)
		var done []*app.Task
		for range rapid.IntRange(1, 6).Draw(r, "tasks") {
			clock.Move(time.Minute)
			task := app.Task{Action: app.TaskAction(rapid.IntRange(1, 9).Draw(r, "action"))}
			var rows []string
			for _, uid := range []string{"ada", "bode", "chi", "household"} {
				if _, err := db.Find(bg, uid); err == nil && rapid.Bool().Draw(r, uid) {
					rows = append(rows, uid)
				}
			}
			switch task.Action {
			case app.TaskJoinList, app.TaskLeaveList:
				task.List = list.ID
			case app.TaskSetAttribute:
				task.Attribute = rapid.SampledFrom([]string{"plan", "gb", "email", "new"}).Draw(r, "attribute")
				if task.Attribute != "email" && rapid.Bool().Draw(r, "set") {
					task.Value = []byte(`"set"`)
				}
			case app.TaskJoinAccount, app.TaskLeaveAccount:
				into, err := db.Find(bg, "household")
				if err != nil {
					continue // deleted by now
				}
				task.Into = into
				if task.Action == app.TaskJoinAccount && rapid.Bool().Draw(r, "role") {
					task.Value = []byte(`"driver"`)
				}
			case app.TaskMerge:
				if len(rows) < 2 {
					continue
				}
				into, err := db.Find(bg, rows[1])
				if err != nil {
					r.Fatal(err)
				}
				task.Into, rows = into, rows[:1]
			}
			if len(rows) == 0 {
				continue
			}
			b := chosen(t, db, rows...)
			if slices.Contains(b, task.Into) {
				continue // itself, or an alias of the other by now
			}
			k, err := db.StartTask(bg, task, b)
			if task.Action == app.TaskJoinAccount && app.CodeOf(err) == app.CodeInvalid && err != nil {
				continue // merged into one that is no account
			}
			if err != nil {
				r.Fatalf("%s: %v", task.Action, err)
			}
			done = append(done, k)
		}
		slices.Reverse(done)
		for _, k := range done {
			clock.Move(time.Minute)
			if k.Changed == 0 {
				continue
			}
			if k, err := db.UndoTask(bg, k.Row); err != nil || k.Kept != 0 || k.State != app.TaskUndone {
				r.Fatalf("the undo of %+v: %v", k, err)
			}
		}
		if after := whole(t, db, everybody...); after != before {
			r.Fatalf("after all undos it is not as it was:\n%s", differing(before, after))
		}
		if err := db.Check(bg); err != nil {
			r.Fatal(err)
		}
	})
}
