package storage

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"kith/app"
)

const (
	// groupChanges is how many Changes one transaction takes. Larger ones bring more rows per
	// second (2.8 times from 100 to 8,000 rows measured) but keep the first waiter longer.
	groupChanges = 8_000
	// backlogChanges is how many may wait before more are refused: some two seconds of work.
	backlogChanges = 200_000
)

// writer is the one goroutine that writes. See the package comment.
type writer struct {
	db      *DB
	q       statements
	queue   chan *job
	empties chan chan bool // asks for the log to be emptied
	quit    chan struct{}
	stopped chan struct{}
	backlog atomic.Int64
	crowd   int // jobs of the last group
	state   *state
	commits atomic.Int64
	stats   writerStats
	trouble atomic.Pointer[app.Error] // why the last transaction was not taken, nil when it was
}

// job is one waiting call: a Batch of Changes, or a function.
type job struct {
	batch   app.Batch
	doer    app.Doer // of the batch, for the audit log
	fn      func(*Tx) error
	weight  int64
	results []app.Result
	status  int
	answer  []byte
	repeat  bool
	err     error
	idle    bool // it writes nothing
	grows   bool // it is refused while the disk is nearly full

	delivery app.Delivery
	done     chan struct{}
}

func newWriter(ctx context.Context, db *DB, queueLength int) (*writer, error) {
	w := &writer{
		db:      db,
		queue:   make(chan *job, queueLength),
		empties: make(chan chan bool),
		quit:    make(chan struct{}),
		stopped: make(chan struct{}),
	}
	var err error
	if w.q, err = prepareAll(ctx, db.conn, func(*namedQuery) bool { return true }); err != nil {
		return nil, err
	}
	if w.state, err = loadState(w.q); err != nil {
		return nil, err
	}
	return w, nil
}

// Apply applies the Changes of b in order, in one transaction with what else is
// waiting, and returns when they are on the disk. A Change that is refused says so in
// its Result and leaves the others be. The error is for the Batch as a whole:
// CodeRateLimited when too much is waiting, CodeConflict when its Once came before
// with another body, CodeUnavailable when the disk does not take it.
func (db *DB) Apply(ctx context.Context, b app.Batch) ([]app.Result, error) {
	j := &job{batch: b, doer: app.DoerOf(ctx), weight: int64(max(1, len(b.Changes))), grows: !takesWhileLow(b), done: make(chan struct{})}
	if err := db.submit(ctx, j); err != nil {
		return nil, err
	}
	if b.Once != nil {
		b.Once.Status, b.Once.Answer, b.Once.Repeated = j.status, j.answer, j.repeat
	}
	if b.Hook != nil {
		b.Hook.Delivery = j.delivery
	}
	return j.results, j.err
}

// Write runs fn inside a transaction of the writer, shared with what else is waiting.
// It may run twice, the second time in a transaction of its own, when another's work
// made the shared one fail; so fn only touches tx and what it sets anew each time.
func (db *DB) Write(ctx context.Context, fn func(tx *Tx) error) error {
	j := &job{fn: fn, weight: 1, done: make(chan struct{})}
	if err := db.submit(ctx, j); err != nil {
		return err
	}
	return j.err
}

// submit queues j and waits until it is done. Once it is queued ctx does not end the wait:
// what the job was given is used until then, and a client that went away after sending
// has sent.
func (db *DB) submit(ctx context.Context, j *job) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := db.writer
	if w.backlog.Add(j.weight) > backlogChanges && j.weight < backlogChanges {
		w.backlog.Add(-j.weight)
		return app.Fail(app.CodeRateLimited, "Too much is waiting to be written: nothing of this request was stored. Try again in a second.")
	}
	select {
	case <-w.quit:
		w.backlog.Add(-j.weight)
		return app.Fail(app.CodeUnavailable, "Kith is stopping: nothing of this request was stored. Try again in a moment.")
	default:
	}
	select {
	case w.queue <- j:
	default:
		w.backlog.Add(-j.weight)
		return app.Fail(app.CodeRateLimited, "Too many requests are waiting to be written: nothing of this one was stored. Try again in a second.")
	}
	select {
	case <-j.done:
		return nil
	case <-w.stopped:
		select {
		case <-j.done:
			return nil
		default:
			return app.Fail(app.CodeUnavailable, "Kith is stopping: nothing of this request was stored. Try again in a moment.")
		}
	}
}

