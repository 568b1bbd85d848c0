package mock

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"kith/app"
)

// openings are workspaces without a server, which are opened when the test lets them.
type openings struct {
	let     chan error
	stopped chan string
	clocks  map[*app.ShiftedClock]bool
}

func (o *openings) open(_ context.Context, folder string, clock *app.ShiftedClock) (*Workspace, error) {
	if err := <-o.let; err != nil {
		return nil, err
	}
	o.clocks[clock] = true
	return &Workspace{Setup: folder, Stop: func() error { o.stopped <- filepath.Base(folder); return nil }}, os.MkdirAll(folder, 0o700)
}

// A reset hands over what was opened ahead of it, and waits for nothing.
func TestReset_takesTheSpare(t *testing.T) {
	t.Parallel()
	o := &openings{let: make(chan error, 9), stopped: make(chan string, 9), clocks: map[*app.ShiftedClock]bool{}}
	folder := t.TempDir()
	o.let <- nil
	m, err := New(t.Context(), Options{Folder: folder, Open: o.open})
	if err != nil {
		t.Fatal(err)
	}
	o.let <- nil // the first reset opens one for itself, and the next
	o.let <- nil
	if err := m.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := <-o.stopped; got != "workspace" {
		t.Errorf("stopped %s", got)
	}
	<-m.next.ready
	m.clock.Load().SetShift(1 << 40)
	before := m.Setup()
	if err := m.Reset(t.Context()); err != nil { // nothing may be opened now
		t.Fatal(err)
	}
	if m.Setup() == before || !m.Moved().IsZero() {
		t.Errorf("after the reset: %s, %s", m.Setup(), m.Moved())
	}
	if got := <-o.stopped; got != filepath.Base(before) {
		t.Errorf("stopped %s instead of %s", got, before)
	}
	o.let <- nil
	<-m.next.ready
	if left, _ := os.ReadDir(folder); len(left) != 2 {
		t.Errorf("beside the workspace and the spare there are %v", left)
	}
	if len(o.clocks) != 4 {
		t.Errorf("%d clocks for 4 workspaces", len(o.clocks))
	}
	if err := m.Close(); err != nil || len(o.stopped) != 2 {
		t.Errorf("at the end %d are stopped (%v)", len(o.stopped), err)
	}
}

// When one cannot be opened, the next reset tries again.
func TestReset_afterOneThatFailed(t *testing.T) {
	t.Parallel()
	o := &openings{let: make(chan error, 9), stopped: make(chan string, 9), clocks: map[*app.ShiftedClock]bool{}}
	o.let <- nil
	m, err := New(t.Context(), Options{Folder: t.TempDir(), Open: o.open})
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space")
	o.let <- full
	o.let <- nil
	if err := m.Reset(t.Context()); !errors.Is(err, full) {
		t.Errorf("the reset says %v", err)
	}
	o.let <- nil
	if err := m.Reset(t.Context()); err != nil || m.Setup() == "" {
		t.Errorf("the reset after it says %v", err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}
