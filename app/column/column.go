// Package column holds what rules look at of every customer, in memory and by column, so
// that a rule is answered for everybody in milliseconds: attributes as codes of a
// dictionary, numbers, dates or folded texts; the times of events, grouped by customer;
// lists and accounts as bitmaps.
//
// Everything here is derived from the tables by following the feed, and may be thrown away
// at any time. A [Store] is at one position of the feed. What it reads may be newer than
// that: the feed names it again later, and reading it twice does no harm.
//
// The invariant: at rest, a [Plan] answers for each customer what [segment.Match] answers
// from the tables. Every test on a value goes by [segment.Tester], the columns only spare
// it the looking.
//
// # What it costs
//
// An attribute of at most 16,384 distinct values takes 1 byte a customer where they are few
// (below 256 in the order in which they came), else 2, and nothing where customers who came
// one after another have the same; with more distinct values 8 (numbers, dates), or 4 and the
// text. That is as far as memory goes for it: beyond 64 MB, and beside an import beyond 8,
// it lies in a file, from where a rule for everybody reads it a third slower and a rule for
// one customer takes a microsecond a condition. An event takes 8 bytes and its customer 8 a
// name; 12 more once a live rule's window moves over it, and those stay in memory. A million
// customers with twenty attributes and ten million events take some 200 MB. The time to read
// it all at a start without a snapshot grows with customers and events; a rule for everybody
// takes time with what it looks at, a rule for one customer does not grow but for the
// logarithm of a search.
package column

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"kith/app"
	"kith/app/segment"

	"github.com/RoaringBitmap/roaring/v2"
)

// Store is the columns of one workspace. The Keeper alone changes it; whoever evaluates
// holds the lock for reading.
type Store struct {
	sync.RWMutex
	zone *time.Location
	room *room // of columns, not of events

	rows   rows // by slot, upwards; a slot is never used again
	exists bitset
	live   bitset // exists, and is not archived

	attrs  map[string]*values // by the name in a rule; under rawKey as it came
	cols   []*attrColumn      // the same, as rows are set
	byName map[string][]*attrColumn
	paths  []*attrColumn // of names with a dot
	epoch  int

	zones   []*time.Location // of customers; the workspace's first
	zoneOf  vec[uint16]      // by slot
	zoneRaw map[string]uint16

	series map[string]*series
	names  map[int64]string // of events, by row
	// attributes are the names of attributes by row, as far as they were asked for.
	attributes map[int64]string
	sources    map[string]int64
	// knownSource are the rows in sources: a rule may name a source before its first event.
	knownSource map[int64]bool
	lists       map[int64]*[3]*roaring.Bitmap // by app.SubscriptionStatus
	accounts    map[int64]*roaring.Bitmap
	onLists     vec[uint16]        // how many lists a slot is on, to find what has changed
	inside      map[uint32][]int64 // the accounts of a slot

	indexes map[dateKey]*dateIndex

	seq       int64        // of the feed
	lastEvent int64        // row of the last event taken
	tick      atomic.Int64 // of usage
	shape     int64        // grows when a plan may have become stale

	// While a load is under way: the slots whose events were moved or taken away.
	loading bool
	moved   []uint32
}

// attrColumn is an attribute's column under its name.
type attrColumn struct {
	name  string // without rawKey
	key   string
	v     *values
	epoch int
}

type dateKey struct {
	name   string
	epochs bool
}

const (
	// resident is what the chunks of columns may take of memory, in bytes; what is more lies
	// in a file. A million customers of twenty attributes take less.
	resident = 64 << 20
	// residentLean is the same while something else needs the memory.
	residentLean = 8 << 20
)

// Lean says whether the columns shall leave the memory to somebody else for a while. Those
// that lie in the file stay there afterwards.
func (s *Store) Lean(on bool) {
	if on {
		s.hold(residentLean)
	} else {
		s.hold(resident)
	}
}

// hold says how many bytes of chunks may be in memory.
func (s *Store) hold(limit int64) {
	if s.room == nil {
		return
	}
	if s.room.limit.Swap(limit) == limit || !s.room.full() {
		return
	}
	s.Lock()
	defer s.Unlock()
	for _, c := range s.cols {
		c.v.file()
	}
}

// New returns an empty store; zone is the workspace's. In folder it makes a file, which
// nobody else sees, for columns that are more than memory shall hold; "" is nowhere.
func New(zone *time.Location, folder string) *Store {
	if folder == "" {
		return newStore(zone, nil)
	}
	return newStore(zone, newRoom(folder, resident))
}

func newStore(zone *time.Location, r *room) *Store {
	if zone == nil {
		zone = time.UTC
	}
	return &Store{
		zone: zone, attrs: map[string]*values{}, byName: map[string][]*attrColumn{}, zones: []*time.Location{zone},
		zoneRaw: map[string]uint16{}, series: map[string]*series{}, names: map[int64]string{}, sources: map[string]int64{}, knownSource: map[int64]bool{},
		lists: map[int64]*[3]*roaring.Bitmap{}, accounts: map[int64]*roaring.Bitmap{}, room: r, zoneOf: newCodes(0, r), onLists: newCodes(0, r),
		inside: map[uint32][]int64{}, indexes: map[dateKey]*dateIndex{},
	}
}

// Seq is the store's position in the feed.
func (s *Store) Seq() int64 { return s.seq }

