package storage

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"kith/app"
)

// Timer is something due at an instant. A kind and a ref name it; setting it again
// moves it.
type Timer struct {
	Kind, Ref string
	Due       app.Instant
}

// SetTimer sets a timer within the transaction.
func (x *Tx) SetTimer(timer Timer) error {
	x.t.timerMoved = true
	return x.exec("timer_save", timer.Kind, timer.Ref, int64(timer.Due))
}

// TimerFunc handles a timer that has come due, inside a transaction of the writer that
// also removes it. It may set it again, for a later instant.
type TimerFunc func(tx *Tx, timer Timer) error

// RunTimers sleeps until the next timer is due and hands it to the function of its
// kind, until ctx ends. One that fails stays and is tried again a minute later.
func (db *DB) RunTimers(ctx context.Context, kinds map[string]TimerFunc) error {
	for {
		moved := db.moved.wait()
		next, err := db.fireDue(ctx, kinds)
		if err != nil && ctx.Err() == nil {
			db.log.Error("read the timers", "error", err)
			next = db.Now() + app.Instant(time.Minute.Milliseconds())
		}
		var reached <-chan struct{}
		stop := func() {}
		if next != 0 {
			reached, stop = db.clock.Until(next.Time())
		}
		select {
		case <-reached:
		case <-moved:
		case <-ctx.Done():
			stop()
			return nil
		}
		stop()
	}
}

// fireDue handles what has come due and returns when the next one will be, 0 for never.
func (db *DB) fireDue(ctx context.Context, kinds map[string]TimerFunc) (app.Instant, error) {
	for {
		var due []Timer
		err := db.queries.each(ctx, "timer_due", args(int64(db.Now()), 100), func(rows *sql.Rows) error {
			var timer Timer
			if err := rows.Scan(&timer.Kind, &timer.Ref, &timer.Due); err != nil {
				return err
			}
			due = append(due, timer)
			return nil
		})
		if err != nil {
			return 0, err
		}
		if len(due) == 0 {
			break
		}
		for _, timer := range due {
			if err := db.fire(ctx, timer, kinds[timer.Kind]); err != nil {
				return 0, err
			}
		}
	}
	var next *app.Instant
	if _, err := db.queries.row(ctx, "timer_next", nil, &next); err != nil || next == nil {
		return 0, err
	}
	return *next, nil
}

func (db *DB) fire(ctx context.Context, timer Timer, handle TimerFunc) error {
	err := db.Write(ctx, func(tx *Tx) error {
		res, err := tx.t.w.q.exec("timer_delete", timer.Kind, timer.Ref, int64(timer.Due))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		if handle == nil {
			return fmt.Errorf("nothing here handles timers of the kind %q", timer.Kind)
		}
		return handle(tx, timer)
	})
	if err == nil || ctx.Err() != nil {
		return err
	}
	db.log.Error("a timer failed and will be tried again in a minute", "kind", timer.Kind, "ref", timer.Ref, "error", err)
	timer.Due = db.Now() + app.Instant(time.Minute.Milliseconds())
	return db.Write(ctx, func(tx *Tx) error { return tx.SetTimer(timer) })
}

// housekeeping is the folder's own timers: what they remove, and how often.
var housekeeping = map[string]struct {
	every time.Duration
	do    func(tx *Tx) error
}{
	"prune idempotency": {time.Hour, func(tx *Tx) error {
		return tx.exec("idempotency_prune", int64(tx.t.now)-onceKept.Milliseconds())
	}},
	"prune copies": {24 * time.Hour, func(tx *Tx) error {
		if err := removeOldCopies(tx.t.w.db.folder, tx.t.now.Time()); err != nil { // tried again tomorrow
			tx.t.w.db.log.Warn("remove the copies from before the schema's changes", "error", err)
		}
		return nil
	}},
	"prune hooks": {5 * time.Minute, (*Tx).pruneDeliveries},
	"prune sessions": {time.Hour, func(tx *Tx) error {
		if err := tx.exec("invitation_prune", int64(tx.t.w.db.sessionNow())); err != nil {
			return err
		}
		return tx.exec("session_prune", int64(tx.t.w.db.sessionNow()))
	}},
	"prune feed": {6 * time.Hour, func(tx *Tx) error {
		through := tx.t.s.seq
		for _, seq := range tx.t.s.cursors {
			through = min(through, seq)
		}
		return tx.exec("feed_prune", through, int64(tx.t.now)-feedKept.Milliseconds())
	}},
}

// KeepHouse sets the folder's own timers, if they are not set, and runs all timers
// until ctx ends.
func (db *DB) KeepHouse(ctx context.Context) error {
	kinds := map[string]TimerFunc{pruneTimer: pruneSegment, taskTimer: runTask, forgetTimer: forgetTask}
	err := db.Write(ctx, func(tx *Tx) error {
		for kind, task := range housekeeping {
			if err := tx.exec("timer_ensure", kind, "", int64(tx.t.now)+task.every.Milliseconds()); err != nil {
				return err
			}
		}
		return nil
	})
	if ctx.Err() != nil {
		return nil // stopped before it began
	}
	if err != nil {
		return fmt.Errorf("set the timers: %w", err)
	}
	for kind, task := range housekeeping {
		kinds[kind] = func(tx *Tx, timer Timer) error {
			if err := task.do(tx); err != nil {
				return err
			}
			timer.Due = tx.t.now + app.Instant(task.every.Milliseconds())
			return tx.SetTimer(timer)
		}
	}
	return db.RunTimers(ctx, kinds)
}
