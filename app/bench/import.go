package bench

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// importHeader are the columns of the file: an id, four standard attributes and seven of the team's own.
var importHeader = []string{"customer_id", "first_name", "last_name", "email", "phone", "plan", "usage_gb", "renewal", "active", "city", "address", "score"}

// importRow is the n-th customer, in no order of the ids. round changes one value of each.
func importRow(n, round int) []string {
	x := spread(int64(n))
	return []string{
		fmt.Sprintf("c%010d", x), fmt.Sprint("First", x%5000), fmt.Sprint("Last", x%90000), fmt.Sprintf("p%d@example.com", x), fmt.Sprintf("+234%010d", x),
		fmt.Sprint("Plan ", x%7), fmt.Sprintf("%d.5", (int(x)+round)%500), fmt.Sprintf("2026-%02d-11", x%12+1), strconv.FormatBool(x%3 == 0),
		fmt.Sprint("City ", x%300), fmt.Sprintf("%d, Long Street", x%30000), fmt.Sprint(x % 100),
	}
}

func writeImport(file string, rows, round int) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b := bufio.NewWriterSize(f, 1<<20)
	w := csv.NewWriter(b)
	if err := w.Write(importHeader); err != nil {
		return err
	}
	for n := range rows {
		if err := w.Write(importRow(n, round)); err != nil {
			return err
		}
	}
	w.Flush()
	return errors.Join(w.Error(), b.Flush())
}

// readCSV reads a file with the standard library, and does nothing with it.
func readCSV(file string, row func([]string) error) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	r := csv.NewReader(bufio.NewReaderSize(f, 1<<20))
	r.ReuseRecord = true
	for first := true; ; first = false {
		cells, err := r.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if !first && row != nil {
			if err := row(cells); err != nil {
				return err
			}
		}
	}
}

// floorImport writes the rows of a file into a bare table, as one would for this one file:
// each row is what the API gives back of it, what is asked for by id, by e-mail and by
// number has its index, and what is not standard is one JSONB column. 5,000 rows to a
// transaction, the product's own durability. update is what becomes of a row whose id is
// there: everything as the file says, or, knowing the file, nothing but the attributes.
func floorImport(folder, file, update string) error {
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(filepath.Join(folder, "floor-import.db"))+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(wal)"+
		"&_pragma=synchronous(full)&_pragma=cache_size(-64000)&_pragma=wal_autocheckpoint(16000)")
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`create table if not exists customers (id integer primary key, uid text not null unique, first_name text, last_name text,
		email text, number text, created_at integer not null, attributes blob not null) strict;
		create index if not exists customers_email on customers (email);
		create index if not exists customers_number on customers (number)`); err != nil {
		return err
	}
	var tx *sql.Tx
	var st *sql.Stmt
	n := 0
	var attributes []byte
	err = readCSV(file, func(c []string) error {
		if n%5000 == 0 {
			if tx != nil {
				if err := tx.Commit(); err != nil {
					return err
				}
			}
			var err error
			if tx, err = db.Begin(); err != nil {
				return err
			}
			if st, err = tx.Prepare(`insert into customers (uid, first_name, last_name, email, number, created_at, attributes) values (?, ?, ?, ?, ?, ?, jsonb(?))
				on conflict (uid) do update set ` + update); err != nil {
				return err
			}
		}
		n++
		attributes = append(attributes[:0], `{"plan":"`...)
		attributes = append(append(attributes, c[5]...), `","usage_gb":`...)
		attributes = append(append(attributes, c[6]...), `,"renewal":"`...)
		attributes = append(append(attributes, c[7]...), `","active":`...)
		attributes = append(append(attributes, c[8]...), `,"city":"`...)
		attributes = append(append(attributes, c[9]...), `","address":"`...)
		attributes = append(append(attributes, c[10]...), `","score":`...)
		attributes = append(append(attributes, c[11]...), '}')
		_, err := st.Exec(c[0], c[1], c[2], c[3], c[4][1:], time.Now().UnixMilli(), string(attributes))
		return err
	})
	if err != nil {
		return err
	}
	if tx == nil {
		return nil
	}
	return tx.Commit()
}

const (
	updateRow        = "first_name = excluded.first_name, last_name = excluded.last_name, email = excluded.email, number = excluded.number, attributes = excluded.attributes"
	updateAttributes = "attributes = excluded.attributes"
)

