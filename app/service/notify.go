package service

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// Notifier tells the manager that started this process how it is. Where nobody asked to be
// told (NOTIFY_SOCKET is not set) it does nothing.
type Notifier struct {
	log *slog.Logger
	// every is how often the watchdog wants to hear; 0: never.
	every time.Duration
}

// NewNotifier reads from the environment who wants to be told, and how often.
func NewNotifier(log *slog.Logger) (*Notifier, error) {
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		return nil, fmt.Errorf("read the watchdog's interval: %w; start Kith by `systemctl start kith`, or without WATCHDOG_USEC", err)
	}
	return &Notifier{log, every}, nil
}

func (n *Notifier) tell(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		n.log.Warn("tell the service manager", "state", state, "error", err)
	}
}

// Ready says that Kith listens.
func (n *Notifier) Ready(address string) {
	n.tell(daemon.SdNotifyReady + "\nSTATUS=Serving " + address)
}

// Run tells the watchdog that Kith is alive, as long as check returns nil: three times in
// each interval, and each check has a third of the interval. When ctx ends it says that
// Kith is stopping. A check that does not return is not started a second time.
func (n *Notifier) Run(ctx context.Context, check func(context.Context) error) error {
	defer n.tell(daemon.SdNotifyStopping)
	if n.every == 0 {
		<-ctx.Done()
		return nil
	}
	limit := n.every / 3
	tick := time.NewTicker(limit)
	defer tick.Stop()
	result := make(chan error, 1)
	running := false
	for {
		if !running {
			running = true
			go func() {
				within, cancel := context.WithTimeout(ctx, limit)
				defer cancel()
				result <- check(within)
			}()
		}
		late := time.NewTimer(limit)
		select {
		case err := <-result:
			running = false
			if err == nil {
				n.tell(daemon.SdNotifyWatchdog)
			} else if ctx.Err() == nil {
				n.log.Error("the watchdog is not answered", "error", err)
			}
		case <-late.C:
			n.log.Error("the watchdog is not answered: the writer has not committed in time", "limit", limit)
		case <-ctx.Done():
		}
		late.Stop()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}
