package storage_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"kith/app"
	"kith/storage/storagetest"
)

func TestReached_aReaderThatKeepsItsOwnCursorIsWaitedFor(t *testing.T) {
	t.Parallel()
	db, _ := storagetest.Open(t)
	storagetest.Apply(t, db, &app.Track{UID: "u", Event: "Seen", At: db.Now()})
	db.Reached("elsewhere", 0)
	short, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if ok, err := db.AwaitReaders(short); ok || err != nil {
		t.Fatalf("it was not waited for: %v %v", ok, err)
	}
	go db.Reached("elsewhere", db.Head())
	if ok, err := db.AwaitReaders(context.Background()); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if err := db.Drain(context.Background()); err != nil {
		t.Fatal(err)
	}
	f, err := db.FeedState(context.Background())
	if err != nil || f.Readers["elsewhere"] != db.Head() {
		t.Errorf("the status has %v, %v", f, err)
	}
}

func TestAwaitFeed_waitsForTheNextEntry(t *testing.T) {
	t.Parallel()
	db, _ := storagetest.Open(t)
	head := db.Head()
	short, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := db.AwaitFeed(short, head); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	done := make(chan error, 1)
	go func() { done <- db.AwaitFeed(context.Background(), head) }()
	storagetest.Apply(t, db, &app.Track{UID: "u", Event: "Seen", At: db.Now()})
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestCustomers_rowsCombineWithTheOtherConditions(t *testing.T) {
	t.Parallel()
	db, _ := storagetest.Open(t)
	title := "News"
	results := storagetest.Apply(t, db, &app.SaveList{Title: &title})
	list, err := db.List(context.Background(), results[0].List)
	if err != nil {
		t.Fatal(err)
	}
	profile := func(uid string) app.Change { return &app.SetProfile{UID: uid} }
	results = storagetest.Apply(t, db, profile("a"), profile("b"), profile("c"),
		&app.JoinLists{UID: "a", Lists: []string{list.ID}}, &app.JoinLists{UID: "b", Lists: []string{list.ID}})
	a, b, c := results[0].Customer, results[1].Customer, results[2].Customer
	for name, tt := range map[string]struct {
		filter app.CustomerFilter
		want   []int64
	}{
		"rows":             {app.CustomerFilter{Rows: []int64{a, c, c + 100}}, []int64{c, a}},
		"none":             {app.CustomerFilter{Rows: []int64{}}, nil},
		"on a list":        {app.CustomerFilter{Rows: []int64{b, c}, Lists: []string{list.ID}}, []int64{b}},
		"on an unknown":    {app.CustomerFilter{Rows: []int64{b, c}, Lists: []string{"none"}}, nil},
		"without any rows": {app.CustomerFilter{}, []int64{c, b, a}},
	} {
		customers, _, err := db.Customers(context.Background(), tt.filter, app.Page{Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for i := range customers {
			got = append(got, customers[i].Row)
		}
		if len(got) != len(tt.want) {
			t.Errorf("%s: %v, not %v", name, got, tt.want)
			continue
		}
		for i := range got {
			if got[i] != tt.want[i] {
				t.Errorf("%s: %v, not %v", name, got, tt.want)
			}
		}
	}
}
