package bench

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kith/app"
)

// SegmentsSize is how much [Segments] makes.
type SegmentsSize struct{ Customers, Events int }

// segmentRule is a rule whose preview is measured, and the same as hand-written SQL, which
// has the best indexes that there are for it.
type segmentRule struct{ name, rule, sql string }

const eventNames = 20

// segmentRules are six that look at everything that most rules look at.
func segmentRules(now time.Time) []segmentRule {
	month := now.AddDate(0, 0, -30).UnixMilli()
	frequent := fmt.Sprintf("select customer_id from events where name_id = (select id from event_names where name = 'event 3') and at > %d and at <= %d group by customer_id having count(*) >= 3", month, now.UnixMilli())
	return []segmentRule{
		{"plan is pro, and country one of three", `{"all":[{"attribute":"plan","op":"is","value":"pro"},{"attribute":"country","op":"in","value":["NG","GH","KE"]}]}`,
			"select count(*) from customers where attributes->>'$.plan' = 'pro' and attributes->>'$.country' in ('NG', 'GH', 'KE')"},
		{"usage over 150", `{"attribute":"usage","op":"gt","value":150}`,
			"select count(*) from customers where attributes->>'$.usage' > 150"},
		{"created within 30 days", `{"attribute":"created_at","op":"within_last","value":"30d"}`,
			fmt.Sprintf("select count(*) from customers where created_at > %d and created_at <= %d", month, now.UnixMilli())},
		{"an event three times in 30 days", `{"event":"event 3","within":{"last":"30d"},"count":{"op":"gte","value":3}}`,
			"select count(*) from (" + frequent + ")"},
		{"a value over 50 once, another event never", `{"all":[{"event":"event 3","where":[{"property":"value","op":"gt","value":50}]},{"event":"event 7","count":{"op":"is","value":0}}]}`,
			`select count(*) from (select distinct customer_id from events where name_id = (select id from event_names where name = 'event 3') and cast(value as real) > 50) e
			where not exists (select 1 from events where name_id = (select id from event_names where name = 'event 7') and customer_id = e.customer_id)`},
		{"a nesting of these", `{"any":[{"all":[{"attribute":"plan","op":"is","value":"pro"},{"event":"event 3","within":{"last":"30d"},"count":{"op":"gte","value":3}}]},{"none":[{"attribute":"usage","op":"gt","value":150}]}]}`,
			"select count(*) from customers where attributes->>'$.plan' = 'pro' and id in (" + frequent + ") or not coalesce(attributes->>'$.usage' > 150, 0)"},
	}
}

// segmentIndexes are those that serve the SQL best.
var segmentIndexes = []string{
	"create index floor_plan on customers (attributes->>'$.plan', attributes->>'$.country')",
	"create index floor_usage on customers (attributes->>'$.usage')",
	"create index floor_created on customers (created_at)",
	"create index floor_time on events (name_id, at, customer_id)",
	"create index floor_value on events (name_id, customer_id, value)",
}

// segmentData makes customers and events, some thousand at a time: few customers have many
// events, a few names are frequent, all of the last 180 days.
func segmentData(size SegmentsSize, now time.Time, take func([]app.Change) error) error {
	r := rand.New(rand.NewPCG(1, 2))
	var changes []app.Change
	add := func(c app.Change) error {
		if changes = append(changes, c); len(changes) < 8000 {
			return nil
		}
		err := take(changes)
		changes = nil
		return err
	}
	for i := range size.Customers {
		if err := add(segmentCustomer(r, i, now)); err != nil {
			return err
		}
	}
	first := now.AddDate(0, 0, -180).UnixMilli()
	step := float64(now.UnixMilli()-first) / float64(max(size.Events, 1))
	for i := range size.Events {
		a, b := r.Float64(), r.Float64()
		err := add(&app.Track{UID: fmt.Sprintf("c%d", int(a*a*float64(size.Customers))), Event: fmt.Sprintf("event %d", 1+int(b*b*eventNames)),
			At: app.Instant(first + int64(float64(i)*step)), Value: fmt.Appendf(nil, "%d", r.IntN(100))})
		if err != nil {
			return err
		}
	}
	return take(changes)
}

