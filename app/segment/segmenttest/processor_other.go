//go:build !unix

package segmenttest

import "time"

// ProcessorTime is not measured here.
func ProcessorTime() time.Duration { return 0 }
