package command

import (
	"context"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestGogc(t *testing.T) {
	for live, want := range map[uint64]int{0: 100, 8 << 20: 100, 16 << 20: 100, 32 << 20: 50, 40 << 20: 40, 64 << 20: 25, 4 << 30: 25} {
		if got := gogc(live); got != want {
			t.Errorf("with %d MB in use: %d, want %d", live>>20, got, want)
		}
	}
}

// A heap with much in use is collected sooner than at its double.
func TestTendHeap(t *testing.T) {
	t.Setenv("GOGC", "")
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- tendHeap(ctx) }()
	used := make([]byte, 256<<20)
	runtime.GC()
	time.Sleep(4 * heapLook)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if most := uint64(len(used)) * 3 / 2; m.NextGC > most {
		t.Errorf("the next collection is at %d MB with %d in use", m.NextGC>>20, len(used)>>20)
	}
	runtime.KeepAlive(used)
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := debug.SetGCPercent(100); got != mostGOGC {
		t.Errorf("it leaves %d behind", got)
	}
}
