package column

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"kith/app"
	"kith/app/segment"
	"kith/app/segment/segmenttest"
)

// crowd is a [Reader] of customers and events made as they are read: with a million and ten
// million, the size that the figures in README are of. Without KITH_BENCH it is a tenth.
type crowd struct {
	customers, events int64
	now               app.Instant
}

func newCrowd() *crowd {
	c := &crowd{customers: 100_000, events: 1_000_000, now: 1_772_366_400_000}
	if os.Getenv("KITH_BENCH") != "" {
		c.customers, c.events = 10*c.customers, 10*c.events
	}
	return c
}

const crowdNames = 20

func (c *crowd) Facts(context.Context, []int64, bool, func(*app.Facts) error) error { return nil }

func (c *crowd) AttributeNameRows(context.Context) (map[int64]string, error) { return nil, nil }

func (c *crowd) FactsAfter(_ context.Context, after int64, limit int, _ bool, visit func(*app.Facts) error) (int64, error) {
	for row := after + 1; row <= min(after+int64(limit), c.customers); row++ {
		r := rand.New(rand.NewPCG(uint64(row), 1))
		b := fmt.Appendf(nil, `{"plan":%q,"country":%q,"usage":%.2f,"joined":"2025-%02d-%02d"`,
			[]string{"free", "basic", "pro", "team"}[r.IntN(4)], []string{"NG", "GH", "KE", "ZA", "EG", "MA", "SN", "RW", "UG", "TZ"}[r.IntN(10)],
			r.Float64()*200, 1+r.IntN(12), 1+r.IntN(28))
		b = append(b, `,"address":"`...)
		b = strconv.AppendInt(b, row, 10)
		b = append(b, ` Allen Avenue, Ikeja"`...)
		for i := range 10 {
			b = fmt.Appendf(b, `,"text %d":"v%d"`, i, r.IntN(50*(i+1)))
		}
		for i := range 5 {
			b = fmt.Appendf(b, `,"number %d":%d`, i, r.IntN(1_000_000))
		}
		b = append(b, '}')
		f := &app.Facts{Row: row, CreatedAt: c.now - app.Instant(r.Int64N(1000))*app.DayMillis, Attributes: b}
		if err := visit(f); err != nil {
			return 0, err
		}
	}
	if after+int64(limit) >= c.customers {
		return 0, nil
	}
	return after + int64(limit), nil
}

// event is the events' row-th: few customers have many, a few names are frequent.
func (c *crowd) event(row int64, e *app.FactsEvent, whole bool) {
	x := uint64(row) * 0x9E3779B97F4A7C15
	x ^= x >> 29
	x *= 0xBF58476D1CE4E5B9
	x ^= x >> 32
	a, b := float64(x>>40)/(1<<24), float64(x&0xFFFFFF)/(1<<24)
	e.Row, e.Customer = row, 1+int64(a*a*float64(c.customers-1))
	e.Name, e.Source = 1+int64(b*b*crowdNames), 1
	e.At = c.now - 180*app.DayMillis + app.Instant(row*180*app.DayMillis/c.events)
	if whole {
		e.Value = strconv.AppendInt(e.Value[:0], int64(x>>20%100), 10)
	}
}

