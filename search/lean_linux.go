package search

import "golang.org/x/sys/unix"

// giveBack lets go of the pages of a file that is mapped for reading.
func giveBack(mapped []byte) {
	if len(mapped) > 0 {
		_ = unix.Madvise(mapped, unix.MADV_DONTNEED) // it is a wish
	}
}
