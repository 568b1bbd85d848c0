package app

import "strings"

// Customer is one person, or one account, as stored.
type Customer struct {
	// Row is the internal number. It never leaves Kith: ID does.
	Row int64
	// ID is the internal id on the wire, 24 hex digits. Engage: "id".
	ID string
	// UID is the id that the team's own application gave; the same as ID while Provisional.
	UID string
	// Provisional: made without an id; the first update may give one. Engage: "uid_updateable".
	Provisional bool

	FirstName, LastName, Number, Email *string

	// CreatedAt is the sign-up date in the team's application, InsertedAt when Kith first saw the customer.
	CreatedAt, InsertedAt Instant
	// LastInteraction is the time of the latest event that is not in the future; nil if there is none.
	LastInteraction *Instant
	IsAccount       bool
	ArchivedAt      *Instant

	// Attributes are the custom ones and those of [SideAttributes], in the order of their first arrival.
	Attributes []Attribute
	// Changed says when each of the standard columns was last written, by wire name.
	Changed map[string]Instant

	Devices  []Device
	Accounts []Membership
	// MemberCount is the number of members of an account, 0 for others.
	MemberCount int
	Lists       []Subscription
}

// Archived reports whether the customer is archived: kept, but in no segment and sent nothing.
func (c *Customer) Archived() bool { return c.ArchivedAt != nil }

// Name returns the person's name as one would say it, or "" if none is known.
func (c *Customer) Name() string {
	var parts []string
	for _, p := range []*string{c.FirstName, c.LastName} {
		if p != nil && strings.TrimSpace(*p) != "" {
			parts = append(parts, strings.TrimSpace(*p))
		}
	}
	return strings.Join(parts, " ")
}

// Attribute returns the raw JSON value of a custom or side attribute, or nil.
func (c *Customer) Attribute(name string) []byte {
	for _, a := range c.Attributes {
		if a.Name == name {
			return a.Value
		}
	}
	return nil
}

// Device is a push token. Engage keeps the newest five of a customer.
type Device struct {
	Token    string
	Platform string // ios or android
	At       Instant
}

// Membership ties a customer to an account. Seen from the customer it names the
// account, seen from the account the member.
type Membership struct {
	Row  int64
	ID   string
	UID  string
	Name string
	Role *string
	At   Instant
}

// CustomerFilter says which customers a listing holds; the conditions combine.
type CustomerFilter struct {
	Email, Number       string   // exact; e-mail without case, number by its digits
	Lists               []string // on any of these lists, pending and unsubscribed included
	IsAccount, Archived *bool
	MemberOf            int64 // row of an account
	// Attributes and Device are answered by the search index alone; storage looks at
	// neither.
	Attributes []AttributeIs
	Device     *bool
	Prefix     string
	// Rows, if not nil, are the only customers that come into question. A handful of thousand at most.
	Rows []int64
}

// Page is a step through a listing that runs newest first. At most one of After and
// Before is set; each is the row number of a customer already seen.
type Page struct {
	Limit         int
	After, Before int64
}
