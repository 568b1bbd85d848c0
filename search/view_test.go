package search

import (
	"testing"

	"pgregory.net/rapid"
)

// TestRowMap: a map gives back the rows it was made of, near to each other or not.
func TestRowMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rows []int64
		row := rapid.SampledFrom([]int64{1, 5_000_000_000}).Draw(t, "first")
		longest := rapid.SampledFrom([]int{1, 40, 400}).Draw(t, "longest")
		for range rapid.IntRange(0, 60).Draw(t, "runs") {
			row += rapid.SampledFrom([]int64{-3_000, -1, 0, 7, 3_000, 70_000}).Draw(t, "gap")
			for range rapid.IntRange(1, longest).Draw(t, "long") {
				row = max(row+1, 1)
				rows = append(rows, row)
			}
		}
		m, err := rowMapOf(uint64(len(rows)), func(doc uint64) (int64, error) { return rows[doc], nil })
		if err != nil {
			t.Fatal(err)
		}
		greatest := int64(0)
		for doc, want := range rows {
			if got := m.row(uint32(doc)); got != want {
				t.Fatalf("document %d of %d is row %d instead of %d", doc, len(rows), got, want)
			}
			greatest = max(greatest, want)
			if got := m.newest(uint32(doc)); got < greatest {
				t.Fatalf("the newest up to document %d is said to be %d and is %d", doc, got, greatest)
			}
		}
	})
	m, err := rowMapOf(100_000, func(doc uint64) (int64, error) { return int64(doc/2000*2000 + doc*7919%2000), nil })
	if err != nil || m.size() > 250_000 {
		t.Errorf("a hundred thousand documents of batches of two thousand take %d bytes: %v", m.size(), err)
	}
}

// TestRowMap_farApart refuses what 4 bytes cannot tell apart.
func TestRowMap_farApart(t *testing.T) {
	rows := []int64{1, 1 << 33}
	if m, err := rowMapOf(2, func(doc uint64) (int64, error) { return rows[doc], nil }); err == nil {
		t.Errorf("rows %v became %d and %d", rows, m.row(0), m.row(1))
	}
}
