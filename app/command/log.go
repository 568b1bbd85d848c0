package command

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strings"
	"sync"

	"kith/app/config"
	"kith/app/service"
)

// logger writes to the error output: lines of text, or of JSON (log.format). Under
// systemd's journal each line begins with its level as the journal reads it, so that
// `journalctl -p err` finds errors, and has no time, for the journal has its own. A service
// of Windows has no output, and writes to the system's log.
func (c *cli) logger(level string) *slog.Logger {
	var l slog.Level
	_ = l.UnmarshalText([]byte(level)) // checked by config
	options := &slog.HandlerOptions{Level: l}
	emit := service.SystemLog()
	if emit == nil && isJournal(c.err) {
		emit = c.toJournal
	}
	if emit == nil {
		return slog.New(newHandler(c.err, c.logFormat, options))
	}
	options.ReplaceAttr = withoutTime
	h := &lineHandler{emit: emit, mu: new(sync.Mutex), line: new(bytes.Buffer)}
	h.Handler = newHandler(h.line, c.logFormat, options)
	return slog.New(h)
}

// hearLibraries has what libraries write to Go's own log go to ours, for who debugs: Bleve
// says there each time that Windows does not let it remove a file yet.
func hearLibraries(log *slog.Logger) {
	slog.SetLogLoggerLevel(slog.LevelDebug)
	slog.SetDefault(log)
}

// toJournal puts the level in front of a line, as systemd reads it: <3> is an error.
func (c *cli) toJournal(level slog.Level, line string) error {
	mark := "<7>"
	switch {
	case level >= slog.LevelError:
		mark = "<3>"
	case level >= slog.LevelWarn:
		mark = "<4>"
	case level >= slog.LevelInfo:
		mark = "<6>"
	}
	_, err := io.WriteString(c.err, mark+line+"\n")
	return err
}

func newHandler(w io.Writer, format string, o *slog.HandlerOptions) slog.Handler {
	if format == config.LogJSON {
		return slog.NewJSONHandler(w, o)
	}
	return slog.NewTextHandler(w, o)
}

// withoutTime leaves out what the log says itself.
func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
		return slog.Attr{}
	}
	return a
}

// lineHandler hands each line over with its level, to who keeps time and level beside it.
type lineHandler struct {
	slog.Handler // writes to line
	emit         func(slog.Level, string) error
	mu           *sync.Mutex // guards line
	line         *bytes.Buffer
}

func (h *lineHandler) Handle(ctx context.Context, r slog.Record) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.line.Reset()
	if err := h.Handler.Handle(ctx, r); err != nil {
		return err
	}
	return h.emit(r.Level, strings.TrimSuffix(h.line.String(), "\n"))
}

func (h *lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &lineHandler{h.Handler.WithAttrs(attrs), h.emit, h.mu, h.line}
}

func (h *lineHandler) WithGroup(name string) slog.Handler {
	return &lineHandler{h.Handler.WithGroup(name), h.emit, h.mu, h.line}
}
