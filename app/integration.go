package app

import (
	"encoding/json"
	"time"
)

// Integration is a connection to a service outside: an address of its own that the
// service posts to, and what is needed to believe it.
type Integration struct {
	Row int64
	// ID is the public id, 24 hex digits.
	ID string
	// Kind names the service, as package integration lists them.
	Kind, Name string
	// Token is the part of the address that nobody can guess.
	Token string
	// Secret is what the service signs with; with "" nothing is verified. The one before
	// it, Previous, still counts until PreviousUntil, so that it can be changed on both
	// sides without losing a hook in between.
	Secret, Previous string
	PreviousUntil    Instant
	// Tolerance is how old a signed time may be; 0 for any age.
	Tolerance time.Duration
	Options   IntegrationOptions
	CreatedAt Instant
	// Days are the counts of the last days, newest last; filled where a listing asks for them.
	Days []IntegrationDay
	// LastAt is when the last body came, nil if none has.
	LastAt *Instant
	// LastFailure is the newest delivery that failed and was not mended, nil if none did.
	LastFailure *Delivery
}

// Secrets are those that count at an instant, the newest first.
func (i *Integration) Secrets(now Instant) []string {
	var out []string
	if i.Secret != "" {
		out = append(out, i.Secret)
	}
	if i.Previous != "" && now < i.PreviousUntil {
		out = append(out, i.Previous)
	}
	return out
}

// IntegrationOptions are what some kinds need beside a secret.
type IntegrationOptions struct {
	// UIDKeys are the names under which the team keeps its own customer id in the
	// service's metadata; without any the usual ones are tried.
	UIDKeys []string `json:"uid_keys,omitempty"`
	// Topic is the one SNS topic that may post here (Amazon SES).
	Topic string `json:"topic,omitempty"`
	// Mapping and Signature are those of a generic webhook.
	Mapping   *HookMapping   `json:"mapping,omitempty"`
	Signature *HookSignature `json:"signature,omitempty"`
	// Forward is an address that each verified body is passed on to as it came.
	Forward string `json:"forward,omitempty"`
}

// HookMapping says where a generic webhook's body has what. Each place is a path of
// names and numbers with dots between them, "data.customer.id", as one clicks them.
type HookMapping struct {
	UID        string            `json:"uid,omitempty"`
	Email      string            `json:"email,omitempty"`
	Event      string            `json:"event,omitempty"`      // where the event's name stands …
	EventName  string            `json:"event_name,omitempty"` // … or the name itself
	Timestamp  string            `json:"timestamp,omitempty"`
	ID         string            `json:"id,omitempty"` // what a repeat is recognised by
	Properties map[string]string `json:"properties,omitempty"`
	Attributes map[string]string `json:"attributes,omitempty"`
}

// HookSignature says how a generic webhook is signed: an HMAC of the body in a header.
type HookSignature struct {
	Header    string `json:"header"`
	Algorithm string `json:"algorithm"` // sha256, sha1, sha512, or token: the header is the secret itself
	Encoding  string `json:"encoding"`  // hex or base64
	Prefix    string `json:"prefix,omitempty"`
}

// IntegrationDay counts a connection's deliveries of one UTC day, by state.
type IntegrationDay struct {
	Day    int64
	States [DeliveryStateCount]int64
}

// DeliveryState says what became of a body that a service posted.
type DeliveryState uint8

// The states. They are stored: append only.
const (
	Applied  DeliveryState = iota // it became something
	Ignored                       // understood, and there was nothing to do
	Failed                        // not believed, not understood, or refused; it can be mended and replayed
	Repeated                      // it came before, and changed nothing
	deliveryStateCount
)

// DeliveryStateCount is the number of states.
const DeliveryStateCount = int(deliveryStateCount)

func (s DeliveryState) String() string {
	return [...]string{"applied", "ignored", "failed", "repeated"}[s]
}

// Delivery is one body as a service posted it, and what it became.
type Delivery struct {
	Row         int64
	ID          string
	Integration int64
	ReceivedAt  Instant
	State       DeliveryState
	// Error says why it failed, was ignored, or is gone.
	Error string
	// Event is what the service calls it.
	Event string
	// Verified: its signature was checked and right.
	Verified bool
	// Became is a raw JSON list of events and attributes.
	Became []byte
	// Body is as it came; Mended, if not nil, is what a person made of it to replay it.
	// Both are nil where a listing leaves them out, and when the body is gone.
	Body, Mended []byte
	Bytes        int64
	// Header is a raw JSON object of the headers that matter.
	Header []byte
	// Removed: the body was erased with a customer who is in it.
	Removed    bool
	ReplayedAt *Instant
}

// DeliveryFilter says which deliveries of a connection a listing holds.
type DeliveryFilter struct {
	Integration int64
	State       *DeliveryState
	Before      int64 // row; 0 from the newest on
}

// Hook is the part of a [Batch] that a service's body brings: the delivery is stored in
// the transaction of its Changes.
type Hook struct {
	Integration int64
	// Replay is the row of the delivery that is tried again, 0 for a new one.
	Replay int64
	// Body is what came, or, with Replay, what was mended (nil: the stored one is unchanged).
	Body, Header []byte
	Event        string
	Verified     bool
	// State and Error are what reading it said; where Changes came of it, what became of
	// them decides.
	State DeliveryState
	Error string
	// Refused says what of the body was left out before there were Changes, "" for nothing.
	Refused string
	// Whole makes a body that was applied before, byte for byte, a repeat.
	Whole bool
	// Outgoing are requests to be sent once this is on the disk.
	Outgoing []Outgoing
	// Delivery is filled by Apply.
	Delivery Delivery
}

