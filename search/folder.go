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
	"strings"

	"kith/app"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/mapping"
	segment "github.com/blevesearch/scorch_segment_api/v2"
)

// formatVersion names the fields and the words made of a customer. It grows with every
// change of fields.go or fold.go: an index of another version is built again.
const formatVersion = "2"

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

// open opens the folder, checks it and finds the position. It returns errMissing when there is no
// folder, and errRebuild when what is there is of no use.
func (e *Engine) open(ctx context.Context) error {
	if _, err := os.Stat(e.folder); errors.Is(err, fs.ErrNotExist) {
		return errMissing
	}
	index, err := bleve.OpenUsing(e.folder, map[string]any{"bolt_timeout": "2s"})
	if err != nil {
		if strings.Contains(err.Error(), "timeout") { // somebody else has it open: not a reason to throw it away
			return fmt.Errorf("open the search index: %w", err)
		}
		return fmt.Errorf("%w: it does not open: %v", errRebuild, err)
	}
	e.use(index)
	if err := checkSegments(index); err != nil {
		return err
	}
	version, err := index.GetInternal(keyVersion)
	if err != nil || string(version) != formatVersion {
		return fmt.Errorf("%w: it is of the version %q, not %q", errRebuild, version, formatVersion)
	}
	value, err := index.GetInternal(keyMark)
	at, ok := decodeMark(value)
	if err != nil || !ok {
		return fmt.Errorf("%w: it was not finished", errRebuild)
	}
	if err := e.checkMark(ctx, at); err != nil {
		return err
	}
	e.at, e.durable = at, at.seq
	return nil
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
func checkSegments(index bleve.Index) error {
	advanced, err := index.Advanced()
	if err != nil {
		return err
	}
	reader, err := advanced.Reader()
	if err != nil {
		return err
	}
	defer reader.Close()
	snapshot, ok := reader.(*scorch.IndexSnapshot)
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

// create makes an empty index and puts it to use. It has no position yet.
func (e *Engine) create() error {
	m := mapping.NewIndexMapping()
	m.DefaultMapping = mapping.NewDocumentDisabledMapping() // documents are made by hand
	m.IndexDynamic, m.StoreDynamic, m.DocValuesDynamic = false, false, false
	index, err := bleve.NewUsing(e.folder, m, scorch.Name, bleve.Config.DefaultKVStore, map[string]any{"bolt_timeout": "2s"})
	if err != nil {
		return fmt.Errorf("make the search index: %w", err)
	}
	if err := index.SetInternal(keyVersion, []byte(formatVersion)); err != nil {
		return errors.Join(fmt.Errorf("make the search index: %w", err), index.Close())
	}
	e.at, e.durable = mark{}, 0
	e.use(index)
	return nil
}

func (e *Engine) use(index bleve.Index) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.index = index
}

// close closes the index, if there is one, after the searches under way.
func (e *Engine) close() {
	e.complete.Store(false)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.index == nil {
		return
	}
	if err := e.index.Close(); err != nil {
		e.o.Log.Warn("close the search index", "error", err)
	}
	e.index = nil
}

// discard deletes the folder.
func (e *Engine) discard() error {
	if err := os.RemoveAll(e.folder); err != nil {
		return fmt.Errorf("delete the search index: %w", err)
	}
	return nil
}
