package column

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"math"
	"slices"
	"unsafe"

	"kith/app"

	"github.com/RoaringBitmap/roaring/v2"
)

// A snapshot is the columns as they lie in memory, so that a start need not read every
// customer and event. It is of one machine's byte order, and of one version of this file:
// anything else is refused, and the columns are read from the tables.

// snapshotVersion grows with every change of what is written here, or of what a column
// makes of a value.
const snapshotVersion = 2

var snapshotMagic = [8]byte{'K', 'i', 't', 'h', 'C', 'o', 'l', 0}

// ErrSnapshot says that a snapshot is of no use.
var ErrSnapshot = errors.New("the snapshot of the columns is of no use")

// Mark is a place in the feed: an entry, and when it happened, by which one of another
// history with the same number is told apart.
type Mark struct {
	Seq int64
	At  app.Instant
}

// Save writes the columns; at is the place in the feed that they are at.
func (s *Store) Save(w io.Writer, at Mark) error {
	s.Lock()
	for _, x := range s.series {
		if len(x.who) > 0 || len(x.gone) > 0 {
			x.organise()
		}
	}
	s.Unlock()
	s.RLock()
	defer s.RUnlock()
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	buffered := bufio.NewWriterSize(w, 1<<20)
	o := &writer{w: io.MultiWriter(buffered, sum)}
	o.bytes(snapshotMagic[:])
	o.number(snapshotVersion)
	o.number(0x0102030405060708) // the byte order
	o.number(at.Seq)
	o.number(int64(at.At))
	o.number(s.lastEvent)
	o.text(s.zone.String())
	o.number(int64(s.rows.n))
	put(o, s.rows.first)
	put(o, s.rows.slot)
	put(o, s.exists)
	put(o, s.live)
	putVec(o, &s.zoneOf)
	o.number(int64(len(s.zones)))
	for _, z := range s.zones[1:] {
		o.text(z.String())
	}
	o.number(int64(len(s.attrs)))
	for key, v := range s.attrs {
		o.text(key)
		o.values(v)
	}
	o.number(int64(len(s.series)))
	for name, x := range s.series {
		o.text(name)
		o.series(x)
	}
	o.number(int64(len(s.lists)))
	for list, l := range s.lists {
		o.number(list)
		for _, b := range l {
			o.bitmap(b)
		}
	}
	o.number(int64(len(s.accounts)))
	for account, b := range s.accounts {
		o.number(account)
		o.bitmap(b)
	}
	if o.err != nil {
		return o.err
	}
	if err := binary.Write(buffered, binary.LittleEndian, sum.Sum32()); err != nil {
		return err
	}
	return buffered.Flush()
}

// writer writes the parts of a snapshot; the first error stays.
type writer struct {
	w   io.Writer
	err error
}

func (o *writer) bytes(b []byte) {
	if o.err == nil {
		_, o.err = o.w.Write(b)
	}
}

func (o *writer) number(n int64) { o.bytes(binary.LittleEndian.AppendUint64(nil, uint64(n))) }

func (o *writer) text(s string) { put(o, []byte(s)) }

func (o *writer) bitmap(b *roaring.Bitmap) {
	raw, err := b.ToBytes()
	if err != nil && o.err == nil {
		o.err = err
	}
	put(o, raw)
}

func put[T fixed](o *writer, list []T) {
	o.number(int64(len(list)))
	if len(list) > 0 {
		o.bytes(bytesOf(list))
	}
}

func putVec[T fixed](o *writer, v *vec[T]) {
	o.number(int64(v.n))
	in := v.cursor()
	for base := 0; base < v.n; base += 64 {
		o.bytes(bytesOf(in.values(uint32(base), uint32(min(64, v.n-base)))))
	}
}

func (o *writer) texts(t *texts) {
	o.number(int64(t.garbage))
	o.number(int64(len(t.blocks)))
	for k := range t.blocks {
		b := &t.blocks[k]
		bytes := b.bytes
		if b.place.there() {
			bytes = make([]byte, b.n)
			t.room.read(b.place, 0, bytes)
		}
		put(o, bytes)
	}
}