// Shape grows when plans must be made anew: an event has a new name, a column another form.
func (s *Store) Shape() int64 { return s.shape }

func (s *Store) count() int { return s.rows.len() }

// Total is how many customers there are that are not archived.
func (s *Store) Total() int64 { return int64(s.live.count()) }

// ErrNoPlace says that a customer came back whom these columns never had, between others
// whom they have: they must be read anew.
var ErrNoPlace = errors.New("a customer came back who has no place in the columns")

// slot returns the slot of a customer that is there.
func (s *Store) slot(row int64) (uint32, bool) {
	slot, ok := s.rows.place(row)
	return slot, ok && s.exists.has(slot)
}

// canHold reports whether a row has a slot or can get one behind all others.
func (s *Store) canHold(row int64) bool {
	_, ok := s.rows.place(row)
	return ok || s.count() == 0 || row > s.rows.last()
}

// place returns the slot of a row, though its customer may be gone.
func (s *Store) place(row int64) (uint32, bool) { return s.rows.place(row) }

// addSlot makes a slot for a row beyond all others.
func (s *Store) addSlot(row int64) uint32 {
	slot := s.rows.add(row)
	n := s.count()
	s.exists, s.live = s.exists.grow(n), s.live.grow(n)
	s.zoneOf.grow(n)
	s.onLists.grow(n)
	for _, c := range s.cols {
		c.v.grow(n)
	}
	return slot
}

// attribute returns a column that is there, nil otherwise.
func (s *Store) attribute(key string) *values { return s.attrs[key] }

// addColumn makes an empty column for an attribute; key may end with rawKey.
func (s *Store) addColumn(key string) *attrColumn {
	name := strings.TrimSuffix(key, rawKey)
	c := &attrColumn{name: name, key: key, v: newValues(s.count(), key != name, s.room)}
	s.cols = append(s.cols, c)
	s.byName[name] = append(s.byName[name], c)
	if strings.Contains(name, ".") {
		s.paths = append(s.paths, c)
	}
	return c
}

// dropColumn gives a column up.
func (s *Store) dropColumn(c *attrColumn) {
	keep := func(o *attrColumn) bool { return o == c }
	delete(s.attrs, c.key)
	c.v.drop()
	s.cols = slices.DeleteFunc(s.cols, keep)
	s.paths = slices.DeleteFunc(s.paths, keep)
	if s.byName[c.name] = slices.DeleteFunc(s.byName[c.name], keep); len(s.byName[c.name]) == 0 {
		delete(s.byName, c.name)
	}
	for key := range s.indexes {
		if key.name == c.name {
			delete(s.indexes, key)
		}
	}
}

// datesOf returns the index of an attribute's dates, made at the first asking and brought up to the column.
func (s *Store) datesOf(name string, v *values, epochs bool) *dateIndex {
	key := dateKey{name, epochs}
	x := s.indexes[key]
	if x == nil {
		x = &dateIndex{epochs: epochs}
		s.indexes[key] = x
	}
	x.follow(v)
	return x
}

// eventNames are the names of all series, in order.
func (s *Store) eventNames() []string {
	names := make([]string, 0, len(s.series))
	for name := range s.series {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Coming is when the next event comes that is dated after now; it matters only to rules
// that ask for the last interaction.
func (s *Store) Coming(now app.Instant) (app.Instant, bool) {
	if s.lastColumn() == nil {
		return segment.End, false
	}
	return s.comingAfter(now)
}

// comingAfter is when the next event comes that is dated after now.
func (s *Store) comingAfter(now app.Instant) (app.Instant, bool) {
	best, found := segment.End, false
	for _, x := range s.series {
		if t, ok := x.upcoming.after(now); ok && t < best {
			best, found = t, true
		}
	}
	return best, found
}

// zoneFor returns the place of the zone that a raw attribute tz names among the store's.
func (s *Store) zoneFor(raw []byte) uint16 {
	if len(raw) == 0 {
		return 0
	}
	if at, ok := s.zoneRaw[string(raw)]; ok {
		return at
	}
	at := uint16(0)
	if zone := segment.CustomerZone(raw, s.zone); zone != s.zone {
		for i, z := range s.zones {
			if z.String() == zone.String() {
				at = uint16(i)
			}
		}
		if at == 0 && len(s.zones) < 1<<15 && zone.String() != s.zone.String() {
			at = uint16(len(s.zones))
			s.zones = append(s.zones, zone)
		}
	}
	if len(s.zoneRaw) < 1<<16 {
		s.zoneRaw[strings.Clone(string(raw))] = at
	}
	return at
}

// Size is the memory that the columns take, in bytes, by their own count.
func (s *Store) Size() int64 {
	n := int64(s.rows.memory() + 16*cap(s.exists) + s.zoneOf.memory() + s.onLists.memory())
	for _, c := range s.cols {
		n += c.v.size()
	}
	for _, x := range s.series {
		n += x.size()
	}
	for _, x := range s.indexes {
		n += int64(12 * (x.instants.size() + x.wall.size()))
	}
	for _, l := range s.lists {
		for _, b := range l {
			n += int64(b.GetSizeInBytes())
		}
	}
	for _, b := range s.accounts {
		n += int64(b.GetSizeInBytes())
	}
	return n + int64(64*len(s.inside))
}
