//go:build unix

package storage_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"kith/app"
	"kith/storage"
)

func TestOpen_aFolderThatCannotBeWrittenSaysSo(t *testing.T) {
	t.Parallel()
	top, err := os.MkdirTemp("/tmp", "kith-readonly") // another user must be able to reach it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(filepath.Join(top, "data"), 0o700); os.RemoveAll(top) })
	folder := filepath.Join(top, "data")
	if err := openAndClose(folder); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(top, "test")
	binary, err := os.ReadFile(os.Args[0])
	if err == nil {
		err = os.WriteFile(copied, binary, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{top: 0o755, folder: 0o555, filepath.Join(folder, storage.FileName): 0o444, filepath.Join(folder, "kith.lock"): 0o444} {
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
	}
	cmd := child("open", folder)
	cmd.Path, cmd.Dir = copied, "/"
	if os.Getuid() == 0 { // the superuser may write everywhere
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "The data folder cannot be written") || !strings.Contains(string(out), folder) {
		t.Errorf("got %v: %s", err, out)
	}
	cmd = child("open", filepath.Join(folder, "deeper"))
	cmd.Path, cmd.Dir = copied, "/"
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "make the data folder") {
		t.Errorf("a folder that cannot be made: %v: %s", err, out)
	}
}

// The folder may have been made by others, for all to look into: nobody else reads the data.
func TestOpen_newFilesAreTheirOwnersAlone(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	db, err := storage.Open(t.Context(), folder, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Apply(t.Context(), app.Batch{Changes: []app.Change{&app.Track{UID: "ada", Event: "Seen", At: db.Now()}}}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{storage.FileName, storage.FileName + "-wal", storage.FileName + "-shm"} {
		info, err := os.Stat(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has the mode %o", name, mode)
		}
	}
}
