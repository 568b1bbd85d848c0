package search

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
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
// nothing newer comes. Bleve mixes the documents of a batch, and a batch is of customers who
// follow one another: 2 bytes a document are mostly enough beside a block's least row.
type rowMap struct {
	base   int64
	blocks []rowBlock
}

// rowBlock are peakBlock documents.
type rowBlock struct {
	least uint32   // row - base
	near  []uint16 // row - base - least; nil: far says it
	far   []uint32
	peak  uint32 // the greatest row - base of all documents up to the block's last
}

const peakBlock = 1024

func (m *rowMap) row(doc uint32) int64 {
	b := &m.blocks[doc/peakBlock]
	if b.near != nil {
		return m.base + int64(b.least) + int64(b.near[doc%peakBlock])
	}
	return m.base + int64(b.least) + int64(b.far[doc%peakBlock])
}

// newest is the greatest row of the documents up to doc's block.
func (m *rowMap) newest(doc uint32) int64 { return m.base + int64(m.blocks[doc/peakBlock].peak) }

// size is what the map takes in memory.
func (m *rowMap) size() (n int64) {
	for i := range m.blocks {
		n += int64(64 + 2*len(m.blocks[i].near) + 4*len(m.blocks[i].far))
	}
	return n
}

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

// mapStep is how many documents are read of a file before its pages are given back.
const mapStep = 64 << 10

func newRowMap(s segment.Segment) (*rowMap, error) {
	return rowMapOf(s.Count(), func(doc uint64) (int64, error) {
		if doc%mapStep == mapStep-1 {
			giveBackOf(s) // else the whole file is in memory once
		}
		id, err := s.DocID(doc)
		if err != nil {
			return 0, err
		}
		return rowOf(id)
	})
}

func rowMapOf(n uint64, rowOf func(doc uint64) (int64, error)) (*rowMap, error) {
	m := &rowMap{blocks: make([]rowBlock, 0, (n+peakBlock-1)/peakBlock)}
	block := make([]uint32, 0, peakBlock)
	for i := range n {
		row, err := rowOf(i)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			m.base = max(0, row-1<<31)
		}
		if row < m.base || row-m.base > 1<<32-1 {
			return nil, errors.New("the rows of one segment lie too far apart")
		}
		if block = append(block, uint32(row-m.base)); len(block) == peakBlock || i == n-1 {
			m.add(block)
			block = block[:0]
		}
	}
	return m, nil
}

// add notes the rows of the next documents, each less base.
func (m *rowMap) add(rows []uint32) {
	b := rowBlock{least: slices.Min(rows), peak: slices.Max(rows)}
	if b.peak-b.least <= math.MaxUint16 {
		b.near = make([]uint16, len(rows))
		for i, row := range rows {
			b.near[i] = uint16(row - b.least)
		}
	} else {
		b.far = make([]uint32, len(rows))
		for i, row := range rows {
			b.far[i] = row - b.least
		}
	}
	if k := len(m.blocks) - 1; k >= 0 {
		b.peak = max(b.peak, m.blocks[k].peak)
	}
	m.blocks = append(m.blocks, b)
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
