package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"kith/app"
)

// migrate brings the file from its PRAGMA user_version to the newest schema, each step
// in a transaction of its own. It refuses a file that a newer Kith has written, and
// copies the database before it changes one that holds data.
func migrate(ctx context.Context, conn *sql.Conn, schema fs.FS, folder string, now time.Time) error {
	var have int
	if err := conn.QueryRowContext(ctx, "pragma user_version").Scan(&have); err != nil {
		return err
	}
	files, err := fs.Glob(schema, "sql/schema/*.sql") // in order; the number of the newest is the version
	if err != nil {
		return err
	}
	if have > len(files) {
		return newerSchema(have, len(files))
	}
	if have > 0 && have < len(files) {
		if err := roomForCopy(ctx, conn, folder); err != nil {
			return err
		}
		name := fmt.Sprintf(copyPrefix+"%d-%s.db", have+1, fileTime(now))
		if _, err := conn.ExecContext(ctx, "vacuum into ?", filepath.Join(folder, name)); err != nil {
			_ = os.Remove(filepath.Join(folder, name))
			return fmt.Errorf("copy the data before changing its schema: %w", explain(err))
		}
		if err := os.Chmod(filepath.Join(folder, name), 0o600); err != nil {
			return err
		}
	}
	// A new file gets them all in one transaction: one wait for the disk instead of many.
	begin, commit := "begin immediate;", "commit;"
	if have == 0 {
		if _, err := conn.ExecContext(ctx, begin); err != nil {
			return err
		}
		begin, commit = "", ""
	}
	for i := have; i < len(files); i++ {
		text, err := fs.ReadFile(schema, files[i])
		if err != nil {
			return err
		}
		script := fmt.Sprintf("%s\n%s\npragma user_version = %d;\n%s", begin, text, i+1, commit)
		if _, err := conn.ExecContext(ctx, script); err != nil {
			_, _ = conn.ExecContext(ctx, "rollback")
			return fmt.Errorf("apply schema %s: %w", filepath.Base(files[i]), err)
		}
	}
	if have > 0 {
		return nil
	}
	_, err = conn.ExecContext(ctx, "commit;")
	return err
}

// copyPrefix begins the names of the copies that are made before the schema changes.
const copyPrefix = "before-schema-"

// copiesKept is how long such a copy is kept: whoever was erased since is still in it.
const copiesKept = 30 * 24 * time.Hour

// roomForCopy returns CodeUnavailable when the disk has no room for another copy of the
// database, and for the schema's change itself.
func roomForCopy(ctx context.Context, conn *sql.Conn, folder string) error {
	var pages, size int64
	if err := conn.QueryRowContext(ctx, "pragma page_count").Scan(&pages); err != nil {
		return err
	}
	if err := conn.QueryRowContext(ctx, "pragma page_size").Scan(&size); err != nil {
		return err
	}
	return roomFor(2*pages*size, folder)
}

func roomFor(need int64, folder string) error {
	free, total := diskSpace(folder)
	if total == 0 || free >= need {
		return nil
	}
	return app.Fail(app.CodeUnavailable, "This Kith changes the form of the data, and copies it first: that takes %s on the disk of %s, where %s are free. Free some space and start again; nothing was changed.",
		app.Bytes(need), folder, app.Bytes(free))
}

// removeOldCopies removes copies from before a change of the schema that are older than
// [copiesKept].
func removeOldCopies(folder string, now time.Time) error {
	found, err := filepath.Glob(filepath.Join(folder, copyPrefix+"*.db"))
	if err != nil {
		return err
	}
	var errs []error
	for _, file := range found {
		if info, err := os.Stat(file); err == nil && now.Sub(info.ModTime()) > copiesKept {
			errs = append(errs, os.Remove(file))
		}
	}
	return errors.Join(errs...)
}

// Schema is the number of the newest schema that this Kith knows.
func Schema() int {
	files, err := fs.Glob(sqlFiles, "sql/schema/*.sql")
	if err != nil {
		panic(err)
	}
	return len(files)
}

func newerSchema(have, newest int) error {
	return app.Fail(app.CodeUnavailable, "The data is of schema %d, and this Kith knows up to schema %d: run the newer Kith that wrote it.", have, newest)
}
