package service

import (
	"context"
	"runtime"

	"github.com/kardianos/service"
)

// program is what kardianos/service starts and stops.
type program struct {
	do     func(context.Context) error
	ctx    context.Context
	cancel context.CancelFunc
	ended  chan error
}

// Start is called by the service manager.
func (p *program) Start(s service.Service) error {
	p.ctx, p.cancel = context.WithCancel(p.ctx)
	p.ended = make(chan error, 1)
	go func() { p.ended <- p.do(p.ctx) }()
	return nil
}

// Stop is called by the service manager.
func (p *program) Stop(service.Service) error {
	p.cancel()
	return <-p.ended
}

// Run runs do until ctx ends. On Windows, started by the service manager, it is that which
// ends it, by a call and not by a signal.
func Run(ctx context.Context, do func(context.Context) error) error {
	if runtime.GOOS != "windows" || service.Interactive() {
		return do(ctx)
	}
	p := &program{ctx: ctx, do: do}
	s, err := service.New(p, &service.Config{Name: Name})
	if err != nil {
		return err
	}
	return s.Run()
}
