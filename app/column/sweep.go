package column

import "kith/app"

// sweep tests a column from its first value to its last, 64 at a time. It reads what lies in
// the room chunk by chunk, and is for one goroutine.
type sweep struct {
	m       *matcher
	codes   cursor[uint16]
	numbers cursor[float64]
	dates   cursor[int64]
	where   cursor[uint32]
	texts   textReader
	zones   *cursor[uint16] // nil: there is one zone
}

// over begins to test the values of a column; zoneOf gives the zone of each.
func (m *matcher) over(zoneOf *vec[uint16]) *sweep {
	v := m.v
	x := &sweep{m: m, codes: v.codes.cursor(), numbers: v.numbers.cursor(), dates: v.dates.cursor(), where: v.where.cursor(), texts: textReader{t: &v.texts}}
	if zoneOf != nil {
		zones := zoneOf.cursor()
		x.zones = &zones
	}
	return x
}

// word tests up to 64 numbers from base on, but for what is in rest.
func (x *sweep) word(base, n uint32) (w uint64) {
	m := x.m
	form := m.v.form
	switch {
	case form == dictForm && (m.dates == nil || len(m.spans) == 1):
		return x.codeWord(base, n)
	case form == numberForm && m.t.Test.Type == app.NumberType && m.t.Op != app.OpExists && len(m.t.Test.Operands) > 0:
		return m.numberWord(x.numbers.values(base, n))
	case form == dateForm && len(m.spans) == 1 && len(m.spans[0].of) == 1 && m.t.Op != app.OpExists:
		in := m.spans[0].of[0]
		for j, d := range x.dates.values(base, n) {
			from, to := in.from, in.to
			if d&1 == 1 {
				d, from, to = d&^1, in.wallFrom, in.wallTo
			}
			if d >= from && d < to && d != noDate {
				w |= 1 << j
			}
		}
		return w
	}
	if form == textForm || form == rawForm {
		return x.textWord(base, n)
	}
	for j := range n {
		zone := 0
		if x.zones != nil {
			zone = int(x.zones.at(base + j))
		}
		if x.one(base+j, zone) {
			w |= 1 << j
		}
	}
	return w
}

// codeWord looks the answers of up to 64 codes up.
func (x *sweep) codeWord(base, n uint32) (w uint64) {
	table := x.m.table
	c, j := x.codes.chunk(int(base>>chunkBits)), base&chunkMask
	if c.small != nil && int(j+n) <= len(c.small) {
		for i, code := range c.small[j : j+n] {
			w |= uint64(table[code]>>1) << i
		}
		return w
	}
	for i, code := range x.codes.values(base, n) {
		w |= uint64(table[code]>>1) << i
	}
	return w
}

// one tests number i of what is no text.
func (x *sweep) one(i uint32, zone int) bool {
	m := x.m
	switch m.v.form {
	case dictForm:
		return m.code(x.codes.at(i), zone)
	case numberForm:
		n := x.numbers.at(i)
		return n == n && m.number(n)
	case dateForm:
		d := x.dates.at(i)
		return d != noDate && m.date(d, zone)
	}
	return false
}

// textWord tests up to 64 texts, or values as they came.
func (x *sweep) textWord(base, n uint32) (w uint64) {
	m, folded := x.m, x.m.v.form == textForm
	for j, where := range x.where.values(base, n) {
		if where == 0 {
			continue
		}
		zone := 0
		if x.zones != nil {
			zone = int(x.zones.at(base + uint32(j)))
		}
		content := x.texts.at(where)
		if folded && m.text(content, zone) || !folded && m.slow(content, zone) {
			w |= 1 << j
		}
	}
	return w
}
