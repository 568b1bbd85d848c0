package search

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"kith/app"

	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"
	segment "github.com/blevesearch/scorch_segment_api/v2"
)

// formatVersion names the fields and the words made of a customer. It grows with every
// change of terms.go or fold.go: an index of another version is built again.
const formatVersion = "3"

// The index's own keys.
var (
	keyVersion = []byte("kith version")
	keyMark    = []byte("kith position")
)

var errMissing = errors.New("there is no index")

// mark is a place in the feed: an entry's number, and when it happened, by which an
// entry of another history with the same number is told apart.
type mark struct {
	seq int64
	at  app.Instant
}

func (m mark) encode() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(m.seq)), uint64(m.at))
}

func decodeMark(b []byte) (m mark, ok bool) {
	if len(b) != 16 {
		return m, false
	}
	return mark{int64(binary.BigEndian.Uint64(b)), app.Instant(binary.BigEndian.Uint64(b[8:]))}, true
}

// openIndex opens a folder, or makes it.
func (e *Engine) openIndex(folder string) (*scorch.Scorch, error) {
	if e.workers == nil {
		e.workers = index.NewAnalysisQueue(1) // documents come with their terms: there is nothing to analyse
	}
	made, err := scorch.NewScorch(scorch.Name, map[string]any{"path": folder, "bolt_timeout": "2s"}, e.workers)
	if err != nil {
		return nil, err
	}
	s, ok := made.(*scorch.Scorch)
	if !ok {
		return nil, fmt.Errorf("%w: it is of another kind", errRebuild)
	}
	return s, s.Open()
}

// open opens the folder, checks it and finds the position. It returns errMissing when there is no
// folder, and errRebuild when what is there is of no use.
func (e *Engine) open(ctx context.Context) error {
	if _, err := os.Stat(e.folder); errors.Is(err, fs.ErrNotExist) {
		return errMissing
	}
	if _, err := os.Stat(filepath.Join(e.folder, "root.bolt")); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: it has no root", errRebuild)
	}
	s, err := e.openIndex(e.folder)
	if err != nil {
		if strings.Contains(err.Error(), "timeout") { // somebody else has it open: not a reason to throw it away
			return fmt.Errorf("open the search index: %w", err)
		}
		return fmt.Errorf("%w: it does not open: %v", errRebuild, err)
	}
	e.index = s
	r, err := s.Reader()
	if err != nil {
		return fmt.Errorf("open the search index: %w", err)
	}
	at, err := checkIndex(r)
	if err := errors.Join(err, r.Close()); err != nil {
		return err
	}
	if err := e.checkMark(ctx, at); err != nil {
		return err
	}
	e.at, e.inside, e.durable = at, at, at.seq
	return e.refresh()
}

// checkIndex returns the position of an index that is whole and of this version.
func checkIndex(r index.IndexReader) (mark, error) {
	if err := checkSegments(r); err != nil {
		return mark{}, err
	}
	version, err := r.GetInternal(keyVersion)
	if err != nil || string(version) != formatVersion {
		return mark{}, fmt.Errorf("%w: it is of the version %q, not %q", errRebuild, version, formatVersion)
	}
	value, err := r.GetInternal(keyMark)
	at, ok := decodeMark(value)
	if err != nil || !ok {
		return mark{}, fmt.Errorf("%w: it was not finished", errRebuild)
	}
	return at, nil
}

// checkMark returns errRebuild unless the feed goes on without a gap after m, and the
// entry at m, if it is still kept, is the one that was indexed.
func (e *Engine) checkMark(ctx context.Context, m mark) error {
	if m.seq == 0 {
		return e.checkNext(ctx, m)
	}
	entries, err := e.store.Feed(ctx, m.seq-1, 1)
	if err != nil {
		return err
	}
	switch {
	case len(entries) == 0:
		return fmt.Errorf("%w: it has seen entry %d, and the feed ends at %d", errRebuild, m.seq, e.store.Head())
	case entries[0].Seq == m.seq && entries[0].At != m.at:
		return fmt.Errorf("%w: entry %d of the feed is another than the one it has seen", errRebuild, m.seq)
	}
	return e.checkNext(ctx, m)
}

func (e *Engine) checkNext(ctx context.Context, m mark) error {
	entries, err := e.store.Feed(ctx, m.seq, 1)
	if err != nil || len(entries) == 0 {
		return err
	}
	return gap(m, entries[0])
}

func gap(m mark, next app.Entry) error {
	if next.Seq == m.seq+1 {
		return nil
	}
	return fmt.Errorf("%w: it is at entry %d, and the feed goes on at %d", errRebuild, m.seq, next.Seq)
}

