// Package storagetest opens real data folders for tests. It owns nothing that
// outlives a test.
package storagetest

import (
	"context"
	"testing"
	"time"

	"kith/app"
	"kith/storage"
)

// Start is where the clock of [Open] stands.
var Start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Open opens an empty data folder with a clock that stands at [Start]. At the end of
// the test the folder's invariants are checked, and it is removed.
func Open(t testing.TB) (*storage.DB, *app.MovableClock) {
	t.Helper()
	clock := app.NewMovableClock(Start)
	db, err := storage.Open(context.Background(), t.TempDir(), storage.Options{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Check(context.Background()); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db, clock
}

// Apply applies changes and fails the test unless every one was taken.
func Apply(t testing.TB, db *storage.DB, changes ...app.Change) []app.Result {
	t.Helper()
	results, err := db.Apply(context.Background(), app.Batch{Changes: changes})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.Err != nil {
			t.Fatalf("change %d (%T): %v", i, changes[i], r.Err)
		}
	}
	return results
}

// Customer returns the customer that an id means, and fails the test if there is none.
func Customer(t testing.TB, db *storage.DB, uid string) *app.Customer {
	t.Helper()
	row, err := db.Find(context.Background(), uid)
	if err != nil {
		t.Fatal(err)
	}
	c, err := db.Customer(context.Background(), row)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Instant is some seconds after [Start].
func Instant(seconds int) app.Instant {
	return app.InstantOf(Start.Add(time.Duration(seconds) * time.Second))
}