func (o *writer) values(v *values) {
	kept := int64(0)
	if v.keepRaw {
		kept = 1
	}
	o.number(int64(v.form))
	o.number(int64(v.n))
	o.number(kept)
	putVec(o, &v.codes)
	o.number(int64(len(v.dict)))
	for _, raw := range v.dict {
		put(o, raw)
	}
	putVec(o, &v.numbers)
	putVec(o, &v.dates)
	putVec(o, &v.where)
	o.texts(&v.texts)
	o.number(int64(len(v.rest)))
	for i, raw := range v.rest {
		o.number(int64(i))
		put(o, raw)
	}
}

func (o *writer) series(x *series) {
	put(o, x.at)
	put(o, x.owners)
	put(o, x.starts)
	o.number(int64(len(x.props)))
	for name, v := range x.props {
		o.text(name)
		o.values(v)
	}
	o.number(int64(len(x.hashes)))
	for name, h := range x.hashes {
		o.text(name)
		put(o, h)
	}
	o.optional(x.sources != nil)
	put(o, x.sources)
	o.optional(x.rows != nil)
	put(o, x.rows)
}

func (o *writer) optional(there bool) {
	if there {
		o.number(1)
	} else {
		o.number(0)
	}
}

// Restore fills an empty store from a snapshot and returns the place in the feed that it
// is at. The error is [ErrSnapshot] when it cannot be used; the store is then to be thrown away.
func (s *Store) Restore(r io.Reader, size int64, now app.Instant) (at Mark, err error) {
	s.Lock()
	defer s.Unlock()
	defer func() {
		if p := recover(); p != nil { // what is damaged may say anything
			err = fmt.Errorf("%w: %v", ErrSnapshot, p)
		}
	}()
	in := &reader{r: bufio.NewReaderSize(r, 1<<20), sum: crc32.New(crc32.MakeTable(crc32.Castagnoli)), left: size}
	if magic := in.take(8); string(magic) != string(snapshotMagic[:]) {
		return at, fmt.Errorf("%w: it is none", ErrSnapshot)
	}
	if v, order := in.number(), in.number(); v != snapshotVersion || order != 0x0102030405060708 || !nativeOrder() {
		return at, fmt.Errorf("%w: it is of version %d", ErrSnapshot, v)
	}
	at.Seq, at.At = in.number(), app.Instant(in.number())
	s.seq, s.lastEvent = at.Seq, in.number()
	if zone := in.text(); zone != s.zone.String() {
		return at, fmt.Errorf("%w: the workspace's time zone was %s", ErrSnapshot, zone)
	}
	s.rows = rows{n: int(in.number()), first: get[int64](in), slot: get[uint32](in)}
	s.exists, s.live = get[uint64](in), get[uint64](in)
	getVec(in, &s.zoneOf)
	if s.rows.n != s.zoneOf.n || !s.rows.sound() {
		return at, fmt.Errorf("%w: its parts do not fit together", ErrSnapshot)
	}
	s.onLists.grow(s.rows.n)
	for range in.number() - 1 {
		zone, err := app.LoadZone(in.text())
		if err != nil {
			return at, fmt.Errorf("%w: %v", ErrSnapshot, err)
		}
		s.zones = append(s.zones, zone)
	}
	for range in.number() {
		c := s.addColumn(in.text())
		*c.v = *in.values(s.room)
		s.attrs[c.key] = c.v
	}
	for range in.number() {
		name := in.text()
		x := in.series()
		x.await(now)
		s.series[name] = x
	}
	for range in.number() {
		list := in.number()
		l := &[3]*roaring.Bitmap{}
		for status := range l {
			l[status] = in.bitmap()
			for it := l[status].Iterator(); it.HasNext(); {
				slot := it.Next()
				s.onLists.set(slot, s.onLists.at(slot)+1)
			}
		}
		s.lists[list] = l
	}
	for range in.number() {
		account := in.number()
		s.accounts[account] = in.bitmap()
		for it := s.accounts[account].Iterator(); it.HasNext(); {
			slot := it.Next()
			s.inside[slot] = append(s.inside[slot], account)
		}
	}
	for slot := range s.inside {
		slices.Sort(s.inside[slot])
	}
	want := in.sum.Sum32()
	if got := binary.LittleEndian.Uint32(in.take(4)); in.err != nil || got != want {
		return at, fmt.Errorf("%w: its sum is another (%v)", ErrSnapshot, in.err)
	}
	if n := s.rows.n; len(s.exists) != words(n) || len(s.live) != words(n) || s.zoneOf.n != n {
		return at, fmt.Errorf("%w: its parts do not fit together", ErrSnapshot)
	}
	s.shape++
	return at, nil
}

