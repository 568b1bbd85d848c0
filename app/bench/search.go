package bench

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"kith/app"
)

// BareIndex is a bare index of the same terms as the product's.
type BareIndex interface {
	// Prepare returns what writes customers, so that only the writing is measured.
	Prepare([]app.Findable) (write func() error)
	Close() error
}

// mostBare bounds how many customers are written to the bare index: it grows slower as it
// grows larger, so fewer are in its favour.
const mostBare = 250_000

// Search measures how fast the search index is built and answers, beside a bare Bleve of
// the same terms and SQLite's FTS5.
func Search(o Options, customers int) (*Report, error) {
	r := newReport(o)
	folder := filepath.Join(o.Folder, "search")
	o.say("making %s customers", number(float64(customers)))
	err := o.Fill(folder, func(take func([]app.Change) error) error {
		for n := 0; n < customers; {
			var changes []app.Change
			for ; n < customers && len(changes) < 8000; n++ {
				p := searchPerson(n)
				changes = append(changes, p.change())
			}
			if err := take(changes); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("make the data: %w", err)
	}
	bare, err := o.bareBuild(min(customers, mostBare))
	if err != nil {
		return nil, err
	}
	s, rate, err := o.searchBuild(r, folder, customers)
	if err != nil {
		return nil, err
	}
	defer s.Stop()
	r.Figures = append(r.Figures, Figure{Name: "index built from the database", Unit: "customers/s", Value: rate,
		Floor: "bare Bleve, the same terms", FloorN: bare, Ratio: rate / bare, Goal: "0.60 of it, and 4,000", Met: rate >= 0.6*bare && rate >= 4000})
	if err := o.searchSize(r, s, folder); err != nil {
		return nil, err
	}
	fts, err := o.openFTS(r, customers)
	if err != nil {
		return nil, err
	}
	defer fts.Close()
	return r, o.searchQueries(r, s, fts, customers)
}

// bareBuild is how many customers a second a bare index takes.
func (o Options) bareBuild(customers int) (float64, error) {
	folder := filepath.Join(o.Folder, "bare")
	index, err := o.Bare(folder)
	if err != nil {
		return 0, err
	}
	var took time.Duration
	for n := 0; n < customers; {
		var batch []app.Findable
		for ; n < customers && len(batch) < 1000; n++ {
			p := searchPerson(n)
			batch = append(batch, p.findable(int64(n+1)))
		}
		write := index.Prepare(batch)
		began := time.Now()
		if err := write(); err != nil {
			return 0, errors.Join(err, index.Close())
		}
		took += time.Since(began)
	}
	rate := float64(customers) / took.Seconds()
	o.say("bare Bleve took %s customers a second", number(rate))
	return rate, errors.Join(index.Close(), os.RemoveAll(folder))
}

// searchBuild starts the product on a folder without an index and returns how many customers
// a second it indexes until all can be found.
func (o Options) searchBuild(r *Report, folder string, customers int) (*Server, float64, error) {
	s, err := o.Start("kith", folder)
	if err != nil {
		return nil, 0, err
	}
	began, peak := time.Now(), int64(0)
	for {
		answer, err := ask(s, request(s, "GET", "/v1/status", nil))
		if err != nil {
			s.Stop()
			return nil, 0, err
		}
		peak = max(peak, s.RSS())
		var status struct{ Search app.IndexState }
		if err := json.Unmarshal(answer, &status); err != nil {
			s.Stop()
			return nil, 0, err
		}
		if status.Search.State == "ready" {
			break
		}
		if time.Since(began) > 15*time.Minute {
			s.Stop()
			return nil, 0, fmt.Errorf("the index is not built after 15 minutes: %s", answer)
		}
		time.Sleep(50 * time.Millisecond)
	}
	took := time.Since(began)
	o.say("the index was built in %.1f s", took.Seconds())
	r.Figures = append(r.Figures,
		Figure{Name: fmt.Sprintf("%s customers searchable after", number(float64(customers))), Unit: "s", Value: took.Seconds(), Goal: "under 300", Met: took < 5*time.Minute},
		Figure{Name: "memory of the whole process meanwhile, at most", Unit: "MB", Value: float64(peak) / (1 << 20), Met: true})
	return s, float64(customers) / took.Seconds(), nil
}

// searchSize compares the index's files with the database.
func (o Options) searchSize(r *Report, s *Server, folder string) error {
	index, err := settled(filepath.Join(folder, "search"))
	if err != nil {
		return err
	}
	database, err := sizeOf(filepath.Join(folder, "kith.db"))
	if err != nil {
		return err
	}
	r.Figures = append(r.Figures,
		Figure{Name: "size of the index", Unit: "MB", Value: index, Floor: "the database", FloorN: database, Ratio: index / database, Goal: "1.00 of it", Met: index <= database},
		Figure{Name: "memory of the whole process with the index", Unit: "MB", Value: float64(s.RSS()) / (1 << 20), Met: true})
	return nil
}

// settled is the size of a folder once it has not changed for five seconds: what a build
// leaves in many files is made one, and the many removed.
func settled(name string) (float64, error) {
	before, since := 0.0, time.Now()
	for began := time.Now(); ; time.Sleep(250 * time.Millisecond) {
		now, err := sizeOf(name)
		if err != nil || now == before && time.Since(since) > 5*time.Second || time.Since(began) > 4*time.Minute {
			return now, err
		}
		if now != before {
			before, since = now, time.Now()
		}
	}
}

// sizeOf is the size of a file or folder in MB. Files that go meanwhile count nothing.
func sizeOf(name string) (mb float64, err error) {
	err = filepath.Walk(name, func(_ string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			mb += float64(info.Size()) / (1 << 20)
		}
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	})
	return mb, err
}

// openFTS makes an FTS5 index of the same customers, and measures that.
func (o Options) openFTS(r *Report, customers int) (*sql.DB, error) {
	file := filepath.Join(o.Folder, "fts.db")
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(file)+"?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=cache_size(-64000)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`create virtual table found using fts5 (text, content='', prefix='2 3', tokenize='unicode61')`); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	began := time.Now()
	for n := 0; n < customers; {
		tx, err := db.Begin()
		if err != nil {
			return nil, err
		}
		insert, err := tx.Prepare("insert into found (rowid, text) values (?, ?)")
		if err != nil {
			return nil, err
		}
		for i := 0; n < customers && i < 8000; i, n = i+1, n+1 {
			p := searchPerson(n)
			if _, err := insert.Exec(n+1, p.text()); err != nil {
				return nil, err
			}
		}
		if err := tx.Commit(); err != nil {
			return nil, err
		}
	}
	rate := float64(customers) / time.Since(began).Seconds()
	size, err := sizeOf(file)
	if err != nil {
		return nil, err
	}
	r.Figures = append(r.Figures,
		Figure{Name: "FTS5 built, for comparison", Unit: "customers/s", Value: rate, Met: true},
		Figure{Name: "size of FTS5's index", Unit: "MB", Value: size, Met: true})
	return db, nil
}

// ftsTime is how long FTS5 takes for the newest ten that hold all words' beginnings.
func ftsTime(db *sql.DB, text string) (time.Duration, error) {
	var words []string
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" @.:_", r) }) {
		words = append(words, `"`+w+`"*`)
	}
	began := time.Now()
	rows, err := db.Query("select rowid from found where found match ? order by rowid desc limit 10", strings.Join(words, " "))
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var row int64
		if err := rows.Scan(&row); err != nil {
			return 0, err
		}
	}
	return time.Since(began), rows.Err()
}

