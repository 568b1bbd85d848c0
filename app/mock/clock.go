package mock

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"kith/app"
)

// keptClock is the file that says, beside a workspace that is kept, how far the clock was
// moved: what was written at the moved time would otherwise lie in the future when it is
// opened again.
type keptClock struct {
	Shift int64 `json:"shift_ms"`
}

func (m *Mock) clockFile() string { return filepath.Join(m.o.Folder, "clock.json") }

// shift moves a workspace's clock and keeps by how much.
func (m *Mock) shift(clock *app.ShiftedClock, by time.Duration) error {
	if m.o.Kept {
		text, err := json.Marshal(keptClock{by.Milliseconds()})
		if err != nil {
			return err
		}
		if err := os.MkdirAll(m.o.Folder, 0o700); err != nil {
			return err
		}
		next := m.clockFile() + ".new"
		if err := os.WriteFile(next, text, 0o600); err != nil {
			return fmt.Errorf("keep how far the clock was moved: %w", err)
		}
		if err := os.Rename(next, m.clockFile()); err != nil {
			return fmt.Errorf("keep how far the clock was moved: %w", err)
		}
	}
	clock.SetShift(by)
	return nil
}

// loadShift moves the clock to where it was when the workspace was last open.
func (m *Mock) loadShift() error {
	if !m.o.Kept {
		return nil
	}
	text, err := os.ReadFile(m.clockFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read how far the clock was moved: %w; --data must name a folder, or the place for one", err)
	}
	var k keptClock
	if err := json.Unmarshal(text, &k); err != nil {
		return fmt.Errorf("%s does not say how far the clock was moved: %w; remove it to begin at the machine's time", m.clockFile(), err)
	}
	m.clock.Load().SetShift(time.Duration(k.Shift) * time.Millisecond)
	return nil
}

// Moved is what the clock shows, if it was moved, else the zero time.
func (m *Mock) Moved() time.Time {
	clock := m.clock.Load()
	if clock.Shift() == 0 {
		return time.Time{}
	}
	return clock.Now()
}
