package mock

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// keptClock is the file that Options.ClockFile names.
type keptClock struct {
	Shift int64 `json:"shift_ms"`
}

// shift moves the clock and keeps by how much.
func (m *Mock) shift(by time.Duration) error {
	if m.o.ClockFile != "" {
		text, err := json.Marshal(keptClock{by.Milliseconds()})
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(m.o.ClockFile), 0o700); err != nil {
			return err
		}
		next := m.o.ClockFile + ".new"
		if err := os.WriteFile(next, text, 0o600); err != nil {
			return fmt.Errorf("keep how far the clock was moved: %w", err)
		}
		if err := os.Rename(next, m.o.ClockFile); err != nil {
			return fmt.Errorf("keep how far the clock was moved: %w", err)
		}
	}
	m.o.Clock.SetShift(by)
	return nil
}

// loadShift moves the clock to where it was when the workspace was last open.
func (m *Mock) loadShift() error {
	if m.o.ClockFile == "" {
		return nil
	}
	text, err := os.ReadFile(m.o.ClockFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var k keptClock
	if err := json.Unmarshal(text, &k); err != nil {
		return fmt.Errorf("%s does not say how far the clock was moved: %w; remove it to begin at the machine's time", m.o.ClockFile, err)
	}
	m.o.Clock.SetShift(time.Duration(k.Shift) * time.Millisecond)
	return nil
}
