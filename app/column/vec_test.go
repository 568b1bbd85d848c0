package column

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"kith/app"

	"pgregory.net/rapid"
)

// rooms are where a vector may keep its chunks.
func rooms(t *testing.T) map[string]*room {
	broken := newRoom(filepath.Join(t.TempDir(), "not there"), 1)
	return map[string]*room{"memory": nil, "roomy": newRoom(t.TempDir(), 1<<30), "tight": newRoom(t.TempDir(), 1), "no disk": broken}
}

// TestVec: whatever is set in whatever order, a vector gives back what a plain list does.
func TestVec(t *testing.T) {
	for name, r := range rooms(t) {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				checkVec(t, newCodes(0, r), func(n int) uint16 {
					return uint16(rapid.SampledFrom([]int{0, 1, 2, 255, 256, 60000}).Draw(t, "code") + n%2)
				})
				checkVec(t, newVec(0, math.NaN(), r), func(int) float64 {
					return rapid.SampledFrom([]float64{0, 1, 2.5, math.NaN(), -1e300}).Draw(t, "number")
				})
				checkVec(t, newVec(0, int64(noDate), r), func(int) int64 {
					return rapid.SampledFrom([]int64{noDate, 0, 1, math.MaxInt64}).Draw(t, "date")
				})
			})
		})
	}
}

func checkVec[T fixed](t *rapid.T, v vec[T], next func(int) T) {
	var model []T
	for range rapid.IntRange(1, 8).Draw(t, "steps") {
		n, x := rapid.IntRange(0, chunkLen+chunkLen/2).Draw(t, "n"), next(0)
		switch rapid.SampledFrom([]string{"add", "add", "each", "some", "fill", "file"}).Draw(t, "step") {
		case "add": // n more, mostly of one value
			for i := range n {
				v.grow(len(model) + 1)
				if i > 0 && i%5000 == 0 {
					x = next(i)
				}
				model = append(model, x)
				v.set(uint32(len(model)-1), x)
			}
		case "each":
			for i := range model {
				if i%1000 == 0 {
					x = next(i)
				}
				model[i] = x
				v.set(uint32(i), x)
			}
		case "some":
			for range min(n, 50, len(model)) {
				i := rapid.IntRange(0, len(model)-1).Draw(t, "at")
				model[i] = next(i)
				v.set(uint32(i), model[i])
			}
		case "fill":
			model = slices.Repeat([]T{x, x, v.none}, n/3+1)
			v.fill(len(model), func(from int, part []T) { copy(part, model[from:]) })
		case "file":
			if v.room != nil {
				v.file(-1)
			}
		}
	}
	if v.n != len(model) {
		t.Fatalf("it has %d values instead of %d", v.n, len(model))
	}
	in, all := v.cursor(), v.flat()
	for i, want := range model {
		k := uint32(i)
		if !same(v.at(k), want) || !same(in.at(k), want) || !same(all[i], want) {
			t.Fatalf("value %d of %d is %v, %v, %v instead of %v", i, len(model), v.at(k), in.at(k), all[i], want)
		}
	}
	v.drop()
}

