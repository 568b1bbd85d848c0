package storage_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"kith/app"
	"kith/app/segment/segmenttest"
	"kith/storage"
)

// importRows makes rows of 12 columns as a file has them, in no order of their ids.
func importRows(from, n int, round int) []app.ImportRow {
	rows := make([]app.ImportRow, n)
	for k := range rows {
		i := from + k
		id := uint32(i)*2654435761 + 12345
		first, last, email, number := fmt.Sprint("First", id%5000), fmt.Sprint("Last", id%90000), fmt.Sprintf("p%d@example.com", id), fmt.Sprintf("234%010d", id)
		rows[k] = app.ImportRow{
			Number: int64(i + 1), Line: int64(i + 2), UID: fmt.Sprintf("c%010d", id),
			Profile: app.Profile{FirstName: app.FieldOf(first), LastName: app.FieldOf(last), Email: app.FieldOf(email), Number: app.FieldOf(number)},
			Values: [][]byte{fmt.Appendf(nil, `"Plan %d"`, id%7), fmt.Appendf(nil, `%d.5`, (int(id)+round)%500), fmt.Appendf(nil, `"2024-0%d-11"`, id%9+1),
				[]byte(`true`), fmt.Appendf(nil, `"City %d"`, id%300), fmt.Appendf(nil, `"Lagos Street %d"`, id%30000), fmt.Appendf(nil, `%d`, id%100)},
		}
	}
	return rows
}

var importNames = []string{"plan", "usage_gb", "renewal", "active", "city", "address", "score"}

func benchImport(b *testing.B, db *storage.DB, n, round int) {
	imp := &app.Import{File: "bench.csv", State: app.ImportRunning, Options: []byte("{}"), Plan: []byte("{}")}
	if err := db.CreateImport(bg, imp); err != nil {
		b.Fatal(err)
	}
	ready := make(chan []app.ImportRow, 4)
	go func() {
		for i := 0; i < n; i += 6000 {
			ready <- importRows(i, min(6000, n-i), round)
		}
		close(ready)
	}()
	for rows := range ready {
		for len(rows) > 0 {
			took, _, err := db.ImportRows(bg, &app.ImportBatch{Import: imp.Row, Attributes: importNames, Rows: rows, Source: "import"})
			if err != nil {
				b.Fatal(err)
			}
			rows = rows[took:]
		}
	}
}

// BenchmarkImport_fresh is the writer alone, on an empty folder; BenchmarkImport_again writes
// the same rows once more with one value of each changed. BenchmarkFloor_import is the same
// rows in a bare loop.
func BenchmarkImport_fresh(b *testing.B) {
	db, err := storage.Open(bg, b.TempDir(), storage.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	b.ResetTimer()
	from := segmenttest.ProcessorTime()
	benchImport(b, db, b.N, 0)
	b.ReportMetric(float64((segmenttest.ProcessorTime()-from).Nanoseconds())/float64(b.N)/1000, "cpu-us/row")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkImport_again(b *testing.B) {
	db, err := storage.Open(bg, b.TempDir(), storage.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	benchImport(b, db, b.N, 0)
	b.ResetTimer()
	from := segmenttest.ProcessorTime()
	benchImport(b, db, b.N, 1)
	b.ReportMetric(float64((segmenttest.ProcessorTime()-from).Nanoseconds())/float64(b.N)/1000, "cpu-us/row")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkFloor_import(b *testing.B) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "floor.db")+
		"?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=cache_size(-64000)&_pragma=wal_autocheckpoint(16000)")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`create table customers (id integer primary key, uid text not null unique, first_name text, last_name text, number text, email text,
		created_at integer not null, attributes blob not null) strict; create index e on customers (email); create index n on customers (number)`); err != nil {
		b.Fatal(err)
	}
	var rates, costs []float64
	for round := range 2 {
		b.ResetTimer()
		from := segmenttest.ProcessorTime()
		for i := 0; i < b.N; i += 5000 {
			tx, _ := db.Begin()
			st, _ := tx.Prepare("insert into customers (uid, first_name, last_name, number, email, created_at, attributes) values (?,?,?,?,?,?,jsonb(?)) on conflict (uid) do update set attributes = excluded.attributes")
			for _, r := range importRows(i, min(5000, b.N-i), round) {
				text := []byte{'{'}
				for k, v := range r.Values {
					if k > 0 {
						text = append(text, ',')
					}
					text = fmt.Appendf(text, "%q:%s", importNames[k], v)
				}
				text = append(text, '}')
				if _, err := st.Exec(r.UID, *r.Profile.FirstName.Value, *r.Profile.LastName.Value, *r.Profile.Number.Value, *r.Profile.Email.Value, int64(i), string(text)); err != nil {
					b.Fatal(err)
				}
			}
			if err := tx.Commit(); err != nil {
				b.Fatal(err)
			}
		}
		costs = append(costs, float64((segmenttest.ProcessorTime()-from).Nanoseconds())/float64(b.N)/1000)
		rates = append(rates, float64(b.N)/b.Elapsed().Seconds())
	}
	b.ReportMetric(rates[0], "inserts/s")
	b.ReportMetric(rates[1], "upserts/s")
	b.ReportMetric(costs[0], "insert-cpu-us/row")
	b.ReportMetric(costs[1], "upsert-cpu-us/row")
}
