package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"kith/app"
)

// restoreMark is a file that is in a data folder while its database is being exchanged for
// another. Where a power cut has left it, no Kith starts: the folder may have no database,
// and a new one would look like all being lost.
const restoreMark = "restore.unfinished"

// BeginExchange marks a data folder that is held: what is in it is about to be moved aside.
// end takes the mark away, when another database is in place; both last over a power cut.
func BeginExchange(folder string) (end func() error, err error) {
	mark := filepath.Join(folder, restoreMark)
	f, err := os.OpenFile(mark, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("mark the folder: %w", err)
	}
	if err := errors.Join(f.Sync(), f.Close(), syncFolder(folder)); err != nil {
		return nil, fmt.Errorf("mark the folder: %w", err)
	}
	return func() error {
		if err := syncFolder(folder); err != nil {
			return err
		}
		if err := os.Remove(mark); err != nil {
			return err
		}
		return syncFolder(folder)
	}, nil
}

// CheckExchange refuses a folder whose database was being exchanged.
func CheckExchange(folder string) error {
	_, err := os.Lstat(filepath.Join(folder, restoreMark))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return noFolder(folder, err)
	}
	return app.Fail(app.CodeConflict, "A restore into %s was cut off. Run kith restore again; or move what the newest before-restore-… folder in it holds back, and remove %s.", folder, restoreMark)
}

// syncFolder makes names in a folder last. Where folders cannot be synced there is nothing to do.
func syncFolder(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	_ = f.Sync()
	return f.Close()
}