// Import measures a file of customers on its way in: a fresh one, the same again with a
// value of each customer changed, and once more while single events come. Some segments
// look at its columns. Each figure's floor runs right before it.
func Import(o Options, rows int) (*Report, error) {
	r := newReport(o)
	files := make([]string, 3)
	o.say("writing files of %s rows and %d columns", number(float64(rows)), len(importHeader))
	segments := importSegments(rows)
	for round := range files {
		files[round] = filepath.Join(o.Folder, fmt.Sprintf("customers-%d.csv", round))
		if err := writeImport(files[round], rows, round); err != nil {
			return nil, err
		}
	}
	perSecond := func(what string, do func() error) (float64, error) {
		began := time.Now()
		if err := do(); err != nil {
			return 0, fmt.Errorf("%s: %w", what, err)
		}
		rate := float64(rows) / time.Since(began).Seconds()
		o.say("%s: %s rows/s", what, number(rate))
		return rate, nil
	}
	parse, err := perSecond("encoding/csv alone", func() error { return readCSV(files[0], nil) })
	if err != nil {
		return nil, err
	}
	bare, err := perSecond("bare inserts", func() error { return floorImport(o.Folder, files[0], updateRow) })
	if err != nil {
		return nil, err
	}
	kith, err := o.Start("kith", filepath.Join(o.Folder, "kith"))
	if err != nil {
		return nil, err
	}
	defer kith.Stop()
	if err := makeImportSegments(kith, segments); err != nil {
		return nil, err
	}
	peak := watchMemory(kith)
	fresh, err := perSecond("import, fresh", func() error { return o.importFile(kith, files[0], rows, "created") })
	if err != nil {
		return nil, err
	}
	memory := peak()
	peak = watchMemory(kith)
	settled, searched, err := o.afterImport(kith, segments)
	if err != nil {
		return nil, err
	}
	memoryAfter := peak()
	bareAgain, err := perSecond("bare upserts", func() error { return floorImport(o.Folder, files[1], updateRow) })
	if err != nil {
		return nil, err
	}
	bareKnowing, err := perSecond("bare upserts of the attributes alone", func() error { return floorImport(o.Folder, files[2], updateAttributes) })
	if err != nil {
		return nil, err
	}
	again, err := perSecond("import, upserts", func() error { return o.importFile(kith, files[1], rows, "updated") })
	if err != nil {
		return nil, err
	}
	settledAgain, err := o.segmentsAfter(kith, segments, 1)
	if err != nil {
		return nil, err
	}
	peak = watchMemory(kith)
	p50, p99, seconds, err := o.eventsMeanwhile(kith, func() error { return o.importFile(kith, files[2], rows, "updated") })
	if err != nil {
		return nil, err
	}
	memoryBeside := peak()
	r.Figures = append(r.Figures,
		Figure{Name: "encoding/csv alone", Unit: "rows/s", Value: parse, Met: true},
		Figure{Name: fmt.Sprintf("import of %s rows, fresh", number(float64(rows))), Unit: "rows/s", Value: fresh, Floor: "bare inserts", FloorN: bare, Ratio: fresh / bare, Goal: "0.50 of it", Met: fresh >= bare/2},
		Figure{Name: "the same, one value of each changed", Unit: "rows/s", Value: again, Floor: "bare upserts", FloorN: bareAgain, Ratio: again / bareAgain, Goal: "0.50 of it", Met: again >= bareAgain/2},
		Figure{Name: "the same, beside one that knows what can change", Unit: "rows/s", Value: again, Floor: "bare upserts of the attributes alone", FloorN: bareKnowing, Ratio: again / bareKnowing, Met: true},
		Figure{Name: "segments right after the fresh one's end", Unit: "s", Value: settled, Goal: "under 5", Met: settled < 5},
		Figure{Name: "segments right after the upserts' end", Unit: "s", Value: settledAgain, Goal: "under 5", Met: settledAgain < 5},
		Figure{Name: "search at the head after the fresh one's end", Unit: "s", Value: searched, Goal: "under 300", Met: searched < importSearchMost.Seconds()},
		Figure{Name: "import while events come", Unit: "rows/s", Value: float64(rows) / seconds, Met: true},
		Figure{Name: "single event while importing, median", Unit: "ms", Value: p50, Met: true},
		Figure{Name: "single event while importing, 99th percentile", Unit: "ms", Value: p99, Goal: "under 50", Met: p99 < 50},
		Figure{Name: "largest memory while importing, fresh", Unit: "MB", Value: memory, Goal: "under 200", Met: memory < 200},
		Figure{Name: "the same with the index being made, files mapped into it included", Unit: "MB", Value: memoryBeside, Met: true},
		Figure{Name: "the same while the index is made after the fresh one", Unit: "MB", Value: memoryAfter, Met: true})
	return r, nil
}

