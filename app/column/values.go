package column

import (
	"bytes"
	"encoding/binary"
	"math"
	"sync"
	"unsafe"

	"kith/app"
	"kith/app/segment"
)

// form is how a [values] keeps what it holds.
type form uint8

const (
	// dictForm: a code for each distinct value. Every column begins so.
	dictForm form = iota
	// numberForm: JSON numbers, as rules see them.
	numberForm
	// dateForm: texts that are dates.
	dateForm
	// textForm: texts, folded, one behind the other.
	textForm
	// rawForm: any JSON as it came, one behind the other. For tests that need just that.
	rawForm
)

// dictLimit is how many distinct values a dictionary may have before the column takes
// another form: few enough for a test to be made on each of them at every keystroke.
var dictLimit = 1 << 14

// maxCodes are 16 bits' worth; the ones that nothing has any more are given up in between.
var maxCodes = 1<<16 - 1

// values holds one raw JSON value, or none, for each number of its space: a customer's
// slot, or the place of an event in a series. It is derived: set again from the tables.
type values struct {
	form form
	n    int
	gen  int // grows when codes change their meaning
	// keepRaw: the column may only take rawForm when its dictionary is full.
	keepRaw bool

	codes  []uint16 // 0 is no value
	dict   [][]byte // by code; dict[0] is nil
	counts []uint32 // how many have it
	lookup map[string]uint16
	live   int

	numbers []float64 // NaN: none, or in rest
	dates   []int64   // milliseconds << 1, and 1 for a local time; noDate: none, or in rest

	offsets []uint32 // into arena, 0: none, or in rest
	arena   []byte   // a length as varint, then the bytes
	garbage int

	rest map[uint32][]byte // raw values that the form does not take

	parsed *dictDates // what the dictionary's values are to tests of dates
	usage  *usage
}

// dictDates keeps what a dictionary's values are as dates; previews fill it too, with the
// store's lock for reading only.
type dictDates struct {
	sync.Mutex
	gen int
	of  [2][]dictDate // without, and with, numbers as dates
}

const noDate = math.MinInt64

func newValues(n int, keepRaw bool) *values {
	return &values{n: n, keepRaw: keepRaw, codes: make([]uint16, n), dict: [][]byte{nil}, counts: []uint32{0}, lookup: map[string]uint16{}, parsed: &dictDates{}, usage: &usage{}}
}

// asDates returns what the dictionary's values are as dates, by code.
func (v *values) asDates(epochs bool) []dictDate {
	v.parsed.Lock()
	defer v.parsed.Unlock()
	if v.parsed.gen != v.gen {
		v.parsed.gen, v.parsed.of = v.gen, [2][]dictDate{}
	}
	of := &v.parsed.of[0]
	if epochs {
		of = &v.parsed.of[1]
	}
	for code := len(*of); code < len(v.dict); code++ {
		d := dictDate{packed: noDate}
		if raw := v.dict[code]; len(raw) > 0 {
			if d.list = raw[0] == '['; !d.list {
				if date, ok := segment.DateOf(raw, epochs); ok {
					d.packed = packDate(date)
				}
			}
		}
		*of = append(*of, d)
	}
	return *of
}

// grow makes room for n numbers; new ones have no value.
func (v *values) grow(n int) {
	if n <= v.n {
		return
	}
	add := n - v.n
	v.n = n
	switch v.form {
	case dictForm:
		v.codes = append(v.codes, make([]uint16, add)...)
	case numberForm:
		for range add {
			v.numbers = append(v.numbers, math.NaN())
		}
	case dateForm:
		for range add {
			v.dates = append(v.dates, noDate)
		}
	default:
		v.offsets = append(v.offsets, make([]uint32, add)...)
	}
}

// set gives number i the value raw, nil for none, and reports whether it was another.
func (v *values) set(i uint32, raw []byte) bool {
	if len(raw) == 0 || raw[0] == 'n' {
		raw = nil
	}
	switch v.form {
	case dictForm:
		return v.setCode(i, raw)
	case numberForm:
		return v.setNumber(i, raw)
	case dateForm:
		return v.setDate(i, raw)
	}
	return v.setText(i, raw)
}

