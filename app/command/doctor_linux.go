package command

import "golang.org/x/sys/unix"

// clockSynced reports whether the system keeps the clock right, and whether that is known.
func clockSynced() (synced, known bool) {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	return state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0, err == nil
}
