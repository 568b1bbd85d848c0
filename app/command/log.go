package command

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"sync"

	"kith/app/config"
)

// logger writes to the error output: lines of text, or of JSON (log.format). Under
// systemd's journal each line begins with its level as the journal reads it, so that
// `journalctl -p err` finds errors, and has no time, for the journal has its own.
func (c *cli) logger(level string) *slog.Logger {
	var l slog.Level
	_ = l.UnmarshalText([]byte(level)) // checked by config
	options := &slog.HandlerOptions{Level: l}
	if !isJournal(c.err) {
		return slog.New(newHandler(c.err, c.logFormat, options))
	}
	options.ReplaceAttr = withoutTime
	j := &journalHandler{out: c.err, mu: new(sync.Mutex), line: new(bytes.Buffer)}
	j.Handler = newHandler(j.line, c.logFormat, options)
	return slog.New(j)
}

func newHandler(w io.Writer, format string, o *slog.HandlerOptions) slog.Handler {
	if format == config.LogJSON {
		return slog.NewJSONHandler(w, o)
	}
	return slog.NewTextHandler(w, o)
}

// withoutTime leaves out what the journal says itself.
func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
		return slog.Attr{}
	}
	return a
}

// journalHandler puts the level in front of each line, as systemd reads it: <3> is an error.
type journalHandler struct {
	slog.Handler // writes to line
	out          io.Writer
	mu           *sync.Mutex // guards line
	line         *bytes.Buffer
}

func (h *journalHandler) Handle(ctx context.Context, r slog.Record) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.line.Reset()
	switch {
	case r.Level >= slog.LevelError:
		h.line.WriteString("<3>")
	case r.Level >= slog.LevelWarn:
		h.line.WriteString("<4>")
	case r.Level >= slog.LevelInfo:
		h.line.WriteString("<6>")
	default:
		h.line.WriteString("<7>")
	}
	if err := h.Handler.Handle(ctx, r); err != nil {
		return err
	}
	_, err := h.out.Write(h.line.Bytes())
	return err
}

func (h *journalHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &journalHandler{h.Handler.WithAttrs(attrs), h.out, h.mu, h.line}
}

func (h *journalHandler) WithGroup(name string) slog.Handler {
	return &journalHandler{h.Handler.WithGroup(name), h.out, h.mu, h.line}
}
