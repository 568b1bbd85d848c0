package storage

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// migrate brings the file from its PRAGMA user_version to the newest schema, each
// file in its own transaction. It refuses a file that a newer Kith has written, and
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
		return fmt.Errorf("the data is of schema %d, and this Kith knows up to %d: run the newer Kith that wrote it", have, len(files))
	}
	if have > 0 && have < len(files) {
		name := fmt.Sprintf("before-schema-%d-%s.db", have+1, now.Format("20060102-150405"))
		if _, err := conn.ExecContext(ctx, "vacuum into ?", filepath.Join(folder, name)); err != nil {
			return fmt.Errorf("copy the data before changing its schema: %w", err)
		}
		if err := os.Chmod(filepath.Join(folder, name), 0o600); err != nil {
			return err
		}
	}
	for i := have; i < len(files); i++ {
		text, err := fs.ReadFile(schema, files[i])
		if err != nil {
			return err
		}
		var script strings.Builder
		fmt.Fprintf(&script, "begin immediate;\n%s\npragma user_version = %d;\ncommit;", text, i+1)
		if _, err := conn.ExecContext(ctx, script.String()); err != nil {
			_, _ = conn.ExecContext(ctx, "rollback")
			return fmt.Errorf("apply schema %s: %w", filepath.Base(files[i]), err)
		}
	}
	return nil
}
