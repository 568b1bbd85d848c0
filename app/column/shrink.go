package column

import (
	"slices"
	"sync/atomic"
)

// usage says when a column was last asked for, as the store counts plans. Previews note it
// with the store's lock for reading only.
type usage struct{ last atomic.Int64 }

// use notes that a column is asked for.
func (s *Store) use(v *values) {
	if v != nil {
		v.usage.last.Store(s.tick.Add(1))
	}
}

// spare is a column that may be given up.
type spare struct {
	v    *values
	size int64
	drop func()
}

// Shrink gives up columns until the store takes no more than limit bytes: those that no
// plan of live looks at, the least recently used first. They come back when they are asked
// for. It returns what the store takes then, which may be more than limit.
func (s *Store) Shrink(limit int64, live []*Plan) int64 {
	s.Lock()
	defer s.Unlock()
	size := s.Size()
	if size <= limit {
		return size
	}
	attributes, events := map[string]struct{}{"created_at": {}, "is_account": {}}, map[string]struct{}{}
	for _, p := range live {
		for name := range p.deps.attributes {
			attributes[name] = struct{}{}
		}
		for name := range p.deps.events {
			events[name] = struct{}{}
		}
		if p.deps.anyEvent {
			for name := range s.series {
				events[name] = struct{}{}
			}
		}
	}
	var spares []spare
	for _, c := range s.cols {
		if _, kept := attributes[c.name]; !kept && s.attrs[c.key] != nil {
			spares = append(spares, spare{c.v, c.v.size(), func() { s.dropColumn(c) }})
		}
	}
	for event, x := range s.series {
		if _, kept := events[event]; kept {
			continue
		}
		for name, v := range x.props {
			spares = append(spares, spare{v, v.size(), func() { delete(x.props, name) }})
		}
		for name, h := range x.hashes {
			spares = append(spares, spare{nil, int64(8 * cap(h)), func() { delete(x.hashes, name) }})
		}
	}
	slices.SortFunc(spares, func(a, b spare) int { return int(min(max(a.last()-b.last(), -1), 1)) })
	for _, x := range spares {
		if size <= limit {
			break
		}
		x.drop()
		size -= x.size
	}
	return size
}

func (x spare) last() int64 {
	if x.v == nil {
		return 0
	}
	return x.v.usage.last.Load()
}
