package importer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode"

	"kith/app"
)

const (
	// atOnce is how many imports run together; they take turns at the writer.
	atOnce = 3
	// uploadKept is how long the file of a dry run waits for somebody to say yes.
	uploadKept = 24 * time.Hour
	// folderName is where uploads wait inside the data folder, readable by its owner only.
	folderName = "imports"
	// batchRows and batchBytes are what is converted at once; three such batches are in memory.
	batchRows  = 2_000
	batchBytes = 2 << 20
)

// RunnerOptions configure NewRunner.
type RunnerOptions struct {
	Clock app.Clock
	Log   *slog.Logger
	// Zone is the workspace's, for times that name none. Default UTC.
	Zone *time.Location
}

// Runner takes files in and runs the imports. What it was given is in the data folder
// and the database before Start answers, so an import goes on after a crash.
type Runner struct {
	store  Store
	folder string
	o      RunnerOptions

	wake chan struct{}
	mu   sync.Mutex
	busy map[int64]*job
}

// NewRunner returns a runner over a store. Nothing runs until Run is called.
func NewRunner(store Store, o RunnerOptions) *Runner {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Clock == nil {
		o.Clock = app.RealClock{}
	}
	return &Runner{store: store, folder: filepath.Join(store.Folder(), folderName), o: o, wake: make(chan struct{}, 1), busy: map[int64]*job{}}
}

// Upload is a file on its way in.
type Upload struct {
	Name   string
	Body   io.Reader
	Source string
}

