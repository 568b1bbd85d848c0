//go:build !windows

package command

import "golang.org/x/sys/unix"

// permissionsCount says that the bits of a file's mode say who may read it.
const permissionsCount = true

// openFilesLimit is how many files and connections this process may have open.
func openFilesLimit() (most uint64, known bool) {
	var l unix.Rlimit
	err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l)
	return uint64(l.Cur), err == nil
}
