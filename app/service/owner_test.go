//go:build unix

package service

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Root's files of a service's folder become the service's; a folder of root's stays.
func TestHandOver_givesRootsFilesToTheFoldersOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("only root can give files away")
		}
		t.Skip("only root can give files away")
	}
	real := filepath.Join(t.TempDir(), "private")
	if err := os.MkdirAll(filepath.Join(real, "backups"), 0o700); err != nil {
		t.Fatal(err)
	}
	files := []string{"kith.db", "backups", "backups/one"}
	for _, f := range []string{"kith.db", "backups/one"} {
		if err := os.WriteFile(filepath.Join(real, f), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	folder := filepath.Join(t.TempDir(), "kith") // as DynamicUser= has it
	if err := os.Symlink(real, folder); err != nil {
		t.Fatal(err)
	}
	owner := func(f string) uint32 {
		info, err := os.Lstat(filepath.Join(real, f))
		if err != nil {
			t.Fatal(err)
		}
		return info.Sys().(*syscall.Stat_t).Uid
	}
	for _, want := range []int{0, 61605} {
		if err := os.Chown(real, want, want); err != nil {
			t.Fatal(err)
		}
		if err := HandOver(folder); err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if got := owner(f); int(got) != want {
				t.Errorf("the folder is %d's; %s is %d's", want, f, got)
			}
		}
	}
	if err := HandOver(filepath.Join(real, "none")); !os.IsNotExist(err) {
		t.Errorf("a folder that is not there: %v", err)
	}
}
