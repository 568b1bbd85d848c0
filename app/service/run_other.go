//go:build !windows

package service

import (
	"context"
	"log/slog"
)

// Run runs do until ctx ends. On Windows, started by the service manager, it is that which
// ends it, by a call and not by a signal, and which is told by ready that Kith serves.
func Run(ctx context.Context, do func(ctx context.Context, ready func()) error) error {
	return do(ctx, func() {})
}

// SystemLog writes to the log that the service manager keeps; nil where that is the error
// output, as everywhere but on Windows.
func SystemLog() func(slog.Level, string) error { return nil }

// native is the manager that takes no script; nil where it takes one.
func native() controller { return nil }
