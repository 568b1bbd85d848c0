package search

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sort"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	segment "github.com/blevesearch/scorch_segment_api/v2"
)

// view is the index as it stands at one instant. Whoever searches holds it; the files
// that it is made of stay until the last one has let go.
type view struct {
	reader *scorch.IndexSnapshot
	parts  []*part
	held   atomic.Int64
}

// part is one segment of a view.
type part struct {
	id      uint64
	segment segment.Segment
	deleted *roaring.Bitmap // nil: none
	n       uint32
	rows    *rowMap
}

// rowMap says which customer each document of a segment is, and the greatest row of each
// block of documents and all before, by which a walk down from the last document knows that
// nothing newer comes. Customers are indexed in the order of their rows, so a segment is
// mostly a few runs of documents without a gap; where it is not, it takes 4 bytes each.
type rowMap struct {
	base int64
	less []uint32 // row - base; nil: runs says it
	runs []docRun // upwards by document
	peak []uint32 // of block b: the greatest row - base of all documents < (b+1)*peakBlock
}

// docRun are documents one after the other whose rows are too.
type docRun struct{ doc, less uint32 }

const (
	peakBlock = 1024
	// runLeast is how many documents a run must have, on average, for runs to be kept.
	runLeast = 64
)

func (m *rowMap) row(doc uint32) int64 {
	if m.less != nil {
		return m.base + int64(m.less[doc])
	}
	r := m.runs[sort.Search(len(m.runs), func(k int) bool { return m.runs[k].doc > doc })-1]
	return m.base + int64(r.less) + int64(doc-r.doc)
}

// newest is the greatest row of the documents up to doc's block.
func (m *rowMap) newest(doc uint32) int64 { return m.base + int64(m.peak[doc/peakBlock]) }

// size is what the map takes in memory.
func (m *rowMap) size() int64 { return int64(4*(len(m.less)+len(m.peak)) + 8*len(m.runs)) }

// documentID is a row as the name of a document: fixed in length, and in the order of the
// rows, by which the index sees that new customers are in none of its segments.
func documentID(row int64) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(row))
	return string(b[2:])
}

func rowOf(id []byte) (int64, error) {
	if len(id) != 6 {
		return 0, fmt.Errorf("%w: a document is called %q", errRebuild, id)
	}
	return int64(binary.BigEndian.Uint16(id))<<32 | int64(binary.BigEndian.Uint32(id[2:])), nil
}

func newRowMap(s segment.Segment) (*rowMap, error) {
	return rowMapOf(s.Count(), func(doc uint64) (int64, error) {
		id, err := s.DocID(doc)
		if err != nil {
			return 0, err
		}
		return rowOf(id)
	})
}

func rowMapOf(n uint64, rowOf func(doc uint64) (int64, error)) (*rowMap, error) {
	m := &rowMap{peak: make([]uint32, (n+peakBlock-1)/peakBlock)}
	peak := uint32(0)
	for i := range uint32(n) {
		row, err := rowOf(uint64(i))
		if err != nil {
			return nil, err
		}
		if i == 0 {
			m.base = max(0, row-1<<31)
		}
		if row < m.base || row-m.base > 1<<32-1 {
			return nil, errors.New("the rows of one segment lie too far apart")
		}
		m.add(i, uint32(n), uint32(row-m.base))
		peak = max(peak, uint32(row-m.base))
		m.peak[i/peakBlock] = peak
	}
	return m, nil
}

// add notes the row of the next of n documents.
func (m *rowMap) add(doc, n, less uint32) {
	if m.less != nil {
		m.less[doc] = less
		return
	}
	if k := len(m.runs) - 1; k >= 0 && less == m.runs[k].less+(doc-m.runs[k].doc) {
		return
	}
	if uint32(len(m.runs)) < n/runLeast+1 {
		m.runs = append(m.runs, docRun{doc, less})
		return
	}
	all := make([]uint32, n)
	for k, r := range m.runs {
		end := doc
		if k+1 < len(m.runs) {
			end = m.runs[k+1].doc
		}
		for d := r.doc; d < end; d++ {
			all[d] = r.less + d - r.doc
		}
	}
	all[doc] = less
	m.less, m.runs = all, nil
}

// newView takes the index as it stands. Segments that the view before has too keep
// their maps of rows.
func newView(index *scorch.Scorch, before *view) (*view, error) {
	r, err := index.Reader()
	if err != nil {
		return nil, err
	}
	snapshot, ok := r.(*scorch.IndexSnapshot)
	if !ok {
		return nil, errors.Join(fmt.Errorf("%w: it is of another kind", errRebuild), r.Close())
	}
	v := &view{reader: snapshot}
	v.held.Store(1)
	known := map[uint64]*part{}
	if before != nil {
		for _, p := range before.parts {
			known[p.id] = p
		}
	}
	for _, s := range snapshot.Segments() {
		p := &part{id: s.Id(), segment: s.Segment(), deleted: s.Deleted(), n: uint32(s.Segment().Count())}
		if old := known[p.id]; old != nil && old.n == p.n {
			p.rows = old.rows
		} else if p.rows, err = newRowMap(p.segment); err != nil {
			return nil, errors.Join(err, v.release())
		}
		v.parts = append(v.parts, p)
	}
	return v, nil
}

// same reports whether the index still consists of the view's segments.
func (v *view) same(index *scorch.Scorch) bool {
	r, err := index.Reader()
	if err != nil {
		return true
	}
	defer r.Close()
	s, ok := r.(*scorch.IndexSnapshot)
	if !ok || len(s.Segments()) != len(v.parts) {
		return !ok
	}
	for i, seg := range s.Segments() {
		if seg.Id() != v.parts[i].id {
			return false
		}
	}
	return true
}

// customers is how many there are in the view.
func (v *view) customers() (n int64) {
	for _, p := range v.parts {
		n += int64(p.n)
		if p.deleted != nil {
			n -= int64(p.deleted.GetCardinality())
		}
	}
	return n
}

// release lets go of the view.
func (v *view) release() error {
	if v.held.Add(-1) == 0 {
		return v.reader.Close()
	}
	return nil
}