// Outgoing is a request that Kith sends by itself: a hook passed on, or the confirmation
// of a subscription. It is tried until it succeeds or has been for too long.
type Outgoing struct {
	Row      int64
	Delivery int64
	Kind     OutgoingKind
	URL      string
	Tries    int
	Due      Instant
	// Body and Header are the delivery's, filled for the one who sends.
	Body, Header []byte
	Error        string
	DoneAt       *Instant
	GivenUp      bool
}

// OutgoingKind says what an outgoing request is for. Stored: append only.
type OutgoingKind uint8

// The kinds.
const (
	Forwarded OutgoingKind = iota // POST the body as it came
	Confirmed                     // GET the address: an SNS subscription
)

// Person is somebody as a service outside names them. Storage finds the customer: by
// our own id, else by the service's id seen before, else by e-mail; else it makes one,
// provisional where there is no id of ours.
type Person struct {
	UID string
	// Service is the service's kind, External its own ids of the person.
	Service  string
	External []string
	Email    string
}

// Observe is what a service reports of one person: values to set, values to fill in
// where there are none, an event. It is applied whole or not at all, and once for each
// Key of an integration. Reports may come in any order: an older value never replaces
// a newer one of the same service.
type Observe struct {
	Person Person
	// Integration is the row of the connection, and the scope of Key.
	Integration int64
	// Key recognises a repeat; with "" each counts.
	Key string
	// At is the service's own time of the report.
	At   Instant
	Set  Profile
	Fill Profile
	// Event is tracked for the person; its UID is left empty.
	Event *Track
	// Suppress marks the person's e-mail as not to be mailed, and says why.
	Suppress string
	// Allow lifts such a mark.
	Allow  bool
	Source string
}

func (*Observe) change() {}

// SuppressedAttribute holds why a customer's address is not to be mailed. Storage sets
// and removes it with the address.
const SuppressedAttribute = "email_suppressed"

// Became is what a change did for a customer, as raw JSON objects for people to read;
// nil if it says nothing.
func Became(c Change, res Result) [][]byte {
	var out [][]byte
	add := func(m []Member) {
		if len(m) > 0 {
			out = append(out, JoinMembers(append([]Member{{"uid", Quote(res.UID)}}, m...)))
		}
	}
	switch c := c.(type) {
	case *Observe:
		if c.Event != nil {
			add(becameEvent(c.Event))
		}
		if res.Wrote != nil {
			add(becameProfile(*res.Wrote))
		}
		if c.Suppress != "" {
			add([]Member{{"attributes", JoinMembers([]Member{{SuppressedAttribute, Quote(c.Suppress)}})}})
		}
	case *Track:
		add(becameEvent(c))
	case *SetProfile:
		if m := becameProfile(c.Profile); m != nil {
			add(m)
		} else {
			add([]Member{{"attributes", []byte("{}")}})
		}
	case *RemoveAttributes:
		var removed []Member
		for _, name := range c.Names {
			removed = append(removed, Member{name, []byte("null")})
		}
		add([]Member{{"attributes", JoinMembers(removed)}})
	case *Merge:
		add([]Member{{"merged", Quote(c.From)}})
	case *JoinAccounts:
		for _, a := range c.Accounts {
			add([]Member{{"account", Quote(a.UID)}})
		}
	case *Delete:
		add([]Member{{"deleted", []byte("true")}})
	case *Archive:
		add([]Member{{"archived", []byte(map[bool]string{true: "true", false: "false"}[c.Archived])}})
	case *RemoveDevice:
		add([]Member{{"device_removed", Quote(c.Token)}})
	}
	return out
}

func becameEvent(e *Track) []Member {
	m := []Member{{"event", Quote(e.Event)}, {"timestamp", Quote(e.At.String())}}
	if e.Value != nil {
		m = append(m, Member{"value", e.Value})
	}
	properties := e.Properties
	if properties == nil {
		properties = []byte("{}")
	}
	return append(m, Member{"properties", properties})
}

func becameProfile(p Profile) []Member {
	var m []Member
	for i, f := range []Field{p.FirstName, p.LastName, p.Number, p.Email} {
		switch {
		case !f.Given:
		case f.Value == nil:
			m = append(m, Member{StandardAttributes[i], []byte("null")})
		default:
			m = append(m, Member{StandardAttributes[i], Quote(*f.Value)})
		}
	}
	if p.CreatedAt != nil {
		m = append(m, Member{"created_at", Quote(p.CreatedAt.String())})
	}
	for _, a := range p.Attributes {
		v := a.Value
		if v == nil {
			v = []byte("null")
		}
		m = append(m, Member{a.Name, v})
	}
	if len(m) == 0 {
		return nil
	}
	return []Member{{"attributes", JoinMembers(m)}}
}

// JoinMembers writes members as a compact JSON object.
func JoinMembers(members []Member) []byte {
	b := []byte{'{'}
	for i, m := range members {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendQuote(b, m.Name)
		b = append(b, ':')
		b = append(b, Compact(m.Value)...)
	}
	return append(b, '}')
}

// Encode is the options as they are stored.
func (o IntegrationOptions) Encode() []byte {
	b, err := json.Marshal(o)
	if err != nil {
		panic(err) // texts and maps of texts always encode
	}
	return b
}
