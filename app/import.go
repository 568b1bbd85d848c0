package app

// ImportState is where an import stands. The states are stored: append only.
type ImportState uint8

// The states. Queued and running imports go on by themselves after a restart.
const (
	ImportQueued    ImportState = iota // waits for its turn
	ImportRunning                      // is being read, or written
	ImportDone                         // every row was written, refused or passed over
	ImportFailed                       // ended by an error; what was written before it stays, and can be undone
	ImportCancelled                    // ended by a person; likewise
	ImportUndoing                      // what it did is being taken back
	ImportUndone
)

var importStates = [...]string{"queued", "running", "done", "failed", "cancelled", "undoing", "undone"}

// String returns the word of the wire.
func (s ImportState) String() string { return importStates[s] }

// ImportStateOf is the reverse of String. ok is false for other words.
func ImportStateOf(word string) (s ImportState, ok bool) {
	for i, w := range importStates {
		if w == word {
			return ImportState(i), true
		}
	}
	return 0, false
}

// Ended reports whether nothing more happens to the import by itself.
func (s ImportState) Ended() bool {
	return s != ImportQueued && s != ImportRunning && s != ImportUndoing
}

// Import is one file of customers on its way in, or what became of it.
type Import struct {
	Row  int64  // internal
	ID   string // 24 hex digits
	File string // the name it came under
	// Bytes is the size of the upload as it came.
	Bytes  int64
	State  ImportState
	DryRun bool // only says what it would do
	Source string
	ImportCounts
	// Options is what was asked, Plan what was found and decided: JSON of the importer's own.
	Options, Plan []byte
	// Samples are cells of the file, JSON; they go when any customer is erased, and with the upload's retention.
	Samples                          []byte
	CreatedAt, StartedAt, FinishedAt Instant // 0: not yet
	Error                            string  // why it failed
}

// ImportCounts are an import's counters. They move in the transaction of the rows.
type ImportCounts struct {
	// Rows are the file's, once it was read whole; before that 0.
	Rows int64
	// Done are those that were dealt with, in the file's order: the sum of the next five.
	Done                                         int64
	Created, Updated, Unchanged, Skipped, Failed int64
	// Restored and Removed are customers that an undo put back or took away, Kept those it left.
	Restored, Removed, Kept int64
}

// ImportBatch is a run of rows of one file, in its order.
type ImportBatch struct {
	// Import is the row of the import that the rows belong to.
	Import int64
	Mode   Mode
	// List, if not "", takes every customer of the rows as Status; those who are on it are
	// moved only by a status that outranks theirs.
	List   string
	Status SubscriptionStatus
	// Attributes names the custom attributes that the Values of each row stand for.
	Attributes []string
	Rows       []ImportRow
	Source     string
}

// ImportRow is one row of a file, checked.
type ImportRow struct {
	// Number is its place among the file's rows, from 1; Line the line of the file it begins on.
	Number, Line int64
	// UID finds or makes the customer; with "" the e-mail does, else the number. With none
	// of the three each row makes a customer of its own.
	UID string
	// Profile holds the standard attributes; its Attributes are not used.
	Profile Profile
	// Values are raw JSON, one per name in the batch; nil leaves, and an empty one removes.
	Values [][]byte
	Device *Device
	// Refused, if not "", is why the row is not taken.
	Refused string
	// Raw is the row as it came, for the report.
	Raw []byte
}

// ImportRefusal is one row that was not taken.
type ImportRefusal struct {
	Number, Line int64
	Reason       string
	Raw          string // the row as it came
}

// ImportKept is a customer that an undo left as it was, and why.
type ImportKept struct {
	Customer int64
	ID, UID  string
	Reason   string
}
