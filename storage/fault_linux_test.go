package storage_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"kith/storage"
)

func TestWriter_aFullDiskIsSaidAndLeavesNothingHalfWritten(t *testing.T) {
	folder := t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=3m"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("a small disk of its own needs the right to mount one: %v", err)
		}
		t.Skipf("a small disk of its own needs the right to mount one: %v", err)
	}
	defer syscall.Unmount(folder, syscall.MNT_DETACH)
	ballast := filepath.Join(folder, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := storage.Open(bg, folder, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	one(t, db, set("u0"))
	answered := fill(t, db)
	holdFull(t, db, answered, func() {
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
	})
}
