package column

import (
	"math/bits"
	"unsafe"
)

// A vec is one value for each number of a space, in chunks. It is made for customers who
// come one after another: as long as the values of a chunk are the same it takes no
// memory, codes below 256 take a byte, and full chunks go into the store's [room] when
// memory holds as much as it may. A value is then read from there by itself, and a scan
// reads chunk by chunk.

const (
	chunkBits = 15
	chunkLen  = 1 << chunkBits
	chunkMask = chunkLen - 1
	// chunkLeast is the least that is made room for: most workspaces are small.
	chunkLeast = 256
)

// fixed are what lies in memory as it is written.
type fixed interface {
	~int64 | ~uint64 | ~uint32 | ~uint16 | ~uint8 | ~float64
}

type vec[T fixed] struct {
	none   T
	narrow bool // values below 256 may be kept as a byte
	n      int
	chunks []chunk[T]
	room   *room // nil: everything stays in memory
}

// chunk is one of four things: a filed one, all, small, or the first values the same.
type chunk[T fixed] struct {
	one   T
	same  uint32 // so many are one, those after them none
	small []uint8
	all   []T // like small it may be short: what is beyond it is none
	place place
	width uint8 // of a value in its place
}

func newVec[T fixed](n int, none T, r *room) vec[T] {
	v := vec[T]{none: none, room: r}
	v.grow(n)
	return v
}

// newCodes is a vec of small numbers, of which 0 is none.
func newCodes(n int, r *room) vec[uint16] {
	v := vec[uint16]{narrow: true, room: r}
	v.grow(n)
	return v
}

// same reports whether two values are the same; NaN is.
func same[T fixed](a, b T) bool { return a == b || a != a && b != b }

func (v *vec[T]) size() int { return int(unsafe.Sizeof(v.none)) }

func (v *vec[T]) fits(x T) bool { return v.narrow && x == T(uint8(x)) }

// grow makes room for n values; new ones are none.
func (v *vec[T]) grow(n int) {
	if n <= v.n {
		return
	}
	v.n = n
	for len(v.chunks) < (n+chunkMask)>>chunkBits {
		v.chunks = append(v.chunks, chunk[T]{})
	}
}

// at returns value i.
func (v *vec[T]) at(i uint32) T {
	c, j := &v.chunks[i>>chunkBits], i&chunkMask
	if int(j) < len(c.all) { // what a test asks for most often
		return c.all[j]
	}
	if c.place.there() {
		return v.filed(c, j)
	}
	return c.held(j, v.none)
}

// held returns value j of a chunk that is in memory.
func (c *chunk[T]) held(j uint32, none T) T {
	switch {
	case c.all != nil:
		if int(j) < len(c.all) {
			return c.all[j]
		}
	case c.small != nil:
		if int(j) < len(c.small) {
			return T(c.small[j])
		}
	case j < c.same:
		return c.one
	}
	return none
}

// set sets value i.
func (v *vec[T]) set(i uint32, x T) {
	c, j := &v.chunks[i>>chunkBits], i&chunkMask
	for {
		switch {
		case c.all != nil:
			if int(j) >= len(c.all) {
				if same(x, v.none) {
					return
				}
				c.all = longer(v, c.all, j, v.none)
			}
			c.all[j] = x
			return
		case c.small != nil:
			if !v.fits(x) {
				v.widen(c)
				v.relieve(i)
				continue
			}
			if int(j) >= len(c.small) {
				if same(x, v.none) {
					return
				}
				c.small = longer(v, c.small, j, uint8(v.none))
			}
			c.small[j] = uint8(x)
			return
		case c.place.there():
			if same(v.filed(c, j), x) || v.setFiled(c, j, x) {
				return
			}
			v.fetch(c) // it does not fit there any more
			v.relieve(i)
		case j < c.same && same(x, c.one), j >= c.same && same(x, v.none):
			return
		case j == c.same && (j == 0 || same(x, c.one)):
			c.one = x
			c.same++
			return
		default:
			v.open(c, j)
			v.relieve(i)
		}
	}
}