func (w *writer) stop() {
	close(w.quit)
	<-w.stopped
}

// run takes jobs until stop, and then those that are still queued.
func (w *writer) run() {
	defer close(w.stopped)
	for {
		select {
		case j := <-w.queue:
			w.group(j)
		case done := <-w.empties:
			done <- w.emptyLog()
		case <-w.quit:
			for {
				select {
				case j := <-w.queue:
					w.group(j)
				default:
					return
				}
			}
		}
	}
}

const (
	// lingerFrom is how many jobs a group must have had for the next one to be waited for:
	// so many clients at once are answered sooner together, for they share the processor
	// with a commit's own work. Measured: 64 clients, 19 jobs a group without, some 30 with,
	// and a tenth more events a second. A single client is never kept waiting.
	lingerFrom = 8
	linger     = time.Millisecond
	// lingerChanges is where a group is large enough without.
	lingerChanges = groupChanges / 8
)

// gather takes what is waiting behind first and, when there was a crowd just now, what
// comes within a moment.
func (w *writer) gather(first *job) []*job {
	jobs, weight := []*job{first}, first.weight
	var moment <-chan time.Time
	for weight < groupChanges {
		select {
		case j := <-w.queue:
			jobs, weight = append(jobs, j), weight+j.weight
			continue
		default:
		}
		if w.crowd < lingerFrom || len(jobs) >= 2*w.crowd || weight >= lingerChanges {
			break
		}
		if moment == nil {
			timer := time.NewTimer(linger)
			defer timer.Stop()
			moment = timer.C
		}
		select {
		case j := <-w.queue:
			jobs, weight = append(jobs, j), weight+j.weight
		case <-moment:
			return jobs
		}
	}
	return jobs
}

// group gathers what is waiting behind first and commits it together.
func (w *writer) group(first *job) {
	jobs := w.gather(first)
	w.crowd = len(jobs)
	if !w.db.look() {
		if jobs = w.refuse(jobs); len(jobs) == 0 {
			return
		}
	}
	err := w.transact(jobs)
	if err != nil || len(jobs) > 1 || !first.idle {
		w.note(err)
	}
	if err != nil && len(jobs) > 1 && !isMachineFault(err) {
		w.db.log.Error("a shared transaction failed; trying each request alone", "requests", len(jobs), "error", err)
		for _, j := range jobs {
			if err := w.transact([]*job{j}); err != nil {
				j.fail(explain(err))
			}
			w.finish(j)
		}
		return
	}
	weight := int64(0)
	for _, j := range jobs {
		weight += j.weight
		if err != nil {
			j.fail(explain(err))
		}
		w.finish(j)
	}
	w.tidyLog(weight >= lingerChanges)
}

// refuse answers the jobs that a disk which is nearly full does not take, and returns the others.
func (w *writer) refuse(jobs []*job) (taken []*job) {
	for _, j := range jobs {
		if !j.grows {
			taken = append(taken, j)
			continue
		}
		j.fail(w.db.errDiskLow())
		w.finish(j)
	}
	return taken
}

// note keeps why the disk did not take a transaction, until it takes one.
func (w *writer) note(err error) {
	var e *app.Error
	if err == nil {
		w.trouble.Store(nil)
	} else if errors.As(explain(err), &e) && e.Code == app.CodeUnavailable {
		w.trouble.Store(e)
	}
}

// fail takes back what an undone transaction left in the job.
func (j *job) fail(err error) {
	j.results, j.status, j.answer, j.repeat, j.err = nil, 0, nil, false, err
	j.delivery = app.Delivery{}
}

func (w *writer) finish(j *job) {
	w.backlog.Add(-j.weight)
	close(j.done)
}

