package storage_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"kith/app"
	"kith/storage"
)

// BenchmarkApply_events is the writer alone: batches of 1,000 events of 100,000
// customers. BenchmarkFloor_events is the same rows and index in a bare loop.
func BenchmarkApply_events(b *testing.B) {
	db, err := storage.Open(context.Background(), b.TempDir(), storage.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	seed := make([]app.Change, 0, 100_000)
	for i := range 100_000 {
		seed = append(seed, &app.Track{UID: fmt.Sprint("c", i), Event: "Seen", At: 1})
	}
	for len(seed) > 0 {
		if _, err := db.Apply(context.Background(), app.Batch{Changes: seed[:10_000]}); err != nil {
			b.Fatal(err)
		}
		seed = seed[10_000:]
	}
	props := []byte(`{"amount":12.5,"currency":"NGN","channel":"web"}`)
	types := []app.PropertyType{{Name: "amount", Type: app.TypeNumber}, {Name: "currency"}, {Name: "channel"}}
	b.ResetTimer()
	n := uint32(1)
	for i := 0; i < b.N; i += 8000 {
		batch := make([]app.Change, 0, 8000)
		for range min(8000, b.N-i) {
			n = n*1664525 + 1013904223
			batch = append(batch, &app.Track{UID: fmt.Sprint("c", n%100_000), Event: "Seen", At: app.Instant(1_700_000_000_000 + int64(n)), Properties: props, PropertyTypes: types})
		}
		if _, err := db.Apply(context.Background(), app.Batch{Changes: batch}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkFloor_events(b *testing.B) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "floor.db")+
		"?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=cache_size(-64000)&_pragma=wal_autocheckpoint(16000)")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`create table events (id integer primary key, customer_id integer not null, name_id integer not null, at integer not null,
		source_id integer not null, value text, properties text) strict; create index i on events (customer_id, at)`); err != nil {
		b.Fatal(err)
	}
	n := uint32(1)
	b.ResetTimer()
	for i := 0; i < b.N; i += 8000 {
		tx, _ := db.Begin()
		st, _ := tx.Prepare("insert into events (customer_id, name_id, at, source_id, value, properties) values (?,?,?,?,?,?)")
		for range min(8000, b.N-i) {
			n = n*1664525 + 1013904223
			if _, err := st.Exec(int64(n%100_000), int64(1), int64(1_700_000_000_000+int64(n)), int64(1), nil, `{"amount":12.5,"currency":"NGN","channel":"web"}`); err != nil {
				b.Fatal(err)
			}
		}
		if err := tx.Commit(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// A Change with ten thousand moves, of customers in no order; ns/move is the figure.
func BenchmarkMoveMembers(b *testing.B) {
	db, _ := open(b)
	g := newSegment(b, db, "Pro", proRule)
	one(b, db, build(b, g.Row, 1))
	const moves = 10_000
	random := rand.New(rand.NewPCG(1, 2))
	for b.Loop() {
		c := &app.MoveMembers{Segment: g.Row, Version: 1}
		seen := map[int64]bool{}
		members, _, err := db.Membership(bg, g.Row)
		if err != nil {
			b.Fatal(err)
		}
		for len(c.Moves) < moves {
			if who := random.Int64N(1_000_000) + 1; !seen[who] {
				seen[who] = true
				c.Moves = append(c.Moves, move(who, !members.Contains(uint64(who))))
			}
		}
		one(b, db, c)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*moves), "ns/move")
}
