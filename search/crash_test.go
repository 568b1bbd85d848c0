package search_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/search"
	"kith/storage"
)

// crashFolder names the variable that turns the test binary into a process to be killed.
const crashFolder = "KITH_SEARCH_CRASH_FOLDER"

func TestMain(m *testing.M) {
	if folder := os.Getenv(crashFolder); folder != "" {
		fmt.Fprintln(os.Stderr, crashing(folder))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// crashing makes, changes and deletes customers, and indexes them, until it is killed.
func crashing(folder string) error {
	ctx := context.Background()
	db, err := storage.Open(ctx, folder, storage.Options{})
	if err != nil {
		return err
	}
	e := search.New(db, folder, search.Options{Calm: time.Millisecond})
	go e.Run(ctx)
	for !e.Ready() {
		time.Sleep(time.Millisecond)
	}
	fmt.Println("ready")
	for n := db.Head(); ; n++ {
		uid := fmt.Sprint("c", n)
		changes := []app.Change{person(uid, fmt.Sprint("Crash", n), "", "", "")}
		switch n % 3 {
		case 1:
			changes = append(changes, &app.Delete{UID: uid})
		case 2:
			changes = append(changes, &app.Track{UID: uid, Event: "Seen", At: db.Now()}, person(uid, fmt.Sprint("Crash changed", n), "", "", ""))
		}
		if _, err := db.Apply(ctx, app.Batch{Changes: changes}); err != nil {
			return err
		}
	}
}

func TestRun_aKilledProcessGoesOnWhereTheIndexEnds(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for round := range 6 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), crashFolder+"="+folder)
		var trouble bytes.Buffer
		child.Stderr = &trouble
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(out).ReadString('\n')
		if err != nil {
			_ = child.Process.Kill()
			_ = child.Wait()
			t.Fatalf("%v %q: %s", err, line, trouble.String())
		}
		time.Sleep(time.Duration(100+37*round) * time.Millisecond) // some work, ended anywhere
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = child.Wait() // it was killed
		checkAfterCrash(t, folder, round)
	}
}

func checkAfterCrash(t *testing.T, folder string, round int) {
	t.Helper()
	ctx := context.Background()
	db, err := storage.Open(ctx, folder, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	var log bytes.Buffer
	e := search.New(db, folder, search.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	running, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- e.Run(running) }()
	for !e.Ready() || e.State().Position < db.Head() {
		time.Sleep(time.Millisecond)
	}
	var all, changed []int64
	err = db.EachCustomer(ctx, func(c *app.Customer) error {
		all = append(all, c.Row)
		if c.FirstName != nil && strings.Contains(*c.FirstName, "changed") {
			changed = append(changed, c.Row)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(all)
	slices.Reverse(changed)
	for text, want := range map[string][]int64{"crash": all, "-nobody": all, "changed": changed} {
		rows, err := e.Search(ctx, text, 1)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(rows, want) {
			t.Errorf("round %d: %q finds %d customers, %d are there", round, text, len(rows), len(want))
		}
	}
	if round == 5 && len(changed) == 0 {
		t.Error("nobody was changed: nothing is proved")
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if strings.Contains(log.String(), "thrown away") || strings.Contains(log.String(), "being built") {
		t.Errorf("round %d: the index was built again: %s", round, log.String())
	}
}