// asker is a connection that stays.
type asker struct {
	s    *Server
	conn net.Conn
	in   *bufio.Reader
}

func newAsker(s *Server) (*asker, error) {
	conn, err := net.Dial("tcp", s.Address)
	if err != nil {
		return nil, err
	}
	return &asker{s, conn, bufio.NewReaderSize(conn, 64<<10)}, nil
}

func (a *asker) find(text string) (time.Duration, []byte, error) {
	began := time.Now()
	if _, err := a.conn.Write(request(a.s, "GET", "/v1/users?limit=10&query="+url.QueryEscape(text), nil)); err != nil {
		return 0, nil, err
	}
	var body bytes.Buffer
	err := readAnswer(a.in, &body)
	return time.Since(began), body.Bytes(), err
}

// searchQueries measures answers as one types while events and changes come in, other
// ways to look, and how soon a change is found.
func (o Options) searchQueries(r *Report, s *Server, fts *sql.DB, customers int) error {
	a, err := newAsker(s)
	if err != nil {
		return err
	}
	defer a.conn.Close()
	stop := make(chan struct{})
	var coming sync.WaitGroup
	var comeErr error
	coming.Go(func() { comeErr = o.comingIn(s, customers, stop) })
	err = func() error {
		defer coming.Wait()
		defer close(stop)
		time.Sleep(2 * time.Second)
		var ours, theirs []time.Duration
		for end, i := time.Now().Add(4*o.duration()), 0; time.Now().Before(end) || i < 50; i++ {
			for _, text := range typing(int(spread(int64(i))) % customers) {
				took, _, err := a.find(text)
				if err != nil {
					return fmt.Errorf("look for %q: %w", text, err)
				}
				ours = append(ours, took)
				if took, err = ftsTime(fts, text); err != nil {
					return err
				}
				theirs = append(theirs, took)
			}
		}
		mine, its := quantiles(ours), quantiles(theirs)
		r.Figures = append(r.Figures,
			Figure{Name: "an answer as one types, median, with ingest", Unit: "ms", Value: mine[0], Floor: "FTS5 in its own process", FloorN: its[0], Ratio: mine[0] / its[0], Goal: "under 5", Met: mine[0] < 5},
			Figure{Name: "the same, 99th percentile", Unit: "ms", Value: mine[1], Floor: "FTS5", FloorN: its[1], Ratio: mine[1] / its[1], Goal: "under 30", Met: mine[1] < 30})
		for _, l := range looking {
			if err := o.lookFor(r, a, fts, customers, l.name, l.text); err != nil {
				return err
			}
		}
		return o.foundAfter(r, s, a, customers)
	}()
	return errors.Join(err, comeErr)
}

