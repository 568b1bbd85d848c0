package search_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"kith/app"
	"kith/storage/storagetest"
)

// BenchmarkSearch builds an index of 50,000 customers and measures kinds of queries,
// each some hundred times with different words.
func BenchmarkSearch(b *testing.B) {
	const n = 100_000
	db, _ := storagetest.Open(b)
	var changes []app.Change
	for i := range n {
		changes = append(changes, person(fmt.Sprintf("cus_%06d", i), word(i*31%4000), word(i*17%9000),
			fmt.Sprintf("%s.%s%d@%s.example.com", word(i*31%4000), word(i*17%9000), i%100, word(i%40)), fmt.Sprintf("23480%08d", i*49999%100_000_000),
			"plan", fmt.Sprintf("%q", []string{"free", "pro", "team"}[i%3]), "company", fmt.Sprintf("%q", word(i%3000)+" "+word(i%50)), "seats", fmt.Sprint(i%40)))
	}
	for part := range slices.Chunk(changes, 2000) {
		storagetest.Apply(b, db, part...)
	}
	begun := time.Now()
	s := start(b, db, b.TempDir())
	for !s.Ready() {
		time.Sleep(time.Millisecond)
	}
	took := time.Since(begun)
	fmt.Printf("built %d customers in %s, %.0f a second, and the store was read along with it\n", n, took.Round(time.Millisecond), n/took.Seconds())
	for _, kind := range []struct {
		name string
		text func(i int) string
	}{
		{"prefix-2", func(i int) string { return word(i * 31 % 4000)[:2] }},
		{"prefix-3", func(i int) string { return word(i * 31 % 4000)[:3] }},
		{"prefix-6", func(i int) string { return (word(i*31%4000) + "aaaa")[:6] }},
		{"two-words", func(i int) string { return word(i * 31 % 4000)[:3] + " " + word(i * 17 % 9000)[:3] }},
		{"typo", func(i int) string { return "x" + word(i * 31 % 4000)[1:] }},
		{"email", func(i int) string {
			return fmt.Sprintf("%s.%s%d@%s.example.com", word(i*31%4000), word(i*17%9000), i%100, word(i%40))
		}},
		{"last-four", func(i int) string { return fmt.Sprintf("%04d", i*49999%10000) }},
		{"digits-7", func(i int) string { return fmt.Sprintf("%08d", i*49999%100_000_000)[1:] }},
		{"plan:pro", func(int) string { return "plan:pro" }},
		{"everybody", func(int) string { return "-plan:none" }},
	} {
		b.Run(kind.name, func(b *testing.B) {
			var took []time.Duration
			matches := 0
			for i := 0; b.Loop(); i++ {
				at := time.Now()
				rows, err := s.Search(context.Background(), kind.text(i*7%n), 10)
				if err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(at))
				matches += len(rows)
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-us")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-us")
			b.ReportMetric(float64(matches)/float64(len(took)), "matches")
		})
	}
}
