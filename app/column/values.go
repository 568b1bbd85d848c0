package column

import (
	"bytes"
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

	codes  vec[uint16] // 0 is no value
	dict   [][]byte    // by code; dict[0] is nil
	counts []uint32    // how many have it
	lookup map[string]uint16
	live   int

	numbers vec[float64] // NaN: none, or in rest
	dates   vec[int64]   // milliseconds << 1, and 1 for a local time; noDate: none, or in rest

	where vec[uint32] // among texts, 0: none, or in rest
	texts texts

	rest map[uint32][]byte // raw values that the form does not take

	parsed *dictDates // what the dictionary's values are to tests of dates
	usage  *usage
	room   *room
}

// dictDates keeps what a dictionary's values are as dates; previews fill it too, with the
// store's lock for reading only.
type dictDates struct {
	sync.Mutex
	gen int
	of  [2][]dictDate // without, and with, numbers as dates
}

const noDate = math.MinInt64

func newValues(n int, keepRaw bool, r *room) *values {
	return &values{n: n, keepRaw: keepRaw, codes: newCodes(n, r), dict: [][]byte{nil}, counts: []uint32{0}, lookup: map[string]uint16{},
		parsed: &dictDates{}, usage: &usage{}, room: r}
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
	v.n = n
	switch v.form {
	case dictForm:
		v.codes.grow(n)
	case numberForm:
		v.numbers.grow(n)
	case dateForm:
		v.dates.grow(n)
	default:
		v.where.grow(n)
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
	old := v.codes.at(i)
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
				old = v.codes.at(i)
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
	v.codes.set(i, code)
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
	for i := range uint32(v.n) {
		if code := v.codes.at(i); code != 0 {
			v.codes.set(i, to[code])
		}
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
	*v = values{n: old.n, gen: old.gen + 1, keepRaw: old.keepRaw, rest: map[uint32][]byte{}, parsed: old.parsed, usage: old.usage, room: old.room}
	const most = 9
	switch {
	case old.keepRaw:
		v.form = rawForm
	case numbers*10 >= all*most:
		v.form = numberForm
	case dates*10 >= all*most:
		v.form = dateForm
	case texts*2 >= all:
		v.form = textForm
	default:
		v.form = rawForm
	}
	v.make()
	codes := old.codes.cursor()
	for i := range uint32(v.n) {
		if code := codes.at(i); code != 0 {
			v.set(i, old.dict[code])
		}
	}
	old.codes.drop()
}

// make makes what the form keeps, with nothing in it.
func (v *values) make() {
	switch v.form {
	case dictForm:
		v.codes = newCodes(v.n, v.room)
	case numberForm:
		v.numbers = newVec(v.n, math.NaN(), v.room)
	case dateForm:
		v.dates = newVec(v.n, int64(noDate), v.room)
	default:
		v.where, v.texts = newVec(v.n, uint32(0), v.room), texts{room: v.room}
	}
}

// file puts what is full into the room.
func (v *values) file() {
	v.codes.file(-1)
	v.numbers.file(-1)
	v.dates.file(-1)
	v.where.file(-1)
	v.texts.file()
}

// drop gives up what v holds; it is not used again.
func (v *values) drop() {
	v.codes.drop()
	v.numbers.drop()
	v.dates.drop()
	v.where.drop()
	v.texts.drop()
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
	old, next := v.numbers.at(i), math.NaN()
	odd := raw
	if raw != nil && raw[0] != '"' {
		if n, ok := app.ParseNumber(string(raw)); ok {
			next, odd = n, nil
		}
	}
	v.numbers.set(i, next)
	changed := v.leave(i, odd)
	return changed || math.Float64bits(old) != math.Float64bits(next) && !(old != old && next != next)
}

func (v *values) setDate(i uint32, raw []byte) bool {
	old, next := v.dates.at(i), int64(noDate)
	odd := raw
	if raw != nil && raw[0] == '"' {
		if d, ok := segment.DateOf(raw, false); ok {
			next, odd = packDate(d), nil
		}
	}
	v.dates.set(i, next)
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
		v.texts.remove(v.where.at(i))
	}
	where := uint32(0)
	if content != nil {
		if where = v.texts.add(content); where == 0 {
			v.sweep()
			if where = v.texts.add(content); where == 0 { // 4 GB of texts, in one column
				v.leave(i, raw)
			}
		}
	}
	v.where.set(i, where)
	if v.texts.wasteful() {
		v.sweep()
	}
	return true
}

// at returns the bytes of number i in textForm or rawForm, nil if there are none.
func (v *values) at(i uint32) []byte {
	if where := v.where.at(i); where != 0 {
		return v.texts.at(where)
	}
	return nil
}

// sweep writes the texts anew, without what is no longer used.
func (v *values) sweep() {
	old := v.texts
	v.texts = texts{room: v.room}
	in := textReader{t: &old}
	for i := range uint32(v.n) {
		if where := v.where.at(i); where != 0 {
			content := in.at(where)
			where = v.texts.add(content)
			if v.where.set(i, where); where == 0 {
				if v.form == textForm {
					content = app.Quote(string(content))
				}
				v.leave(i, content)
			}
		}
	}
	old.drop()
}

// raw returns the value of number i as JSON that tests read as they would the original;
// nil if there is none. In textForm the text is folded.
func (v *values) raw(i uint32) []byte {
	switch v.form {
	case dictForm:
		return v.dict[v.codes.at(i)]
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
	next := newValues(0, v.keepRaw, v.room)
	next.form, next.gen, next.n, next.parsed = v.form, v.gen, len(order), v.parsed
	next.usage = v.usage
	next.make()
	switch v.form {
	case dictForm:
		next.dict, next.lookup = v.dict, v.lookup
		next.counts = make([]uint32, len(v.counts))
		codes := v.codes.flat()
		next.codes.fill(len(order), func(from int, part []uint16) {
			for i := range part {
				code := codes[order[from+i]]
				part[i] = code
				if code != 0 {
					if next.counts[code]++; next.counts[code] == 1 {
						next.live++
					}
				}
			}
		})
	case numberForm:
		permute(&next.numbers, &v.numbers, order)
	case dateForm:
		permute(&next.dates, &v.dates, order)
	default:
		permute(&next.where, &v.where, order)
		next.texts, v.texts = v.texts, texts{}
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
	v.drop()
	*v = *next
	if v.form == textForm || v.form == rawForm {
		v.sweep()
	}
}

// permute fills a vector with the values of another, in an order.
func permute[T fixed](to, from *vec[T], order []uint32) {
	all := from.flat()
	to.fill(len(order), func(first int, part []T) {
		for i := range part {
			part[i] = all[order[first+i]]
		}
	})
}

// size is the memory that v takes, in bytes, near enough.
func (v *values) size() int64 {
	n := v.codes.memory() + v.numbers.memory() + v.dates.memory() + v.where.memory() + v.texts.memory()
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
