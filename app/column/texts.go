package column

import "encoding/binary"

// texts are bytes, each text a length as varint and then itself, in blocks. Full blocks go
// into the room as chunks do. A text is found by where it begins: its block, and the place in it.
type texts struct {
	blocks  []block
	garbage int // bytes that nobody has any more
	room    *room
}

const (
	blockBits = 18
	blockLen  = 1 << blockBits
	blockMost = 1 << (32 - blockBits)
	// peek is what is read of a text at first.
	peek = 64
)

type block struct {
	bytes []byte // in memory
	n     int
	place place
	size  int // in its place
}

// add keeps a text and returns where; 0 when there is no more room for any.
func (t *texts) add(content []byte) uint32 {
	size := len(content) + binary.MaxVarintLen32
	k := len(t.blocks) - 1
	if k < 1 || t.blocks[k].n+size > blockLen {
		if k++; k < 1 {
			t.blocks, k = append(t.blocks, block{}), 1 // 0 is nowhere
		}
		if k >= blockMost {
			return 0
		}
		room := min(max(4096, size), blockLen)
		if k > 1 {
			room = blockLen
		}
		t.blocks = append(t.blocks, block{bytes: make([]byte, 0, max(room, size))})
		t.room.took(max(room, size))
		if t.room.full() {
			t.file()
		}
	}
	b := &t.blocks[k]
	at := len(b.bytes)
	before := cap(b.bytes)
	b.bytes = binary.AppendUvarint(b.bytes, uint64(len(content)))
	b.bytes = append(b.bytes, content...)
	b.n = len(b.bytes)
	t.room.took(cap(b.bytes) - before)
	return uint32(k)<<blockBits | uint32(at)
}

// file puts all blocks but the last into the room.
func (t *texts) file() {
	for k := range t.blocks[:max(len(t.blocks)-1, 0)] {
		b := &t.blocks[k]
		if b.bytes == nil {
			continue
		}
		var ok bool
		if b.place, ok = t.room.put(b.bytes[:cap(b.bytes)]); !ok {
			return
		}
		b.size = cap(b.bytes)
		t.room.took(-b.size)
		b.bytes = nil
	}
}

// at returns a text.
func (t *texts) at(where uint32) []byte {
	b, at := &t.blocks[where>>blockBits], int(where&(blockLen-1))
	if b.bytes != nil {
		return cut(b.bytes[at:])
	}
	head := make([]byte, min(peek, b.n-at))
	t.room.read(b.place, at, head)
	n, size := binary.Uvarint(head)
	if size+int(n) <= len(head) {
		return head[size : size+int(n)]
	}
	content := make([]byte, n)
	t.room.read(b.place, at+size, content)
	return content
}

// cut returns the text at the beginning of b.
func cut(b []byte) []byte {
	if n := int(b[0]); n < 0x80 {
		return b[1 : 1+n]
	}
	n, size := binary.Uvarint(b)
	return b[size : size+int(n)]
}

// remove gives a text up, and leaves nothing of it in the file.
func (t *texts) remove(where uint32) {
	content := t.at(where)
	b, at := &t.blocks[where>>blockBits], int(where&(blockLen-1))
	t.garbage += len(content) + 1
	if b.bytes == nil {
		size := len(binary.AppendUvarint(nil, uint64(len(content))))
		t.room.write(b.place, at+size, make([]byte, len(content)))
	}
}

// long is the bytes that all texts take.
func (t *texts) long() (n int) {
	for k := range t.blocks {
		n += t.blocks[k].n
	}
	return n
}

// wasteful reports whether more is garbage than it may be.
func (t *texts) wasteful() bool { return t.garbage > 1<<20 && t.garbage > t.long()/2 }

func (t *texts) drop() {
	for k := range t.blocks {
		b := &t.blocks[k]
		t.room.took(-cap(b.bytes))
		if b.place.there() {
			t.room.give(b.place, b.size)
		}
	}
	t.blocks, t.garbage = nil, 0
}

func (t *texts) memory() (n int) {
	for k := range t.blocks {
		n += 48 + cap(t.blocks[k].bytes)
	}
	return n
}

// textReader reads texts block by block; it is for one goroutine.
type textReader struct {
	t    *texts
	k    int
	read []byte
}

// at returns a text, which is good until the next call.
func (r *textReader) at(where uint32) []byte {
	k := int(where >> blockBits)
	b := &r.t.blocks[k]
	if b.bytes != nil {
		return cut(b.bytes[where&(blockLen-1):])
	}
	if r.k != k {
		if cap(r.read) < b.n {
			r.read = make([]byte, max(b.n, blockLen))
		}
		r.read = r.read[:b.n]
		r.t.room.read(b.place, 0, r.read)
		r.k = k
	}
	return cut(r.read[where&(blockLen-1):])
}