// segmentCustomer has twenty attributes.
func segmentCustomer(r *rand.Rand, i int, now time.Time) app.Change {
	created := app.InstantOf(now.AddDate(0, 0, -r.IntN(1000)))
	c := &app.SetProfile{UID: fmt.Sprintf("c%d", i), Trusted: true, Profile: app.Profile{CreatedAt: &created}}
	add := func(name, format string, args ...any) {
		c.Profile.Attributes = append(c.Profile.Attributes, app.Attribute{Name: name, Value: fmt.Appendf(nil, format, args...)})
	}
	add("plan", "%q", []string{"free", "basic", "pro", "team"}[r.IntN(4)])
	add("country", "%q", []string{"NG", "GH", "KE", "ZA", "EG", "MA", "SN", "RW", "UG", "TZ"}[r.IntN(10)])
	add("usage", "%.2f", r.Float64()*200)
	add("joined", `"2025-%02d-%02d"`, 1+r.IntN(12), 1+r.IntN(28))
	add("address", `"%d Allen Avenue, Ikeja"`, i)
	for n := range 10 {
		add(fmt.Sprintf("text %d", n), `"v%d"`, r.IntN(50*(n+1)))
	}
	for n := range 5 {
		add(fmt.Sprintf("number %d", n), "%d", r.IntN(1_000_000))
	}
	return c
}

// Segments measures rules over everybody beside hand-written SQL, starts, memory, how soon a
// change is seen, and what a hundred live segments take from ingest.
func Segments(o Options, size SegmentsSize) (*Report, error) {
	r := newReport(o)
	now := time.Now().UTC()
	folder := filepath.Join(o.Folder, "segments")
	o.say("making %s customers and %s events", number(float64(size.Customers)), number(float64(size.Events)))
	if err := o.Fill(folder, func(take func([]app.Change) error) error { return segmentData(size, now, take) }); err != nil {
		return nil, fmt.Errorf("make the data: %w", err)
	}
	rules := segmentRules(now)
	if err := o.previews(r, folder, rules); err != nil {
		return nil, err
	}
	if err := o.sqlFloor(r, folder, rules); err != nil {
		return nil, err
	}
	return r, o.live(r)
}

// columnsReady waits until a preview is answered, and returns the answer.
func columnsReady(s *Server, rule string, d time.Duration) ([]byte, error) {
	body := request(s, "POST", "/v1/segments/preview", []byte(`{"rule":`+rule+`}`))
	for end := time.Now().Add(d); ; {
		answer, err := ask(s, body)
		if err == nil {
			return answer, nil
		}
		if !strings.Contains(err.Error(), " 202 ") || time.Now().After(end) {
			return nil, err
		}
	}
}

