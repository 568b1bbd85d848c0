package column

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"slices"

	"kith/app"
)

// Common describes an attribute's values over all customers; false when its column is not
// there. Values are told apart as long as there are at most 16,384.
func (s *Store) Common(name string, limit int) (out app.Values, ok bool) {
	v := s.attrs[name]
	if v == nil {
		return out, false
	}
	s.use(v)
	number := func(f float64) {
		if out.Low == nil || f < *out.Low {
			out.Low = &f
		}
		if out.High == nil || f > *out.High {
			out.High = &f
		}
	}
	take := func(raw []byte, n int64) {
		switch {
		case len(raw) == 0:
		case raw[0] == '"':
			out.Texts += n
			if text, _ := app.Text(raw); app.LooksNumeric(text) {
				out.Numeric += n
			}
		case raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9':
			var f float64
			if json.Unmarshal(raw, &f) == nil {
				number(f)
			}
		}
	}
	if v.form != dictForm {
		in := v.numbers.cursor()
		for i := range uint32(v.numbers.n) {
			if f := in.at(i); !math.IsNaN(f) {
				number(f)
			}
		}
		if v.form != numberForm && v.form != dateForm {
			s.exists.each(func(slot uint32) { take(v.raw(slot), 1) })
		} else {
			for _, raw := range v.rest {
				take(raw, 1)
			}
		}
		return out, true
	}
	for code := 1; code < len(v.dict); code++ {
		if n := int64(v.counts[code]); n > 0 {
			take(v.dict[code], n)
		}
	}
	out.Distinct, out.Top = v.common(limit)
	return out, true
}

// common are the most common values of a dictionary, and how many it has.
func (v *values) common(limit int) (distinct int, top []app.ValueCount) {
	for code := 1; code < len(v.dict); code++ {
		if n := int64(v.counts[code]); n > 0 {
			distinct++
			top = append(top, app.ValueCount{Value: v.dict[code], Count: n})
		}
	}
	slices.SortFunc(top, func(a, b app.ValueCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), bytes.Compare(a.Value, b.Value))
	})
	top = slices.Clone(top[:min(limit, len(top))])
	for i := range top {
		top[i].Value = bytes.Clone(top[i].Value)
	}
	return distinct, top
}

// glanced is how many values Glance looks at of one attribute.
const glanced = 2048

// Glance is Common for whoever looks at all attributes: only what takes no walk over the
// customers, nothing of columns that are not there, and neither Texts nor bounds. It keeps
// no column in memory that nobody else uses.
func (s *Store) Glance(name string, limit int) (out app.Values, ok bool) {
	v := s.attrs[name]
	if v == nil {
		return out, false
	}
	take := func(raw []byte, n int64) {
		if len(raw) > 0 && raw[0] == '"' {
			if text, _ := app.Text(raw); app.LooksNumeric(text) {
				out.Numeric += n
			}
		}
	}
	switch {
	case v.form == dictForm && len(v.dict) <= glanced:
		for code := 1; code < len(v.dict); code++ {
			take(v.dict[code], int64(v.counts[code]))
		}
		out.Distinct, out.Top = v.common(limit)
	case (v.form == numberForm || v.form == dateForm) && len(v.rest) <= glanced:
		for _, raw := range v.rest {
			take(raw, 1)
		}
	default:
		return out, false
	}
	return out, true
}
