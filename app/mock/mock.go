// Package mock is Engage for development and tests: the same server that keeps customers,
// on a folder that may be thrown away, in front of which it puts what a test needs. It owns
// the record of requests, the failures that were asked for, the control API under /mock,
// the authority behind --tls and Node's preload file. It never answers for Engage's API
// itself, and keeps no customers.
//
// The invariant: what no failure was asked for is answered by the real server, unchanged.
package mock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"kith/app"

	"github.com/gin-gonic/gin"
)

// Store is what the mock needs of a workspace's storage.
type Store interface {
	app.Reader
	Apply(ctx context.Context, b app.Batch) ([]app.Result, error)
	Drain(ctx context.Context) error
	Head() int64
	Totals(ctx context.Context) (app.Totals, error)
	Lists(ctx context.Context, p app.Page) ([]app.List, bool, error)
}

// Workspace is a running server on a folder of its own.
type Workspace struct {
	Handler http.Handler
	Store   Store
	// Settle waits until the segments are right at the clock's instant.
	Settle func(ctx context.Context) error
	// Setup is the path of the page that makes the dashboard's first user, "" if there is one.
	Setup string
	// Stop ends everything and closes the folder.
	Stop func() error
}

// Options configure New.
type Options struct {
	// Folder is where workspaces have their folders, which Reset removes.
	Folder string
	// Kept says that the workspace is opened again at the next start: it has one folder for
	// good. Where it is not kept, the one after the next reset is opened ahead of it.
	Kept bool
	// Open starts a server on a folder of its own, which lives by a clock of its own.
	Open func(ctx context.Context, folder string, clock *app.ShiftedClock) (*Workspace, error)
	// Zone is the workspace's, for timestamps of fixtures that name none. Default UTC.
	Zone *time.Location
	// Out, if set, gets a line for each request: SDKs swallow errors.
	Out     io.Writer
	Version string
}

// Mock is a server for tests.
type Mock struct {
	o        Options
	origin   *http.CrossOriginProtection
	record   record
	failures failures

	resets atomic.Int64                     // how often it was reset
	clock  atomic.Pointer[app.ShiftedClock] // of the workspace

	mu     sync.RWMutex // read while a request is answered, written while the workspace is replaced
	ws     *Workspace
	folder string          // of ws
	ctx    context.Context // ends with the workspace
	cancel context.CancelFunc
	broken error  // why there is no workspace
	next   *spare // what the next reset takes, nil before the first one and where it is kept
	opened int    // workspaces, for the names of their folders
}

// New opens the workspace.
func New(ctx context.Context, o Options) (*Mock, error) {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Out == nil {
		o.Out = io.Discard
	}
	m := &Mock{o: o, origin: http.NewCrossOriginProtection()}
	m.record.changed = make(chan struct{})
	m.folder = filepath.Join(o.Folder, workspaceName)
	m.clock.Store(app.NewShiftedClock())
	if err := m.loadShift(); err != nil {
		return nil, err
	}
	return m, m.open(ctx)
}

// workspaceName is the folder of a workspace that is kept, and of the first of the others.
const workspaceName = "workspace"

// open starts the workspace. The caller holds mu, or is alone.
func (m *Mock) open(ctx context.Context) error {
	ws, err := m.o.Open(ctx, m.folder, m.clock.Load())
	m.use(ws, err)
	return err
}

// use makes ws the one that requests go to; err is why there is none.
func (m *Mock) use(ws *Workspace, err error) {
	if m.cancel != nil {
		m.cancel()
	}
	m.ws, m.broken = ws, err
	m.ctx, m.cancel = context.WithCancel(context.Background())
}

// Close ends the workspace.
func (m *Mock) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var errs []error
	if m.next != nil {
		<-m.next.ready
		if m.next.ws != nil {
			errs = append(errs, m.next.ws.Stop())
		}
		m.next = nil
	}
	if m.ws != nil {
		ws := m.ws
		m.use(nil, app.Fail(app.CodeUnavailable, "The mock is stopping."))
		errs = append(errs, ws.Stop())
	}
	return errors.Join(errs...)
}

// Forget drops recorded requests in which one of some texts stands, given in small
// letters. The request that asks for an erasure is recorded all the same, for a team's test
// looks for it, with "…" in the place of whom it names.
func (m *Mock) Forget(texts []string) { m.record.forget(texts) }

// Reset throws all customers away and begins anew, at the machine's time, with nothing
// recorded and no failure asked for.
func (m *Mock) Reset(ctx context.Context) error {
	if cancel := m.current(); cancel != nil {
		cancel() // whoever holds a stream lets go
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.resets.Add(1)
	m.failures.clear()
	m.record.clear()
	if !m.o.Kept {
		return m.takeSpare(ctx)
	}
	if m.ws != nil {
		ws := m.ws
		m.ws = nil
		if err := ws.Stop(); err != nil {
			m.broken = err
			return fmt.Errorf("stop the workspace: %w", err)
		}
	}
	if err := os.RemoveAll(m.folder); err != nil {
		m.broken = err
		return fmt.Errorf("remove the workspace: %w", err)
	}
	if err := m.shift(m.clock.Load(), 0); err != nil {
		return err
	}
	return m.open(ctx)
}

func (m *Mock) current() context.CancelFunc {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.cancel
}

// Setup is the path of the page that makes the dashboard's first user, "" if there is one.
func (m *Mock) Setup() string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.ws == nil {
		return ""
	}
	return m.ws.Setup
}

// settle waits until all that follows from what was written is done: every reader has
// reached the head of the feed, and segments are right at the clock's instant.
func settle(ctx context.Context, ws *Workspace) error {
	for {
		if err := ws.Store.Drain(ctx); err != nil {
			return err
		}
		head := ws.Store.Head()
		if err := ws.Settle(ctx); err != nil {
			return err
		}
		if err := ws.Store.Drain(ctx); err != nil {
			return err
		}
		if ws.Store.Head() == head {
			return nil
		}
	}
}

// Mount puts the mock in front of everything else on an engine.
func (m *Mock) Mount(engine *gin.Engine) {
	control := http.NewServeMux()
	m.mountControl(control)
	engine.Use(func(c *gin.Context) {
		c.Abort()
		if isControl(c.Request.URL.Path) {
			m.origin.Handler(control).ServeHTTP(c.Writer, c.Request)
			return
		}
		m.serve(c.Writer, c.Request)
	})
}
