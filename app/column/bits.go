package column

import (
	"math/bits"
	"runtime"
	"sync"
)

// bitset is one bit per slot.
type bitset []uint64

func words(n int) int { return (n + 63) / 64 }

func newBits(n int) bitset { return make(bitset, words(n)) }

func (b bitset) has(i uint32) bool {
	w := int(i >> 6)
	return w < len(b) && b[w]>>(i&63)&1 == 1
}

func (b bitset) set(i uint32)   { b[i>>6] |= 1 << (i & 63) }
func (b bitset) clear(i uint32) { b[i>>6] &^= 1 << (i & 63) }

func (b bitset) put(i uint32, on bool) {
	if on {
		b.set(i)
	} else {
		b.clear(i)
	}
}

func (b bitset) and(o bitset) {
	for i := range b {
		b[i] &= o[i]
	}
}

func (b bitset) or(o bitset) {
	for i := range b {
		b[i] |= o[i]
	}
}

func (b bitset) invert() {
	for i := range b {
		b[i] = ^b[i]
	}
}

func (b bitset) fill() {
	for i := range b {
		b[i] = ^uint64(0)
	}
}

func (b bitset) count() (n int) {
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// countAnd counts the bits that both have.
func (b bitset) countAnd(o bitset) (n int) {
	for i, w := range b {
		n += bits.OnesCount64(w & o[i])
	}
	return n
}

// each calls visit for every set bit, upwards.
func (b bitset) each(visit func(i uint32)) {
	for at, w := range b {
		for w != 0 {
			visit(uint32(at<<6 + bits.TrailingZeros64(w)))
			w &= w - 1
		}
	}
}

// eachDown calls visit for every set bit, downwards.
func (b bitset) eachDown(visit func(i uint32)) {
	for at := len(b) - 1; at >= 0; at-- {
		for w := b[at]; w != 0; {
			top := 63 - bits.LeadingZeros64(w)
			visit(uint32(at<<6 + top))
			w &^= 1 << top
		}
	}
}

// last returns up to limit set bits from the highest on down.
func (b bitset) last(limit int) []uint32 {
	var out []uint32
	for at := len(b) - 1; at >= 0 && len(out) < limit; at-- {
		for w := b[at]; w != 0 && len(out) < limit; {
			top := 63 - bits.LeadingZeros64(w)
			out = append(out, uint32(at<<6+top))
			w &^= 1 << top
		}
	}
	return out
}

// grow returns b with room for n bits; new ones are clear.
func (b bitset) grow(n int) bitset {
	for len(b) < words(n) {
		b = append(b, 0)
	}
	return b
}

// parallelFrom is the number of words from which splitting the work pays for starting it.
const parallelFrom = 2048

// inParallel calls work for parts of the words 0 to n, on as many processors as there are.
func inParallel(n int, work func(from, to int)) {
	parts := min(runtime.GOMAXPROCS(0), 8)
	if n < parallelFrom || parts < 2 {
		work(0, n)
		return
	}
	var wg sync.WaitGroup
	step := (n + parts - 1) / parts
	for from := 0; from < n; from += step {
		wg.Go(func() { work(from, min(from+step, n)) })
	}
	wg.Wait()
}
