package command

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// fileWatch follows what is done to the files of folders.
type fileWatch struct {
	t       *testing.T
	fd      int
	folders map[int32]string

	mu    sync.Mutex
	open  map[string]int
	moved int
}

const watched = unix.IN_OPEN | unix.IN_CLOSE | unix.IN_MOVE | unix.IN_DELETE

func watchFiles(t *testing.T, folders ...string) *fileWatch {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	w := &fileWatch{t: t, fd: fd, folders: map[int32]string{}, open: map[string]int{}}
	for _, folder := range folders {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		wd, err := unix.InotifyAddWatch(fd, folder, watched)
		if err != nil {
			t.Fatal(err)
		}
		w.folders[int32(wd)] = folder
	}
	f := os.NewFile(uintptr(fd), "inotify")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		buffer := make([]byte, 64<<10)
		for {
			n, err := f.Read(buffer)
			if err != nil {
				return
			}
			w.take(buffer[:n])
		}
	}()
	t.Cleanup(func() { f.Close(); <-ended })
	return w
}

// take reads events. Windows moves, replaces and removes no file that somebody has open.
func (w *fileWatch) take(events []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(events) >= unix.SizeofInotifyEvent {
		e := (*unix.InotifyEvent)(unsafe.Pointer(&events[0]))
		end := unix.SizeofInotifyEvent + int(e.Len)
		name := filepath.Join(w.folders[e.Wd], string(bytes.TrimRight(events[unix.SizeofInotifyEvent:end], "\x00")))
		events = events[end:]
		if e.Mask&unix.IN_ISDIR != 0 || strings.HasPrefix(filepath.Base(name), "kith.") {
			continue // SQLite knows Windows
		}
		switch {
		case e.Mask&unix.IN_OPEN != 0:
			w.open[name]++
		case e.Mask&unix.IN_CLOSE != 0:
			w.open[name] = max(0, w.open[name]-1)
		default:
			w.moved++
			if w.open[name] > 0 {
				w.t.Errorf("%s was moved, replaced or removed (%#x) while it was open", name, e.Mask)
			}
		}
	}
}

// What Kith moves, replaces and removes in its folder is not open then: Windows would refuse.
// The index is left out: it is Bleve's, which tries again later, and search/folder.go's.
func TestFiles_areClosedBeforeTheyAreMovedOrRemoved(t *testing.T) {
	if testing.Short() && os.Getenv("CI") != "true" {
		t.Skip("builds and runs the program: not with -short")
	}
	folder := t.TempDir()
	w := watchFiles(t, folder, filepath.Join(folder, "imports"), filepath.Join(folder, "backups"))
	t.Setenv("KITH_BACKUP_KEEP", "1")
	cmd, base := startKith(t, buildKith(t), folder)
	call := func(method, path, body string) string {
		t.Helper()
		req, err := http.NewRequest(method, base+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth("pub", "priv")
		req.Header.Set("Content-Type", "text/csv")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		if res.StatusCode >= 300 {
			t.Fatalf("%s %s: %s %s", method, path, res.Status, text)
		}
		return string(text)
	}
	var rows strings.Builder
	rows.WriteString("id,email\n")
	for i := range 5000 {
		fmt.Fprintf(&rows, "c%d,c%d@example.com\n", i, i)
	}
	for _, how := range []string{"?dry_run=true", ""} {
		call("POST", "/imports"+how, rows.String())
		w.settle("the import", func() bool {
			list := call("GET", "/imports", "")
			return !strings.Contains(list, `"queued"`) && !strings.Contains(list, `"running"`)
		})
	}
	call("DELETE", "/users/c7?erase=true", "") // the file that was only tried waits, with c7 in it
	w.settle("erased", func() bool {
		left, _ := filepath.Glob(filepath.Join(folder, "imports", "*.upload"))
		for _, name := range left {
			text, _ := os.ReadFile(name)
			if bytes.Contains(text, []byte("c7@")) {
				return false
			}
		}
		return len(left) > 0
	})
	for range 2 {
		if out, code := kith(t, exitDone, "backup", "--data", folder); code != "" {
			t.Log(out, code)
		}
		time.Sleep(time.Second) // the names are of a second
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	time.Sleep(200 * time.Millisecond)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.moved < 6 {
		t.Errorf("only %d files were moved or removed: nothing is proved", w.moved)
	}
}

func (w *fileWatch) settle(what string, done func() bool) {
	w.t.Helper()
	for end := time.Now().Add(20 * time.Second); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("%s did not settle", what)
		}
	}
}
