package app

// Choice says which customers a page shows, and in which order. The conditions combine.
type Choice struct {
	Rule     *Rule
	Archived *bool
	// Live leaves out the archived whatever Archived says: those are in no segment.
	Live bool
	// Rows, if not nil, are the only customers that come into question.
	Rows []int64
	// Sort are names of attributes, the first counts most; those without come last either
	// way. Empty: the newest first.
	Sort []string
	Desc bool
	// Offset and Limit are the part of it that is wanted. Limit -1 is everything.
	Offset, Limit int
}

// Chosen is an answer to a [Choice].
type Chosen struct {
	Rows  []int64 // in order
	Total int64   // of everybody who fits
	// Loading is how much of what the choice looks at has been read; below 1 nothing else is filled.
	Loading float64
}