// importSegment is a segment that looks at the file, and who of it is in it.
type importSegment struct {
	title, rule, id string
	holds           func(row []string) bool
	want            [2]int64 // members after each round
}

// importSegments are segments of several types and sizes.
func importSegments(rows int) []importSegment {
	usage := func(row []string) float64 {
		v, _ := strconv.ParseFloat(row[6], 64) // it was just written
		return v
	}
	segments := []importSegment{
		{title: "Plan 3", rule: `{"attribute":"plan","op":"is","value":"Plan 3"}`, holds: func(row []string) bool { return row[5] == "Plan 3" }},
		{title: "Much used", rule: `{"attribute":"usage_gb","op":"gt","value":250}`, holds: func(row []string) bool { return usage(row) > 250 }},
		{title: "Active, renewed in May", rule: `{"all":[{"attribute":"active","op":"is","value":true},{"attribute":"renewal","op":"on","value":"2026-05-11"}]}`,
			holds: func(row []string) bool { return row[8] == "true" && row[7] == "2026-05-11" }},
		{title: "A city, or a name", rule: `{"any":[{"attribute":"city","op":"is","value":"City 7"},{"attribute":"first_name","op":"starts_with","value":"First77"}]}`,
			holds: func(row []string) bool { return row[9] == "City 7" || strings.HasPrefix(row[1], "First77") }},
	}
	for n := range rows {
		for round := range 2 {
			row := importRow(n, round)
			for i := range segments {
				if segments[i].holds(row) {
					segments[i].want[round]++
				}
			}
		}
	}
	return segments
}

func makeImportSegments(s *Server, segments []importSegment) error {
	for i := range segments {
		g := &segments[i]
		answer, err := ask(s, request(s, "POST", "/v1/segments", fmt.Appendf(nil, `{"title":%q,"rule":%s}`, g.title, g.rule)))
		if err != nil {
			return fmt.Errorf("make the segment %q: %w", g.title, err)
		}
		var made struct{ ID string }
		if err := json.Unmarshal(answer, &made); err != nil {
			return err
		}
		g.id = made.ID
	}
	return nil
}

// importSearchMost is how long the index is waited for.
const importSearchMost = 300 * time.Second

// afterImport returns how many seconds after an import's end the segments were right and
// the search had everything. It does not wait longer for the search than it may take.
func (o Options) afterImport(s *Server, segments []importSegment) (settled, searched float64, err error) {
	began := time.Now()
	head, err := readerAt(s, "head")
	if err != nil {
		return 0, 0, err
	}
	if settled, err = o.segmentsAfter(s, segments, 0); err != nil {
		return 0, 0, err
	}
	for time.Since(began) < importSearchMost {
		at, err := readerAt(s, "search")
		if err != nil {
			return 0, 0, err
		}
		if at >= head {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	searched = time.Since(began).Seconds()
	o.say("the search was %.1f s behind the end", searched)
	return settled, searched, nil
}

// readerAt is how far a reader of the feed has come, "head" the feed itself.
func readerAt(s *Server, name string) (int64, error) {
	answer, err := ask(s, request(s, "GET", "/v1/status", nil))
	if err != nil {
		return 0, err
	}
	var status struct{ Feed map[string]int64 }
	err = json.Unmarshal(answer, &status)
	return status.Feed[name], err
}

// segmentsAfter returns how many seconds after an import's end every segment had as many
// members as the file says.
func (o Options) segmentsAfter(s *Server, segments []importSegment, round int) (float64, error) {
	began := time.Now()
	for i := 0; i < len(segments); {
		answer, err := ask(s, request(s, "GET", "/v1/segments/"+segments[i].id, nil))
		if err != nil {
			return 0, err
		}
		var g struct{ Count int64 }
		if err := json.Unmarshal(answer, &g); err != nil {
			return 0, err
		}
		if g.Count == segments[i].want[round] {
			i++
			continue
		}
		if time.Since(began) > time.Minute {
			return 0, fmt.Errorf("the segment %q has %d members, and the file says %d", segments[i].title, g.Count, segments[i].want[round])
		}
		time.Sleep(20 * time.Millisecond)
	}
	took := time.Since(began).Seconds()
	o.say("the segments were right %.1f s after the end", took)
	return took, nil
}

// watchMemory looks at a server's memory until the returned function is called, which
// says the most there was, in MB.
func watchMemory(s *Server) func() float64 {
	stop, done := make(chan struct{}), make(chan float64)
	go func() {
		most := int64(0)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				most = max(most, s.RSS())
			case <-stop:
				done <- float64(most) / (1 << 20)
				return
			}
		}
	}()
	return func() float64 { close(stop); return <-done }
}

