package column

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
)

// room is where chunks go that memory shall not hold: a file that nobody else sees and that
// is gone with the program. What is in it is read and written with the system's calls, not
// mapped: so memory holds what it was allowed, a disk that is full is an error and no end of
// the program, and it is the same on every system. The system keeps what is used of it in
// memory that it can take back.
//
// A nil room is one where everything stays in memory.
type room struct {
	folder string
	limit  atomic.Int64
	held   atomic.Int64 // bytes of chunks in memory

	mu   sync.Mutex
	file *os.File
	end  int64
	free map[int][]int64 // places that were given up, by their size
	shut int64           // memory must hold more than this before the disk is tried again: it did not take a chunk
}

// roomFiles is what the files are called.
const roomFiles = "columns-*.tmp"

// roomPause is by how many bytes memory grows after the disk did not take a chunk before it
// is tried again.
const roomPause = 16 << 20

// place is where a chunk is in the file; the zero value is nowhere.
type place int64

func (p place) there() bool { return p != 0 }

// newRoom returns a room whose file is in a folder; up to limit bytes stay in memory. What
// another program left there that was killed is removed.
func newRoom(folder string, limit int64) *room {
	if left, err := filepath.Glob(filepath.Join(folder, roomFiles)); err == nil {
		for _, name := range left {
			_ = os.Remove(name) // another one's, where such a file cannot be removed
		}
	}
	r := &room{folder: folder, free: map[int][]int64{}}
	r.limit.Store(limit)
	return r
}

// took notes that memory holds more, or less.
func (r *room) took(bytes int) {
	if r != nil {
		r.held.Add(int64(bytes))
	}
}

// full reports whether memory holds as much as it may.
func (r *room) full() bool { return r != nil && r.held.Load() > r.limit.Load() }

// put keeps a chunk; false if the disk does not take it.
func (r *room) put(raw []byte) (p place, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held.Load() <= r.shut {
		return 0, false
	}
	if r.file == nil {
		f, err := os.CreateTemp(r.folder, roomFiles)
		if err != nil {
			r.shut = r.held.Load() + roomPause
			return 0, false
		}
		if runtime.GOOS != "windows" { // there a file that is open cannot be removed
			_ = os.Remove(f.Name())
		}
		r.file = f
	}
	at := r.end
	if list := r.free[len(raw)]; len(list) > 0 {
		at = list[len(list)-1]
		r.free[len(raw)] = list[:len(list)-1]
	} else {
		r.end += int64(len(raw))
	}
	if _, err := r.file.WriteAt(raw, at); err != nil {
		r.shut = r.held.Load() + roomPause // others need what is left of it
		r.free[len(raw)] = append(r.free[len(raw)], at)
		return 0, false
	}
	return place(at + 1), true
}

// give takes a place back.
func (r *room) give(p place, size int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.free[size] = append(r.free[size], int64(p)-1)
}

// read fills b with what lies some bytes behind a place. It panics when the file cannot be
// read: the columns are then of no use.
func (r *room) read(p place, offset int, b []byte) {
	if _, err := r.file.ReadAt(b, int64(p)-1+int64(offset)); err != nil {
		panic(fmt.Errorf("read columns of the segments back from %s: %w", r.file.Name(), err))
	}
}

// write writes b some bytes behind a place; false if the disk does not take it.
func (r *room) write(p place, offset int, b []byte) bool {
	_, err := r.file.WriteAt(b, int64(p)-1+int64(offset))
	return err == nil
}