// longer returns a longer list, in which there is a value j.
func longer[T, E fixed](v *vec[T], list []E, j uint32, none E) []E {
	n := min(max(chunkLeast, 1<<bits.Len32(j)), chunkLen)
	out := make([]E, n)
	for k := copy(out, list); none != 0 && k < n; k++ {
		out[k] = none
	}
	v.room.took((n - len(list)) * int(unsafe.Sizeof(none)))
	return out
}

// open makes room for the values of a chunk, j the highest, because they begin to differ.
func (v *vec[T]) open(c *chunk[T], j uint32) {
	j = max(j, c.same)
	if v.narrow && (c.same == 0 || v.fits(c.one)) {
		c.small = longer(v, nil, j, uint8(v.none))
		for i := range c.same {
			c.small[i] = uint8(c.one)
		}
	} else {
		c.all = longer(v, nil, j, v.none)
		for i := range c.same {
			c.all[i] = c.one
		}
	}
	c.same = 0
}

// relieve puts chunks into the room if memory holds too much, but for the one of value i.
func (v *vec[T]) relieve(i uint32) {
	if v.room.full() {
		v.file(int(i >> chunkBits))
	}
}

// widen gives a chunk of bytes the values' own width.
func (v *vec[T]) widen(c *chunk[T]) {
	c.all = make([]T, len(c.small))
	for i, x := range c.small {
		c.all[i] = T(x)
	}
	v.room.took(len(c.small) * (v.size() - 1))
	c.small = nil
}

// file puts the chunks that are in memory into the room, but for the last one and one more.
func (v *vec[T]) file(but int) {
	for k := range v.chunks[:max(len(v.chunks)-1, 0)] {
		c := &v.chunks[k]
		if k == but || c.all == nil && c.small == nil {
			continue
		}
		var raw []byte
		held := len(c.small)
		if c.small != nil {
			if len(c.small) < chunkLen {
				c.small = append(make([]uint8, 0, chunkLen), c.small...)[:chunkLen]
			}
			raw, c.width = c.small, 1
		} else {
			held = len(c.all) * v.size()
			for i := len(c.all); i < chunkLen; i++ {
				c.all = append(c.all, v.none)
			}
			raw, c.width = bytesOf(c.all), uint8(v.size())
		}
		var ok bool
		if c.place, ok = v.room.put(raw); !ok {
			v.room.took(len(raw) - held)
			return
		}
		v.room.took(-held)
		c.all, c.small = nil, nil
	}
}

// filed returns value j of a chunk that is in the room.
func (v *vec[T]) filed(c *chunk[T], j uint32) (x T) {
	if c.width == 1 {
		var b [1]byte
		v.room.read(c.place, int(j), b[:])
		return T(b[0])
	}
	v.room.read(c.place, int(j)*v.size(), unsafe.Slice((*byte)(unsafe.Pointer(&x)), v.size()))
	return x
}

// setFiled sets value j of a chunk that is in the room; false if it cannot be kept there.
func (v *vec[T]) setFiled(c *chunk[T], j uint32, x T) bool {
	if c.width == 1 && v.size() > 1 {
		return v.fits(x) && v.room.write(c.place, int(j), []byte{uint8(x)})
	}
	return v.room.write(c.place, int(j)*v.size(), unsafe.Slice((*byte)(unsafe.Pointer(&x)), v.size()))
}

// fetch brings a chunk back into memory.
func (v *vec[T]) fetch(c *chunk[T]) {
	if c.width == 1 {
		c.small = make([]uint8, chunkLen)
		v.room.read(c.place, 0, c.small)
	} else {
		c.all = make([]T, chunkLen)
		v.room.read(c.place, 0, bytesOf(c.all))
	}
	v.room.took(chunkLen * int(c.width))
	v.room.give(c.place, chunkLen*int(c.width))
	c.place = 0
}

