package app

import "time"

// Segment is a saved rule and who it holds for.
type Segment struct {
	Row         int64
	ID          string // 24 hex digits; AllSegment for the built-in one
	Title       string
	Description *string
	// Rule is the raw JSON of the rule, as it was given but compact.
	Rule []byte
	// Version grows with each edit of the rule. Built is the version that the stored
	// membership is of, 0 when there is none yet: the segment is ready when they are equal.
	Version, Built       int64
	Count                int64 // members as of Built, kept by the writer
	CreatedAt, UpdatedAt Instant
}

// Ready reports whether the stored membership is that of the rule as it stands.
func (s *Segment) Ready() bool { return s.Built == s.Version }

// SegmentEntry is one customer entering or leaving a segment, written once.
type SegmentEntry struct {
	Row      int64 // numbered upwards, never reused
	Segment  int64
	Customer int64
	At       Instant // when it was decided
	Entered  bool
	Cause    Cause
}

// Cause is the Change that made a customer enter or leave: an entry's Kind and Key as in
// the feed. A zero Kind is the clock alone.
type Cause struct {
	Kind Kind
	Key  int64
}

// SegmentDay is one UTC day of a segment's history: Size is how many there were at its end.
type SegmentDay struct {
	Day                 int64 // as in [DayCount]
	Entered, Left, Size int64
}

// Preview is what a rule, saved or not, would hold for now.
type Preview struct {
	// Count is how many customers the rule holds for, Total how many there are, archived ones left out.
	Count, Total int64
	// Sample are rows of members, newest first.
	Sample []int64
	// Conditions says of each condition, in the order of [Rule.Conditions], how many customers
	// meet it alone.
	Conditions []int64
	// Loading is 1 when the rest is there; below, how much of what the rule looks at has been
	// read so far.
	Loading float64
	Took    time.Duration
}

// SaveSegment creates a segment (Segment "") or changes the given parts of one. A new
// rule makes a new version, which the Keeper then builds.
type SaveSegment struct {
	Segment     string // id
	Title       *string
	Description Field
	Rule        []byte // nil: as it was
}

// DeleteSegment removes a segment with its membership and history. One that other
// segments name is refused with CodeConflict.
type DeleteSegment struct{ Segment string }

// RestoreSegment brings back a segment that was deleted within the last hour, with its id
// and history, as another version of its rule: who is in it is found out anew.
type RestoreSegment struct{ Segment string }

// BuildSegment replaces the stored membership of a segment by that of a version of its
// rule. It is the Keeper's, and changes nothing when the version is no longer the newest.
type BuildSegment struct {
	Segment int64 // row
	Version int64
	// Members is a serialized roaring64 bitmap of customers' rows, Count its cardinality.
	Members []byte
	Count   int64
}

// MoveMembers says who entered and left a segment; it is the Keeper's. Moves that the
// stored membership has already are not the writer's to find out: the Keeper knows it.
// It changes nothing when the segment's Built is another than Version.
type MoveMembers struct {
	Segment int64 // row
	Version int64
	Moves   []Move
}

// Move is one customer's entering or leaving.
type Move struct {
	Customer int64
	Entered  bool
	Cause    Cause
}

func (*SaveSegment) change()    {}
func (*DeleteSegment) change()  {}
func (*RestoreSegment) change() {}
func (*BuildSegment) change()   {}
func (*MoveMembers) change()    {}

// Limits of segments, beside those of rules.
const (
	MaxSegmentTitle       = 255
	MaxSegmentDescription = 1_000
	// MaxRule bounds a rule's JSON.
	MaxRule = 64 << 10
	// MaxInlined bounds the conditions of a rule with those of the segments that it names put
	// in place: naming one twice at each of ten steps would make a thousand of one.
	MaxInlined = 1_000
)
