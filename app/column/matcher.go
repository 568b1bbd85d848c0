package column

import (
	"strings"
	"time"

	"kith/app"
	"kith/app/segment"
)

// clockwork is an instant, and the zones that a rule's dates are read in: the first is the
// workspace's or the one that the test names, the others those of customers.
type clockwork struct {
	now   app.Instant
	zones []*time.Location
}

func (c clockwork) moment(zone int) segment.Moment {
	return segment.Moment{Now: c.now, Zone: c.zones[zone]}
}

// matcher is a test on the values of a column. It keeps what it finds out about them, so it
// is for one goroutine at a time; fill alone spreads its work.
type matcher struct {
	v *values
	t *segment.Tester
	// The values' gen, form and dictionary that table and dates are of.
	gen   int
	table []uint8 // by code: unknown, no, yes
	dates []dictDate
	at    clockwork
	spans []spans // by zone
}

const (
	unknown uint8 = iota
	no
	yes
)

// dictDate is what a dictionary's value is to a test of dates.
type dictDate struct {
	packed int64 // noDate: none
	list   bool  // several dates: asked of the tester each time
}

// span is an interval of packed dates: of instants, and of local times in one zone.
type span struct{ from, to, wallFrom, wallTo int64 }

type spans struct {
	of     []span
	rounds *segment.Rounds
	zone   *time.Location
}

func newMatcher(v *values, t *segment.Tester) *matcher {
	return &matcher{v: v, t: t, gen: -1}
}

// answers reports whether v's form keeps what t asks for; else a column in rawForm does.
func answers(v *values, t *segment.Tester) bool {
	date := isDateTest(t.Test)
	switch v.form {
	case numberForm:
		return !(t.Test.Forced && (t.Test.Type == app.TextType || date))
	case dateForm:
		if t.Op == app.OpExists || date {
			return true
		}
		for _, o := range t.Test.Operands {
			if o.Type == app.TextType {
				return false
			}
		}
		return true
	case textForm:
		return !t.Test.Case && t.Op != app.OpMatches && !date
	}
	return true
}

func isDateTest(t *app.Test) bool {
	if t.Type == app.DateType || t.Op.OfDates() {
		return true
	}
	return len(t.Operands) > 0 && t.Operands[0].Type == app.DateType
}

// ready brings what the matcher keeps up to the clockwork and to the column's form.
func (m *matcher) ready(at clockwork) {
	if m.gen != m.v.gen {
		m.gen, m.table, m.dates = m.v.gen, nil, nil
	}
	if m.v.form == dictForm {
		for len(m.table) < len(m.v.dict) {
			m.table = append(m.table, unknown)
		}
		if isDateTest(m.t.Test) && m.t.Op != app.OpExists {
			m.dates = m.v.asDates(m.t.Test.Forced)
		}
	}
	if !isDateTest(m.t.Test) || m.t.Op == app.OpExists || m.at.now == at.now && len(m.spans) == len(at.zones) && m.at.now != 0 {
		m.at = at
		return
	}
	m.at = at
	m.spans = m.spans[:0]
	for zone := range at.zones {
		m.spans = append(m.spans, spansOf(m.t, at.moment(zone)))
	}
}

// spansOf is what a test of dates takes, now, in one zone.
func spansOf(t *segment.Tester, at segment.Moment) spans {
	s := spans{zone: at.Zone}
	add := func(in segment.Interval) {
		s.of = append(s.of, span{packEdge(in.From), packEdge(in.To), packEdge(wallAt(in.From, at.Zone)), packEdge(wallAt(in.To, at.Zone))})
	}
	switch t.Op {
	case app.OpAnniversary:
		r := t.Rounds(at)
		s.rounds = &r
	case app.OpIs, app.OpIn, app.OpIncludesAny, app.OpIncludesAll:
		for _, o := range t.Test.Operands {
			add(segment.Interval{From: o.Date.Start(at.Zone), To: o.Date.End(at.Zone)})
		}
	default:
		add(t.Interval(at))
	}
	return s
}

// packEdge is an edge among packed dates; what is beyond every date stays so.
func packEdge(t app.Instant) int64 { return int64(min(max(t, -1<<60), 1<<60)) << 1 }

