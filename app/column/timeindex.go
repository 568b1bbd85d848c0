package column

import (
	"slices"
	"sort"

	"kith/app"
	"kith/app/segment"
)

// timeIndex lists who has a date when, so that the next instant at which time alone turns
// a test is found without asking everybody. It may name one who no longer has that date:
// what it gives are candidates, to be asked.
type timeIndex struct {
	at    []app.Instant // sorted
	who   []uint32
	loose []timed // came out of order since; few
}

type timed struct {
	at  app.Instant
	who uint32
}

// looseMost is how many may lie unsorted before they are sorted in.
const looseMost = 4096

func (x *timeIndex) add(at app.Instant, who uint32) {
	if n := len(x.at); n == 0 || x.at[n-1] <= at {
		x.at, x.who = append(x.at, at), append(x.who, who)
		return
	}
	if x.loose = append(x.loose, timed{at, who}); len(x.loose) > looseMost+len(x.at)/64 {
		x.settle()
	}
}

// build makes the index of all that each names.
func (x *timeIndex) build(each func(add func(at app.Instant, who uint32))) {
	*x = timeIndex{}
	var all []timed
	each(func(at app.Instant, who uint32) { all = append(all, timed{at, who}) })
	x.take(all)
}

func (x *timeIndex) take(all []timed) {
	slices.SortFunc(all, func(a, b timed) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return int(a.who) - int(b.who)
	})
	x.at, x.who = make([]app.Instant, len(all)), make([]uint32, len(all))
	for i, t := range all {
		x.at[i], x.who[i] = t.at, t.who
	}
	x.loose = nil
}

func (x *timeIndex) settle() {
	all := make([]timed, 0, len(x.at)+len(x.loose))
	for i := range x.at {
		all = append(all, timed{x.at[i], x.who[i]})
	}
	x.take(append(all, x.loose...))
}

// after returns the earliest date after t.
func (x *timeIndex) after(t app.Instant) (app.Instant, bool) {
	next, found := segment.End, false
	if i := sort.Search(len(x.at), func(i int) bool { return x.at[i] > t }); i < len(x.at) {
		next, found = x.at[i], true
	}
	for _, l := range x.loose {
		if l.at > t && l.at < next {
			next, found = l.at, true
		}
	}
	return next, found
}

// between calls visit for whoever has a date with from ≤ date ≤ to.
func (x *timeIndex) between(from, to app.Instant, visit func(who uint32)) {
	for i := sort.Search(len(x.at), func(i int) bool { return x.at[i] >= from }); i < len(x.at) && x.at[i] <= to; i++ {
		visit(x.who[i])
	}
	for _, l := range x.loose {
		if l.at >= from && l.at <= to {
			visit(l.who)
		}
	}
}

// size is the number of dates listed.
func (x *timeIndex) size() int { return len(x.at) + len(x.loose) }
