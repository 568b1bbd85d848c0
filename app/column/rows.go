package column

import "sort"

// rows are the rows of customers by slot. They are handed out upwards and few are missing
// in between, so they are kept as runs without a gap.
type rows struct {
	n     int
	first []int64  // of each run
	slot  []uint32 // of each run's first
}

func (r *rows) len() int { return r.n }

// add gives a row beyond all others the next slot.
func (r *rows) add(row int64) uint32 {
	slot := uint32(r.n)
	if r.n == 0 || row != r.last()+1 {
		r.first, r.slot = append(r.first, row), append(r.slot, slot)
	}
	r.n++
	return slot
}

// last is the highest row; there must be one.
func (r *rows) last() int64 {
	k := len(r.first) - 1
	return r.first[k] + int64(r.n-1) - int64(r.slot[k])
}

// at returns the row of a slot.
func (r *rows) at(slot uint32) int64 {
	k := 0
	if len(r.slot) > 1 {
		k = sort.Search(len(r.slot), func(k int) bool { return r.slot[k] > slot }) - 1
	}
	return r.first[k] + int64(slot-r.slot[k])
}

// place returns the slot of a row.
func (r *rows) place(row int64) (uint32, bool) {
	k := len(r.first) - 1
	if k > 0 {
		k = sort.Search(len(r.first), func(k int) bool { return r.first[k] > row }) - 1
	}
	if k < 0 || row < r.first[k] {
		return 0, false
	}
	end := uint32(r.n)
	if k+1 < len(r.slot) {
		end = r.slot[k+1]
	}
	if row-r.first[k] >= int64(end-r.slot[k]) {
		return 0, false
	}
	return r.slot[k] + uint32(row-r.first[k]), true
}

func (r *rows) memory() int { return 12 * cap(r.first) }

// sound reports whether the runs are such as add makes, after they were read from a file.
func (r *rows) sound() bool {
	if len(r.first) != len(r.slot) || (r.n == 0) != (len(r.first) == 0) {
		return false
	}
	for k := range r.first {
		if k == 0 && r.slot[k] != 0 || k > 0 && (r.slot[k] <= r.slot[k-1] || r.first[k]-r.first[k-1] <= int64(r.slot[k]-r.slot[k-1])) {
			return false
		}
	}
	return len(r.slot) == 0 || int(r.slot[len(r.slot)-1]) < r.n
}
