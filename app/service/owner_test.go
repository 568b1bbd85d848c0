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

// Without an account there is nobody to own the folder yet; one that is there is left alone.
func TestMakeFolder_isTheAccountsAlone(t *testing.T) {
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("only root can give folders away")
		}
		t.Skip("only root can give folders away")
	}
	folder := filepath.Join(t.TempDir(), "data")
	if err := MakeFolder(folder, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("a folder was made for nobody: %v", err)
	}
	if err := MakeFolder(folder, "no-such-account"); err == nil {
		t.Error("an account that is not there was taken")
	}
	if err := MakeFolder(folder, "nobody"); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(folder)
	if err != nil {
		t.Fatal(err)
	}
	if uid := info.Sys().(*syscall.Stat_t).Uid; uid == 0 || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder is %d's, %s", uid, info.Mode())
	}
	if err := os.Chmod(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := MakeFolder(folder, "root"); err != nil {
		t.Fatal(err)
	}
	if again, err := os.Stat(folder); err != nil || again.Mode().Perm() != 0o750 || again.Sys().(*syscall.Stat_t).Uid == 0 {
		t.Errorf("a folder that was there was changed: %v, %v", again, err)
	}
}
