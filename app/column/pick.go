package column

import (
	"bytes"
	"cmp"
	"math"
	"slices"

	"kith/app"
	"kith/app/segment"
)

// Pick answers a choice whose rule the plan is of; the columns of its Sort must be there:
// see [Store.Lacks].
func (p *Plan) Pick(c app.Choice) app.Chosen {
	s := p.store
	set := p.root.all()
	switch {
	case c.Live, c.Archived != nil && !*c.Archived:
		set.and(s.live)
		if c.Live && c.Archived != nil && *c.Archived {
			clear(set)
		}
	default:
		set.and(s.exists)
		if c.Archived != nil {
			for i, w := range s.live {
				set[i] &^= w
			}
		}
	}
	if c.Rows != nil {
		asked := newBits(s.count())
		for _, row := range c.Rows {
			if slot, ok := s.slot(row); ok {
				asked.set(slot)
			}
		}
		set.and(asked)
	}
	out := app.Chosen{Total: int64(set.count()), Loading: 1}
	n := int(out.Total)
	if c.Limit >= 0 {
		n = min(n, c.Offset+c.Limit)
	}
	var slots []uint32
	if len(c.Sort) == 0 {
		slots = set.last(n)
	} else {
		slots = s.first(set, n, c.Desc, s.order(c.Sort, c.Desc))
	}
	for _, slot := range slots[min(c.Offset, len(slots)):] {
		out.Rows = append(out.Rows, s.rows.at(slot))
	}
	return out
}

// Lacks returns what must be loaded before customers can be sorted by attributes.
func (s *Store) Lacks(sort []string) (needs []Need) {
	for _, name := range sort {
		if s.attrs[name] == nil {
			needs = append(needs, Need{Attribute: name})
		}
	}
	return needs
}

// first returns the first n of a set by an order. Downwards it begins with the newest: what
// grows with time, as dates of sign-up do, is then found at once.
func (s *Store) first(set bitset, n int, down bool, order func(a, b uint32) int) []uint32 {
	if n == 0 {
		return nil
	}
	var out []uint32
	if total := set.count(); n > total/8 {
		out = make([]uint32, 0, total)
		set.each(func(slot uint32) { out = append(out, slot) })
		slices.SortFunc(out, order)
		return out[:n]
	}
	// A heap of the n best, the worst of them on top.
	each := set.each
	if down {
		each = set.eachDown
	}
	each(func(slot uint32) {
		if len(out) < n {
			out = append(out, slot)
			for i := len(out) - 1; i > 0; {
				up := (i - 1) / 2
				if order(out[up], out[i]) >= 0 {
					break
				}
				out[up], out[i] = out[i], out[up]
				i = up
			}
			return
		}
		if order(slot, out[0]) >= 0 {
			return
		}
		out[0] = slot
		for i := 0; ; {
			worst := 2*i + 1
			if worst >= n {
				break
			}
			if worst+1 < n && order(out[worst+1], out[worst]) > 0 {
				worst++
			}
			if order(out[i], out[worst]) >= 0 {
				break
			}
			out[i], out[worst] = out[worst], out[i]
			i = worst
		}
	})
	slices.SortFunc(out, order)
	return out
}

// order compares slots by attributes, those without a value last, and then the newest first.
func (s *Store) order(names []string, desc bool) func(a, b uint32) int {
	var by []func(a, b uint32) int
	for _, name := range names {
		v := s.attrs[name]
		s.use(v)
		by = append(by, v.order(desc))
	}
	return func(a, b uint32) int {
		for _, compare := range by {
			if c := compare(a, b); c != 0 {
				return c
			}
		}
		return cmp.Compare(b, a)
	}
}

// order compares two numbers of a column by their values.
func (v *values) order(desc bool) func(a, b uint32) int {
	if v.form == dictForm {
		ranks, codes := v.ranks(desc), v.codes.flat()
		return func(a, b uint32) int { return cmp.Compare(ranks[codes[a]], ranks[codes[b]]) }
	}
	numbers, dates := v.numbers.flat(), v.dates.flat() // one of them is empty
	return func(a, b uint32) int {
		x, y := v.sortKey(a, numbers, dates), v.sortKey(b, numbers, dates)
		switch {
		case x.class == missing || y.class == missing:
			return cmp.Compare(x.class, y.class)
		case desc:
			return y.compare(x)
		}
		return x.compare(y)
	}
}

// ranks are the places of a dictionary's values in their order, by code; none comes last.
func (v *values) ranks(desc bool) []uint32 {
	codes := make([]uint16, 0, len(v.dict)-1)
	keys := make([]sortKey, len(v.dict))
	for code := 1; code < len(v.dict); code++ {
		codes, keys[code] = append(codes, uint16(code)), keyOf(v.dict[code])
	}
	slices.SortFunc(codes, func(a, b uint16) int {
		if desc {
			a, b = b, a
		}
		return keys[a].compare(keys[b])
	})
	ranks := make([]uint32, len(v.dict))
	ranks[0] = math.MaxUint32
	for i, code := range codes {
		ranks[code] = uint32(i)
		if i > 0 && keys[code].compare(keys[codes[i-1]]) == 0 {
			ranks[code] = ranks[codes[i-1]]
		}
	}
	return ranks
}

// The classes of values, in the order in which they stand.
const (
	ofBoolean = iota
	ofNumber
	ofDate
	ofText
	ofOther
	missing
)

// sortKey is a value as it is sorted.
type sortKey struct {
	class  int
	number float64
	text   []byte
}

func (k sortKey) compare(o sortKey) int {
	if k.class != o.class {
		return cmp.Compare(k.class, o.class)
	}
	if k.class <= ofDate {
		return cmp.Compare(k.number, o.number)
	}
	return bytes.Compare(k.text, o.text)
}

// sortKey is the key of number i; numbers and dates are those of the column, as lists.
func (v *values) sortKey(i uint32, numbers []float64, dates []int64) sortKey {
	switch v.form {
	case dictForm:
		return keyOf(v.dict[v.codes.at(i)])
	case numberForm:
		if n := numbers[i]; n == n {
			return sortKey{class: ofNumber, number: n}
		}
	case dateForm:
		if d := dates[i]; d != noDate {
			return sortKey{class: ofDate, number: float64(d >> 1)}
		}
	case textForm:
		if content := v.at(i); content != nil {
			if c := content[0]; c == '-' || c == '+' || c >= '0' && c <= '9' { // it may be a date
				if d, ok := segment.DateOf(app.Quote(string(bytes.ToUpper(content))), false); ok {
					return sortKey{class: ofDate, number: float64(d.Instant)}
				}
			}
			return sortKey{class: ofText, text: content}
		}
	case rawForm:
		return keyOf(v.at(i))
	}
	return keyOf(v.rest[i])
}

// keyOf is the key of a raw value.
func keyOf(raw []byte) sortKey {
	if len(raw) == 0 || raw[0] == 'n' {
		return sortKey{class: missing}
	}
	switch raw[0] {
	case 't':
		return sortKey{class: ofBoolean, number: 1}
	case 'f':
		return sortKey{class: ofBoolean}
	case '"':
		if d, ok := segment.DateOf(raw, false); ok {
			return sortKey{class: ofDate, number: float64(d.Instant)}
		}
		text, _ := app.Text(raw)
		return sortKey{class: ofText, text: []byte(segment.Fold(text))}
	case '[', '{':
		return sortKey{class: ofOther, text: raw}
	}
	n, _ := app.ParseNumber(string(raw))
	return sortKey{class: ofNumber, number: n}
}
