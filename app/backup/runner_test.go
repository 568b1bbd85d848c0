package backup_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"kith/app"
	"kith/app/backup"
	"kith/storage"
	"kith/storage/storagetest"
)

func runner(t testing.TB, db *storage.DB, clock app.Clock, o backup.RunnerOptions) *backup.Runner {
	t.Helper()
	o.Clock = clock
	if o.Folder == "" {
		o.Folder = filepath.Join(t.TempDir(), "backups")
	}
	return backup.NewRunner(func(ctx context.Context) (backup.Snapshot, error) { return storage.OpenSnapshot(ctx, db.Folder()) }, o)
}

func TestRunner_keepsTheNewest(t *testing.T) {
	t.Parallel()
	db := filled(t)
	clock := app.NewMovableClock(at)
	folder := t.TempDir()
	mine := filepath.Join(folder, "kith-notes.txt")
	if err := os.WriteFile(mine, []byte("not a backup"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := runner(t, db, clock, backup.RunnerOptions{Folder: folder, Keep: 3})
	for range 5 {
		if _, err := r.Make(t.Context()); err != nil {
			t.Fatal(err)
		}
		clock.Move(time.Hour)
	}
	files, err := backup.List(folder)
	if err != nil || len(files) != 3 || files[0].At.Time() != at.Add(4*time.Hour) || files[2].At.Time() != at.Add(2*time.Hour) {
		t.Errorf("%+v %v", files, err)
	}
	if _, err := os.Stat(mine); err != nil {
		t.Error("a file that is no backup was removed")
	}
}

func TestRunner_isDueAtTheTimeOfDay(t *testing.T) {
	t.Parallel()
	db := filled(t)
	lagos, err := time.LoadLocation("Africa/Lagos")
	if err != nil {
		t.Fatal(err)
	}
	day := 24 * time.Hour
	start := time.Date(2026, 3, 1, 10, 0, 0, 0, lagos)
	for name, c := range map[string]struct {
		every time.Duration
		made  []time.Time
		want  time.Time
	}{
		"none yet":                    {day, nil, time.Date(2026, 3, 2, 3, 0, 0, 0, lagos)},
		"made today":                  {day, []time.Time{time.Date(2026, 3, 1, 3, 0, 5, 0, lagos)}, time.Date(2026, 3, 2, 3, 0, 0, 0, lagos)},
		"made by hand in the evening": {day, []time.Time{time.Date(2026, 3, 1, 22, 0, 0, 0, lagos)}, time.Date(2026, 3, 2, 3, 0, 0, 0, lagos)},
		"three days ago":              {day, []time.Time{time.Date(2026, 2, 26, 3, 0, 5, 0, lagos)}, time.Date(2026, 2, 27, 3, 0, 0, 0, lagos)},
		"each week":                   {7 * day, []time.Time{time.Date(2026, 2, 26, 3, 0, 5, 0, lagos)}, time.Date(2026, 3, 5, 3, 0, 0, 0, lagos)},
		"each six hours":              {6 * time.Hour, []time.Time{time.Date(2026, 3, 1, 9, 0, 0, 0, lagos)}, time.Date(2026, 3, 1, 15, 0, 0, 0, lagos)},
		"never":                       {0, nil, time.Time{}},
	} {
		folder := t.TempDir()
		for _, at := range c.made {
			if err := os.WriteFile(filepath.Join(folder, backup.Name(at, false)), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		r := runner(t, db, app.NewMovableClock(start), backup.RunnerOptions{Folder: folder, Every: c.every, At: 3 * time.Hour, Zone: lagos, Keep: 9})
		s, err := r.State()
		if err != nil {
			t.Fatal(err)
		}
		got := time.Time{}
		if s.Next != 0 {
			got = s.Next.Time()
		}
		if !got.Equal(c.want) {
			t.Errorf("%s: due %s, want %s", name, got, c.want)
		}
	}
}

func TestRunner_makesOneWhenItIsDueAndSaysWhatFailed(t *testing.T) {
	t.Parallel()
	db := filled(t)
	clock := app.NewMovableClock(at)
	fails := make(chan bool, 1)
	folder := t.TempDir()
	r := backup.NewRunner(func(ctx context.Context) (backup.Snapshot, error) {
		select {
		case <-fails:
			return nil, app.Fail(app.CodeUnavailable, "Not now.")
		default:
			return storage.OpenSnapshot(ctx, db.Folder())
		}
	}, backup.RunnerOptions{Clock: clock, Folder: folder, Every: 6 * time.Hour, Keep: 5})
	fails <- true
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	until := func(what string, ok func(app.BackupState) bool) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(2 * time.Millisecond) {
			s, err := r.State()
			if err != nil {
				t.Fatal(err)
			}
			if ok(s) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("never: %s; it is %+v", what, s)
			}
		}
	}
	clock.Move(6 * time.Hour)
	until("the fault is said", func(s app.BackupState) bool { return s.Fault == "Not now." && len(s.Files) == 0 })
	clock.Move(15 * time.Minute)
	until("it is tried again", func(s app.BackupState) bool { return s.Fault == "" && len(s.Files) == 1 && !s.Running })
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestRunner_verifiesWhenAsked(t *testing.T) {
	t.Parallel()
	db := filled(t)
	clock := app.NewMovableClock(at)
	r := runner(t, db, clock, backup.RunnerOptions{Keep: 5, Verify: func(_ context.Context, file string) error {
		if strings.Contains(file, "20260301-040000") {
			return app.Invalid("", "It is damaged.")
		}
		return nil
	}})
	good, err := r.Make(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	clock.Move(time.Hour)
	bad, err := r.Make(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go r.Run(ctx)
	for _, name := range []string{good.Name, bad.Name} {
		for {
			if err := r.Ask(name); err == nil {
				break
			} else if app.CodeOf(err) != app.CodeConflict {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
	}
	for {
		s, err := r.State()
		if err != nil {
			t.Fatal(err)
		}
		if s.Files[0].Checked != 0 && s.Files[1].Checked != 0 {
			if s.Files[0].Fault != "It is damaged." || s.Files[1].Fault != "" || s.Files[0].Name != bad.Name {
				t.Errorf("%+v", s.Files)
			}
			break
		}
		time.Sleep(time.Millisecond)
	}
	for _, name := range []string{"../kith.db", "kith-20260301-030000.tar.zst/../x", "kith-20200101-000000.tar.zst"} {
		if err := r.Ask(name); app.CodeOf(err) != app.CodeNotFound {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestRunner_removesWhatACrashLeft(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	half := filepath.Join(folder, backup.Name(at, false)+".1.part")
	another := filepath.Join(folder, backup.Name(at, false)+".2.part") // which another process is at
	for file, written := range map[string]time.Time{half: time.Unix(0, 0), another: time.Now()} {
		if err := os.WriteFile(file, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, written, written); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		r := backup.NewRunner(nil, backup.RunnerOptions{Folder: folder, Clock: app.NewMovableClock(storagetest.Start)})
		ctx, cancel := context.WithCancel(t.Context())
		go r.Run(ctx)
		synctest.Wait()
		cancel()
	})
	if _, err := os.Stat(half); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half a backup is still there: %v", err)
	}
	if _, err := os.Stat(another); err != nil {
		t.Errorf("what another process writes was removed: %v", err)
	}
}
