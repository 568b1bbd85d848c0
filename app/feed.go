package app

import "context"

// Kind says what a row of the feed, or of a customer's history, is about.
type Kind uint8

// The kinds. They are stored: append only. What Key means is said beside each.
const (
	KindEvents       Kind = iota + 1 // Key: row of the first event; Count events follow one another
	KindCreated                      // a new customer: everything of it may be new
	KindAttribute                    // Key: row of the attribute's name in the catalogue
	KindDevice                       //
	KindList                         // Key: row of the list
	KindAccount                      // Customer joined, left or changed role; Key: row of the account
	KindMerged                       // Key: row of the customer that was folded into Customer and is gone
	KindDeleted                      // Key: when the customer had come first, which its public id is made of
	KindArchived                     // archived or brought back
	KindConverted                    // became an account or a customer
	KindRenamed                      // got a uid (a provisional one was claimed)
	KindListSaved                    // Key: row of a list that was made, changed or archived; no customer
	KindAccountGone                  // history only: see KindAccount
	KindMember                       // history only: seen from the account
	KindErasedEvents                 // events of Customer were removed (retention)
	KindSegmentSaved                 // Key: row of a segment that was made, changed or deleted; no customer
	KindSegmentMoves                 // Key: row of the first entry of a segment; Count entries follow one another
	KindRestored                     // an undo brought Customer back, or took from it what a merge had brought: everything may be new
)

// KindImported says in a customer's history that an import made or changed it. It is in
// no table: the history makes such a line of what the import itself keeps.
const KindImported Kind = 255

// Entry is one row of the feed: keys, no values. A reader reads the values from the
// tables as they stand, so that what was deleted is nowhere else.
type Entry struct {
	Seq      int64
	At       Instant
	Kind     Kind
	Customer int64
	Key      int64
	Count    int64
}

// Cursor is how far a named reader has followed the feed.
type Cursor struct {
	Name string
	Seq  int64
}

// FeedState is the feed's head and every reader's position.
type FeedState struct {
	Head    int64
	Readers map[string]int64
}

// Totals are counts that the writer keeps, so that nobody has to scan.
type Totals struct {
	Customers, Accounts, Archived, Events, Lists int64
}

// HistoryEntry is one line of a customer's timeline that is not an event.
type HistoryEntry struct {
	Row    int64
	At     Instant
	Kind   Kind
	Source string
	// Data is a raw JSON object; its members depend on Kind.
	Data []byte
}

// Reader reads one consistent state: the committed one, or, inside the writer, the
// one about to be committed.
type Reader interface {
	// Customer returns the customer in full. It returns CodeNotFound if there is none.
	Customer(ctx context.Context, row int64) (*Customer, error)
	// List returns a list by row. It returns CodeNotFound if there is none.
	List(ctx context.Context, row int64) (*List, error)
	// Segment returns a segment by row. It returns CodeNotFound if there is none.
	Segment(ctx context.Context, row int64) (*Segment, error)
}
