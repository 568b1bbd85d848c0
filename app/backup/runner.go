package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"kith/app"

	"filippo.io/age"
)

// RunnerOptions configure NewRunner.
type RunnerOptions struct {
	Clock  app.Clock
	Log    *slog.Logger
	Folder string // of the backups
	// Every is how often one is made by itself, 0 for never; At is the time of day, in Zone,
	// of those that are made each day or less often.
	Every time.Duration
	At    time.Duration
	Zone  *time.Location
	// Keep is how many of the newest stay; older ones are removed after a new one is made.
	Keep       int
	Version    string
	Recipients []age.Recipient
	// Opens says that Verify opens encrypted ones too.
	Opens bool
	// Verify takes a backup apart and looks at everything in it.
	Verify func(ctx context.Context, file string) error
}

// Runner makes backups of one data folder, one at a time.
type Runner struct {
	o        RunnerOptions
	snapshot func(context.Context) (Snapshot, error)
	start    time.Time // when it began to be responsible

	turn   chan struct{} // held while one is made or looked at
	wishes chan string   // of people: the name of one to verify, "" for a new one
	mu     sync.Mutex
	last   attempt
	looks  map[string]look // by name
}

// look is what became of verifying a backup.
type look struct {
	at    app.Instant
	fault string
	now   bool // it is under way, or waits
}

type attempt struct {
	running bool
	fault   string
	at      time.Time
}

