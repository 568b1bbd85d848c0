package storage

import "testing"

// Only what is thrown away does without waiting for the disk.
func TestOpen_waitsForTheDiskUnlessItIsPassing(t *testing.T) {
	t.Parallel()
	for passing, want := range map[bool]int{false: 2, true: 0} {
		db, err := Open(t.Context(), t.TempDir(), Options{Passing: passing})
		if err != nil {
			t.Fatal(err)
		}
		for name, q := range map[string]querier{"the writer": db.conn, "the checkpointer": db.checkpoints.handle} {
			for pragma, want := range map[string]int{"synchronous": want, "fullfsync": want / 2, "checkpoint_fullfsync": want / 2} {
				var have int
				if err := q.QueryRowContext(t.Context(), "pragma "+pragma).Scan(&have); err != nil || have != want {
					t.Errorf("passing %v: %s has %s=%d (%v) instead of %d", passing, name, pragma, have, err, want)
				}
			}
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}
