package column

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
	"sort"
	"strings"

	"kith/app"
	"kith/app/segment"
)

// series is all events of one name. Its main part is grouped by customer, each group in
// the order of time, then arrival: a customer's events lie together, and a rule for
// everybody walks them once. What came since is fresh, and is sorted in when it has grown.
type series struct {
	at     []app.Instant
	main   int
	owners []uint32 // slots that have a group, upwards
	starts []uint32 // of each group; one more for the end

	who   []uint32            // of the fresh events, in the order of arrival
	fresh map[uint32][]uint32 // their places by slot, in the order of time
	odd   bitset              // slots with fresh events, or whose group no longer counts
	gone  map[uint32]struct{} // the latter

	props   map[string]*values  // by the name in the rule; under rawKey a column in rawForm
	hashes  map[string][]uint64 // values for distinct and by: equal ones have equal hashes
	sources []uint16            // rows of sources; nil until a rule asks
	rows    []uint32            // the order of arrival among all names; nil until a rule asks

	index    *timeIndex // everybody's events by time; nil until a live rule's window moves
	upcoming timeIndex  // events dated after the instant at which they came
}

func newSeries() *series {
	return &series{starts: []uint32{0}, fresh: map[uint32][]uint32{}, gone: map[uint32]struct{}{}, props: map[string]*values{}, hashes: map[string][]uint64{}}
}

// wants reports whether events must be read with their value and properties.
func (s *series) wants() bool { return len(s.props) > 0 || len(s.hashes) > 0 }

// event is one event as a series takes it.
type event struct {
	who    uint32
	at     app.Instant
	source uint16
	row    uint32
	value  []byte
	props  []byte
}

// push appends to what every event has, without sorting it in.
func (s *series) push(e *event) uint32 {
	i := uint32(len(s.at))
	s.at = append(s.at, e.at)
	s.who = append(s.who, e.who)
	if s.sources != nil {
		s.sources = append(s.sources, e.source)
	}
	if s.rows != nil {
		s.rows = append(s.rows, e.row)
	}
	for name, v := range s.props {
		v.grow(len(s.at))
		v.set(i, property(e, strings.TrimSuffix(name, rawKey)))
	}
	for name, h := range s.hashes {
		s.hashes[name] = append(h, hashOf(property(e, name)))
	}
	return i
}

// add takes an event that has just come.
func (s *series) add(e *event, now app.Instant) {
	i := s.push(e)
	list := s.fresh[e.who]
	at := len(list)
	for at > 0 && s.at[list[at-1]] > e.at {
		at--
	}
	s.fresh[e.who] = slices.Insert(list, at, i)
	s.odd = s.odd.grow(int(e.who) + 1)
	s.odd.set(e.who)
	if e.at > now {
		s.upcoming.add(e.at, e.who)
	}
	if s.index != nil {
		s.index.add(e.at, e.who)
	}
	if len(s.who) > 8192+s.main/16 {
		s.organise()
	}
}

// property returns the value of a property by its name in a rule, nil if there is none.
func property(e *event, name string) []byte {
	return segment.Property(&app.Event{Value: e.value, Properties: e.props}, name)
}

// rawKey ends the name of a column that keeps values as they came.
const rawKey = "\x00raw"

// hashOf is the same for values that are the same: texts by what they say, numbers as
// rules see them. 0 is no value.
func hashOf(raw []byte) uint64 {
	key, ok := segment.DistinctKey(raw)
	if !ok {
		return 0
	}
	h := sha256.Sum256([]byte(key)) // nobody can make two that meet
	return max(binary.LittleEndian.Uint64(h[:]), 1)
}

// forget takes out all events of a customer.
func (s *series) forget(who uint32) {
	if list := s.fresh[who]; list != nil {
		delete(s.fresh, who)
		for _, i := range list {
			s.who[int(i)-s.main] = nobody
		}
	}
	if k, ok := slices.BinarySearch(s.owners, who); ok && s.starts[k] < s.starts[k+1] {
		s.gone[who] = struct{}{}
		s.odd = s.odd.grow(int(who) + 1)
		s.odd.set(who)
	}
}

// nobody stands for the customer of an event that is gone.
const nobody = math.MaxUint32

// organise sorts the fresh events in, and gives up those that are gone.
func (s *series) organise() {
	n := len(s.at)
	who := make([]uint32, n)
	for k, slot := range s.owners {
		if _, gone := s.gone[slot]; gone {
			slot = nobody
		}
		for i := s.starts[k]; i < s.starts[k+1]; i++ {
			who[i] = slot
		}
	}
	copy(who[s.main:], s.who)
	order := orderBy(who, s.at)
	s.reorder(order, who)
}

// orderBy returns the places of events grouped by customer, each group in the order of
// time, then of place. Events of nobody are left out.
func orderBy(who []uint32, at []app.Instant) []uint32 {
	top := uint32(0)
	for _, w := range who {
		if w != nobody && w >= top {
			top = w + 1
		}
	}
	var order []uint32
	if int(top) > 4*len(who)+1024 {
		for i, w := range who {
			if w != nobody {
				order = append(order, uint32(i))
			}
		}
		sort.SliceStable(order, func(a, b int) bool { return who[order[a]] < who[order[b]] })
	} else {
		next := make([]uint32, top+1)
		kept := 0
		for _, w := range who {
			if w != nobody {
				next[w+1]++
				kept++
			}
		}
		for i := 1; i < len(next); i++ {
			next[i] += next[i-1]
		}
		order = make([]uint32, kept)
		for i, w := range who {
			if w != nobody {
				order[next[w]] = uint32(i)
				next[w]++
			}
		}
	}
	for from := 0; from < len(order); {
		to := from + 1
		sorted := true
		for to < len(order) && who[order[to]] == who[order[from]] {
			sorted = sorted && at[order[to]] >= at[order[to-1]]
			to++
		}
		if !sorted {
			group := order[from:to]
			sort.SliceStable(group, func(a, b int) bool { return at[group[a]] < at[group[b]] })
		}
		from = to
	}
	return order
}

