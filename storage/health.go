package storage

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"kith/app"
)

// health is what the folder knows of its disk and its file.
type health struct {
	low     atomic.Bool // writing is off
	check   atomic.Pointer[app.FileCheck]
	probing sync.Mutex
	probed  app.Instant
}

// look finds out whether the disk has room to write, and says so when that changes. It
// costs one call of the system, some microseconds, so the writer does it before each
// transaction. Writing goes on once there is a quarter more than the reserve.
func (db *DB) look() bool {
	if db.reserve == 0 {
		return true
	}
	free, total := diskSpace(db.folder)
	switch low := db.health.low.Load(); {
	case total == 0:
	case !low && free < db.reserve:
		db.health.low.Store(true)
		db.log.Error("the disk is nearly full: writing is off until there is space", "free", app.Bytes(free), "reserve", app.Bytes(db.reserve))
	case low && free >= db.reserve+db.reserve/4:
		db.health.low.Store(false)
		db.log.Info("there is space on the disk again: writing goes on", "free", app.Bytes(free))
	}
	return !db.health.low.Load()
}

// errDiskLow is what a request gets while writing is off.
func (db *DB) errDiskLow() error {
	free, _ := diskSpace(db.folder)
	return app.Fail(app.CodeUnavailable, "The disk is nearly full (%s are free): nothing of this request was stored. Free some space; Kith goes on by itself once there are %s. Reading works.",
		app.Bytes(free), app.Bytes(db.reserve+db.reserve/4))
}

// takesWhileLow reports whether a Batch is taken although the disk is nearly full: one
// that only removes.
func takesWhileLow(b app.Batch) bool {
	for _, c := range b.Changes {
		if _, ok := c.(*app.Delete); !ok {
			return false
		}
	}
	return b.Hook == nil && len(b.Changes) > 0
}

// Disk is the state of the disk that holds the folder.
func (db *DB) Disk() app.Disk {
	d := DiskOf(db.folder)
	d.Low = !db.look()
	return d
}

// DiskOf is the disk that holds a data folder, whether or not a Kith has it open; Low is
// not known.
func DiskOf(folder string) (d app.Disk) {
	d.Free, d.Total = diskSpace(folder)
	file := filepath.Join(folder, FileName)
	if info, err := os.Stat(file); err == nil {
		d.Database = info.Size()
	}
	if info, err := os.Stat(file + "-wal"); err == nil {
		d.Log = info.Size()
	}
	return d
}

// FileCheck is the last look at the file as a whole, which [DB.CheckFile] takes.
func (db *DB) FileCheck() app.FileCheck {
	if c := db.health.check.Load(); c != nil {
		return *c
	}
	return app.FileCheck{}
}

// checkPause is between two tables of a check, so that the log can be taken in.
const checkPause = 50 * time.Millisecond

// CheckFile has SQLite look through the file's structure (quick_check), one table at a
// time: each is a read transaction of its own, of some 0.4 s for a million events. The
// result is kept for [DB.FileCheck] and [DB.Ready].
func (db *DB) CheckFile(ctx context.Context) error {
	began := db.sessionNow()
	fault, err := db.quickCheck(ctx)
	if err != nil {
		return err
	}
	now := db.sessionNow()
	db.health.check.Store(&app.FileCheck{At: now, Took: time.Duration(now-began) * time.Millisecond, Fault: fault})
	if fault != "" {
		db.log.Error("the database file is damaged: stop Kith and restore a backup", "fault", fault)
	}
	return nil
}

func (db *DB) quickCheck(ctx context.Context) (fault string, err error) {
	conn, err := db.read.Conn(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	tables, err := tableNames(ctx, conn)
	if err != nil {
		return "", err
	}
	for _, name := range tables {
		var verdict string
		err := conn.QueryRowContext(ctx, "select quick_check from pragma_quick_check(?)", name).Scan(&verdict)
		var known *app.Error
		switch {
		case ctx.Err() != nil:
			return "", ctx.Err()
		case errors.As(explain(err), &known):
			return known.Message, nil
		case err != nil:
			return "", err
		case verdict != "ok":
			return name + ": " + verdict, nil
		}
		timer := time.NewTimer(checkPause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return "", ctx.Err()
		}
	}
	return "", nil
}

const (
	// firstCheck is how long after the start the file is first looked through, and
	// checkEvery how often after that.
	firstCheck = 10 * time.Minute
	checkEvery = 24 * time.Hour
)

// KeepChecked looks through the file at intervals until ctx ends.
func (db *DB) KeepChecked(ctx context.Context) error {
	for wait := firstCheck; ; wait = checkEvery {
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
		if err := db.CheckFile(ctx); err != nil && ctx.Err() == nil {
			db.log.Error("look through the database file", "error", err)
		}
	}
}

// Ready reports whether the file can be read and written: the disk has room, it took the
// last transaction, and the last look through the file found nothing. If not, why, as
// CodeUnavailable.
func (db *DB) Ready(ctx context.Context) error {
	if !db.look() {
		return db.errDiskLow()
	}
	if e := db.writer.trouble.Load(); e != nil {
		if db.probe(ctx); db.writer.trouble.Load() != nil {
			return e
		}
	}
	if fault := db.FileCheck().Fault; fault != "" {
		return &app.Error{Code: app.CodeUnavailable, Message: "The database file is damaged. Stop Kith and restore a backup (`kith restore`).", Err: errors.New(fault)}
	}
	var one int
	if err := db.read.QueryRowContext(ctx, "select 1").Scan(&one); err != nil {
		return &app.Error{Code: app.CodeUnavailable, Message: "The database cannot be read.", Err: err}
	}
	return nil
}

// probe writes a row after a failed transaction, once a second at the most: where nobody
// sends requests to one that is not ready, nothing else would find out that it is again.
func (db *DB) probe(ctx context.Context) {
	if !db.health.probing.TryLock() {
		return
	}
	defer db.health.probing.Unlock()
	now := db.sessionNow()
	if since := now - db.health.probed; since >= 0 && since < 1000 {
		return
	}
	db.health.probed = now
	_ = db.Write(ctx, func(tx *Tx) error { return tx.exec("meta_set", "probe", int64(now)) })
}
