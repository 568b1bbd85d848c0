package app

// Attribute is a named value of a customer: the latest one that arrived.
type Attribute struct {
	Name string
	// Value is compact JSON text as it came, digits and all. In a [Profile], nil removes the attribute.
	Value     []byte
	ChangedAt Instant
}

// StandardAttributes are the top-level ones that have a column of their own, in the
// order in which their times of change are stored. Append only.
var StandardAttributes = []string{"first_name", "last_name", "number", "email", "created_at"}

// SideAttributes are top-level on the wire and stored beside the custom ones, where
// older SDKs send them. Engage: JS up to 1.6, Python, PHP and Java put them into meta.
var SideAttributes = []string{"tz", "app_version", "app_build", "app_last_active"}

// IsSide reports whether name is one of [SideAttributes].
func IsSide(name string) bool {
	switch name {
	case "tz", "app_version", "app_build", "app_last_active":
		return true
	}
	return false
}

// AttributeType is how a stored value shows itself.
type AttributeType uint8

// The types. A date is a text that is a date or an instant.
const (
	TypeText AttributeType = iota
	TypeNumber
	TypeBoolean
	TypeDate
	TypeList
	TypeObject
	typeCount
)

// AttributeTypeCount is the number of types.
const AttributeTypeCount = int(typeCount)

func (t AttributeType) String() string {
	return [...]string{"text", "number", "boolean", "date", "list", "object"}[t]
}

// TypeOf returns the type of a raw JSON value that is not null.
func TypeOf(raw []byte) AttributeType {
	switch JSONKind(raw) {
	case NumberKind:
		return TypeNumber
	case BoolKind:
		return TypeBoolean
	case ListKind:
		return TypeList
	case ObjectKind:
		return TypeObject
	}
	if looksLikeDate(raw) {
		return TypeDate
	}
	return TypeText
}

// looksLikeDate is deliberately narrow: YYYY-MM-DD, alone or followed by a time.
// It runs for every value that is written, and a phone number must not be a date.
func looksLikeDate(raw []byte) bool {
	if len(raw) < 12 || len(raw) > 40 || raw[0] != '"' || raw[5] != '-' || raw[8] != '-' {
		return false
	}
	for _, i := range [...]int{1, 2, 3, 4, 6, 7, 9, 10} {
		if raw[i] < '0' || raw[i] > '9' {
			return false
		}
	}
	if len(raw) > 12 && raw[11] != 'T' && raw[11] != 't' && raw[11] != ' ' {
		return false
	}
	text, ok := Text(raw)
	if !ok {
		return false
	}
	_, err := ParseInstantText(text, nil)
	return err == nil
}

// AttributeStat is one line of the catalogue of attributes.
type AttributeStat struct {
	Row       int64
	Name      string
	Standard  bool
	Types     [AttributeTypeCount]int64 // customers that have it, by type of value
	Samples   [][]byte                  // a few values, raw JSON
	ChangedAt Instant
}

// Customers returns how many customers have the attribute.
func (s *AttributeStat) Customers() (n int64) {
	for _, c := range s.Types {
		n += c
	}
	return n
}
