package mock

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"kith/app"
)

// spare is a workspace that is opened ahead of the reset that takes it: tests reset
// between each other, and opening one takes some ten times as long as changing over. The
// first is made after the first reset, so that whoever never resets pays for none.
type spare struct {
	folder string
	clock  *app.ShiftedClock
	ready  chan struct{} // closed when ws or err is set
	ws     *Workspace
	err    error
}

// prepare opens a workspace, after it has done away with one that is no longer used.
func (m *Mock) prepare(ctx context.Context, old *Workspace, folder string) *spare {
	m.opened++
	s := &spare{clock: app.NewShiftedClock(), ready: make(chan struct{}), folder: filepath.Join(m.o.Folder, fmt.Sprintf("%s-%d", workspaceName, m.opened))}
	ctx = context.WithoutCancel(ctx)
	go func() {
		defer close(s.ready)
		var err error
		if old != nil {
			err = old.Stop()
		}
		if rerr := os.RemoveAll(folder); err == nil {
			err = rerr
		}
		if err != nil { // nobody misses it
			fmt.Fprintf(m.o.Out, "what there was before the reset could not be closed in order: %v\n", err)
		}
		s.ws, s.err = m.o.Open(ctx, s.folder, s.clock)
	}()
	return s
}

// takeSpare changes over to a new workspace, and has the old one done away with and the
// next one opened behind the caller's back. The caller holds mu.
func (m *Mock) takeSpare(ctx context.Context) error {
	next := m.next
	if next == nil {
		next = m.prepare(ctx, nil, "")
	}
	<-next.ready
	old, folder := m.ws, m.folder
	m.folder = next.folder
	m.clock.Store(next.clock)
	m.use(next.ws, next.err)
	m.next = m.prepare(ctx, old, folder)
	return next.err
}
