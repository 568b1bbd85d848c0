package app

// Event is something that happened to a customer at an instant. It is kept, never overwritten.
type Event struct {
	Row      int64
	Customer int64 // row of the customer
	UID      string
	Name     string
	At       Instant
	// Value is the event's single value as raw JSON, nil when none came. false is a value.
	Value []byte
	// Properties is a raw JSON object, nil when none came.
	Properties []byte
	Source     string
	MessageID  string
}

// EventStat is one line of the catalogue of events.
type EventStat struct {
	Row             int64
	Name            string
	Events          int64
	Customers       int64
	FirstAt, LastAt Instant
	Properties      []PropertyStat
	Sources         []string // where its events came from, each once
	Days            []DayCount
}

// PropertyStat names a property of an event and the types that its values came in.
type PropertyStat struct {
	Name  string
	Types []AttributeType
}

// DayCount is a count on one UTC day. Day counts days since 1970-01-01.
type DayCount struct {
	Day   int64
	Count int64
}

// DayMillis is the length of a day of [DayCount].
const DayMillis = 24 * 60 * 60 * 1000

// DayOf returns the UTC day of an instant.
func DayOf(at Instant) int64 {
	d := int64(at) / DayMillis
	if int64(at)%DayMillis < 0 {
		d--
	}
	return d
}

// HourOf returns the hour of an instant, counted from 1970-01-01T00:00Z.
func HourOf(at Instant) int64 {
	const hour = DayMillis / 24
	h := int64(at) / hour
	if int64(at)%hour < 0 {
		h--
	}
	return h
}

// SpanCount is what came in one UTC day or one hour, counted from 1970.
type SpanCount struct {
	Span      int64
	Events    int64 // by the event's own time
	Customers int64 // by created_at
}

// OwnedEvent is an event with whose it is.
type OwnedEvent struct {
	Event
	CustomerID, CustomerName string
}

// EventFilter says which events of a customer, or of all, a listing holds.
type EventFilter struct {
	Name     string
	From, To *Instant // From is included, To is not
	Sources  []string // any of them; none asks for all
}
