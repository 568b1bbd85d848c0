package app

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
	i := skipSpace(obj, 0)
	if i >= len(obj) || obj[i] != '{' {
		return
	}
	for i = skipSpace(obj, i+1); i < len(obj) && obj[i] == '"'; {
		end := skipText(obj, i+1)
		name := obj[i+1 : max(end-1, i+1)]
		for _, c := range name {
			if c == '\\' {
				if s, ok := Text(obj[i:end]); ok {
					name = []byte(s)
				}
				break
			}
		}
		i = skipSpace(obj, end)
		if i >= len(obj) || obj[i] != ':' {
			return
		}
		i = skipSpace(obj, i+1)
		end = skipValue(obj, i)
		if end == i || !visit(name, obj[i:end:end]) {
			return
		}
		if i = skipSpace(obj, end); i >= len(obj) || obj[i] != ',' {
			return
		}
		i = skipSpace(obj, i+1)
	}
}
