package segment

import (
	"bytes"
	"iter"
	"math"
	"slices"
	"strconv"
	"time"

	"kith/app"
)

// Facts are what is known of one customer, as stored.
type Facts struct {
	Customer *app.Customer
	// Events are at least those of the names that the rule asks for, by time and then
	// arrival. They may lie in the future.
	Events []app.Event
	// Interactions are the times of all events, of whatever name, ascending; only a rule
	// with the attribute last_interaction looks at them.
	Interactions []app.Instant
}

// Names says what the ids in a rule stand for.
type Names interface {
	// Segment returns a segment's rule. The built-in one is never asked for.
	Segment(id string) (title string, rule *app.Rule, ok bool)
	// List returns the row of a list.
	List(id string) (row int64, title string, ok bool)
	// Account returns the row of an account; its former ids are good too.
	Account(uid string) (row int64, name string, ok bool)
}

// Attribute returns the raw JSON of an attribute by the name that rules have for it, nil
// where the customer has none: a standard one by its wire name, else a custom one.
func Attribute(c *app.Customer, name string) []byte {
	switch name {
	case "uid":
		return app.Quote(c.UID)
	case "first_name":
		return quoted(c.FirstName)
	case "last_name":
		return quoted(c.LastName)
	case "email":
		return quoted(c.Email)
	case "number":
		return quoted(c.Number)
	case "created_at":
		return instantJSON(&c.CreatedAt)
	case "last_interaction":
		return instantJSON(c.LastInteraction)
	case "is_account":
		return strconv.AppendBool(nil, c.IsAccount)
	case "device_platform":
		return deviceList(c.Devices, func(d app.Device) string { return d.Platform })
	case "device_token":
		return deviceList(c.Devices, func(d app.Device) string { return d.Token })
	}
	return Path(c.Attribute, name)
}

func quoted(s *string) []byte {
	if s == nil {
		return nil
	}
	return app.Quote(*s)
}

func instantJSON(at *app.Instant) []byte {
	if at == nil {
		return nil
	}
	return app.Quote(at.String())
}

// deviceList is an array of the distinct texts of devices.
func deviceList(devices []app.Device, text func(app.Device) string) []byte {
	var seen []string
	for _, d := range devices {
		if t := text(d); !slices.Contains(seen, t) {
			seen = append(seen, t)
		}
	}
	if len(seen) == 0 {
		return nil
	}
	slices.Sort(seen)
	b := []byte{'['}
	for i, t := range seen {
		if i > 0 {
			b = append(b, ',')
		}
		b = app.AppendQuote(b, t)
	}
	return append(b, ']')
}

// TestOf returns the test of a condition as values are held against it. It is the
// condition's own, but that a telephone number may be written in a rule as people write
// it: number is stored as its digits.
func TestOf(c *app.AttributeCondition) *app.Test {
	if c.Attribute != "number" || c.Test.Op == app.OpMatches || c.Test.Op == app.OpNotMatches {
		return &c.Test
	}
	t := c.Test
	t.Operands = slices.Clone(t.Operands)
	for i := range t.Operands {
		if digits, ok := app.DialledDigits(t.Operands[i].Text); ok {
			t.Operands[i].Text = digits
		}
	}
	return &t
}

// Property returns the raw JSON of an event's property, nil where it has none.
// [app.EventValue] is the event's single value; an event without one may still have a
// property of that name.
func Property(e *app.Event, name string) []byte {
	if e.Value == nil {
		return Member(e.Properties, name)
	}
	if name == app.EventValue {
		return e.Value
	}
	members, _ := app.Members(e.Properties, nil) // none where there are no properties
	return Path(func(flat string) []byte {
		if flat == app.EventValue {
			return e.Value
		}
		return lastNamed(members, flat)
	}, name)
}

// DistinctKey returns what two values have in common if distinct counts them once, or a
// sequence takes them for the same: texts that are equal to the letter, numbers that are
// the same float64, and otherwise equal JSON. ok is false for a missing value.
func DistinctKey(raw []byte) (key string, ok bool) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return "", false
	}
	switch app.JSONKind(raw) {
	case app.NullKind:
		return "", false
	case app.TextKind:
		s, ok := app.Text(raw)
		return `"` + s, ok
	case app.NumberKind:
		n, ok := app.ParseNumber(string(raw))
		if n == 0 {
			n = 0 // not −0
		}
		return "#" + strconv.FormatUint(math.Float64bits(n), 36), ok
	}
	return string(app.Compact(raw)), true
}

// DayKey is [DistinctKey] for [app.EventDay]: the calendar day of an event.
func DayKey(at app.Instant, zone *time.Location) string {
	return strconv.FormatInt(app.DayOf(app.WallOf(at, zone)), 10)
}

// Summarize makes one number of the numbers of events, in the order of time and then
// arrival. ok is false where there is nothing to make it of: no test holds then.
func Summarize(a app.Aggregate, numbers []float64) (n float64, ok bool) {
	return summarize(a, slices.Values(numbers))
}

func summarize(a app.Aggregate, numbers iter.Seq[float64]) (n float64, ok bool) {
	count := 0
	for v := range numbers {
		switch {
		case a == app.Sum || a == app.Avg:
			n += v
		case count == 0, a == app.Min && v < n, a == app.Max && v > n:
			n = v
		}
		count++
	}
	switch {
	case count == 0:
		return 0, a == app.Sum
	case a == app.Avg:
		n /= float64(count)
	}
	return n, true
}

// Seed makes a seed of [app.BucketCondition] ready for [Bucket].
func Seed(seed string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(seed) {
		h = (h ^ uint64(seed[i])) * 1099511628211
	}
	return h
}

// Bucket returns where a customer stands between 0 and 100 percent. It follows from the
// seed and the row alone and never changes, so it may be neither improved nor exchanged.
func Bucket(seed uint64, row int64) float64 {
	x := seed + uint64(row)*0x9E3779B97F4A7C15
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	x ^= x >> 31
	return float64(x>>11) / (1 << 53) * 100
}