// checkSegments holds the checksum of each file that the index is made of against its
// bytes: Bleve reads them as they are. Files that a crash left half written are no part
// of it, and Bleve removes them.
func checkSegments(r index.IndexReader) error {
	snapshot, ok := r.(*scorch.IndexSnapshot)
	if !ok {
		return fmt.Errorf("%w: it is of another kind", errRebuild)
	}
	for _, s := range snapshot.Segments() {
		file, ok := s.Segment().(segment.PersistedSegment)
		if !ok {
			continue // in memory only
		}
		intact, err := checkSegment(file.Path())
		if err != nil {
			return fmt.Errorf("check %s: %w", filepath.Base(file.Path()), err)
		}
		if !intact {
			return fmt.Errorf("%w: %s is damaged", errRebuild, filepath.Base(file.Path()))
		}
	}
	return nil
}

func checkSegment(name string) (bool, error) {
	f, err := os.Open(name)
	if err != nil {
		return false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() < 4 {
		return false, err
	}
	sum := crc32.NewIEEE()
	if _, err := io.CopyBuffer(sum, io.LimitReader(f, info.Size()-4), make([]byte, 256<<10)); err != nil {
		return false, err
	}
	var want [4]byte
	if _, err := io.ReadFull(f, want[:]); err != nil {
		return false, err
	}
	return sum.Sum32() == binary.BigEndian.Uint32(want[:]), nil
}

// create makes an empty index. It has no position yet.
func (e *Engine) create(folder string) (*scorch.Scorch, error) {
	s, err := e.openIndex(folder)
	if err == nil {
		err = s.SetInternal(keyVersion, []byte(formatVersion))
	}
	if err != nil {
		err = fmt.Errorf("make the search index: %w", err)
		if s != nil {
			err = errors.Join(err, s.Close())
		}
		return nil, err
	}
	return s, nil
}

// close closes the index, if there is one. Searches under way end first or keep the files
// that they read.
func (e *Engine) close() {
	e.complete.Store(false)
	err := e.show(nil)
	if e.index != nil {
		err = errors.Join(err, e.index.Close())
		e.compacting.Wait()
		e.index = nil
	}
	if e.workers != nil {
		e.workers.Close()
		e.workers = nil
	}
	if err != nil {
		e.o.Log.Warn("close the search index", "error", err)
	}
}

// discard deletes the folder.
func (e *Engine) discard() error {
	if err := removeAll(e.folder); err != nil {
		return fmt.Errorf("delete the search index: %w", err)
	}
	return nil
}

const (
	// removeTries and removePause are how long a folder's files may stay in use on Windows,
	// where a file that somebody reads cannot be removed: a search that is under way lets go
	// after milliseconds, a virus scanner later.
	removeTries = 50
	removePause = 100 * time.Millisecond
)

// removeAll removes a folder.
func removeAll(folder string) error {
	err := os.RemoveAll(folder)
	for try := 1; err != nil && runtime.GOOS == "windows" && try < removeTries; try++ {
		time.Sleep(removePause)
		err = os.RemoveAll(folder)
	}
	return err
}

// askName is the file beside the index by which a new one is asked for.
const askName = ".again"

// Ask asks whoever keeps the index of a data folder, now or at the next start, to build it
// anew. What is there answers until the new one takes its place.
func Ask(dataFolder string) error {
	return os.WriteFile(filepath.Join(dataFolder, FolderName+askName), nil, 0o600)
}

// Asked reports whether a new index is still to be built.
func Asked(dataFolder string) bool { return asked(filepath.Join(dataFolder, FolderName)) }

func asked(folder string) bool {
	_, err := os.Stat(folder + askName)
	return err == nil
}

// renew builds an index beside the one there is, and puts it in its place.
func (e *Engine) renew(ctx context.Context) error {
	beside := e.folder + ".new"
	if err := removeAll(beside); err != nil { // of a process that was killed
		return fmt.Errorf("build the search index anew: %w", err)
	}
	fresh, err := e.create(beside)
	if err != nil {
		return err
	}
	_, err = e.fillAll(ctx, fresh, func() error { return nil })
	if err := errors.Join(err, fresh.Close()); err != nil {
		return errors.Join(err, removeAll(beside))
	}
	if runtime.GOOS == "windows" { // which keeps files that are open
		err = e.show(nil)
	}
	err = errors.Join(err, e.index.Close())
	e.compacting.Wait()
	e.index = nil
	if err == nil {
		err = e.discard()
	}
	if err == nil {
		err = os.Rename(beside, e.folder)
	}
	if err == nil {
		err = os.Remove(e.folder + askName)
	}
	if err != nil {
		return fmt.Errorf("put the new search index in place: %w", err)
	}
	if err := e.open(ctx); err != nil {
		return err
	}
	e.fresh = true
	return nil
}
