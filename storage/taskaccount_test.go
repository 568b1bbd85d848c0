package storage_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"kith/app"
	"kith/storage/storagetest"
)

func TestTask_accountsAreJoinedLeftAndGivenBackWithTheirRoles(t *testing.T) {
	t.Parallel()
	db, _ := storagetest.Open(t)
	owner, admin := "owner", "admin"
	storagetest.Apply(t, db,
		&app.SetProfile{UID: "ada", Trusted: true}, &app.SetProfile{UID: "bode", Trusted: true},
		&app.JoinAccounts{UID: "chi", Accounts: []app.AccountRole{{UID: "acme", Role: &owner}}})
	acme := chosen(t, db, "acme")[0]
	roles := func(want string) {
		t.Helper()
		members, _, err := db.Members(bg, acme, app.Page{Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range members {
			role := "-"
			if m.Role != nil {
				role = *m.Role
			}
			got = append(got, m.UID+":"+role)
		}
		slices.Sort(got)
		if s := strings.Join(got, " "); s != want {
			t.Errorf("the members are %q, want %q", s, want)
		}
	}
	join := start(t, db, app.Task{Action: app.TaskJoinAccount, Into: acme, Value: app.Quote(admin)}, "ada", "bode", "chi")
	if join.Changed != 3 || join.UID != "acme" {
		t.Errorf("the task changed %d at %q", join.Changed, join.UID)
	}
	roles("ada:admin bode:admin chi:admin")
	storagetest.Apply(t, db, &app.JoinAccounts{UID: "bode", Accounts: []app.AccountRole{{UID: "acme", Role: &owner}}})
	undo(t, db, join, 2, 1)
	roles("bode:owner chi:owner")

	leave := start(t, db, app.Task{Action: app.TaskLeaveAccount, Into: acme}, "ada", "bode", "chi")
	if leave.Changed != 2 {
		t.Errorf("the task changed %d", leave.Changed)
	}
	roles("")
	storagetest.Apply(t, db, &app.JoinAccounts{UID: "bode", Accounts: []app.AccountRole{{UID: "acme"}}})
	undo(t, db, leave, 1, 1)
	roles("bode:- chi:owner")

	for name, c := range map[string]struct {
		into string
		who  string
	}{"no account": {"ada", "chi"}, "itself": {"acme", "acme"}} {
		_, err := db.StartTask(bg, app.Task{Action: app.TaskJoinAccount, Into: chosen(t, db, c.into)[0]}, chosen(t, db, c.who))
		if app.CodeOf(err) != app.CodeInvalid || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	again := start(t, db, app.Task{Action: app.TaskLeaveAccount, Into: acme}, "chi")
	start(t, db, app.Task{Action: app.TaskDelete}, "acme")
	undo(t, db, again, 0, 1)
}

func TestMembersAndSubscribers_pageBothWays(t *testing.T) {
	t.Parallel()
	db, _ := storagetest.Open(t)
	title := "Letter"
	list, err := db.List(bg, storagetest.Apply(t, db, &app.SaveList{Title: &title})[0].List)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 7 {
		uid := fmt.Sprint("u", i)
		storagetest.Apply(t, db, &app.JoinAccounts{UID: uid, Accounts: []app.AccountRole{{UID: "acme"}}}, &app.JoinLists{UID: uid, Lists: []string{list.ID}})
	}
	acme := chosen(t, db, "acme")[0]
	read := map[string]func(p app.Page) ([]int64, bool, error){
		"members": func(p app.Page) (rows []int64, more bool, err error) {
			members, more, err := db.Members(bg, acme, p)
			for _, m := range members {
				rows = append(rows, m.Row)
			}
			return rows, more, err
		},
		"subscribers": func(p app.Page) (rows []int64, more bool, err error) {
			subscribers, more, err := db.Subscribers(bg, list.Row, -1, p)
			for _, s := range subscribers {
				rows = append(rows, s.Customer.Row)
			}
			return rows, more, err
		},
	}
	for name, page := range read {
		all, more, err := page(app.Page{Limit: 7})
		if err != nil || more || len(all) != 7 {
			t.Fatalf("%s: %v %v %v", name, all, more, err)
		}
		for _, c := range []struct {
			p    app.Page
			want []int64
			more bool
		}{
			{app.Page{Limit: 3}, all[:3], true},
			{app.Page{Limit: 3, After: all[2]}, all[3:6], true},
			{app.Page{Limit: 3, After: all[5]}, all[6:], false},
			{app.Page{Limit: 3, Before: all[6]}, all[3:6], true},
			{app.Page{Limit: 3, Before: all[3]}, all[:3], false},
		} {
			if got, more, err := page(c.p); err != nil || more != c.more || !slices.Equal(got, c.want) {
				t.Errorf("%s %+v: %v %v %v, want %v", name, c.p, got, more, err, c.want)
			}
		}
	}
}
