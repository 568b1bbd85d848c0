package keeper_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kith/app"
	"kith/app/keeper"
	"kith/app/segment/segmenttest"
)

// BenchmarkFollow is what an event costs the Keeper with a hundred segments that look at it:
// from storage, into the columns, through the rules.
func BenchmarkFollow(b *testing.B) {
	h := open(b, time.UTC)
	var changes []app.Change
	for i := range 20_000 {
		changes = append(changes, profile(fmt.Sprintf("c%d", i), "usage_gb", fmt.Sprint(i%500)))
	}
	h.apply(changes...)
	for i := range 100 {
		h.segment(fmt.Sprintf(`{"all":[{"event":"Purchased bandwidth","within":{"last":"%dd"},"count":{"op":"gte","value":%d}},{"attribute":"usage_gb","op":"gt","value":%d}]}`, 1+i%30, 1+i%7, i*5))
	}
	r := rand.New(rand.NewPCG(1, 2))
	for from := 0; from < b.N; from += 8000 {
		changes = changes[:0]
		for range min(8000, b.N-from) {
			changes = append(changes, &app.Track{UID: fmt.Sprintf("c%d", r.IntN(20_000)), Event: "Purchased bandwidth", At: h.now() - app.Instant(r.IntN(600_000)), Properties: []byte(`{"gb":50,"amount":2500}`)})
		}
		h.apply(changes...)
	}
	b.ResetTimer()
	h.drain()
	b.StopTimer()
}

// BenchmarkFill is a start without a snapshot: what a customer of twenty attributes, and
// ten events, costs.
func BenchmarkFill(b *testing.B) {
	h := open(b, time.UTC)
	h.stop()
	const customers = 20_000
	r := rand.New(rand.NewPCG(1, 2))
	for from := 0; from < customers; from += 2000 {
		var changes []app.Change
		for i := range 2000 {
			uid := fmt.Sprintf("c%d", from+i)
			var attributes []string
			for n := range 20 {
				attributes = append(attributes, fmt.Sprintf("attribute %d", n), []string{fmt.Sprint(r.IntN(1000)), fmt.Sprintf("%q", fmt.Sprint("v", r.IntN(100)))}[n%2])
			}
			changes = append(changes, profile(uid, attributes...))
			for range 10 {
				changes = append(changes, &app.Track{UID: uid, Event: fmt.Sprint("event ", r.IntN(20)), At: h.now() - app.Instant(r.Int64N(int64(180*app.DayMillis))), Value: []byte("5")})
			}
		}
		h.apply(changes...)
	}
	rule, err := app.ParseRule([]byte(`{"all":[]}`))
	if err != nil {
		b.Fatal(err)
	}
	before := segmenttest.ProcessorTime()
	for b.Loop() {
		os.Remove(filepath.Join(h.db.Folder(), keeper.SnapshotName))
		h.start()
		if p, err := h.k.Preview(bg, rule, 1); err != nil || p.Count != customers {
			b.Fatal(p, err)
		}
		h.stop()
	}
	b.ReportMetric(float64(segmenttest.ProcessorTime()-before)/float64(b.N)/customers, "cpu-ns/customer")
}

// BenchmarkTurn is ten thousand customers whom time turns at one instant.
func BenchmarkTurn(b *testing.B) {
	h := open(b, time.UTC)
	const customers = 10_000
	var changes []app.Change
	for i := range customers {
		changes = append(changes, &app.Track{UID: fmt.Sprintf("c%d", i), Event: "Paid", At: h.now()})
	}
	h.apply(changes...)
	s := h.segment(`{"event":"Paid","within":{"last":"30d"}}`)
	h.drain()
	for b.Loop() {
		in := len(h.k.Members(s.Row, app.Page{Limit: 2 * customers})) > 0
		if in {
			h.clock.Move(30 * 24 * time.Hour)
		} else {
			h.clock.Move(-30 * 24 * time.Hour) // put back, everybody is asked again
		}
		if err := h.k.Settle(bg); err != nil {
			b.Fatal(err)
		}
		if now := len(h.k.Members(s.Row, app.Page{Limit: 2 * customers})); now > 0 == in {
			b.Fatalf("%d members", now)
		}
	}
	b.ReportMetric(customers*float64(b.N)/b.Elapsed().Seconds(), "turns/s")
}
