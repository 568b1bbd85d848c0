package importer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"kith/app"
)

// job is one import being run.
type job struct {
	r      *Runner
	row    int64
	cancel context.CancelFunc
	done   chan struct{}

	mu    sync.Mutex
	phase string
	dry   bool // it writes nothing
	since time.Time
	from  int64 // rows done when the phase began
	read  int64
}

// enter begins a phase.
func (j *job) enter(phase string, from int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.phase, j.since, j.from, j.read = phase, time.Now(), from, 0
}

// isWriting reports whether it writes rows, or reads the file that it will write at once.
func (j *job) isWriting() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.phase == "writing" || j.phase == "reading" && !j.dry
}

func (j *job) progress(imp *app.Import) Progress {
	j.mu.Lock()
	defer j.mu.Unlock()
	p := Progress{Phase: j.phase, Read: j.read}
	n := imp.Done - j.from
	if j.phase == "reading" || j.phase == "checking" {
		n = j.read
	}
	took := time.Since(j.since).Seconds()
	if took <= 0 || n <= 0 {
		return p
	}
	p.Rate = float64(n) / took
	if left := imp.Rows - imp.Done; j.phase == "writing" && left > 0 {
		p.Left = time.Duration(float64(left) / p.Rate * float64(time.Second))
	}
	if left := imp.Rows - j.read; j.phase == "checking" && left > 0 {
		p.Left = time.Duration(float64(left) / p.Rate * float64(time.Second))
	}
	return p
}

// Samples is what is kept of a file's cells, for people to look at.
type Samples struct {
	Columns [][]string `json:"columns"`
	// Rows are the first of the file, each behind its line.
	Rows [][]string `json:"rows"`
	// Says is what was said of each column, which quotes cells.
	Says []said `json:"says"`
}

// said is the part of a [Column] that quotes cells: it is kept apart from the plan, so
// that erasing a customer finds all cells in one place.
type said struct {
	Why    string  `json:"why,omitempty"`
	Doubt  string  `json:"doubt,omitempty"`
	Offers []Offer `json:"offers,omitempty"`
}

// SamplesOf returns the cells that are kept of a file, if they still are.
func SamplesOf(imp *app.Import) (s Samples, err error) {
	if imp.Samples == nil {
		return s, nil
	}
	return s, json.Unmarshal(imp.Samples, &s)
}

// run brings an import as far as it goes. A stop of the program leaves it to the next start.
func (j *job) run(ctx context.Context) {
	err := j.guarded(ctx)
	if err == nil || ctx.Err() != nil {
		return
	}
	e := app.Public(err)
	j.r.o.Log.Warn("an import failed", "import", j.row, "error", err)
	imp, err := j.r.store.ChangeImport(context.WithoutCancel(ctx), j.row, func(imp *app.Import, now app.Instant) error {
		if !imp.State.Ended() { // an undo that failed can be begun again: it goes on where it was
			imp.State, imp.FinishedAt, imp.Error = app.ImportFailed, now, e.Sentence()
		}
		return nil
	})
	if err != nil {
		j.r.o.Log.Error("note that an import failed", "import", j.row, "error", err)
		return
	}
	if !imp.DryRun {
		j.r.drop(imp)
	}
}

// guarded turns a panic into an error: a file must not end the program.
func (j *job) guarded(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in an import: %v\n%s", p, debug.Stack())
		}
	}()
	imp, err := j.r.store.ImportRow(ctx, j.row)
	if err != nil {
		return err
	}
	if imp.State == app.ImportUndoing {
		return j.undo(ctx)
	}
	return j.do(ctx)
}

var errEnded = errors.New("the import was ended")

