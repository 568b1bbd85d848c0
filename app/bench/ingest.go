package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

const (
	customers   = 100_000
	singleConns = 64
	batchConns  = 8
	batchSize   = 1000
)

// Ingest measures writing: single events, batches, and upserts that change nothing.
func Ingest(o Options) (*Report, error) {
	r := newReport(o)
	kith, err := o.Start("kith", filepath.Join(o.Folder, "kith"))
	if err != nil {
		return nil, err
	}
	defer kith.Stop()
	time.Sleep(time.Second) // let it settle before its memory is read
	idle := float64(kith.RSS()) / (1 << 20)
	floorHTTP, err := o.Start("floor-http", filepath.Join(o.Folder, "http"))
	if err != nil {
		return nil, err
	}
	defer floorHTTP.Stop()
	floorTx, err := o.Start("floor-tx", filepath.Join(o.Folder, "tx"))
	if err != nil {
		return nil, err
	}
	defer floorTx.Stop()
	if err := warm(kith, o); err != nil {
		return nil, err
	}
	if err := o.single(r, kith, floorHTTP, floorTx); err != nil {
		return nil, err
	}
	floorHTTP.Stop()
	floorTx.Stop()
	if err := o.batches(r, kith); err != nil {
		return nil, err
	}
	if err := o.upserts(r, kith); err != nil {
		return nil, err
	}
	r.Figures = append(r.Figures,
		Figure{Name: "memory when idle, empty folder", Unit: "MB", Value: idle, Goal: "under 60", Met: idle < 60},
		Figure{Name: "memory at the end of the run", Unit: "MB", Value: float64(kith.RSS()) / (1 << 20), Met: true})
	return r, nil
}

func (o Options) say(format string, args ...any) {
	fmt.Fprintf(o.Log, format+"\n", args...)
}

func (o Options) duration() time.Duration { return time.Duration(o.Seconds) * time.Second }

// warm makes the customers, as a team has them before its events come.
func warm(s *Server, o Options) error { return o.makeCustomers(s, customers) }

func (o Options) makeCustomers(s *Server, count int) error {
	o.say("making %s customers", number(float64(count)))
	for from := 0; from < count; from += 5000 {
		var b bytes.Buffer
		b.WriteString(`{"data":[`)
		for i := from; i < min(from+5000, count); i++ {
			if i > from {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `{"type":"update","id":"c%d","first_name":"Test","last_name":"Customer %d","meta":{"plan":"Fibre 50","usage_gb":%d}}`, i, i, i%500)
		}
		b.WriteString(`]}`)
		err := send(s, request(s, "POST", "/v1/batch", b.Bytes()))
		if err != nil {
			return fmt.Errorf("make customers: %w", err)
		}
	}
	return o.settle(s)
}

// settle waits until whatever follows the feed has caught up, so that it is not measured
// in the place of what comes next.
func (o Options) settle(s *Server) error {
	for range 10 {
		answer, err := ask(s, request(s, "GET", "/v1/status?wait=50s", nil))
		if err != nil {
			return err
		}
		if bytes.Contains(answer, []byte(`"caught_up":true`)) {
			time.Sleep(3 * time.Second) // what is written down lazily is written
			return nil
		}
	}
	return errors.New("the readers of the feed do not catch up")
}

// spread turns a counter into a customer and an instant that look random.
func spread(n int64) uint32 { return uint32(n)*2654435761 + 12345 }

// singleEvent is what an SDK sends as things happen: an event of these minutes.
func singleEvent(s *Server, n int64) []byte {
	x := spread(n)
	at := time.Now().Add(-time.Duration(x%600) * time.Second).UTC().Format(time.RFC3339)
	body := fmt.Appendf(nil, `{"event":"Purchased bandwidth","timestamp":"%s","properties":%s}`, at, eventProperties)
	return request(s, "POST", fmt.Sprintf("/v1/users/c%d/events", x%customers), body)
}