// NewRunner returns a Runner; snapshot takes one of the database.
func NewRunner(snapshot func(context.Context) (Snapshot, error), o RunnerOptions) *Runner {
	if o.Clock == nil {
		o.Clock = app.RealClock{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	return &Runner{o: o, snapshot: snapshot, start: o.Clock.Now(), turn: make(chan struct{}, 1), wishes: make(chan string, 1), looks: map[string]look{}}
}

// Names of backups: when they were made, in UTC, so that they sort by age.
const nameTime = "20060102-150405"

var namePattern = regexp.MustCompile(`^kith-(\d{8}-\d{6})\.tar\.zst(\.age)?$`)

// Name is the name of a backup that was made at an instant.
func Name(at time.Time, encrypted bool) string {
	name := "kith-" + at.UTC().Format(nameTime) + ".tar.zst"
	if encrypted {
		name += ".age"
	}
	return name
}

// List returns the backups in a folder, newest first; none when the folder is not there.
func List(folder string) ([]app.BackupFile, error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the folder of backups: %w", err)
	}
	var files []app.BackupFile
	for _, e := range entries {
		parts := namePattern.FindStringSubmatch(e.Name())
		if parts == nil || !e.Type().IsRegular() {
			continue
		}
		at, err := time.ParseInLocation(nameTime, parts[1], time.UTC)
		info, ierr := e.Info()
		if err != nil || ierr != nil { // it was removed meanwhile
			continue
		}
		files = append(files, app.BackupFile{Name: e.Name(), At: app.InstantOf(at), Bytes: info.Size(), Encrypted: parts[2] != ""})
	}
	slices.SortFunc(files, func(a, b app.BackupFile) int { return strings.Compare(b.Name, a.Name) })
	return files, nil
}

// Path is where a backup of this folder lies, by its name. It returns CodeNotFound for
// names of anything else.
func (r *Runner) Path(name string) (string, error) {
	if !namePattern.MatchString(name) {
		return "", app.NotFound("There is no backup called %q.", name)
	}
	file := filepath.Join(r.o.Folder, name)
	if info, err := os.Lstat(file); err != nil || !info.Mode().IsRegular() {
		return "", app.NotFound("There is no backup called %q.", name)
	}
	return file, nil
}

// Ask has [Runner.Run] make a backup, or verify the one of that name. It does not wait:
// [Runner.State] says what became of it. It returns CodeConflict while it is busy, and
// CodeNotFound for a name that is not there.
func (r *Runner) Ask(verify string) error {
	if verify != "" {
		if _, err := r.Path(verify); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	busy := r.last.running
	for _, l := range r.looks {
		busy = busy || l.now
	}
	if !busy {
		select {
		case r.wishes <- verify:
		default:
			busy = true
		}
	}
	if busy {
		return app.Fail(app.CodeConflict, "A backup is being made or verified just now. Wait until that is done.")
	}
	if verify == "" {
		r.last.running = true
	} else {
		r.looks[verify] = look{now: true}
	}
	return nil
}

// verify takes one of the folder's backups apart and keeps what was found.
func (r *Runner) verify(ctx context.Context, name string) {
	file, err := r.Path(name)
	if err == nil {
		r.turn <- struct{}{}
		err = r.o.Verify(ctx, file)
		<-r.turn
	}
	found := look{at: app.InstantOf(r.o.Clock.Now())}
	if err != nil && ctx.Err() == nil {
		found.fault = app.Public(err).Sentence()
		r.o.Log.Error("a backup was verified and did not pass", "file", name, "error", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.looks[name] = found; ctx.Err() != nil {
		delete(r.looks, name)
	}
}

// State is how the backups are doing.
func (r *Runner) State() (app.BackupState, error) {
	files, err := List(r.o.Folder)
	r.mu.Lock()
	for i := range files {
		l := r.looks[files[i].Name]
		files[i].Opens = !files[i].Encrypted || r.o.Opens
		files[i].Checked, files[i].Fault, files[i].Checking = l.at, l.fault, l.now
	}
	s := app.BackupState{Folder: r.o.Folder, Every: r.o.Every, Keep: r.o.Keep, Running: r.last.running, Fault: r.last.fault, Files: files}
	r.mu.Unlock()
	if err != nil && s.Fault == "" {
		s.Fault = "The folder of backups cannot be read."
	}
	if next := r.next(files); !next.IsZero() {
		s.Next = app.InstantOf(next)
	}
	return s, err
}

// retryAfter is how long after a failed attempt it is tried again.
const retryAfter = 15 * time.Minute

// next is when one is due: Every after the newest one, at the time of day that is set.
func (r *Runner) next(files []app.BackupFile) time.Time {
	if r.o.Every == 0 {
		return time.Time{}
	}
	last := r.start
	made := len(files) > 0
	if made {
		last = files[0].At.Time()
	}
	due := last.Add(r.o.Every)
	if r.o.Every >= 24*time.Hour {
		// One that was made by hand in between does not put it off.
		local := due.Add(-23 * time.Hour).In(r.o.Zone)
		if !made {
			local = last.In(r.o.Zone)
		}
		due = time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, r.o.Zone).Add(r.o.At)
		if due.Before(local) {
			due = time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, r.o.Zone).Add(r.o.At)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if again := r.last.at.Add(retryAfter); r.last.fault != "" && again.After(due) {
		due = again
	}
	return due
}

// Run makes a backup whenever one is due or was asked for, until ctx ends.
func (r *Runner) Run(ctx context.Context) error {
	r.sweep()
	for ctx.Err() == nil {
		files, err := List(r.o.Folder)
		if err != nil {
			r.o.Log.Error("read the backups", "error", err)
		}
		var reached <-chan struct{}
		stop := func() {}
		if next := r.next(files); !next.IsZero() {
			reached, stop = r.o.Clock.Until(next)
		}
		make := func(what string) {
			if _, err := r.Make(ctx); err != nil && ctx.Err() == nil {
				r.o.Log.Error(what, "error", err)
			}
		}
		select {
		case <-reached:
			make("the backup that was due could not be made; it is tried again in a quarter of an hour")
		case name := <-r.wishes:
			if name == "" {
				make("the backup that was asked for could not be made")
			} else {
				r.verify(ctx, name)
			}
		case <-time.After(time.Minute): // the clock may have been set, or a backup made from outside
		case <-ctx.Done():
		}
		stop()
	}
	return nil
}

// sweep removes what a crash left half-written. One that was written to just now is
// another process's, which is at it.
func (r *Runner) sweep() {
	left, _ := filepath.Glob(filepath.Join(r.o.Folder, "kith-*"+partSuffix))
	for _, file := range left {
		if info, err := os.Stat(file); err == nil && time.Since(info.ModTime()) < partLeft {
			continue
		}
		if err := os.Remove(file); err != nil {
			r.o.Log.Warn("remove half a backup", "file", file, "error", err)
		}
	}
}

// partLeft is for how long nothing was written to half a backup that nobody is at.
const partLeft = 10 * time.Minute

// Make makes a backup now, and removes those beyond Keep. It returns CodeConflict while
// another is being made.
func (r *Runner) Make(ctx context.Context) (app.BackupFile, error) {
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	default:
		return app.BackupFile{}, app.Fail(app.CodeConflict, "A backup is being made just now. Wait until it is there.")
	}
	now := r.o.Clock.Now()
	r.note(attempt{running: true, at: now})
	f, err := r.make(ctx, now)
	done := attempt{at: r.o.Clock.Now()}
	if err != nil && ctx.Err() == nil {
		done.fault = app.Public(err).Sentence()
		if app.CodeOf(err) == app.CodeInternal {
			done.fault = "It could not be written to " + r.o.Folder + ": check the disk's space and the folder's permissions."
		}
	}
	r.note(done)
	return f, err
}

func (r *Runner) note(a attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a.running {
		a.fault = r.last.fault
	}
	r.last = a
}

func (r *Runner) make(ctx context.Context, now time.Time) (f app.BackupFile, err error) {
	s, err := r.snapshot(ctx)
	if err != nil {
		return f, err
	}
	if err := os.MkdirAll(r.o.Folder, 0o700); err != nil {
		return f, errors.Join(fmt.Errorf("make the folder of backups: %w; backup.dir names another", err), s.Close())
	}
	began := time.Now()
	f = app.BackupFile{Name: Name(now, len(r.o.Recipients) > 0), At: app.InstantOf(now), Encrypted: len(r.o.Recipients) > 0}
	file := filepath.Join(r.o.Folder, f.Name)
	_, f.Bytes, err = Create(ctx, file, s, Options{Version: r.o.Version, At: now, Recipients: r.o.Recipients})
	if err = errors.Join(err, s.Close()); err != nil {
		return f, err
	}
	r.o.Log.Info("a backup is made", "file", file, "size", app.Bytes(f.Bytes), "took", time.Since(began).Round(time.Millisecond))
	return f, r.prune()
}

// prune removes the oldest beyond Keep.
func (r *Runner) prune() error {
	files, err := List(r.o.Folder)
	if err != nil || r.o.Keep <= 0 || len(files) <= r.o.Keep {
		return err
	}
	var errs []error
	for _, f := range files[r.o.Keep:] {
		errs = append(errs, os.Remove(filepath.Join(r.o.Folder, f.Name)))
	}
	return errors.Join(errs...)
}