func (o Options) lookFor(r *Report, a *asker, fts *sql.DB, customers int, name string, text func(*person) string) error {
	var ours, theirs []time.Duration
	for i := range 40 * o.Rounds {
		p := searchPerson(int(spread(int64(i+1000))) % customers)
		took, _, err := a.find(text(&p))
		if err != nil {
			return fmt.Errorf("look for %s: %w", name, err)
		}
		ours = append(ours, took)
		if took, err = ftsTime(fts, text(&p)); err != nil {
			return err
		}
		theirs = append(theirs, took)
	}
	mine, its := quantiles(ours), quantiles(theirs)
	f := Figure{Name: "by " + name + ", median", Unit: "ms", Value: mine[0], Goal: "under 5", Met: mine[0] < 5}
	g := Figure{Name: "by " + name + ", 99th percentile", Unit: "ms", Value: mine[1], Goal: "under 30", Met: mine[1] < 30}
	if name != "a typo" { // which FTS5 has nothing for
		f.Floor, f.FloorN, f.Ratio = "FTS5", its[0], mine[0]/its[0]
		g.Floor, g.FloorN, g.Ratio = "FTS5", its[1], mine[1]/its[1]
	}
	r.Figures = append(r.Figures, f, g)
	return nil
}

// quantiles are the median and the 99th percentile in ms.
func quantiles(times []time.Duration) [2]float64 {
	slices.Sort(times)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return [2]float64{ms(times[len(times)/2]), ms(times[len(times)*99/100])}
}

// changesPerSecond and eventsPerSecond are what comes in meanwhile.
const changesPerSecond, eventsPerSecond = 500, 2000

// comingIn sends changes and events until stop.
func (o Options) comingIn(s *Server, customers int, stop <-chan struct{}) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for n := int64(0); ; n++ {
		select {
		case <-stop:
			return nil
		case <-tick.C:
		}
		var b bytes.Buffer
		b.WriteString(`{"data":[`)
		for i := range int64((changesPerSecond + eventsPerSecond) / 10) {
			if i > 0 {
				b.WriteByte(',')
			}
			uid := int(spread(n*500+i)) % customers
			if i < changesPerSecond/10 {
				fmt.Fprintf(&b, `{"type":"update","id":"cus_%07d","meta":{"plan":"team","score":%d}}`, uid, n%1000)
			} else {
				fmt.Fprintf(&b, `{"type":"event","id":"cus_%07d","event":"Purchased bandwidth","properties":%s}`, uid, eventProperties)
			}
		}
		b.WriteString(`]}`)
		if err := send(s, request(s, "POST", "/v1/batch", b.Bytes())); err != nil {
			return fmt.Errorf("send what comes in: %w", err)
		}
	}
}

// foundAfter measures how soon a changed name is found.
func (o Options) foundAfter(r *Report, s *Server, a *asker, customers int) error {
	var times []time.Duration
	for i := range 20 * o.Rounds {
		name := fmt.Sprintf("Zq%s%d", searchWord(uint32(i)), i)
		began := time.Now()
		if err := send(s, request(s, "PUT", fmt.Sprintf("/v1/users/cus_%07d", i*37%customers), fmt.Appendf(nil, `{"first_name":%q}`, name))); err != nil {
			return err
		}
		for {
			_, body, err := a.find(name)
			if err != nil {
				return err
			}
			if bytes.Contains(body, []byte(name)) {
				break
			}
			if time.Since(began) > 30*time.Second {
				return errors.New("a change was not found within 30 seconds")
			}
			time.Sleep(5 * time.Millisecond)
		}
		times = append(times, time.Since(began))
	}
	q := quantiles(times)
	r.Figures = append(r.Figures,
		Figure{Name: "a change found after, median, at 500 changes/s", Unit: "ms", Value: q[0], Met: true},
		Figure{Name: "the same, 99th percentile", Unit: "ms", Value: q[1], Goal: "under 1,000", Met: q[1] < 1000})
	return nil
}