func (o Options) single(r *Report, kith, floorHTTP, floorTx *Server) error {
	var mine, http, tx, p50, p99 []float64
	for round := range o.Rounds {
		for _, m := range []struct {
			server *Server
			rates  *[]float64
		}{{floorHTTP, &http}, {kith, &mine}, {floorTx, &tx}} {
			res, err := load(m.server, singleConns, o.duration(), func(n int64) []byte { return singleEvent(m.server, n) })
			if err != nil {
				return fmt.Errorf("single events: %w", err)
			}
			*m.rates = append(*m.rates, res.rate())
			if m.server == kith {
				p50 = append(p50, float64(res.p50.Microseconds())/1000)
				p99 = append(p99, float64(res.p99.Microseconds())/1000)
			}
		}
		o.say("round %d: single events %s/s, decoding only %s/s, a transaction each %s/s", round+1, number(mine[round]), number(http[round]), number(tx[round]))
	}
	ofHTTP, ofTx := median(ratios(mine, http)), median(ratios(mine, tx))
	r.Figures = append(r.Figures,
		Figure{Name: "single events, 64 connections", Unit: "events/s", Value: median(mine), Floor: "decoding only", FloorN: median(http), Ratio: ofHTTP, Goal: "0.30 of it", Met: ofHTTP >= 0.30},
		Figure{Name: "single events, 64 connections", Unit: "events/s", Value: median(mine), Floor: "a transaction each", FloorN: median(tx), Ratio: ofTx, Goal: "4 times it", Met: ofTx >= 4},
		Figure{Name: "single events, median time", Unit: "ms", Value: median(p50), Met: true},
		Figure{Name: "single events, 99th percentile", Unit: "ms", Value: median(p99), Goal: "under 30", Met: median(p99) < 30})
	return nil
}

func batchEvents(s *Server, n int64) []byte {
	var b bytes.Buffer
	b.Grow(batchSize * 190)
	b.WriteString(`{"data":[`)
	for i := range int64(batchSize) {
		x := spread(n*batchSize + i)
		if i > 0 {
			b.WriteByte(',')
		}
		at := time.UnixMilli(eventTime(x)).UTC()
		fmt.Fprintf(&b, `{"type":"event","id":"c%d","event":"Purchased bandwidth","timestamp":"%s","properties":%s}`, x%customers, at.Format(time.RFC3339), eventProperties)
	}
	b.WriteString(`]}`)
	return request(s, "POST", "/v1/batch", b.Bytes())
}

func (o Options) batches(r *Report, kith *Server) error {
	db, err := openFloor(filepath.Join(o.Folder, "floor.db"))
	if err != nil {
		return err
	}
	defer db.Close()
	// Made beforehand: formatting a thousand events costs the client as much as the
	// server needs to store them.
	ready := make([][]byte, 256)
	for i := range ready {
		ready[i] = batchEvents(kith, int64(i))
	}
	var mine, floor []float64
	for round := range o.Rounds {
		rows, err := floorRows(db, o.duration(), customers)
		if err != nil {
			return fmt.Errorf("bare inserts: %w", err)
		}
		floor = append(floor, rows)
		res, err := load(kith, batchConns, o.duration(), func(n int64) []byte { return ready[int(n)%len(ready)] })
		if err != nil {
			return fmt.Errorf("batches: %w", err)
		}
		mine = append(mine, res.rate()*batchSize)
		o.say("round %d: in batches %s events/s, bare inserts %s rows/s", round+1, number(mine[round]), number(floor[round]))
	}
	ratio := median(ratios(mine, floor))
	r.Figures = append(r.Figures, Figure{Name: "events in batches of 1,000, 8 connections", Unit: "events/s", Value: median(mine),
		Floor: "bare inserts", FloorN: median(floor), Ratio: ratio, Goal: "0.50 of it", Met: ratio >= 0.5})
	return nil
}

// upserts repeats what is stored already: it must write nothing.
func (o Options) upserts(r *Report, kith *Server) error {
	if err := o.settle(kith); err != nil {
		return err
	}
	before, err := head(kith)
	if err != nil {
		return err
	}
	var rates []float64
	for range o.Rounds {
		res, err := load(kith, singleConns, o.duration(), func(n int64) []byte {
			i := spread(n) % customers
			return request(kith, "PUT", fmt.Sprintf("/v1/users/c%d", i),
				fmt.Appendf(nil, `{"first_name":"Test","last_name":"Customer %d","meta":{"plan":"Fibre 50","usage_gb":%d}}`, i, i%500))
		})
		if err != nil {
			return fmt.Errorf("upserts: %w", err)
		}
		rates = append(rates, res.rate())
	}
	after, err := head(kith)
	if err != nil {
		return err
	}
	r.Figures = append(r.Figures,
		Figure{Name: "upserts that change nothing", Unit: "/s", Value: median(rates), Met: true},
		Figure{Name: "changes that they left in the feed", Unit: "", Value: after - before, Goal: "none", Met: after == before})
	return nil
}

// head is the number of the feed's newest entry.
func head(s *Server) (float64, error) {
	answer, err := ask(s, request(s, "GET", "/v1/status", nil))
	if err != nil {
		return 0, err
	}
	var status struct{ Feed struct{ Head float64 } }
	return status.Feed.Head, json.Unmarshal(answer, &status)
}
