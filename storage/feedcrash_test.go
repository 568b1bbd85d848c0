package storage_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"kith/app"
	"kith/storage"
)

// tally is a reader that counts events into an attribute: its effect is a Change.
func tally(db *storage.DB) storage.FeedReader {
	return storage.FeedReader{Name: "tally", Step: 7, Read: func(ctx context.Context, entries []app.Entry) ([]app.Change, error) {
		more := int64(0)
		for _, e := range entries {
			if e.Kind == app.KindEvents {
				more += e.Count
			}
		}
		if more == 0 {
			return nil, nil
		}
		have, err := tallied(ctx, db)
		if err != nil {
			return nil, err
		}
		return []app.Change{set("tally", "n", fmt.Sprint(have+more))}, nil
	}}
}

// tallied is the count so far.
func tallied(ctx context.Context, db *storage.DB) (n int64, err error) {
	row, err := db.Find(ctx, "tally")
	if app.CodeOf(err) == app.CodeNotFound && err != nil {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	c, err := db.Customer(ctx, row)
	if err != nil {
		return 0, err
	}
	return n, json.Unmarshal(c.Attribute("n"), &n)
}

// countEvents is the child: it writes and counts until it is killed.
func countEvents(folder string) error {
	db, err := storage.Open(bg, folder, storage.Options{})
	if err != nil {
		return err
	}
	for i := range 4 {
		go func() {
			for n := 0; ; n++ {
				changes := []app.Change{track(fmt.Sprint("u", i), "Seen", at(0)), set(fmt.Sprint("u", i), "n", fmt.Sprint(n)), track("all", "Seen", at(0))}
				if _, err := db.Apply(bg, app.Batch{Changes: changes}); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
			}
		}()
	}
	fmt.Println("running")
	return db.Follow(bg, tally(db))
}

func TestFollow_countsEveryEventOnceThoughItIsKilled(t *testing.T) {
	rounds := 3
	if os.Getenv("CI") == "true" {
		rounds = 20
	}
	folder := t.TempDir()
	for range rounds {
		cmd := child("count", folder)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
			t.Fatalf("the child said %q: %v", line, err)
		}
		time.Sleep(time.Duration(50+rand.IntN(400)) * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if err := checkFolder(folder); err != nil {
			t.Fatal(err)
		}
	}
	db, err := storage.Open(bg, folder, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	follow(t, db, tally(db))
	drain(t, db)
	n, err := tallied(bg, db)
	totals, terr := db.Totals(bg)
	if err != nil || terr != nil || n != totals.Events || n == 0 {
		t.Errorf("the reader counted %d of %d events (%v, %v)", n, totals.Events, err, terr)
	}
	t.Logf("%d events over %d kills", n, rounds)
}

// follow runs a reader until the test ends, and returns once its cursor is known.
func follow(t *testing.T, db *storage.DB, r storage.FeedReader) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(bg)
	ended := make(chan error)
	go func() { ended <- db.Follow(ctx, r) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("following: %v", err)
		}
	}
	t.Cleanup(stop)
	for !db.Follows(r.Name) {
		time.Sleep(time.Millisecond)
	}
	return stop
}

func drain(t *testing.T, db *storage.DB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(bg, 20*time.Second)
	defer cancel()
	if err := db.Drain(ctx); err != nil {
		t.Fatalf("drain: %v", err)
	}
}
