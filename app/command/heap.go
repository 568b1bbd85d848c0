package command

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// A collector that is left alone lets garbage grow as large as what is in use. Most of what
// a large Kith has in use are columns, which hold no pointers and cost a collection next to
// nothing, so that it may collect more often: garbage takes heapRoom, or a quarter of what is
// in use where that is more. GOGC, where it is set, is left alone.
const (
	heapRoom  = 16 << 20
	leastGOGC = 25
	mostGOGC  = 100
	heapLook  = 250 * time.Millisecond
)

// gogc is the percentage that leaves heapRoom for garbage beside live bytes.
func gogc(live uint64) int {
	return int(min(max(heapRoom*100/max(live, 1), leastGOGC), mostGOGC))
}

// tendHeap keeps garbage small until ctx ends.
func tendHeap(ctx context.Context) error {
	if os.Getenv("GOGC") != "" {
		<-ctx.Done()
		return nil
	}
	at := mostGOGC
	defer func() { debug.SetGCPercent(mostGOGC) }()
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	tick := time.NewTicker(heapLook)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		metrics.Read(live)
		if live[0].Value.Kind() != metrics.KindUint64 {
			continue
		}
		// Setting it stops the program for an instant: not for every small change.
		if next := gogc(live[0].Value.Uint64()); next < at-at/10 || next > at+at/10 {
			debug.SetGCPercent(next)
			at = next
		}
	}
}
