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
}

// Ready reports whether everything can be found.
func (s IndexState) Ready() bool { return s.State == "ready" || s.Serving }