// importFile sends a file and waits for the import's end. Every row must have become what is said.
func (o Options) importFile(s *Server, file string, rows int, became string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	req, err := http.NewRequest("POST", "http://"+s.Address+"/v1/imports?file="+filepath.Base(file), f)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", s.Auth)
	req.Header.Set("Content-Type", "text/csv")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil || res.StatusCode != http.StatusAccepted {
		return fmt.Errorf("answered %s %s %w", res.Status, body, err)
	}
	var imp struct {
		ID, State string
		Error     *string
		Created   int
		Updated   int
	}
	if err := json.Unmarshal(body, &imp); err != nil {
		return err
	}
	for imp.State == "queued" || imp.State == "running" {
		time.Sleep(50 * time.Millisecond)
		answer, err := ask(s, request(s, "GET", "/v1/imports/"+imp.ID, nil))
		if err != nil {
			return err
		}
		if err := json.Unmarshal(answer, &imp); err != nil {
			return err
		}
	}
	if got := map[string]int{"created": imp.Created, "updated": imp.Updated}[became]; imp.State != "done" || got != rows {
		return fmt.Errorf("the import is %s and %s %d of %d rows", imp.State, became, got, rows)
	}
	return nil
}

// eventsMeanwhile sends single events, one after the other some hundred times a second,
// while do runs, and returns their median and 99th percentile in milliseconds, and how
// many seconds do took.
func (o Options) eventsMeanwhile(s *Server, do func() error) (p50, p99, seconds float64, err error) {
	stop := make(chan struct{})
	var times []time.Duration
	failed := make(chan error, 1)
	go func() { failed <- pacedEvents(s, stop, &times) }()
	began := time.Now()
	err = do()
	took := time.Since(began)
	close(stop)
	if err := errors.Join(err, <-failed); err != nil {
		return 0, 0, 0, err
	}
	if len(times) < 100 {
		return 0, 0, 0, fmt.Errorf("only %d events were sent", len(times))
	}
	slices.Sort(times)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	o.say("%s single events meanwhile: median %.1f ms, 99th percentile %.1f ms, most %.1f ms", number(float64(len(times))), ms(times[len(times)/2]), ms(times[len(times)*99/100]), ms(times[len(times)-1]))
	return ms(times[len(times)/2]), ms(times[len(times)*99/100]), took.Seconds(), nil
}

func pacedEvents(s *Server, stop <-chan struct{}, times *[]time.Duration) error {
	conn, err := net.Dial("tcp", s.Address)
	if err != nil {
		return err
	}
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 16<<10)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	var answer bytes.Buffer
	for n := int64(0); ; n++ {
		select {
		case <-stop:
			return nil
		case <-tick.C:
		}
		body := fmt.Appendf(nil, `{"event":"Purchased bandwidth","properties":%s}`, eventProperties)
		began := time.Now()
		if _, err := conn.Write(request(s, "POST", fmt.Sprintf("/v1/users/c%010d/events", spread(n)), body)); err != nil {
			return err
		}
		answer.Reset()
		if err := readAnswer(in, &answer); err != nil {
			return err
		}
		*times = append(*times, time.Since(began))
	}
}
