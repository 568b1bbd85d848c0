package storage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kith/app"
)

// Pulse has the writer commit a transaction that changes nothing, behind all that waits,
// and returns when it has. What a disk says that takes no more (CodeUnavailable) is
// returned as well: the writer lives, and goes on by itself when there is room. When it has
// not answered by the end of ctx the error is ctx's.
func (db *DB) Pulse(ctx context.Context) error {
	for {
		answered := make(chan error, 1)
		go func() { answered <- db.idle(context.WithoutCancel(ctx)) }()
		var err error
		select {
		case err = <-answered:
		case <-ctx.Done():
			return fmt.Errorf("the writer has not committed: %w", ctx.Err())
		}
		if e := new(app.Error); !errors.As(err, &e) || e.Code != app.CodeRateLimited {
			return err
		}
		// The queue is full. That it moves is what is asked for.
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("the writer's queue stays full: %w", ctx.Err())
		}
	}
}

// idle is a Write of nothing, which says nothing about what the disk takes.
func (db *DB) idle(ctx context.Context) error {
	j := &job{fn: func(*Tx) error { return nil }, idle: true, weight: 1, done: make(chan struct{})}
	if err := db.submit(ctx, j); err != nil {
		return err
	}
	return j.err
}
