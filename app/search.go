package app

// Mark says which part of a customer is what somebody searched for.
type Mark struct {
	// Field is first_name, last_name, email, number, uid, id, alias, list, segment or attribute.
	Field string `json:"field"`
	// Name is the attribute's name, or the id of the list or segment.
	Name string `json:"name,omitempty"`
	// Text is the whole value.
	Text string `json:"text"`
	// At are the parts of Text that match, in order, each from and to, counted in UTF-16
	// units as browsers do.
	At [][2]int `json:"at"`
}

// IndexState is what the search index is doing, for people to read.
type IndexState struct {
	// State is ready, building, opening or failing.
	State string `json:"state"`
	// Indexed of Customers are in the index; while it is ready, all are.
	Indexed   int64 `json:"indexed"`
	Customers int64 `json:"customers"`
	// Serving: an older index answers until the new one is built.
	Serving bool `json:"serving"`
	// Behind is how many entries of the feed it has yet to follow.
	Behind int64 `json:"behind"`
	// Memory is what it holds in memory, in bytes, beside files that the system maps.
	Memory int64 `json:"memory"`
}

// Ready reports whether everything can be found.
func (s IndexState) Ready() bool { return s.State == "ready" || s.Serving }

// Findable is a customer as the search index reads it.
type Findable struct {
	Row int64
	UID string
	// Aliases are former ids.
	Aliases                            []string
	FirstName, LastName, Number, Email *string
	Account, Archived, Device          bool
	// Lists are the rows of the lists that the customer is on, whatever the status.
	Lists      []int64
	Attributes []Attribute
}

// Rows is a set of customers: a bit for each row.
type Rows []uint64

// Has reports whether a row is in the set.
func (r Rows) Has(row int64) bool {
	i := row >> 6
	return i >= 0 && i < int64(len(r)) && r[i]&(1<<(row&63)) != 0
}

// Add puts a row into the set, which grows as it must.
func (r *Rows) Add(row int64) {
	i := int(row >> 6)
	if i >= len(*r) {
		*r = append(*r, make([]uint64, i+1-len(*r))...)
	}
	(*r)[i] |= 1 << (row & 63)
}

// Query is what somebody looks for among the customers: all of it must hold.
type Query struct {
	// Text is what was typed; "" is everybody.
	Text string
	// Lists are ids of lists: on any of these, whatever the status.
	Lists []string
	// Attributes are of a value or, in texts, with a word each.
	Attributes                  []AttributeIs
	IsAccount, Archived, Device *bool
	// Email and Number are exact.
	Email, Number string
	// Segment are the members of one; nil does not ask.
	Segment Rows
	// Skip of the matches, and then take up to Limit.
	Skip, Limit int
}

// AttributeIs asks for customers whose attribute has a value.
type AttributeIs struct{ Name, Value string }

// Matches are some of those whom a [Query] holds for, best first.
type Matches struct {
	Rows []int64
	// Total is how many there are.
	Total int64
}
