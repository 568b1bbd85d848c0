package app

// Change is one thing to do to a customer or a list, applied whole or not at all.
// The kinds are the struct types of this file; storage has a method for each.
type Change interface{ change() }

// Field is a text that may be absent from a request, null, or given.
type Field struct {
	Given bool
	Value *string // nil: null, which removes
}

// FieldOf returns a given field.
func FieldOf(s string) Field { return Field{Given: true, Value: &s} }

// Profile is what a request says about a customer. What it does not name stays.
type Profile struct {
	FirstName, LastName, Number, Email Field
	CreatedAt                          *Instant
	IsAccount                          *bool
	// Attributes merge key by key; a nil Value removes.
	Attributes []Attribute
}

// Mode says what a [SetProfile] may do.
type Mode uint8

// The modes. An import chooses; Engage's own endpoints all upsert.
const (
	Upsert Mode = iota
	CreateOnly
	UpdateOnly
)

// SetProfile creates or updates a customer.
type SetProfile struct {
	// UID finds or makes the customer. With "" it is found by e-mail, else number, else made provisional.
	UID  string
	Mode Mode
	// Trusted: the private key came along, so an e-mail may be changed and a provisional customer claimed.
	Trusted bool
	// Lift lets somebody be made who was erased on request: they asked to be back.
	Lift bool
	// NewUID is the id that the body gave; it claims a provisional customer addressed by its internal id.
	NewUID   string
	Profile  Profile
	Device   *Device
	Lists    []string // ids to be subscribed to at once, without opt-in
	Accounts []AccountRole
	Source   string
}

// AccountRole is an account by uid, and the role in it. A nil Role leaves the role as it is.
type AccountRole struct {
	UID  string
	Role *string
}

// Track records an event. An unknown uid makes the customer.
type Track struct {
	UID        string
	Event      string
	At         Instant
	Value      []byte // raw JSON or nil
	Properties []byte // raw JSON object or nil
	MessageID  string
	Source     string
	// PropertyTypes are those of Properties, for the catalogue; filled by ingest.
	PropertyTypes []PropertyType
}

// PropertyType is the type that one property came in.
type PropertyType struct {
	Name string
	Type AttributeType
}

// RemoveAttributes removes attributes, custom or standard. Names that are not there are no error.
type RemoveAttributes struct {
	UID    string
	Names  []string
	Source string
}

// RemoveDevice removes a push token (a logout). One that is not there is no error.
type RemoveDevice struct {
	UID, Token, Source string
}

// Merge folds the source customer into the destination; the source's id stays as an alias.
type Merge struct {
	From, To, Source string
	// Visitor: From is an id that a device made up. Only while it still is a customer of
	// its own is it folded in: on a shared device it may have become somebody else before.
	Visitor bool
	// Emails: an id that leads nowhere and is an e-mail address means whoever has it.
	Emails bool
}

// Delete removes a customer and all that belongs to it. With Erase the uid may not come back.
type Delete struct {
	UID   string
	Erase bool
	// Answers are the stored answers in which who is erased stands, of those from before
	// AnswersUntil, as [Traces] has them; newer ones are looked through with the deletion.
	Answers      [][]byte
	AnswersUntil Instant
}

// Archive archives a customer, or brings one back.
type Archive struct {
	UID      string
	Archived bool
	Source   string
}

// Convert makes a customer an account or the other way round.
type Convert struct {
	UID     string
	Account bool
	Source  string
}

// JoinAccounts makes a customer a member of accounts; unknown accounts are made.
type JoinAccounts struct {
	UID      string
	Accounts []AccountRole
	Source   string
}

// LeaveAccount ends a membership. One that is not there is no error.
type LeaveAccount struct {
	UID, Account, Source string
}

// JoinLists subscribes an existing customer to lists at once.
type JoinLists struct {
	UID    string
	Lists  []string
	Source string
}

// LeaveLists takes a customer off lists.
type LeaveLists struct {
	UID    string
	Lists  []string
	Source string
}

// SetSubscription subscribes or unsubscribes a customer who then stays on the list.
type SetSubscription struct {
	UID, List  string
	Subscribed bool
	Source     string
}

// AddSubscriber puts a person on a list: found by e-mail or number, else made. An
// existing customer's attributes are left as they are. Engage: lists/{id}/subscribers.
type AddSubscriber struct {
	List    string
	Profile Profile
	Source  string
}

// Confirm turns a pending subscription into one, by the token of its confirmation link.
type Confirm struct {
	Token  string
	Source string
}

// SaveList creates a list (List "") or changes the given fields of one.
type SaveList struct {
	List        string
	Title       *string
	Description Field
	RedirectURL Field
	DoubleOptIn *bool
}

// ArchiveList lets no new subscribers in; those that are there stay.
type ArchiveList struct{ List string }

// RestoreList undoes ArchiveList: the list takes new subscribers again.
type RestoreList struct{ List string }

func (*SetProfile) change()       {}
func (*Track) change()            {}
func (*RemoveAttributes) change() {}
func (*RemoveDevice) change()     {}
func (*Merge) change()            {}
func (*Delete) change()           {}
func (*Archive) change()          {}
func (*Convert) change()          {}
func (*JoinAccounts) change()     {}
func (*LeaveAccount) change()     {}
func (*JoinLists) change()        {}
func (*LeaveLists) change()       {}
func (*SetSubscription) change()  {}
func (*AddSubscriber) change()    {}
func (*Confirm) change()          {}
func (*SaveList) change()         {}
func (*ArchiveList) change()      {}
func (*RestoreList) change()      {}

// Result is what became of one Change.
type Result struct {
	// Err refuses this Change alone: nothing of it was applied.
	Err error
	// Customer is the row of the customer concerned, 0 if there is none.
	Customer    int64
	ID, UID     string
	Provisional bool
	Created     bool
	// Changed is false when the Change found everything as it asks for already, or was a repeat.
	Changed bool
	// Repeated: the Change had been applied before, and did nothing now.
	Repeated bool
	// Wrote is what of an Observe's values was newer than what is there, and so was written.
	Wrote *Profile
	// Lifted is how many marks of somebody erased a SetProfile with Lift took away.
	Lifted int64
	// Segment is the row of the segment concerned.
	Segment int64
	// List is the row of the list concerned, Status the subscription's state after it.
	List   int64
	Status SubscriptionStatus
}

// Batch is what one request asks for: Changes in order, in one transaction.
type Batch struct {
	Changes []Change
	// Cursor, if set, is a reader's and moves in the same transaction as the Changes.
	Cursor *Cursor
	// Once, if set, makes the Batch happen at most once for its scope.
	Once *Once
	// Hook, if set, is stored with what the Changes became.
	Hook *Hook
}

// Once makes a repeated request answer what the first one answered.
type Once struct {
	// Scope names the API key, the route and the idempotency key; Body is a hash of the body.
	Scope, Body [32]byte
	// Encode makes the answer, inside the transaction, from what was just written. An
	// error of Encode undoes the Batch and is returned by Apply.
	Encode func(r Reader, results []Result) (status int, body []byte, err error)
	// Status and Answer are filled by Apply: with what Encode made, or what the first request got.
	Status int
	Answer []byte
	// Repeated reports that the Batch had been applied before.
	Repeated bool
}

// Empty reports whether p says nothing.
func (p *Profile) Empty() bool {
	return !p.FirstName.Given && !p.LastName.Given && !p.Number.Given && !p.Email.Given &&
		p.CreatedAt == nil && p.IsAccount == nil && len(p.Attributes) == 0
}
