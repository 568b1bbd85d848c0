//go:build !windows

package storage

import "golang.org/x/sys/unix"

// diskSpace is how much of the disk that holds folder this user may still write, and its
// size; both 0 where the system does not say.
func diskSpace(folder string) (free, total int64) {
	var s unix.Statfs_t
	if unix.Statfs(folder, &s) != nil {
		return 0, 0
	}
	return int64(s.Bavail) * int64(s.Bsize), int64(s.Blocks) * int64(s.Bsize)
}
