package importer

import (
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
)

// lookers look at the cells of a file's columns beside its reading, each at some of the
// columns: the types of a whole file are known in half the time.
type lookers struct {
	columns []columnFacts
	filling *cellChunk
	chunks  []chan *cellChunk // one for each looker
	free    chan *cellChunk
	ended   sync.WaitGroup
	mu      sync.Mutex
	err     error
	closed  bool
}

// cellChunk are cells of some rows, column by column in each. A row that lacks cells has
// nil in their place.
type cellChunk struct {
	arena []byte
	cells [][]byte
	left  sync.WaitGroup // lookers that are not done with it
}

const (
	// lookersMost is how many look: with the one who reads they keep two cores busy.
	lookersMost = 2
	// chunkBytes and chunkCells end a chunk; there are chunksMost of them.
	chunkBytes = 128 << 10
	chunkCells = 16 << 10
	chunksMost = 4
)

func newLookers(columns []columnFacts, contacts []string) *lookers {
	l := &lookers{columns: columns, free: make(chan *cellChunk, chunksMost)}
	for range chunksMost {
		l.free <- &cellChunk{}
	}
	n := min(lookersMost, len(columns))
	for k := range n {
		work := make(chan *cellChunk, chunksMost)
		l.chunks = append(l.chunks, work)
		l.ended.Go(func() {
			for c := range work {
				l.look(c, k, n, contacts)
				c.left.Done()
			}
		})
	}
	l.filling = <-l.free
	return l
}

// look takes every n-th column of a chunk, from the k-th on.
func (l *lookers) look(c *cellChunk, k, n int, contacts []string) {
	defer func() {
		if p := recover(); p != nil { // a file must not end the program
			l.mu.Lock()
			defer l.mu.Unlock()
			l.err = errors.Join(l.err, fmt.Errorf("panic in an import: %v\n%s", p, debug.Stack()))
		}
	}()
	width := len(l.columns)
	for i := k; i < width; i += n {
		f, contact := &l.columns[i], contacts[i]
		for at := i; at < len(c.cells); at += width {
			f.take(c.cells[at], contact)
		}
	}
}

// take hands over one row, whose cells it copies.
func (l *lookers) take(cells [][]byte) {
	c := l.filling
	for i := range l.columns {
		if i >= len(cells) {
			c.cells = append(c.cells, nil)
			continue
		}
		from := len(c.arena)
		c.arena = append(c.arena, cells[i]...)
		c.cells = append(c.cells, c.arena[from:len(c.arena):len(c.arena)])
	}
	if len(c.arena) >= chunkBytes || len(c.cells) >= chunkCells {
		l.hand()
	}
}

// hand gives the chunk at hand to the lookers and takes an empty one.
func (l *lookers) hand() {
	c := l.filling
	c.left.Add(len(l.chunks))
	for _, work := range l.chunks {
		work <- c
	}
	go func() {
		c.left.Wait()
		if cap(c.arena) > 4*chunkBytes { // of one long row
			c.arena = nil
		}
		c.arena, c.cells = c.arena[:0], c.cells[:0]
		l.free <- c
	}()
	l.filling = <-l.free
}

// end waits for the lookers and returns what went wrong with them.
func (l *lookers) end() error {
	if !l.closed {
		l.closed = true
		if len(l.filling.cells) > 0 && len(l.chunks) > 0 {
			c := l.filling
			c.left.Add(len(l.chunks))
			for _, work := range l.chunks {
				work <- c
			}
		}
		for _, work := range l.chunks {
			close(work)
		}
		l.ended.Wait()
	}
	return l.err
}
