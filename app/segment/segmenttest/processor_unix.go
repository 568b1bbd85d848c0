//go:build unix

package segmenttest

import (
	"syscall"
	"time"
)

// ProcessorTime is what the process has used of the processors: on a machine that does other
// work too it says more than the clock.
func ProcessorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
