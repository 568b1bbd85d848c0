//go:build linux

package service

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// manager listens as systemd does.
func manager(t *testing.T) <-chan string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	heard := make(chan string, 100)
	go func() {
		buf := make([]byte, 1000)
		for {
			n, err := socket.Read(buf)
			if err != nil {
				return
			}
			heard <- string(buf[:n])
		}
	}()
	return heard
}

func hear(t *testing.T, heard <-chan string, want string) {
	t.Helper()
	select {
	case got := <-heard:
		if !strings.HasPrefix(got, want) {
			t.Errorf("heard %q, not %q", got, want)
		}
	case <-time.After(5 * time.Second):
		t.Fatalf("did not hear %q", want)
	}
}

func TestNotifier_readyAliveStopping(t *testing.T) {
	heard := manager(t)
	t.Setenv("WATCHDOG_USEC", "300000")
	n, err := NewNotifier(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	n.Ready("http://127.0.0.1:1")
	hear(t, heard, "READY=1\nSTATUS=Serving http://127.0.0.1:1")
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- n.Run(ctx, func(context.Context) error { return nil }) }()
	start := time.Now()
	for range 5 {
		hear(t, heard, "WATCHDOG=1")
	}
	if took := time.Since(start); took < 300*time.Millisecond || took > 1500*time.Millisecond {
		t.Errorf("five pings at 100 ms took %s", took)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for got := range heard {
		if got == "STOPPING=1" {
			break
		}
	}
}

func TestNotifier_aWriterThatFailsOrHangsIsNotAlive(t *testing.T) {
	heard := manager(t)
	t.Setenv("WATCHDOG_USEC", "150000")
	n, err := NewNotifier(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 700*time.Millisecond)
	defer cancel()
	var checks atomic.Int32
	err = n.Run(ctx, func(context.Context) error {
		if checks.Add(1) == 1 {
			return errors.New("disk I/O error")
		}
		select {} // hangs, whatever its context says
	})
	if err != nil {
		t.Error(err)
	}
	hear(t, heard, "STOPPING=1")
	if n := checks.Load(); n != 2 {
		t.Errorf("a check that hangs was started %d times more", n-2)
	}
}

func TestNotifier_saysNothingWhereNobodyAsks(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	t.Setenv("WATCHDOG_USEC", "")
	n, err := NewNotifier(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	n.Ready("")
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := n.Run(ctx, func(context.Context) error { t.Error("checked, and nobody asked"); return nil }); err != nil {
		t.Error(err)
	}
}