// transact applies jobs in one transaction. When it returns an error nothing of them
// is stored, and the mirrors in memory have been read again.
func (w *writer) transact(jobs []*job) (err error) {
	ctx := context.Background()
	t := newTxn(w)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in the writer: %v\n%s", p, debug.Stack())
		}
		if err == nil {
			return
		}
		w.stats.failures.Add(1)
		_, _ = w.db.conn.ExecContext(ctx, "rollback")
		if fresh, lerr := loadState(w.q); lerr == nil {
			w.state = fresh
		} else {
			w.state = nil // the next transaction reads it, or fails
			w.db.log.Error("read the writer's state again", "error", lerr)
		}
	}()
	if w.state == nil {
		if w.state, err = loadState(w.q); err != nil {
			return err
		}
		t = newTxn(w)
	}
	if _, err := w.db.conn.ExecContext(ctx, "begin immediate"); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	for _, j := range jobs {
		if err := t.job(j); err != nil {
			return err
		}
	}
	if err := t.flush(); err != nil {
		return err
	}
	if _, err := w.db.conn.ExecContext(ctx, "commit"); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	w.commits.Add(1)
	w.stats.took(jobs, w.state)
	t.publish()
	return nil
}

// job applies one job inside the transaction. An error undoes the whole transaction.
func (t *txn) job(j *job) error {
	j.fail(nil) // it may have been tried before, in a transaction that was undone
	if j.fn != nil {
		return j.fn(&Tx{t: t})
	}
	if once := j.batch.Once; once != nil {
		repeated, err := t.repeated(j, once)
		if repeated || err != nil {
			return err
		}
	}
	j.results = make([]app.Result, len(j.batch.Changes))
	refused := 0
	if j.batch.Hook != nil {
		before, err := t.cameBefore(j.batch.Hook)
		if err != nil && !isRefusal(err) {
			return err
		}
		if err != nil || before {
			if err := t.deliverAgain(j, err); err != nil {
				return err
			}
			return t.auditReplay(j)
		}
	}
	for i, c := range j.batch.Changes {
		res, err := t.apply(c)
		if err != nil {
			if !isRefusal(err) {
				return fmt.Errorf("apply change %d (%T): %w", i, c, err)
			}
			res = app.Result{Err: err}
			refused++
		} else if err := t.auditChange(j.doer, c, res, j.batch.Hook != nil); err != nil {
			return fmt.Errorf("write down change %d (%T): %w", i, c, err)
		}
		j.results[i] = res
	}
	if j.batch.Hook != nil {
		if err := t.deliver(j, false); err != nil {
			return fmt.Errorf("store the delivery: %w", err)
		}
		if err := t.auditReplay(j); err != nil {
			return err
		}
	}
	if c := j.batch.Cursor; c != nil {
		if err := t.moveCursor(c.Name, c.Seq); err != nil {
			return err
		}
	}
	if j.batch.Once != nil && refused < max(1, len(j.results)) {
		return t.remember(j)
	}
	return nil
}

// isRefusal tells a Change's own refusal, which was made before its first row, from a
// failure that undoes the transaction.
func isRefusal(err error) bool {
	switch app.CodeOf(err) {
	case app.CodeInternal, app.CodeUnavailable:
		return false
	}
	return true
}

// Tx is what a function given to [DB.Write] may use.
type Tx struct{ t *txn }

// Exec runs a named statement.
func (x *Tx) exec(name string, args ...any) error {
	_, err := x.t.w.q.exec(name, args...)
	return err
}

// Now is the one instant of the transaction.
func (x *Tx) Now() app.Instant { return x.t.now }

const onceKept = 24 * time.Hour

// repeated answers a job whose Once has come before.
func (t *txn) repeated(j *job, once *app.Once) (bool, error) {
	var body, answer []byte
	var status int
	var at int64
	found, err := t.w.q.row(context.Background(), "idempotency_find", args(once.Scope[:]), &body, &status, &answer, &at)
	if err != nil || !found || app.Instant(at)+app.Instant(onceKept.Milliseconds()) <= t.now {
		return false, err
	}
	if string(body) != string(once.Body[:]) {
		j.err = app.Fail(app.CodeConflict, "This idempotency key was used for another request body. Use a new key for a new request.")
		return true, nil
	}
	j.status, j.answer, j.repeat = status, answer, true
	return true, nil
}

// remember makes the answer of a job with a Once and keeps it.
func (t *txn) remember(j *job) error {
	status, answer, err := j.batch.Once.Encode(t.reader(), j.results)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	j.status, j.answer = status, answer
	once := j.batch.Once
	_, err = t.w.q.exec("idempotency_insert", once.Scope[:], once.Body[:], status, answer, int64(t.now))
	return err
}
