package storagetest

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
)

// SmallDisk mounts a file system of so many megabytes and returns its folder, which the end
// of the test takes away. It needs Linux and root; elsewhere the test is skipped, unless CI
// is set, where nothing may be.
func SmallDisk(t testing.TB, megabytes int) string {
	t.Helper()
	folder := t.TempDir()
	skip := t.Skipf
	if os.Getenv("CI") == "true" {
		skip = t.Fatalf
	}
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		skip("a small disk can only be mounted by root, on Linux")
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+strconv.Itoa(megabytes)+"m", "tmpfs", folder).CombinedOutput(); err != nil {
		skip("a small disk cannot be mounted here: %v %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", folder).CombinedOutput(); err != nil {
			t.Errorf("unmount: %v %s", err, out)
		}
	})
	return folder
}

// Ballast fills the disk of a folder until only about left bytes are free, and returns
// what takes it away again.
func Ballast(t testing.TB, folder string, left, free int64) (away func()) {
	t.Helper()
	file := filepath.Join(folder, "ballast")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	part := make([]byte, 4096)
	for n := free - left; n > 0; n -= int64(len(part)) {
		if _, err := f.Write(part); err != nil {
			break // full, which is as good
		}
	}
	return func() {
		if err := os.Remove(file); err != nil {
			t.Error(err)
		}
	}
}