// TestVecHeld: what memory is said to hold is what it holds, and no more than it may.
func TestVecHeld(t *testing.T) {
	r := newRoom(t.TempDir(), 1<<20)
	codes, dates := newCodes(0, r), newVec(0, int64(noDate), r)
	x := rand.New(rand.NewPCG(1, 2))
	most := int64(0)
	for i := range 40 * chunkLen {
		codes.grow(i + 1)
		dates.grow(i + 1)
		codes.set(uint32(i), uint16(x.IntN(200)))
		dates.set(uint32(i), int64(x.IntN(1000)))
		if i%100 == 0 {
			codes.set(uint32(x.IntN(i+1)), uint16(x.IntN(60000))) // wants another width
			dates.set(uint32(x.IntN(i+1)), noDate)
		}
		most = max(most, r.held.Load())
	}
	held := int64(0)
	for k := range codes.chunks {
		held += int64(len(codes.chunks[k].small) + 2*len(codes.chunks[k].all))
	}
	for k := range dates.chunks {
		held += int64(8 * len(dates.chunks[k].all))
	}
	if got := r.held.Load(); got != held {
		t.Errorf("memory is said to hold %d bytes and holds %d", got, held)
	}
	if most > 1<<20+2*8*chunkLen {
		t.Errorf("memory held %d bytes and may hold %d", most, 1<<20)
	}
	codes.drop()
	dates.drop()
	if got := r.held.Load(); got != 0 {
		t.Errorf("%d bytes are left when all is given up", got)
	}
	free := 0
	for size, list := range r.free {
		free += size * len(list)
	}
	if int64(free) != r.end {
		t.Errorf("the file has %d bytes and %d of them are free when all is given up", r.end, free)
	}
}

// TestVecAlike: customers who have the same take no memory.
func TestVecAlike(t *testing.T) {
	v := newCodes(0, nil)
	for i := range 10 * chunkLen {
		v.grow(i + 1)
		v.set(uint32(i), uint16(1+i/chunkLen))
	}
	if got := v.memory(); got > 1000*len(v.chunks) {
		t.Errorf("ten chunks of values that are the same take %d bytes", got)
	}
}

// TestTexts: texts come back from the room, and what was removed is not in its file.
func TestTexts(t *testing.T) {
	for name, r := range rooms(t) {
		t.Run(name, func(t *testing.T) {
			texts := texts{room: r}
			var where []uint32
			var want []string
			for i := range 30_000 {
				text := fmt.Sprint("text ", i, strings.Repeat("x", i%300))
				if i%10_000 == 5 {
					text = strings.Repeat("long ", 100_000) // longer than a block
				}
				where, want = append(where, texts.add([]byte(text))), append(want, text)
			}
			in := textReader{t: &texts}
			for i, w := range where {
				if got := string(texts.at(w)); got != want[i] {
					t.Fatalf("text %d is %.40q instead of %.40q", i, got, want[i])
				}
				if got := string(in.at(w)); got != want[i] {
					t.Fatalf("read in turn, text %d is %.40q instead of %.40q", i, got, want[i])
				}
			}
			texts.remove(where[7])
			if r != nil && r.file != nil {
				b := texts.blocks[where[7]>>blockBits]
				if !b.place.there() {
					t.Fatal("its block is still in memory")
				}
				raw := make([]byte, b.n)
				r.read(b.place, 0, raw)
				if s := string(raw); strings.Contains(s, "text 7x") || !strings.Contains(s, "text 8x") {
					t.Error("the file does not hold what it should of the first texts")
				}
			}
			texts.drop()
			if r != nil && r.held.Load() != 0 {
				t.Errorf("%d bytes are left when all is given up", r.held.Load())
			}
		})
	}
}

// TestRows: rows with gaps have the slots in which they came.
func TestRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r rows
		slots := map[int64]uint32{}
		row := int64(0)
		for range rapid.IntRange(0, 200).Draw(t, "rows") {
			row += int64(rapid.SampledFrom([]int{1, 1, 1, 2, 1000}).Draw(t, "step"))
			slots[row] = r.add(row)
		}
		if !r.sound() {
			t.Fatalf("%+v is said not to be sound", r)
		}
		for want := range row + 2 {
			slot, ok := r.place(want)
			expected, there := slots[want]
			if ok != there || ok && (slot != expected || r.at(slot) != want) {
				t.Fatalf("row %d is at %d, %v instead of %d, %v", want, slot, ok, expected, there)
			}
		}
	})
}