// previews measures two starts, without a snapshot and with one, and the rules.
func (o Options) previews(r *Report, folder string, rules []segmentRule) error {
	const anybody = `{"all":[]}`
	var s *Server
	for _, start := range []struct {
		name string
		goal float64
	}{{"without a snapshot", 10}, {"from a snapshot", 1}} {
		if s != nil {
			s.Stop()
		}
		began := time.Now()
		var err error
		if s, err = o.Start("kith", folder); err != nil {
			return err
		}
		defer s.Stop()
		if err := send(s, request(s, "GET", "/v1/status", nil)); err != nil {
			return err
		}
		answering := time.Since(began)
		if _, err := columnsReady(s, anybody, 10*time.Minute); err != nil {
			return err
		}
		ready := time.Since(began)
		r.Figures = append(r.Figures,
			Figure{Name: "start to the first answer, " + start.name, Unit: "s", Value: answering.Seconds(), Goal: "under 1", Met: answering < time.Second},
			Figure{Name: "start to rules answered, " + start.name, Unit: "s", Value: ready.Seconds(), Goal: fmt.Sprintf("under %.0f", start.goal), Met: ready.Seconds() < start.goal})
	}
	r.Figures = append(r.Figures, Figure{Name: "memory of the whole process with all columns", Unit: "MB", Value: float64(s.RSS()) / (1 << 20), Goal: "under 800", Met: s.RSS() < 800<<20})
	for i := range rules {
		rule := &rules[i]
		began := time.Now()
		if _, err := columnsReady(s, rule.rule, 5*time.Minute); err != nil {
			return fmt.Errorf("%s: %w", rule.name, err)
		}
		if first := time.Since(began); first > time.Second { // a column had to be read
			r.Figures = append(r.Figures, Figure{Name: "the first time of: " + rule.name, Unit: "s", Value: first.Seconds(), Goal: "under 10", Met: first < 10*time.Second})
		}
		var times []float64
		var answer []byte
		for range 10 * o.Rounds {
			began := time.Now()
			var err error
			if answer, err = ask(s, request(s, "POST", "/v1/segments/preview", []byte(`{"rule":`+rule.rule+`}`))); err != nil {
				return err
			}
			times = append(times, float64(time.Since(began).Microseconds())/1000)
		}
		var a struct{ Count float64 }
		if err := json.Unmarshal(answer, &a); err != nil {
			return err
		}
		o.say("%s: %s customers, median %.1f ms", rule.name, number(a.Count), median(times))
		r.Figures = append(r.Figures, Figure{Name: "preview: " + rule.name, Unit: "ms", Value: median(times), Goal: "under 20", Met: median(times) < 20})
	}
	return nil
}

// sqlFloor asks the same of SQLite, over the best indexes, in the same file.
func (o Options) sqlFloor(r *Report, folder string, rules []segmentRule) error {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(folder, "kith.db")+"?_pragma=cache_size(-512000)")
	if err != nil {
		return err
	}
	defer db.Close()
	o.say("making the indexes that the SQL wants")
	for _, index := range append(slices.Clone(segmentIndexes), "analyze") {
		if _, err := db.Exec(index); err != nil {
			return fmt.Errorf("%s: %w", index, err)
		}
	}
	for _, rule := range rules {
		var times []float64
		count := 0.0
		for range max(3, o.Rounds) {
			began := time.Now()
			if err := db.QueryRow(rule.sql).Scan(&count); err != nil {
				return fmt.Errorf("%s: %w", rule.name, err)
			}
			times = append(times, float64(time.Since(began).Microseconds())/1000)
		}
		for i := range r.Figures {
			if f := &r.Figures[i]; f.Name == "preview: "+rule.name {
				f.Floor, f.FloorN, f.Ratio = "SQL over the best index", median(times), f.Value/median(times)
			}
		}
		o.say("%s by SQL: %s customers, median %.1f ms", rule.name, number(count), median(times))
	}
	return nil
}

// live measures ingest with a hundred segments beside ingest without any, and how soon a
// change is a membership.
func (o Options) live(r *Report) error {
	var servers [2]*Server
	for i, name := range []string{"without", "with"} {
		s, err := o.Start("kith", filepath.Join(o.Folder, name))
		if err != nil {
			return err
		}
		defer s.Stop()
		if err := warm(s, o); err != nil {
			return err
		}
		servers[i] = s
	}
	watched, err := hundredSegments(servers[1])
	if err != nil {
		return err
	}
	if err := o.settle(servers[1]); err != nil {
		return err
	}
	idle, err := o.latency(servers[1], watched, nil)
	if err != nil {
		return err
	}
	var rates [2][]float64
	for range o.Rounds {
		for i, s := range servers {
			res, err := load(s, singleConns, o.duration(), func(n int64) []byte { return singleEvent(s, n) })
			if err != nil {
				return err
			}
			rates[i] = append(rates[i], res.rate())
		}
	}
	ratio := median(ratios(rates[1], rates[0]))
	busy, err := o.latency(servers[1], watched, func(n int64) []byte { return fewEvents(servers[1], n) })
	if err != nil {
		return err
	}
	r.Figures = append(r.Figures,
		Figure{Name: "single events with 100 live segments", Unit: "events/s", Value: median(rates[1]), Floor: "without any", FloorN: median(rates[0]), Ratio: ratio, Goal: "0.80 of it", Met: ratio >= 0.8},
		Figure{Name: "a change to its membership when idle, 99th percentile", Unit: "ms", Value: idle, Goal: "under 100", Met: idle < 100},
		Figure{Name: "the same while 5,000 events/s come in", Unit: "ms", Value: busy, Goal: "under 1,000", Met: busy < 1000})
	return nil
}

