package storage

import (
	"context"
	"database/sql"
	"path/filepath"
	"sync/atomic"
)

// The log (WAL) grows with every commit, and what it holds must be copied into the
// database before it can begin anew. SQLite does that inside the commit that finds the
// log too long, which takes a tenth of a second and more while others wait. Here a
// goroutine with a connection of its own copies most of it beside the writer; only the
// little that was written meanwhile is left to the writer itself, between two
// transactions, and then the log begins anew.
type checkpointer struct {
	handle *sql.DB
	ask    chan struct{}
	ended  chan struct{}
	// busy: it is copying; ready: it has copied, and the writer may do the rest.
	busy, ready atomic.Bool
	chases      int // how often it was asked again since the log began
	looked      int // commits since the writer last looked
}

const (
	// checkpointFrom is how many pages are to be copied before it begins: 64 MB.
	checkpointFrom = 16_000
	// checkpointRest is how many the writer copies itself: some milliseconds.
	checkpointRest = 1_000
	// checkpointChases is how often more than that is copied beside the writer again, where
	// it writes as fast as one can copy.
	checkpointChases = 6
	// checkpointLook is how many small commits pass between two looks at the log.
	checkpointLook = 32
	// checkpointSafety is where a commit copies the log all the same: 400 MB.
	checkpointSafety = 100_000
)

func newCheckpointer(folder string, lasting []string) (*checkpointer, error) {
	handle, err := sql.Open("sqlite", dsn(filepath.Join(folder, FileName), append([]string{"cache_size(-1000)"}, lasting...)...))
	if err != nil {
		return nil, err
	}
	handle.SetMaxOpenConns(1)
	c := &checkpointer{handle: handle, ask: make(chan struct{}, 1), ended: make(chan struct{})}
	go c.run()
	return c, nil
}

func (c *checkpointer) run() {
	defer close(c.ended)
	for range c.ask {
		if _, _, err := checkpoint(c.handle, "passive"); err == nil {
			c.ready.Store(true)
		}
		c.busy.Store(false)
	}
}

// close ends it, after what it is at.
func (c *checkpointer) close() error {
	close(c.ask)
	<-c.ended
	return c.handle.Close()
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// checkpoint copies what it can without making anybody wait ("passive"), or nothing
// ("noop"), and returns how many pages the log has and how many of them are copied.
func checkpoint(q querier, how string) (pages, copied int, err error) {
	var blocked int
	err = q.QueryRowContext(background, "pragma wal_checkpoint("+how+")").Scan(&blocked, &pages, &copied)
	return pages, copied, err
}

// tidyLog is called by the writer between two transactions; large says that the last one
// wrote much.
func (w *writer) tidyLog(large bool) {
	c := w.db.checkpoints
	if c.looked++; !large && c.looked < checkpointLook && !c.ready.Load() || c.busy.Load() {
		return
	}
	c.looked = 0
	pages, copied, err := checkpoint(w.db.conn, "noop")
	if err != nil {
		return
	}
	left := pages - copied
	ready := c.ready.Swap(false)
	switch {
	case ready && (left <= checkpointRest || c.chases >= checkpointChases):
		c.chases = 0
		if _, _, err := checkpoint(w.db.conn, "passive"); err != nil {
			w.db.log.Warn("copy the log into the database", "error", err)
		}
	case ready || left >= checkpointFrom:
		if ready {
			c.chases++
		}
		c.busy.Store(true)
		c.ask <- struct{}{}
	}
}

// emptyLog takes what is left of the log into the database and makes it empty, if nobody
// reads what is older just now, and reports whether it is. It waits for nobody.
func (w *writer) emptyLog() bool {
	if _, err := w.db.conn.ExecContext(background, "pragma busy_timeout = 0"); err != nil {
		return false
	}
	defer w.db.conn.ExecContext(background, "pragma busy_timeout = 10000")
	var blocked, pages, copied int
	err := w.db.conn.QueryRowContext(background, "pragma wal_checkpoint(truncate)").Scan(&blocked, &pages, &copied)
	return err == nil && blocked == 0
}