// Start keeps a file, sniffs it, and queues its import. It returns CodeInvalid with a
// sentence for what is no table of text, or options that do not fit it.
func (r *Runner) Start(ctx context.Context, u Upload, o Options) (*app.Import, error) {
	if err := r.check(ctx, &o); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(r.folder, 0o700); err != nil {
		return nil, unwritable(err)
	}
	f, err := os.CreateTemp(r.folder, "upload-*.tmp") // 0600
	if err != nil {
		return nil, unwritable(err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	size, err := io.Copy(f, &limited{u.Body, MaxBytes})
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return nil, uploadFailed(err)
	}
	p, err := r.plan(ctx, f, &o)
	if err != nil {
		return nil, err
	}
	imp := &app.Import{File: fileName(u.Name), Bytes: size, State: app.ImportQueued, DryRun: o.DryRun, Source: u.Source, Options: encode(o), Plan: p.stored()}
	if imp.Source == "" {
		imp.Source = "import"
	}
	// Until its file is in place the import must not run: it is kept as cancelled first.
	imp.State = app.ImportCancelled
	if err := r.store.CreateImport(ctx, imp); err != nil {
		return nil, err
	}
	// Windows moves no file that is open.
	if err := errors.Join(f.Close(), os.Rename(f.Name(), r.file(imp))); err != nil {
		return nil, unwritable(err)
	}
	imp, err = r.store.ChangeImport(ctx, imp.Row, func(imp *app.Import, _ app.Instant) error {
		imp.State = app.ImportQueued
		return nil
	})
	r.Wake()
	return imp, err
}

// check holds the options against what there is.
func (r *Runner) check(ctx context.Context, o *Options) error {
	if err := o.check(); err != nil {
		return err
	}
	if o.List == "" {
		return nil
	}
	l, err := r.store.FindList(ctx, o.List)
	if err != nil {
		return err
	}
	if l.ArchivedAt != nil {
		return app.Invalid("list", "the list %q is archived and takes no new subscribers", l.Title)
	}
	return nil
}

// plan sniffs a file.
func (r *Runner) plan(ctx context.Context, f io.ReadSeeker, o *Options) (*Plan, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	facts, err := survey(f)
	if err != nil {
		return nil, err
	}
	known, err := r.store.Attributes(ctx)
	if err != nil {
		return nil, err
	}
	return newPlan(facts, o, known)
}

func unwritable(err error) error {
	return &app.Error{Code: app.CodeUnavailable, Err: err, Message: "The file cannot be kept in the data folder. Check its owner, its permissions and the free space."}
}

// uploadFailed tells a body that broke off from a disk that is full.
func uploadFailed(err error) error {
	var e *app.Error
	var path *os.PathError
	switch {
	case errors.As(err, &e):
		return e
	case errors.As(err, &path):
		return unwritable(err)
	}
	return &app.Error{Code: app.CodeInvalid, Message: "The file did not arrive whole. Send it again.", Err: err}
}

func fileName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || unicode.Is(unicode.Bidi_Control, r) { // which would show another name
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	name = strings.TrimSpace(name[strings.LastIndexAny(name, `/\`)+1:])
	if name == "" {
		name = "customers.csv"
	}
	if runes := []rune(name); len(runes) > MaxFileName {
		name = string(runes[:MaxFileName])
	}
	return name
}

func (r *Runner) file(imp *app.Import) string { return filepath.Join(r.folder, imp.ID+".upload") }

// Wake makes Run look for imports that wait.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Restart begins an import anew with other options: a dry run again, or, without DryRun,
// for good. It returns CodeConflict for one that has written, and CodeNotFound when its
// file is gone.
func (r *Runner) Restart(ctx context.Context, id string, o Options) (*app.Import, error) {
	imp, err := r.store.FindImport(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := r.check(ctx, &o); err != nil {
		return nil, err
	}
	if !imp.DryRun {
		return nil, app.Fail(app.CodeConflict, "This import is no dry run: it has begun to write. Send the file again for another one.")
	}
	r.end(imp.Row)
	f, err := os.Open(r.file(imp))
	if err != nil {
		return nil, app.NotFound("The file of this dry run is gone: it is kept for %d hours. Send it again.", int(uploadKept.Hours()))
	}
	defer f.Close()
	p, err := r.plan(ctx, f, &o)
	if err != nil {
		return nil, err
	}
	if err := r.store.ForgetRefusals(ctx, imp.Row); err != nil {
		return nil, err
	}
	imp, err = r.store.ActOnImport(ctx, imp.Row, "import.start", func(imp *app.Import, _ app.Instant) error {
		if !imp.DryRun {
			return app.Fail(app.CodeConflict, "This import has begun to write already.")
		}
		imp.State, imp.DryRun, imp.Error = app.ImportQueued, o.DryRun, ""
		imp.Options, imp.Plan, imp.Samples = encode(o), p.stored(), nil
		imp.ImportCounts = app.ImportCounts{}
		imp.StartedAt, imp.FinishedAt = 0, 0
		return nil
	})
	r.Wake()
	return imp, err
}

// Cancel ends an import that has not ended. What it wrote stays, and can be undone.
func (r *Runner) Cancel(ctx context.Context, id string) (*app.Import, error) {
	imp, err := r.store.FindImport(ctx, id)
	if err != nil {
		return nil, err
	}
	imp, err = r.store.ActOnImport(ctx, imp.Row, "import.cancel", func(imp *app.Import, now app.Instant) error {
		switch {
		case imp.State == app.ImportUndoing:
			return app.Fail(app.CodeConflict, "The import is being undone, which cannot be cancelled.")
		case imp.State.Ended():
			return app.Fail(app.CodeConflict, "The import has ended already: it is %s.", imp.State)
		}
		imp.State, imp.FinishedAt = app.ImportCancelled, now
		return nil
	})
	if err == nil {
		r.end(imp.Row)
		r.drop(imp)
	}
	return imp, err
}

// Undo takes back what an import did, in the background.
func (r *Runner) Undo(ctx context.Context, id string) (*app.Import, error) {
	imp, err := r.store.FindImport(ctx, id)
	if err != nil {
		return nil, err
	}
	imp, err = r.store.ActOnImport(ctx, imp.Row, "import.undo", func(imp *app.Import, _ app.Instant) error {
		switch {
		case imp.DryRun:
			return app.Fail(app.CodeConflict, "This was a dry run: it wrote nothing, so there is nothing to undo.")
		case imp.State == app.ImportUndone:
			return app.Fail(app.CodeConflict, "The import has been undone already.")
		case !imp.State.Ended():
			return app.Fail(app.CodeConflict, "The import is %s: cancel it, or wait for its end, before it is undone.", imp.State)
		}
		imp.State, imp.FinishedAt = app.ImportUndoing, 0
		return nil
	})
	r.Wake()
	return imp, err
}

// end stops the job of an import in this process and waits for it.
func (r *Runner) end(row int64) {
	r.mu.Lock()
	j := r.busy[row]
	r.mu.Unlock()
	if j != nil {
		j.cancel()
		<-j.done
	}
}

// drop removes an import's file.
func (r *Runner) drop(imp *app.Import) {
	if err := os.Remove(r.file(imp)); err != nil && !errors.Is(err, os.ErrNotExist) {
		r.o.Log.Warn("remove the file of an import", "import", imp.ID, "error", err)
	}
}

// Run runs the imports that wait, those first that a stop or a crash interrupted, until
// ctx ends. It returns when what it runs has come to a safe place.
func (r *Runner) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	slots := make(chan struct{}, atOnce)
	sweep := time.NewTicker(time.Hour)
	defer sweep.Stop()
	r.sweep(ctx)
	for {
		if err := r.startWaiting(ctx, &wg, slots); err != nil && ctx.Err() == nil {
			r.o.Log.Error("look for imports that wait", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-sweep.C:
			r.sweep(ctx)
		case <-r.wake:
		}
	}
}

func (r *Runner) startWaiting(ctx context.Context, wg *sync.WaitGroup, slots chan struct{}) error {
	rows, err := r.store.OpenImports(ctx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		select {
		case slots <- struct{}{}:
		default:
			return nil // the end of one looks again
		}
		jobCtx, cancel := context.WithCancel(ctx)
		j := &job{r: r, row: row, cancel: cancel, done: make(chan struct{})}
		r.mu.Lock()
		_, busy := r.busy[row]
		if !busy {
			r.busy[row] = j
		}
		r.mu.Unlock()
		if busy {
			cancel()
			<-slots
			continue
		}
		wg.Go(func() {
			j.run(jobCtx)
			cancel()
			r.mu.Lock()
			delete(r.busy, row)
			r.mu.Unlock()
			close(j.done)
			<-slots
			r.Wake()
		})
	}
	return nil
}

// sweep removes files that nothing waits for: of ended imports, of dry runs that are a
// day old, and what a crash left half sent.
func (r *Runner) sweep(ctx context.Context) {
	entries, err := os.ReadDir(r.folder)
	if err != nil {
		return
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue
		}
		old := r.o.Clock.Now().Sub(info.ModTime()) > uploadKept
		id, isUpload := strings.CutSuffix(e.Name(), ".upload")
		if !isUpload {
			if old {
				_ = os.Remove(filepath.Join(r.folder, e.Name()))
			}
			continue
		}
		imp, err := r.store.FindImport(ctx, id)
		switch {
		case err != nil && app.CodeOf(err) != app.CodeNotFound:
		case err != nil && old, err == nil && imp.State.Ended() && (old || !imp.DryRun && imp.FinishedAt != 0): // 0: it has not begun
			_ = os.Remove(filepath.Join(r.folder, e.Name()))
		}
	}
}

// Writing reports whether an import is writing rows, so that what can wait does.
func (r *Runner) Writing() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, j := range r.busy {
		if j.isWriting() {
			return true
		}
	}
	return false
}

// Progress is how far a running import is beyond what its counters say.
type Progress struct {
	// Phase is "reading" (the file is read whole for its types), "checking" (a dry run holds
	// it against what is stored), "writing" or "undoing"; "" when nothing runs.
	Phase string
	// Read is how many rows were read while reading.
	Read int64
	// Rate is rows per second in this phase; Left how long it will take, 0 if that is not known.
	Rate float64
	Left time.Duration
}

// Progress returns how far an import is.
func (r *Runner) Progress(imp *app.Import) Progress {
	r.mu.Lock()
	j := r.busy[imp.Row]
	r.mu.Unlock()
	if j == nil {
		return Progress{}
	}
	return j.progress(imp)
}

func planOf(imp *app.Import) (*Plan, error) {
	p := &Plan{}
	if err := json.Unmarshal(imp.Plan, p); err != nil {
		return nil, fmt.Errorf("read the plan of import %d: %w", imp.Row, err)
	}
	s, err := SamplesOf(imp)
	if err != nil {
		return nil, err
	}
	for i := range p.Columns {
		if i < len(s.Says) {
			c := &p.Columns[i]
			c.Why, c.Doubt, c.Offers = s.Says[i].Why, s.Says[i].Doubt, s.Says[i].Offers
		}
	}
	return p, nil
}

// PlanOf returns the plan of an import.
func PlanOf(imp *app.Import) (*Plan, error) { return planOf(imp) }

// OptionsOf returns what was asked of an import.
func OptionsOf(imp *app.Import) (o Options, err error) {
	if err := json.Unmarshal(imp.Options, &o); err != nil {
		return o, fmt.Errorf("read the options of import %d: %w", imp.Row, err)
	}
	return o, nil
}