// wallAt returns the first local time that is not before an instant in zone.
func wallAt(t app.Instant, zone *time.Location) app.Instant {
	if t <= segment.Beginning || t >= segment.End {
		return t
	}
	lo, hi := t-2*app.DayMillis, t+2*app.DayMillis
	for lo < hi {
		if mid := lo + (hi-lo)/2; app.InstantOfWall(mid, zone) >= t {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// fits reports whether a packed date is taken; all must be for includes_all.
func (s *spans) fits(packed int64, all bool) bool {
	if packed == noDate {
		return false
	}
	if s.rounds != nil {
		wall := app.Instant(packed >> 1)
		if packed&1 == 0 {
			wall = app.WallOf(wall, s.zone)
		}
		return s.rounds.Holds(app.MonthDay(wall))
	}
	wall := packed&1 == 1
	packed &^= 1
	for i := range s.of {
		in := &s.of[i]
		from, to := in.from, in.to
		if wall {
			from, to = in.wallFrom, in.wallTo
		}
		if (packed >= from && packed < to) != all {
			return !all
		}
	}
	return all
}

// holds reports whether the test holds for number i, whose customer's zone is zone. The
// answer is the tester's, negation and all.
func (m *matcher) holds(i uint32, zone int) bool { return m.positive(i, zone) != m.t.Negated }

func (m *matcher) positive(i uint32, zone int) bool {
	v := m.v
	switch v.form {
	case dictForm:
		return m.code(v.codes.at(i), zone)
	case numberForm:
		if n := v.numbers.at(i); n == n {
			return m.number(n)
		}
	case dateForm:
		if d := v.dates.at(i); d != noDate {
			return m.date(d, zone)
		}
	case textForm:
		if content := v.at(i); content != nil {
			return m.text(content, zone)
		}
	case rawForm:
		if raw := v.at(i); raw != nil {
			return m.slow(raw, zone)
		}
	}
	if raw, ok := v.rest[i]; ok {
		return m.slow(raw, zone)
	}
	return false
}

// slow asks the tester itself.
func (m *matcher) slow(raw []byte, zone int) bool {
	return m.t.Holds(raw, m.at.moment(zone)) != m.t.Negated
}

func (m *matcher) code(code uint16, zone int) bool {
	if code == 0 {
		return false
	}
	if m.dates != nil {
		d := m.dates[code]
		if d.list {
			return m.slow(m.v.dict[code], zone)
		}
		return m.spans[zone].fits(d.packed, m.t.Op == app.OpIncludesAll)
	}
	if m.table[code] == unknown {
		m.table[code] = no
		if m.slow(m.v.dict[code], zone) {
			m.table[code] = yes
		}
	}
	return m.table[code] == yes
}

func (m *matcher) number(n float64) bool {
	switch {
	case m.t.Op == app.OpExists:
		return true
	case m.t.Op == app.OpIn || m.t.Op == app.OpIncludesAny || m.t.Op == app.OpIncludesAll:
		return m.listed(func(o *app.Operand) bool { return o.Type == app.NumberType && o.Number == n })
	case m.t.Test.Type == app.NumberType:
		return m.t.FitsNumber(n)
	}
	return false
}

// listed tests a single value with in and includes: by one operand, or by all.
func (m *matcher) listed(equals func(*app.Operand) bool) bool {
	all := m.t.Op == app.OpIncludesAll
	for i := range m.t.Test.Operands {
		if equals(&m.t.Test.Operands[i]) != all {
			return !all
		}
	}
	return all
}

func (m *matcher) date(packed int64, zone int) bool {
	if m.t.Op == app.OpExists {
		return true
	}
	return m.spans != nil && m.spans[zone].fits(packed, m.t.Op == app.OpIncludesAll)
}

// text tests folded text.
func (m *matcher) text(content []byte, zone int) bool {
	s := asString(content)
	switch m.t.Op {
	case app.OpExists:
		return strings.TrimSpace(s) != ""
	case app.OpContains:
		return strings.Contains(s, m.t.Texts()[0])
	case app.OpStartsWith:
		return strings.HasPrefix(s, m.t.Texts()[0])
	case app.OpEndsWith:
		return strings.HasSuffix(s, m.t.Texts()[0])
	case app.OpIs:
		if m.t.Test.Type == app.TextType {
			return s == m.t.Texts()[0]
		}
	}
	if m.t.Test.Type == app.NumberType && len(m.t.Test.Operands) > 0 {
		n, ok := app.ParseNumber(strings.TrimSpace(s))
		return ok && len(s) <= 62 && m.number(n)
	}
	return m.slow(app.Quote(s), zone)
}

// fill sets the bits of the numbers for which the test holds, among those of the first n.
// zoneOf gives the zone of a number; nil where there is one zone only.
func (m *matcher) fill(dst bitset, n int, zoneOf *vec[uint16]) {
	v := m.v
	m.fillTable()
	if m.dates != nil && len(m.spans) == 1 {
		// Dates of a dictionary in one zone are asked once each, like all else.
		for code := range m.table {
			m.table[code] = no
			if m.code(uint16(code), 0) {
				m.table[code] = yes
			}
		}
	}
	inParallel(words(n), func(from, to int) {
		x := m.over(zoneOf)
		for w := from; w < to; w++ {
			base := w << 6
			dst[w] = x.word(uint32(base), uint32(min(64, n-base)))
		}
	})
	for i, raw := range v.rest {
		zone := 0
		if zoneOf != nil {
			zone = int(zoneOf.at(i))
		}
		if int(i) < n && m.slow(raw, zone) {
			dst.set(i)
		}
	}
	if m.t.Negated {
		dst.invert()
	}
}

func (m *matcher) numberWord(numbers []float64) (w uint64) {
	a := m.t.Test.Operands[0].Number
	switch m.t.Op {
	case app.OpGt:
		for j, n := range numbers {
			if n > a {
				w |= 1 << j
			}
		}
	case app.OpGte:
		for j, n := range numbers {
			if n >= a {
				w |= 1 << j
			}
		}
	case app.OpLt:
		for j, n := range numbers {
			if n < a {
				w |= 1 << j
			}
		}
	case app.OpLte:
		for j, n := range numbers {
			if n <= a {
				w |= 1 << j
			}
		}
	default:
		for j, n := range numbers {
			if n == n && m.number(n) {
				w |= 1 << j
			}
		}
	}
	return w
}
