//go:build unix

package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	golog "log"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestLogger_asTheJournalReadsIt(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	info, err := w.Stat()
	if err != nil {
		t.Fatal(err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	t.Setenv("JOURNAL_STREAM", fmt.Sprintf("%d:%d", stat.Dev, stat.Ino))
	if isJournal(os.Stderr) {
		t.Error("another file is taken for the journal")
	}
	c := newCLI(new(bytes.Buffer), w)
	log := c.logger("debug").With("part", "test").WithGroup("g")
	log.Error("it broke", "error", errors.New("a\nb"))
	log.Warn("beware")
	log.Info("so it is", "n", 1)
	log.Debug("by the way")
	want := "<3>msg=\"it broke\" part=test g.error=\"a\\nb\"\n<4>msg=beware part=test\n<6>msg=\"so it is\" part=test g.n=1\n<7>msg=\"by the way\" part=test\n"
	w.Close()
	out, err := io.ReadAll(r)
	if err != nil || string(out) != want {
		t.Errorf("the journal gets (%v)\n%swant\n%s", err, out, want)
	}
}

func TestLogger_formats(t *testing.T) {
	for format, check := range map[string]func(string) bool{
		"text": func(line string) bool {
			return strings.HasPrefix(line, "time=") && strings.Contains(line, `level=INFO msg="so it is" n=1`)
		},
		"json": func(line string) bool {
			var got struct {
				Time, Level, Msg string
				N                int
			}
			return json.Unmarshal([]byte(line), &got) == nil && got.Time != "" && got.Level == "INFO" && got.Msg == "so it is" && got.N == 1
		},
	} {
		var out bytes.Buffer
		c := newCLI(new(bytes.Buffer), &out)
		c.logFormat = format
		log := c.logger("info")
		log.Debug("left out")
		log.Info("so it is", "n", 1)
		if !check(out.String()) {
			t.Errorf("%s writes %s", format, out.String())
		}
	}
}

// What a library writes to Go's own log is for who debugs, in the form of ours.
func TestLogger_hearsLibraries(t *testing.T) {
	before, flags, out := slog.Default(), golog.Flags(), golog.Writer()
	t.Cleanup(func() { slog.SetDefault(before); golog.SetFlags(flags); golog.SetOutput(out) })
	for level, want := range map[string]bool{"info": false, "debug": true} {
		var said bytes.Buffer
		hearLibraries(newCLI(new(bytes.Buffer), &said).logger(level))
		golog.Printf("got err removing file: %s", "000000000003.zap")
		if got := strings.Contains(said.String(), `level=DEBUG msg="got err removing file: 000000000003.zap"`); got != want || !want && said.Len() > 0 {
			t.Errorf("at %s the log is %q", level, said.String())
		}
	}
}