func (v *values) setCode(i uint32, raw []byte) bool {
	old := v.codes[i]
	code := uint16(0)
	if raw != nil {
		var ok bool
		if code, ok = v.lookup[string(raw)]; !ok {
			if v.live >= dictLimit {
				v.convert()
				v.set(i, raw)
				return true
			}
			if len(v.dict) >= maxCodes {
				v.compact()
				old = v.codes[i]
			}
			code = uint16(len(v.dict))
			kept := bytes.Clone(raw)
			v.dict, v.counts = append(v.dict, kept), append(v.counts, 0)
			v.lookup[string(kept)] = code
		}
	}
	if code == old {
		return false
	}
	if old != 0 {
		if v.counts[old]--; v.counts[old] == 0 {
			v.live--
		}
	}
	if code != 0 {
		if v.counts[code]++; v.counts[code] == 1 {
			v.live++
		}
	}
	v.codes[i] = code
	return true
}

// compact gives up the codes that nothing has.
func (v *values) compact() {
	to := make([]uint16, len(v.dict))
	dict, counts := [][]byte{nil}, []uint32{0}
	clear(v.lookup)
	for code := 1; code < len(v.dict); code++ {
		if v.counts[code] == 0 {
			continue
		}
		to[code] = uint16(len(dict))
		v.lookup[string(v.dict[code])] = to[code]
		dict, counts = append(dict, v.dict[code]), append(counts, v.counts[code])
	}
	for i, code := range v.codes {
		v.codes[i] = to[code]
	}
	v.dict, v.counts = dict, counts
	v.gen++
}

// convert changes a full dictionary into the form that most of its values fit.
func (v *values) convert() {
	numbers, dates, texts, all := 0, 0, 0, 0
	for code := 1; code < len(v.dict); code++ {
		if v.counts[code] == 0 {
			continue
		}
		all++
		raw := v.dict[code]
		switch {
		case app.JSONKind(raw) == app.NumberKind:
			numbers++
		case isDate(raw):
			dates++
			texts++
		case raw[0] == '"':
			texts++
		}
	}
	old := *v
	*v = values{n: old.n, gen: old.gen + 1, keepRaw: old.keepRaw, rest: map[uint32][]byte{}, parsed: old.parsed, usage: old.usage}
	const most = 9
	switch {
	case old.keepRaw:
		v.form = rawForm
	case numbers*10 >= all*most:
		v.form = numberForm
		v.numbers = make([]float64, v.n)
		for i := range v.numbers {
			v.numbers[i] = math.NaN()
		}
	case dates*10 >= all*most:
		v.form = dateForm
		v.dates = make([]int64, v.n)
		for i := range v.dates {
			v.dates[i] = noDate
		}
	case texts*2 >= all:
		v.form = textForm
	default:
		v.form = rawForm
	}
	if v.form == textForm || v.form == rawForm {
		v.offsets, v.arena = make([]uint32, v.n), []byte{0}
	}
	for i, code := range old.codes {
		if code != 0 {
			v.set(uint32(i), old.dict[code])
		}
	}
}

func isDate(raw []byte) bool {
	_, ok := segment.DateOf(raw, false)
	return ok && raw[0] == '"'
}

// leave puts what the form does not take into rest, or takes it out.
func (v *values) leave(i uint32, raw []byte) bool {
	old, had := v.rest[i]
	if raw == nil {
		delete(v.rest, i)
		return had
	}
	if had && bytes.Equal(old, raw) {
		return false
	}
	v.rest[i] = bytes.Clone(raw)
	return true
}

func (v *values) setNumber(i uint32, raw []byte) bool {
	old, next := v.numbers[i], math.NaN()
	odd := raw
	if raw != nil && raw[0] != '"' {
		if n, ok := app.ParseNumber(string(raw)); ok {
			next, odd = n, nil
		}
	}
	v.numbers[i] = next
	changed := v.leave(i, odd)
	return changed || math.Float64bits(old) != math.Float64bits(next) && !(old != old && next != next)
}

func (v *values) setDate(i uint32, raw []byte) bool {
	old, next := v.dates[i], int64(noDate)
	odd := raw
	if raw != nil && raw[0] == '"' {
		if d, ok := segment.DateOf(raw, false); ok {
			next, odd = packDate(d), nil
		}
	}
	v.dates[i] = next
	changed := v.leave(i, odd)
	return changed || old != next
}

// packDate keeps a date in 8 bytes.
func packDate(d app.Date) int64 {
	if d.Kind == app.Exact {
		return int64(d.Instant) << 1
	}
	return int64(d.Instant)<<1 | 1
}

func unpackDate(p int64) app.Date {
	if p&1 == 1 {
		return app.Date{Kind: app.LocalTime, Instant: app.Instant(p >> 1)}
	}
	return app.Date{Instant: app.Instant(p >> 1)}
}

