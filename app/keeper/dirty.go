package keeper

import (
	"kith/app"
	"kith/app/column"
)

// dirty is whom a rule must be asked about. Windows hand over whole lists, each customer
// once, which segments that look at the same things share; only where there are several is
// it found out who stands in more than one.
type dirty struct {
	lists [][]column.Touch
	n     int
}

func (d *dirty) add(list []column.Touch) {
	if len(list) > 0 {
		d.lists, d.n = append(d.lists, list), d.n+len(list)
	}
}

func (d *dirty) clear() { d.lists, d.n = d.lists[:0], 0 }

// each calls visit once for everybody, with the latest cause that is not the clock.
func (d *dirty) each(visit func(t column.Touch)) {
	switch {
	case len(d.lists) == 1:
		for _, t := range d.lists[0] {
			visit(t)
		}
	case len(d.lists) > 1:
		for row, cause := range d.causes() {
			visit(column.Touch{Row: row, Cause: cause})
		}
	}
}

// causes is the same as a map.
func (d *dirty) causes() map[int64]app.Cause {
	all := make(map[int64]app.Cause, d.n)
	for _, list := range d.lists {
		for _, t := range list {
			if _, known := all[t.Row]; !known || t.Cause.Kind != 0 {
				all[t.Row] = t.Cause
			}
		}
	}
	return all
}
