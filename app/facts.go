package app

import "bytes"

// Facts are what rules look at of one customer, but for its events, as light as they can
// be read: of a million of them at once.
type Facts struct {
	Row                                int64
	UID                                string
	FirstName, LastName, Number, Email *string
	CreatedAt                          Instant
	IsAccount, Archived                bool
	// Attributes is the raw JSON object of the custom and side attributes.
	Attributes []byte
	Devices    []Device
	Lists      []Subscription // only List and Status are filled
	Accounts   []int64        // rows
}

// FactsEvent is an event as columns hold it. Value and Properties are nil unless asked for.
type FactsEvent struct {
	Row, Customer     int64
	Name, Source      int64 // rows in the catalogue
	At                Instant
	Value, Properties []byte
}

// EachMember calls visit for the members of an object of checked JSON, in their order,
// until it returns false. Unlike [Members] it keeps nothing: name and value are only good
// during the call.
func EachMember(obj []byte, visit func(name, value []byte) bool) {
	_ = EachPair(obj, func(quoted, value []byte) bool { // what is no object has no members
		name := quoted[1 : len(quoted)-1]
		if bytes.IndexByte(name, '\\') >= 0 {
			if s, ok := Text(quoted); ok {
				name = []byte(s)
			}
		}
		return visit(name, value)
	})
}
