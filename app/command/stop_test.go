package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A stop under load, with a slow upload, an idle connection and the program's own file
// replaced beneath it: what was answered is there, it takes less than five seconds, and
// the new program goes on.
func TestStop_underLoadFinishesWhatWasAnsweredWithinFiveSeconds(t *testing.T) {
	if testing.Short() && os.Getenv("CI") != "true" {
		t.Skip("builds and runs the program: not with -short")
	}
	built, folder, l := buildKith(t), t.TempDir(), newLedger()
	installed := filepath.Join(t.TempDir(), "kith")
	copyProgram(t, built, installed)
	for round := range 2 {
		cmd, base := startKith(t, installed, folder)
		var clients sync.WaitGroup
		for i := range 12 {
			c := &client{base: base, http: &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}, name: fmt.Sprintf("%c%d", 'a'+i, round), l: l}
			clients.Go(func() {
				defer c.http.CloseIdleConnections()
				for n := 0; ; n++ {
					err := c.step(n%5, fmt.Sprint("u", n%5))
					switch {
					case errors.Is(err, errGone):
						return
					case err != nil && strings.Contains(err.Error(), ": 503 "): // it says so while it is stopping
						return
					case err != nil:
						t.Error(err)
						return
					}
				}
			})
		}
		address := strings.TrimSuffix(strings.TrimPrefix(base, "http://"), "/v1")
		idle, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer idle.Close()
		slow := slowUpload(t, base)
		time.Sleep(time.Second)
		copyProgram(t, built, installed) // an upgrade: the file is replaced, then it is started again
		began := time.Now()
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("it ended badly: %v", err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("it took %s to stop", took)
		} else {
			t.Logf("stopped in %s", took)
		}
		clients.Wait()
		slow()
		l.hold(t, folder)
	}
	if len(l.answered) < 100 {
		t.Errorf("only %d events were answered: nothing is proved", len(l.answered))
	}
}

// copyProgram puts a program under a name, in one step.
func copyProgram(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to+".new", text, 0o700)
	}
	if err == nil {
		err = os.Rename(to+".new", to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// slowUpload sends a request whose body never ends; it returns what gives it up.
func slowUpload(t *testing.T, base string) func() {
	t.Helper()
	in, out := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/batch", in)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("pub", "priv")
	r.Header.Set("Content-Type", "application/json")
	done := make(chan struct{})
	go func() {
		defer close(done)
		if res, err := http.DefaultClient.Do(r); err == nil {
			res.Body.Close()
		}
	}()
	go io.WriteString(out, `{"data":[`)
	return func() { cancel(); out.Close(); <-done }
}

func TestRunAll_aPartThatEndsByItselfHasFailed(t *testing.T) {
	t.Parallel()
	waits := func(ctx context.Context) error { <-ctx.Done(); return nil }
	if err := runAll(t.Context(), waits, func(context.Context) error { return nil }, waits); err == nil || !strings.Contains(err.Error(), "part 2 of the server ended by itself") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := runAll(ctx, waits, waits); err != nil {
		t.Errorf("all were ended: %v", err)
	}
}