func (c *crowd) FactsEvents(_ context.Context, after, through, name int64, whole bool, visit func(*app.FactsEvent) error) error {
	var e app.FactsEvent
	for row := after + 1; row <= min(through, c.events); row++ {
		c.event(row, &e, whole)
		if name == 0 || e.Name == name {
			if err := visit(&e); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *crowd) FactsEventsOf(context.Context, int64, int64, func(*app.FactsEvent) error) error {
	return nil
}

func (c *crowd) EventNameRows(context.Context) (map[int64]string, error) {
	names := map[int64]string{}
	for i := range int64(crowdNames) {
		names[i+1] = "event " + strconv.FormatInt(i+1, 10)
	}
	return names, nil
}

func (c *crowd) SourceNameRows(context.Context) (map[int64]string, error) {
	return map[int64]string{1: "api"}, nil
}

func (c *crowd) FeedEnd(context.Context) (int64, int64, error) { return 1, c.events, nil }

// nobodyNamed resolves nothing.
type nobodyNamed struct{}

func (nobodyNamed) Segment(string) (string, *app.Rule, bool) { return "", nil, false }
func (nobodyNamed) List(string) (int64, string, bool)        { return 0, "", false }
func (nobodyNamed) Account(string) (int64, string, bool)     { return 0, "", false }
func (nobodyNamed) Source(string) int64                      { return 1 }

// crowdRules are those whose figures are promised.
var crowdRules = []struct{ name, rule string }{
	{"plan and country", `{"all":[{"attribute":"plan","op":"is","value":"pro"},{"attribute":"country","op":"in","value":["NG","GH","KE"]}]}`},
	{"number", `{"attribute":"usage","op":"gt","value":150}`},
	{"date moves", `{"attribute":"created_at","op":"within_last","value":"30d"}`},
	{"count in window", `{"event":"event 3","within":{"last":"30d"},"count":{"op":"gte","value":3}}`},
	{"value and never", `{"all":[{"event":"event 3","where":[{"property":"value","op":"gt","value":50}]},{"event":"event 7","count":{"op":"is","value":0}}]}`},
	{"nested", `{"any":[{"all":[{"attribute":"plan","op":"is","value":"pro"},{"event":"event 3","within":{"last":"30d"},"count":{"op":"gte","value":3}}]},{"none":[{"attribute":"usage","op":"gt","value":150}]}]}`},
	{"text contains", `{"attribute":"address","op":"contains","value":"5 allen"}`},
	{"any event", `{"event":"*","within":{"last":"7d"}}`},
	{"most frequent event", `{"event":"event 1","count":{"op":"gte","value":3}}`},
	{"last interaction", `{"attribute":"last_interaction","op":"more_than_ago","value":"30d"}`},
}

var crowdStore *Store

func fillCrowd(tb testing.TB) (*Store, *crowd) {
	c := newCrowd()
	if crowdStore != nil {
		return crowdStore, c
	}
	now := func() app.Instant { return c.now }
	s := New(time.UTC, "")
	attributes := []string{"created_at", "is_account", "plan", "country", "usage", "joined", "address"}
	for i := range 10 {
		attributes = append(attributes, "text "+strconv.Itoa(i))
	}
	for i := range 5 {
		attributes = append(attributes, "number "+strconv.Itoa(i))
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began := time.Now()
	l, err := s.Begin(context.Background(), c, attributes, nil, c.customers, now)
	if err != nil {
		tb.Fatal(err)
	}
	finish := func(l *Loader) {
		for done := false; !done; {
			if done, err = l.Step(context.Background(), c); err != nil {
				tb.Fatal(err)
			}
		}
		if err := l.Finish(context.Background(), c); err != nil {
			tb.Fatal(err)
		}
	}
	if err := l.Fill(context.Background(), c); err != nil {
		tb.Fatal(err)
	}
	if err := l.Finish(context.Background(), c); err != nil {
		tb.Fatal(err)
	}
	took := time.Since(began)
	runtime.GC()
	runtime.ReadMemStats(&after)
	tb.Logf("%d customers, %d events: filled in %v; %d MB by their own count, %d MB of heap", c.customers, c.events, took.Round(time.Millisecond),
		s.Size()>>20, (after.HeapAlloc-before.HeapAlloc)>>20)
	for _, r := range crowdRules {
		rule, err := app.ParseRule([]byte(r.rule))
		if err != nil {
			tb.Fatal(err)
		}
		if _, needs := s.Compile(rule, nobodyNamed{}); needs != nil {
			began := time.Now()
			finish(s.Load(needs, now))
			tb.Logf("%s: %v came in %v", r.name, needs, time.Since(began).Round(time.Millisecond))
		}
	}
	crowdStore = s
	return s, c
}

// BenchmarkPreview is one keystroke: a rule compiled and counted for everybody, alone and
// by condition, with ten to show.
func BenchmarkPreview(b *testing.B) {
	s, c := fillCrowd(b)
	for _, r := range crowdRules {
		rule, err := app.ParseRule([]byte(r.rule))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(r.name, func(b *testing.B) {
			members, before := int64(0), segmenttest.ProcessorTime()
			for b.Loop() {
				plan, _ := s.Compile(rule, nobodyNamed{})
				plan.Ready(c.now)
				members = plan.Count(10).Members
			}
			b.ReportMetric(float64(members), "members")
			b.ReportMetric((segmenttest.ProcessorTime()-before).Seconds()*1000/float64(b.N), "cpu-ms/op")
		})
	}
}

// BenchmarkOne asks a hundred rules about one customer.
func BenchmarkOne(b *testing.B) {
	s, c := fillCrowd(b)
	var plans []*Plan
	for i := range 100 {
		rule, err := app.ParseRule([]byte(crowdRules[i%6].rule))
		if err != nil {
			b.Fatal(err)
		}
		plan, _ := s.Compile(rule, nobodyNamed{})
		plan.Ready(c.now)
		plans = append(plans, plan)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for b.Loop() {
		slot := uint32(r.IntN(int(c.customers)))
		for _, p := range plans {
			p.one(slot)
		}
	}
}

var _ segment.Names = nobodyNamed{}