// reorder makes all events the main part, in the given order; who is by place before it.
func (s *series) reorder(order, who []uint32) {
	at := make([]app.Instant, len(order))
	s.owners, s.starts = s.owners[:0:0], []uint32{}
	last := uint32(nobody)
	for i, from := range order {
		at[i] = s.at[from]
		if who[from] != last {
			last = who[from]
			s.owners, s.starts = append(s.owners, last), append(s.starts, uint32(i))
		}
	}
	s.starts = append(s.starts, uint32(len(order)))
	s.at, s.main = at, len(order)
	for _, v := range s.props {
		v.permute(order)
	}
	for name, h := range s.hashes {
		s.hashes[name] = pick(h, order)
	}
	if s.sources != nil {
		s.sources = pick(s.sources, order)
	}
	if s.rows != nil {
		s.rows = pick(s.rows, order)
	}
	s.who, s.odd = nil, nil
	clear(s.fresh)
	clear(s.gone)
}

func pick[T any](all []T, order []uint32) []T {
	out := make([]T, len(order))
	for i, from := range order {
		out[i] = all[from]
	}
	return out
}

// run is the events of one customer in the order of time: places from on, or a list.
type run struct {
	from, n uint32
	list    []uint32
}

func (r run) len() int { return int(r.n) }

func (r run) place(k int) uint32 {
	if r.list != nil {
		return r.list[k]
	}
	return r.from + uint32(k)
}

// from is of for one who asks for slots upwards: *k is where it found the last.
func (s *series) from(who uint32, k *int, buffer *[]uint32) run {
	if s.odd.has(who) {
		return s.of(who, buffer)
	}
	at := *k
	for step := 1; at < len(s.owners) && s.owners[at] < who; {
		if next := at + step; next < len(s.owners) && s.owners[next] <= who {
			at, step = next, 2*step
		} else {
			at, step = at+1, 1
		}
	}
	if *k = at; at < len(s.owners) && s.owners[at] == who {
		return run{from: s.starts[at], n: s.starts[at+1] - s.starts[at]}
	}
	return run{}
}

// of returns a customer's events; buffer is used for those that do not lie together.
func (s *series) of(who uint32, buffer *[]uint32) run {
	if !s.odd.has(who) {
		if k, ok := slices.BinarySearch(s.owners, who); ok {
			return run{from: s.starts[k], n: s.starts[k+1] - s.starts[k]}
		}
		return run{}
	}
	list := (*buffer)[:0]
	if _, gone := s.gone[who]; !gone {
		if k, ok := slices.BinarySearch(s.owners, who); ok {
			for i := s.starts[k]; i < s.starts[k+1]; i++ {
				list = append(list, i)
			}
		}
	}
	old := len(list)
	list = append(list, s.fresh[who]...)
	if old > 0 && old < len(list) && s.at[list[old]] < s.at[list[old-1]] {
		sort.SliceStable(list, func(a, b int) bool { return s.at[list[a]] < s.at[list[b]] })
	}
	*buffer = list
	return run{n: uint32(len(list)), list: list}
}

// upTo returns how many of a customer's events are not after an instant.
func (s *series) upTo(r run, t app.Instant) int {
	n := r.len()
	if n == 0 || s.at[r.place(n-1)] <= t {
		return n
	}
	return sort.Search(n, func(k int) bool { return s.at[r.place(k)] > t })
}

// everybody calls visit for each slot that has events.
func (s *series) everybody(visit func(who uint32)) {
	for _, who := range s.owners {
		if !s.odd.has(who) {
			visit(who)
		}
	}
	s.odd.each(func(who uint32) {
		if len(s.fresh[who]) > 0 {
			visit(who)
			return
		}
		if _, gone := s.gone[who]; gone {
			return
		}
		visit(who)
	})
}

// needIndex makes the index by time, when a live rule's window moves.
func (s *series) needIndex() {
	if s.index != nil {
		return
	}
	s.index = &timeIndex{}
	s.index.build(s.times)
}

// times calls add with the time and customer of every event.
func (s *series) times(add func(at app.Instant, who uint32)) {
	for k, who := range s.owners {
		if _, gone := s.gone[who]; gone {
			continue
		}
		for i := s.starts[k]; i < s.starts[k+1]; i++ {
			add(s.at[i], who)
		}
	}
	for i, who := range s.who {
		if who != nobody {
			add(s.at[s.main+i], who)
		}
	}
}

// await lists the events that are dated after now.
func (s *series) await(now app.Instant) {
	s.upcoming.build(func(add func(app.Instant, uint32)) {
		s.times(func(at app.Instant, who uint32) {
			if at > now {
				add(at, who)
			}
		})
	})
}

// size is the memory that s takes, in bytes, near enough.
func (s *series) size() int64 {
	n := 8*cap(s.at) + 4*cap(s.owners) + 4*cap(s.starts) + 4*cap(s.who) + 8*cap(s.odd) + 2*cap(s.sources) + 4*cap(s.rows)
	n += 72*len(s.fresh) + 16*len(s.gone) + 12*s.upcoming.size()
	if s.index != nil {
		n += 12 * s.index.size()
	}
	total := int64(n)
	for _, v := range s.props {
		total += v.size()
	}
	for _, h := range s.hashes {
		total += int64(8 * cap(h))
	}
	return total
}
