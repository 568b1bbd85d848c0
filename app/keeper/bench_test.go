package keeper_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"kith/app"
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
