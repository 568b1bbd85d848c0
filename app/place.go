package app

import "math"

// Place is a place in a customer's timeline: an instant, and the row at it.
type Place struct {
	At  Instant
	Row int64
}

// Newest is the place before the newest entry of a timeline.
var Newest = Place{At: math.MaxInt64, Row: math.MaxInt64}
