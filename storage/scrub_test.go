package storage_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kith/app"
	"kith/storage"
)

// Cleaning up after an erasure waits for whoever reads what is older, a backup perhaps; those
// who write do not wait with it.
func TestScrub_keepsNoWriterWaitingForAReader(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	for n := range 50 {
		one(t, db, set(fmt.Sprint("u", n)))
	}
	reader, err := storage.OpenSnapshot(bg, db.Folder())
	if err != nil {
		t.Fatal(err)
	}
	res(t, db, &app.Delete{UID: "u7", Erase: true})
	ended := make(chan error, 1)
	go func() { ended <- db.Scrub(bg, true) }()
	slowest := time.Duration(0)
	for began := time.Now(); time.Since(began) < 2*time.Second; {
		from := time.Now()
		one(t, db, set("u1"))
		slowest = max(slowest, time.Since(from))
	}
	if slowest > time.Second {
		t.Errorf("a write was kept waiting for %v", slowest)
	}
	select {
	case err := <-ended:
		t.Errorf("it ended while somebody reads what is older: %v", err)
	default:
	}
	if pending, err := db.ScrubPending(bg); err != nil || !pending {
		t.Errorf("it is said to be done: %v", err)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if pending, err := db.ScrubPending(bg); err != nil || pending {
		t.Errorf("it is not said to be done: %v", err)
	}
	info, err := os.Stat(filepath.Join(db.Folder(), storage.FileName+"-wal"))
	if err != nil || info.Size() > 100<<10 {
		t.Errorf("the log has %d bytes (%v)", info.Size(), err)
	}
}

// What else is to be cleaned keeps the erasure open, also when the database is clean.
func TestScrub_isNotTheLastWord(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	one(t, db, set("u1"))
	res(t, db, &app.Delete{UID: "u1", Erase: true})
	for _, last := range []bool{false, true} {
		if err := db.Scrub(bg, last); err != nil {
			t.Fatal(err)
		}
		if pending, err := db.ScrubPending(bg); err != nil || pending == last {
			t.Errorf("after the last one (%v) it is pending: %v (%v)", last, pending, err)
		}
	}
}