// roomCrowd is a store of 100,000 customers, changed here and there.
func roomCrowd(t *testing.T, r *room) *Store {
	t.Helper()
	c := newCrowd()
	c.customers, c.events = 100_000, 0
	s := newStore(time.UTC, r)
	l, err := s.Begin(t.Context(), c, []string{"plan", "usage", "joined", "address", "text 9", "number 1", "created_at"}, nil, c.customers, func() app.Instant { return c.now })
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Fill(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if err := l.Finish(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	x := rand.New(rand.NewPCG(3, 4))
	out := &Touched{Attributes: map[string][]Touch{}, Events: map[string][]Touch{}, Lists: map[int64][]Touch{}}
	for range 3000 {
		row := 1 + x.Int64N(c.customers)
		f := &app.Facts{Row: row, CreatedAt: c.now, Attributes: fmt.Appendf(nil, `{"plan":"p%d","usage":%d,"joined":"2024-02-%02d","address":"%d Main Street","text 9":"new %d"}`,
			x.IntN(400), x.IntN(300), 1+x.IntN(28), x.IntN(1000), x.IntN(30))}
		slot, _ := s.place(row)
		if x.IntN(10) == 0 {
			s.remove(slot)
		} else {
			s.put(slot, f, app.Cause{}, out)
		}
	}
	return s
}

// TestRoom: rules, sorted lists and snapshots are the same wherever the columns lie.
func TestRoom(t *testing.T) {
	roomy := roomCrowd(t, nil)
	r := newRoom(t.TempDir(), 1)
	tight := roomCrowd(t, r)
	if r.end == 0 || !tight.attrs["address"].where.isFiled() || !tight.attrs["usage"].numbers.isFiled() {
		t.Fatal("nothing lies in the room")
	}
	if runtime.GOOS != "windows" {
		if left, err := os.ReadDir(r.folder); err != nil || len(left) > 0 {
			t.Errorf("others see the room's file: %v %v", left, err)
		}
	}
	made := newRoom(t.TempDir(), resident)
	later := roomCrowd(t, made)
	before := made.held.Load()
	if later.hold(1); made.held.Load() > before/2 {
		t.Errorf("memory held %d bytes, and when it was asked to hold nothing %d", before, made.held.Load())
	}
	var snapshot strings.Builder
	if err := tight.Save(&snapshot, Mark{}); err != nil {
		t.Fatal(err)
	}
	again := newStore(time.UTC, newRoom(t.TempDir(), 1))
	if _, err := again.Restore(strings.NewReader(snapshot.String()), int64(snapshot.Len()), crowdNow); err != nil {
		t.Fatal(err)
	}
	rules := []string{
		`{"attribute":"plan","op":"is","value":"p7"}`, `{"attribute":"usage","op":"gt","value":150}`, `{"attribute":"address","op":"contains","value":"77 M"}`,
		`{"attribute":"joined","op":"before","value":"2024-02-11"}`, `{"attribute":"text 9","op":"starts_with","value":"new 1"}`,
		`{"attribute":"number 1","op":"lt","value":5000}`, `{"attribute":"created_at","op":"after","value":"2025-01-01"}`, `{"attribute":"address","op":"not_exists"}`,
	}
	for _, text := range rules {
		want := choose(t, roomy, text, nil)
		for where, s := range map[string]*Store{"the room": tight, "the room, put there at once": later, "a snapshot": again} {
			if got := choose(t, s, text, nil); !slices.Equal(got.Rows, want.Rows) {
				t.Errorf("%s: %d from %s instead of %d", text, got.Total, where, want.Total)
			}
			for row := int64(1); row < 100_000; row += 977 {
				if p := plan(t, s, text); p.Holds(row) != plan(t, roomy, text).Holds(row) {
					t.Errorf("%s: from %s the answer for %d is another", text, where, row)
				}
			}
		}
	}
	for _, by := range []string{"plan", "usage", "joined", "address", "created_at"} {
		want := choose(t, roomy, rules[1], []string{by})
		for where, s := range map[string]*Store{"the room": tight, "the room, put there at once": later, "a snapshot": again} {
			if got := choose(t, s, rules[1], []string{by}); !slices.Equal(got.Rows, want.Rows) {
				t.Errorf("by %s the order from %s is another", by, where)
			}
		}
	}
	want, _ := roomy.Common("usage", 3)
	if got, ok := tight.Common("usage", 3); !ok || *got.Low != *want.Low || *got.High != *want.High {
		t.Errorf("usage is described as %+v instead of %+v", got, want)
	}
	held := r.held.Load()
	for _, c := range slices.Clone(tight.cols) {
		tight.dropColumn(c)
	}
	if got := r.held.Load(); got >= held {
		t.Errorf("columns that were given up still take %d of %d bytes", got, held)
	}
}

const crowdNow app.Instant = 1_772_366_400_000

func plan(t *testing.T, s *Store, text string) *Plan {
	t.Helper()
	rule, err := app.ParseRule([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	p, needs := s.Compile(rule, nobodyNamed{})
	if p == nil {
		t.Fatalf("%s lacks %v", text, needs)
	}
	p.Ready(crowdNow)
	return p
}

// isFiled reports whether some of it is in the room.
func (v *vec[T]) isFiled() bool {
	for k := range v.chunks {
		if v.chunks[k].place.there() {
			return true
		}
	}
	return false
}

func choose(t *testing.T, s *Store, text string, sort []string) app.Chosen {
	t.Helper()
	return plan(t, s, text).Pick(app.Choice{Sort: sort, Limit: -1})
}

// TestDateIndex: it names everybody whose date an edge has passed, whether the dates are a
// dictionary's, which takes a place each and not one a customer, or have become too many.
func TestDateIndex(t *testing.T) {
	s := newStore(time.UTC, nil)
	c := s.addColumn("renewal")
	s.attrs[c.key] = c.v
	day := func(n int64) string { return fmt.Sprintf("%q", (app.Instant(n) * app.DayMillis).String()[:10]) }
	set := func(slot uint32, raw string) {
		c.v.set(slot, []byte(raw))
		if x := s.indexes[dateKey{"renewal", false}]; x != nil {
			x.add(slot, []byte(raw))
		}
	}
	days := map[uint32]int64{}
	put := func(slot uint32, n int64) {
		days[slot] = n
		set(slot, day(n))
	}
	const customers = 50_000
	for slot := range uint32(customers) {
		s.addSlot(int64(slot) + 1)
		put(slot, int64(20_000+slot%300))
	}
	check := func() {
		t.Helper()
		x := s.datesOf("renewal", c.v, false)
		for _, from := range []int64{19_000, 20_000, 20_100, 20_299, 21_000} {
			got := map[uint32]bool{}
			x.between(swept{app.Instant(from) * app.DayMillis, app.Instant(from+1) * app.DayMillis}, time.UTC, func(slot uint32) { got[slot] = true })
			for slot, n := range days {
				if (n == from || n == from+1) && !got[slot] {
					t.Fatalf("from day %d on, %d is not named, whose day is %d", from, slot, n)
				}
			}
			want := int64(math.MaxInt64)
			for _, n := range days {
				if n > from {
					want = min(want, n)
				}
			}
			if next, ok := x.after(app.Instant(from)*app.DayMillis, time.UTC); ok != (want < math.MaxInt64) || ok && next != app.Instant(want)*app.DayMillis {
				t.Fatalf("after day %d comes %v, %v instead of day %d", from, next, ok, want)
			}
		}
	}
	check()
	if x := s.datesOf("renewal", c.v, false); x.instants.size()+x.wall.size() > 400 {
		t.Errorf("300 dates of %d customers take %d places", customers, x.instants.size()+x.wall.size())
	}
	put(7, 19_001)
	check()
	defer func(limit int) { dictLimit = limit }(dictLimit)
	dictLimit = 350
	for slot := range uint32(1000) {
		put(slot, int64(22_000+slot))
	}
	if c.v.form != dateForm {
		t.Fatal("the dictionary holds a thousand dates more than it may")
	}
	put(9, 20_050)
	check()
}