func (j *job) do(ctx context.Context) error {
	store := j.r.store
	imp, err := store.ChangeImport(ctx, j.row, func(imp *app.Import, now app.Instant) error {
		if imp.State.Ended() {
			return errEnded
		}
		imp.State = app.ImportRunning
		if imp.StartedAt == 0 {
			imp.StartedAt = now
		}
		return nil
	})
	if errors.Is(err, errEnded) {
		return nil
	}
	if err != nil {
		return err
	}
	o, err := OptionsOf(imp)
	if err != nil {
		return err
	}
	p, err := planOf(imp)
	if err != nil {
		return err
	}
	j.mu.Lock()
	j.dry = imp.DryRun
	j.mu.Unlock()
	twice := newRepeats(j.r.folder)
	if !p.Read || imp.DryRun {
		j.enter("reading", 0)
		if imp, err = j.analyse(ctx, imp, p, twice); err != nil {
			return err
		}
	}
	if imp.DryRun {
		return j.rehearse(ctx, imp, p, &o, twice)
	}
	return j.write(ctx, imp, p, &o)
}

// open opens the import's file as rows of UTF-8.
func (j *job) open(imp *app.Import, p *Plan) (io.Reader, io.Closer, error) {
	f, err := os.Open(j.r.file(imp))
	if err != nil {
		return nil, nil, app.Fail(app.CodeNotFound, "The file of this import is gone from the data folder. Send it again; rows that are there already change nothing.")
	}
	raw, _, err := unpack(f)
	if err == nil {
		var in io.Reader
		if in, err = decoder(raw, p.Encoding.Value); err == nil {
			return in, f, nil
		}
	}
	f.Close()
	return nil, nil, err
}

// analyse reads the file whole and gives its columns their types.
func (j *job) analyse(ctx context.Context, imp *app.Import, p *Plan, twice *repeats) (*app.Import, error) {
	in, file, err := j.open(imp, p)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	defer twice.close()
	p.Notes = nil
	a := &analysis{plan: p, repeats: twice, try: imp.DryRun, read: func(rows int64) {
		j.mu.Lock()
		j.read = rows
		j.mu.Unlock()
	}}
	a.again = func() error {
		again, file, err := j.open(imp, p)
		if err != nil {
			return err
		}
		defer file.Close()
		if err := twice.close(); err != nil {
			return err
		}
		*twice = *newRepeats(j.r.folder)
		return a.recount(ctx, again)
	}
	if err := a.run(ctx, in); err != nil {
		return nil, err
	}
	if err := a.conclude(j.r.o.Zone); err != nil {
		return nil, err
	}
	s := Samples{Rows: a.preview}
	for i := range a.columns {
		c := &p.Columns[i]
		s.Columns = append(s.Columns, a.columns[i].samples)
		s.Says = append(s.Says, said{c.Why, c.Doubt, c.Offers})
	}
	return j.r.store.ChangeImport(ctx, imp.Row, func(imp *app.Import, _ app.Instant) error {
		imp.Plan, imp.Rows, imp.Samples = p.stored(), p.Rows, encode(s)
		return nil
	})
}

// batches converts the rows of a file from a number on and gives them out in runs, while
// the run before is being written.
func (j *job) batches(ctx context.Context, imp *app.Import, p *Plan, o *Options, from int64) (names []string, out <-chan []app.ImportRow, failed func() error) {
	c := newConverter(p, o, j.r.o.Zone)
	ch := make(chan []app.ImportRow, 1)
	var broke error
	go func() {
		defer close(ch)
		defer func() {
			if v := recover(); v != nil {
				broke = fmt.Errorf("panic in an import: %v\n%s", v, debug.Stack())
			}
		}()
		in, file, err := j.open(imp, p)
		if err != nil {
			broke = err
			return
		}
		defer file.Close()
		broke = convertAll(ctx, newRows(in, p), c, from, ch)
	}()
	return c.names, ch, func() error { return broke }
}

