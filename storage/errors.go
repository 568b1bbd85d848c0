package storage

import (
	"errors"

	"kith/app"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// explain turns what SQLite says about the machine into a sentence that a person can
// act on. Other errors come back as they are.
func explain(err error) error {
	var se *sqlite.Error
	if err == nil || !errors.As(err, &se) {
		return err
	}
	unavailable := func(message string) error {
		return &app.Error{Code: app.CodeUnavailable, Message: message, Err: err}
	}
	switch se.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return unavailable("The disk is full: nothing of this request was stored. Free some space; Kith goes on by itself.")
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return unavailable("The data folder cannot be written: nothing of this request was stored. Check its owner and permissions.")
	case sqlite3.SQLITE_IOERR:
		return unavailable("The disk failed: nothing of this request was stored. Check the disk and the system's log.")
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return unavailable("The data is locked by another program: nothing of this request was stored. Try again.")
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return unavailable("The database file is damaged. Stop Kith and restore a backup (`kith restore`).")
	}
	return err
}

// isMachineFault tells a failure of the disk or the file, which concerns every request,
// from one that a request brought about itself.
func isMachineFault(err error) bool {
	var se *sqlite.Error
	return errors.As(err, &se) && app.CodeOf(explain(se)) == app.CodeUnavailable
}

func isBusy(err error) bool {
	var se *sqlite.Error
	return errors.As(err, &se) && (se.Code()&0xff == sqlite3.SQLITE_BUSY || se.Code()&0xff == sqlite3.SQLITE_LOCKED)
}