// drop gives up everything.
func (v *vec[T]) drop() {
	for k := range v.chunks {
		c := &v.chunks[k]
		v.room.took(-len(c.small) - len(c.all)*v.size())
		if c.place.there() {
			v.room.give(c.place, chunkLen*int(c.width))
		}
	}
	v.chunks, v.n = nil, 0
}

// flat returns all values as a list of its own.
func (v *vec[T]) flat() []T {
	out := make([]T, v.n)
	in := v.cursor()
	for base := 0; base < v.n; base += 64 {
		copy(out[base:], in.values(uint32(base), uint32(min(64, v.n-base))))
	}
	return out
}

// memory is what v takes of it, in bytes.
func (v *vec[T]) memory() int {
	n := len(v.chunks) * int(unsafe.Sizeof(chunk[T]{}))
	for k := range v.chunks {
		n += len(v.chunks[k].small) + len(v.chunks[k].all)*v.size()
	}
	return n
}

// fill sets all of v, chunk by chunk: next fills the values from a number on.
func (v *vec[T]) fill(n int, next func(from int, values []T)) {
	v.drop()
	values := make([]T, min(n, chunkLen))
	for from := 0; from < n; from += chunkLen {
		part := values[:min(chunkLen, n-from)]
		next(from, part)
		v.grow(from + len(part))
		v.seal(uint32(from>>chunkBits), part)
	}
}

// seal sets a chunk of which nothing is set yet.
func (v *vec[T]) seal(k uint32, part []T) {
	c := &v.chunks[k]
	c.one = part[0]
	for int(c.same) < len(part) && same(part[c.same], c.one) {
		c.same++
	}
	end := len(part)
	for end > 0 && same(part[end-1], v.none) {
		end--
	}
	if int(c.same) >= end {
		return
	}
	for i, x := range part[:end] {
		v.set(k<<chunkBits|uint32(i), x)
	}
}

// cursor reads a vec chunk by chunk; it is for one goroutine.
type cursor[T fixed] struct {
	v   *vec[T]
	k   int // the chunk that is looked at, and one more: 0 is none
	is  chunk[T]
	own chunk[T] // what was read from the room
	buf [64]T
}

func (v *vec[T]) cursor() cursor[T] { return cursor[T]{v: v} }

// chunk returns a chunk as it is in memory.
func (r *cursor[T]) chunk(k int) *chunk[T] {
	if r.k == k+1 {
		return &r.is
	}
	r.k, r.is = k+1, r.v.chunks[k]
	switch c := &r.is; {
	case !c.place.there():
	case c.width == 1:
		if r.own.small == nil {
			r.own.small = make([]uint8, chunkLen)
		}
		c.small = r.own.small
		r.v.room.read(c.place, 0, c.small)
	default:
		if r.own.all == nil {
			r.own.all = make([]T, chunkLen)
		}
		c.all = r.own.all
		r.v.room.read(c.place, 0, bytesOf(c.all))
	}
	return &r.is
}

// at returns value i.
func (r *cursor[T]) at(i uint32) T {
	return r.chunk(int(i>>chunkBits)).held(i&chunkMask, r.v.none)
}

// values returns up to 64 values from base on, which lie in one chunk; they are good until
// the next call.
func (r *cursor[T]) values(base, n uint32) []T {
	c, j := r.chunk(int(base>>chunkBits)), base&chunkMask
	if c.all != nil && int(j+n) <= len(c.all) {
		return c.all[j : j+n]
	}
	if c.small != nil && int(j+n) <= len(c.small) {
		for i, x := range c.small[j : j+n] {
			r.buf[i] = T(x)
		}
		return r.buf[:n]
	}
	for i := range n {
		r.buf[i] = r.at(base + i)
	}
	return r.buf[:n]
}

// bytesOf is a list as it lies in memory.
func bytesOf[T fixed](list []T) []byte {
	var one T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(list))), len(list)*int(unsafe.Sizeof(one)))
}
