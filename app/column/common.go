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
		for _, f := range v.numbers {
			if !math.IsNaN(f) {
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
		n := int64(v.counts[code])
		if n == 0 {
			continue
		}
		take(v.dict[code], n)
		out.Distinct++
		out.Top = append(out.Top, app.ValueCount{Value: bytes.Clone(v.dict[code]), Count: n})
	}
	slices.SortFunc(out.Top, func(a, b app.ValueCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), bytes.Compare(a.Value, b.Value))
	})
	out.Top = out.Top[:min(limit, len(out.Top))]
	return out, true
}