// hundredSegments makes them and returns the id of the one that [Options.latency] watches.
func hundredSegments(s *Server) (string, error) {
	var watched string
	for i := range 100 {
		// Half of them look at the event that comes in; who enters is the few who had many.
		rule := fmt.Sprintf(`{"all":[{"event":"Purchased bandwidth","within":{"last":"%dd"},"count":{"op":"gte","value":%d}},{"attribute":"usage_gb","op":"gt","value":%d}]}`, 1+i%30, 3+i%20, i*5)
		if i%2 == 1 {
			rule = fmt.Sprintf(`{"any":[{"attribute":"usage_gb","op":"between","value":[%d,%d]},{"event":"Called support","within":{"last":"%dd"}}]}`, i, 5*i, i)
		}
		if i == 0 {
			rule = `{"attribute":"watched","op":"is","value":true}`
		}
		answer, err := ask(s, request(s, "POST", "/v1/segments", fmt.Appendf(nil, `{"title":"Segment %d","rule":%s}`, i, rule)))
		if err != nil {
			return "", err
		}
		var a struct{ ID string }
		if err := json.Unmarshal(answer, &a); err != nil {
			return "", err
		}
		if i == 0 {
			watched = a.ID
		}
	}
	return watched, nil
}

// fewEvents is a tenth of a second of 5,000 events a second.
func fewEvents(s *Server, n int64) []byte {
	var b bytes.Buffer
	b.WriteString(`{"data":[`)
	for i := range int64(500) {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"type":"event","id":"c%d","event":"Purchased bandwidth","properties":%s}`, spread(n*500+i)%customers, eventProperties)
	}
	b.WriteString(`]}`)
	return request(s, "POST", "/v1/batch", b.Bytes())
}

// latency is the 99th percentile of the milliseconds from an attribute's change, as it is
// sent, to the customer's being in the segment, as it is asked.
func (o Options) latency(s *Server, segment string, meanwhile func(n int64) []byte) (float64, error) {
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for n := int64(0); ; n++ {
			select {
			case <-stop:
				done <- nil
				return
			case <-tick.C:
			}
			if meanwhile == nil {
				continue
			}
			if err := send(s, meanwhile(n)); err != nil {
				done <- err
				return
			}
		}
	}()
	var times []float64
	for i := range 200 {
		on := i%2 == 0
		uid := fmt.Sprintf("c%d", i/2)
		began := time.Now()
		if err := send(s, request(s, "PUT", "/v1/users/"+uid, fmt.Appendf(nil, `{"meta":{"watched":%v}}`, on))); err != nil {
			return 0, err
		}
		for {
			answer, err := ask(s, request(s, "GET", "/v1/users/"+uid, nil))
			if err != nil {
				return 0, err
			}
			if bytes.Contains(answer, []byte(segment)) == on {
				break
			}
			if time.Since(began) > 30*time.Second {
				return 0, errors.New("a change was not seen within 30 seconds")
			}
		}
		times = append(times, float64(time.Since(began).Microseconds())/1000)
	}
	close(stop)
	slices.Sort(times)
	return times[len(times)*99/100], <-done
}