func convertAll(ctx context.Context, r *rows, c *converter, from int64, out chan<- []app.ImportRow) error {
	var number int64
	for {
		c.fresh(batchRows)
		batch := make([]app.ImportRow, 0, batchRows)
		for len(batch) < batchRows && len(c.arena) < batchBytes {
			rec, err := r.next()
			if err == io.EOF {
				break
			}
			if err != nil {
				return err
			}
			if number++; number > from {
				if batch = append(batch, c.row(rec, number)); len(batch)%128 == 0 {
					runtime.Gosched() // a request that waits for a processor goes first
				}
			} else if number%100_000 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
		}
		if len(batch) == 0 {
			return nil
		}
		select {
		case out <- batch:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// rehearse counts what the rows would do.
func (j *job) rehearse(ctx context.Context, imp *app.Import, p *Plan, o *Options, twice *repeats) error {
	j.enter("checking", 0)
	if err := j.r.store.ForgetRefusals(ctx, imp.Row); err != nil {
		return err
	}
	inner, stop := context.WithCancel(ctx)
	defer stop()
	names, batches, failed := j.batches(inner, imp, p, o, 0)
	h := &rehearsal{store: j.r.store, plan: p, mode: o.mode(), names: names, list: o.List, status: o.status(), twice: twice.twice, virtual: map[uint64]*app.Customer{}, claimed: map[int64]bool{}}
	for batch := range batches {
		for len(batch) > 0 {
			n := min(len(batch), 200)
			if err := h.batch(ctx, batch[:n]); err != nil {
				return err
			}
			batch = batch[n:]
			j.mu.Lock()
			j.read = h.counts.Done
			j.mu.Unlock()
		}
		if len(h.refused) > 0 {
			if err := j.r.store.RefuseRows(ctx, imp.Row, h.refused); err != nil {
				return err
			}
			h.refused = nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if err := failed(); err != nil {
		return err
	}
	h.counts.Rows = p.Rows
	h.noteList()
	_, err := j.r.store.ChangeImport(ctx, imp.Row, func(imp *app.Import, now app.Instant) error {
		if imp.State != app.ImportRunning {
			return nil
		}
		imp.ImportCounts, imp.Plan, imp.State, imp.FinishedAt = h.counts, p.stored(), app.ImportDone, now
		return nil
	})
	return err
}

// write writes the rows that are not done yet.
func (j *job) write(ctx context.Context, imp *app.Import, p *Plan, o *Options) error {
	j.enter("writing", imp.Done)
	inner, stop := context.WithCancel(ctx)
	defer stop()
	names, batches, failed := j.batches(inner, imp, p, o, imp.Done)
	for rows := range batches {
		for len(rows) > 0 {
			b := &app.ImportBatch{Import: imp.Row, Mode: o.mode(), List: o.List, Status: o.status(), Attributes: names, Rows: rows, Source: imp.Source}
			taken, state, err := j.rows(ctx, b)
			if err != nil {
				return err
			}
			if state != app.ImportRunning {
				return nil // somebody ended it
			}
			rows = rows[taken:]
		}
	}
	if err := failed(); err != nil {
		return err
	}
	done, err := j.r.store.ChangeImport(ctx, imp.Row, func(imp *app.Import, now app.Instant) error {
		if imp.State == app.ImportRunning {
			imp.State, imp.FinishedAt, imp.Rows = app.ImportDone, now, imp.Done
		}
		return nil
	})
	if err == nil {
		j.r.drop(done)
	}
	return err
}

// rows gives rows to the writer, again and again while it says that this is not the moment.
func (j *job) rows(ctx context.Context, b *app.ImportBatch) (int, app.ImportState, error) {
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 30*time.Second) {
		taken, state, err := j.r.store.ImportRows(ctx, b)
		switch app.CodeOf(err) {
		case app.CodeUnavailable, app.CodeRateLimited:
		default:
			return taken, state, err
		}
		if err == nil {
			return taken, state, nil
		}
		j.r.o.Log.Warn("an import waits: its rows were not taken", "import", b.Import, "pause", pause, "error", err)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return 0, 0, ctx.Err()
		}
	}
}

func (j *job) undo(ctx context.Context) error {
	j.enter("undoing", 0)
	for {
		finished, err := j.r.store.UndoImport(ctx, j.row)
		if err != nil || finished {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}