func nativeOrder() bool {
	n := uint16(1)
	return *(*byte)(unsafe.Pointer(&n)) == 1
}

// reader reads the parts of a snapshot. It panics with its error: Restore catches it.
type reader struct {
	r    io.Reader
	sum  hash.Hash32
	left int64 // of the file: nothing longer is made room for
	err  error
}

func (in *reader) read(b []byte) {
	if in.left -= int64(len(b)); in.left < 0 {
		panic("it is cut short")
	}
	if _, err := io.ReadFull(in.r, b); err != nil {
		panic(err)
	}
	in.sum.Write(b)
}

func (in *reader) take(n int) []byte {
	b := make([]byte, n)
	in.read(b)
	return b
}

func (in *reader) number() int64 {
	var b [8]byte
	in.read(b[:])
	return int64(binary.LittleEndian.Uint64(b[:]))
}

func (in *reader) text() string { return string(get[uint8](in)) }

func get[T fixed](in *reader) []T {
	n := in.number()
	var one T
	if n < 0 || n > in.left/int64(unsafe.Sizeof(one)) {
		panic("a part is longer than the whole")
	}
	if n == 0 {
		return nil
	}
	list := make([]T, n)
	in.read(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(list))), int(n)*int(unsafe.Sizeof(one))))
	return list
}

func getVec[T fixed](in *reader, v *vec[T]) {
	n := in.number()
	if n < 0 || n > in.left/int64(v.size()) {
		panic("a part is longer than the whole")
	}
	v.fill(int(n), func(_ int, part []T) { in.read(bytesOf(part)) })
}

func (in *reader) texts(t *texts) {
	t.garbage = int(in.number())
	for range in.number() {
		bytes := get[uint8](in)
		if len(t.blocks) > 0 {
			t.room.took(cap(bytes))
		}
		t.blocks = append(t.blocks, block{bytes: bytes, n: len(bytes)})
		if t.room.full() {
			t.file()
		}
	}
}

func (in *reader) bitmap() *roaring.Bitmap {
	b := roaring.New()
	if err := b.UnmarshalBinary(get[uint8](in)); err != nil {
		panic(err)
	}
	return b
}

func (in *reader) values(r *room) *values {
	form, n, kept := form(in.number()), in.number(), in.number() == 1
	v := newValues(0, kept, r)
	v.form = form
	v.make()
	getVec(in, &v.codes)
	dict := in.number()
	if dict < 0 || dict > math.MaxUint16+1 {
		panic("a dictionary is too long")
	}
	v.dict, v.counts = make([][]byte, dict), make([]uint32, dict)
	for code := range v.dict {
		if v.dict[code] = get[uint8](in); code > 0 {
			v.lookup[string(v.dict[code])] = uint16(code)
		}
	}
	codes := v.codes.cursor()
	for i := range uint32(v.codes.n) {
		if code := codes.at(i); code != 0 {
			if v.counts[code]++; v.counts[code] == 1 {
				v.live++
			}
		}
	}
	getVec(in, &v.numbers)
	getVec(in, &v.dates)
	getVec(in, &v.where)
	in.texts(&v.texts)
	rest := in.number()
	if form != dictForm {
		v.rest = map[uint32][]byte{}
	}
	for range rest {
		i := in.number()
		v.rest[uint32(i)] = get[uint8](in)
	}
	if v.n = max(v.codes.n, v.numbers.n, v.dates.n, v.where.n); int64(v.n) != n {
		panic("a column has another length than it says")
	}
	return v
}

func (in *reader) series() *series {
	x := newSeries()
	x.at = get[app.Instant](in)
	x.main = len(x.at)
	x.owners, x.starts = get[uint32](in), get[uint32](in)
	if len(x.starts) != len(x.owners)+1 || int(x.starts[len(x.owners)]) != x.main {
		panic("a series' groups do not fit its events")
	}
	for range in.number() {
		name := in.text()
		x.props[name] = in.values(nil)
	}
	for range in.number() {
		name := in.text()
		x.hashes[name] = get[uint64](in)
	}
	if in.number() == 1 {
		x.sources = append([]uint16{}, get[uint16](in)...)
	} else {
		get[uint16](in)
	}
	if in.number() == 1 {
		x.rows = append([]uint32{}, get[uint32](in)...)
	} else {
		get[uint32](in)
	}
	return x
}
