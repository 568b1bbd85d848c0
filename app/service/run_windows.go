package service

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
)

// Run runs do until ctx ends. Started by the service manager, it is that which ends it, by a
// call and not by a signal, and which is told by ready that Kith serves. The process of a
// service has no output: why it failed goes to the system's log.
func Run(ctx context.Context, do func(ctx context.Context, ready func()) error) error {
	if !started() {
		return do(ctx, func() {})
	}
	h := &handler{ctx: ctx, do: do}
	if err := svc.Run(Name, h); err != nil {
		return err
	}
	return h.err
}

// started reports whether the service manager started this process.
var started = sync.OnceValue(func() bool {
	is, err := svc.IsWindowsService()
	return err == nil && is
})

// handler is what the service manager talks to.
type handler struct {
	ctx context.Context
	do  func(context.Context, func()) error
	err error
}

const (
	// pendingEvery is how often the manager hears that the start goes on: a migration
	// copies the data first, and takes its time.
	pendingEvery = 5 * time.Second
	pendingHint  = 30 * time.Second
	// failedCode is the code that a service ends with that failed.
	failedCode = 1
)

// Execute is called by the service manager. What ends by itself has failed: the manager
// hears that, and starts it again.
func (h *handler) Execute(_ []string, requests <-chan svc.ChangeRequest, states chan<- svc.Status) (specific bool, code uint32) {
	ctx, cancel := context.WithCancel(h.ctx)
	defer cancel()
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- h.do(ctx, sync.OnceFunc(func() { close(ready) })) }()

	pending := svc.Status{State: svc.StartPending, WaitHint: uint32(pendingHint.Milliseconds())}
	states <- pending
	tick := time.NewTicker(pendingEvery)
	defer tick.Stop()
	for {
		select {
		case <-ready:
			ready = nil
			pending = svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown}
			states <- pending
		case <-tick.C:
			if pending.State != svc.Running {
				pending.CheckPoint++
				states <- pending
			}
		case r := <-requests:
			switch r.Cmd {
			case svc.Interrogate:
				states <- r.CurrentStatus
			case svc.Stop, svc.Shutdown:
				pending = svc.Status{State: svc.StopPending, WaitHint: uint32(pendingHint.Milliseconds())}
				states <- pending
				cancel()
			}
		case h.err = <-ended:
			if h.err == nil {
				return false, 0
			}
			if log := SystemLog(); log != nil {
				_ = log(slog.LevelError, "Kith ended: "+h.err.Error())
			}
			return true, failedCode
		}
	}
}

// SystemLog writes to the log that the service manager keeps; nil where that is the error
// output.
func SystemLog() func(slog.Level, string) error {
	if !started() {
		return nil
	}
	return func(level slog.Level, line string) error {
		log, err := events()
		if err != nil {
			return err
		}
		switch {
		case level >= slog.LevelError:
			return log.Error(1, line)
		case level >= slog.LevelWarn:
			return log.Warning(1, line)
		}
		return log.Info(1, line)
	}
}

var events = sync.OnceValues(func() (*eventlog.Log, error) { return eventlog.Open(Name) })