func (v *values) setText(i uint32, raw []byte) bool {
	var odd, content []byte
	switch {
	case raw == nil:
	case v.form == rawForm:
		content = raw
	default:
		if s, ok := app.Text(raw); ok {
			content = []byte(segment.Fold(s))
			if len(content) == 0 {
				odd, content = raw, nil
			}
		} else {
			odd = raw
		}
	}
	changed := v.leave(i, odd)
	old := v.at(i)
	if bytes.Equal(old, content) {
		return changed
	}
	if old != nil {
		v.garbage += len(old) + 1
	}
	v.offsets[i] = 0
	if content != nil {
		if len(v.arena)+len(content)+8 > math.MaxUint32 {
			v.sweep()
		}
		v.offsets[i] = uint32(len(v.arena))
		v.arena = binary.AppendUvarint(v.arena, uint64(len(content)))
		v.arena = append(v.arena, content...)
	}
	if v.garbage > 1<<20 && v.garbage > len(v.arena)/2 {
		v.sweep()
	}
	return true
}

// at returns the bytes of number i in textForm or rawForm, nil if there are none.
func (v *values) at(i uint32) []byte {
	offset := v.offsets[i]
	if offset == 0 {
		return nil
	}
	if n := v.arena[offset]; n < 0x80 {
		return v.arena[offset+1 : offset+1+uint32(n)]
	}
	n, size := binary.Uvarint(v.arena[offset:])
	return v.arena[offset+uint32(size) : offset+uint32(size)+uint32(n)]
}

// sweep writes the arena anew, without what is no longer used.
func (v *values) sweep() {
	arena := make([]byte, 1, max(len(v.arena)-v.garbage, 0)+1)
	for i := range v.offsets {
		content := v.at(uint32(i))
		if content == nil {
			continue
		}
		offset := uint32(len(arena))
		arena = binary.AppendUvarint(arena, uint64(len(content)))
		arena = append(arena, content...)
		v.offsets[i] = offset
	}
	v.arena, v.garbage = arena, 0
}

// raw returns the value of number i as JSON that tests read as they would the original;
// nil if there is none. In textForm the text is folded.
func (v *values) raw(i uint32) []byte {
	switch v.form {
	case dictForm:
		return v.dict[v.codes[i]]
	case rawForm:
		return v.at(i)
	case textForm:
		if content := v.at(i); content != nil {
			return app.Quote(string(content))
		}
	}
	return v.rest[i]
}

// permute puts the value of number order[i] at i; order may leave numbers out.
func (v *values) permute(order []uint32) {
	next := newValues(0, v.keepRaw)
	next.form, next.gen, next.n, next.parsed = v.form, v.gen, len(order), v.parsed
	next.usage = v.usage
	switch v.form {
	case dictForm:
		next.codes, next.dict, next.lookup = make([]uint16, len(order)), v.dict, v.lookup
		next.counts = make([]uint32, len(v.counts))
		for i, from := range order {
			code := v.codes[from]
			next.codes[i] = code
			if code != 0 {
				if next.counts[code]++; next.counts[code] == 1 {
					next.live++
				}
			}
		}
	case numberForm:
		next.numbers = make([]float64, len(order))
		for i, from := range order {
			next.numbers[i] = v.numbers[from]
		}
	case dateForm:
		next.dates = make([]int64, len(order))
		for i, from := range order {
			next.dates[i] = v.dates[from]
		}
	default:
		next.offsets, next.arena = make([]uint32, len(order)), v.arena
		for i, from := range order {
			next.offsets[i] = v.offsets[from]
		}
	}
	if v.form != dictForm {
		next.rest = map[uint32][]byte{}
		if len(v.rest) > 0 {
			for i, from := range order {
				if raw, ok := v.rest[from]; ok {
					next.rest[uint32(i)] = raw
				}
			}
		}
	}
	*v = *next
	if v.form == textForm || v.form == rawForm {
		v.sweep()
	}
}

// size is the memory that v takes, in bytes, near enough.
func (v *values) size() int64 {
	n := 2*cap(v.codes) + 8*cap(v.numbers) + 8*cap(v.dates) + 4*cap(v.offsets) + cap(v.arena)
	for _, raw := range v.dict {
		n += 2*len(raw) + 24 + 4 + 40 // the dictionary, its count, and the way back
	}
	for _, raw := range v.rest {
		n += len(raw) + 64
	}
	return int64(n)
}

// asString looks at bytes as a text, without a copy; for a call that keeps neither.
func asString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
