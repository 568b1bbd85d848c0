package app

// List is a group that customers subscribe to.
type List struct {
	Row          int64
	ID           string // 24 hex digits
	Title        string
	Description  *string
	RedirectURL  *string
	DoubleOptIn  bool
	CreatedAt    Instant
	ArchivedAt   *Instant
	Subscribed   int64
	Pending      int64
	Unsubscribed int64
}

// Subscribers is Engage's subscriber_count, which includes the pending.
func (l *List) Subscribers() int64 { return l.Subscribed + l.Pending }

// SubscriptionStatus is where a customer stands on a list.
type SubscriptionStatus uint8

// Pending waits for confirmation; Unsubscribed stays on the list but is sent nothing.
// NotSubscribed is in no row: it is what a removal says to the history.
const (
	Pending SubscriptionStatus = iota
	Subscribed
	Unsubscribed
	NotSubscribed
)

func (s SubscriptionStatus) String() string {
	return [...]string{"pending", "subscribed", "unsubscribed", "removed"}[s]
}

// SubscriptionStatusOf is the reverse of String, of what may stand in a row. ok is false for
// other words.
func SubscriptionStatusOf(word string) (s SubscriptionStatus, ok bool) {
	for s := Pending; s <= Unsubscribed; s++ {
		if s.String() == word {
			return s, true
		}
	}
	return 0, false
}

// Outranks reports whether a file that puts people on a list as s moves somebody who is
// on it as have. Who has left stays away, whatever a file says, and nobody who is
// subscribed is asked to confirm again; who left elsewhere leaves here too.
func (s SubscriptionStatus) Outranks(have SubscriptionStatus) bool { return s > have }

// Subscription is a customer's place on a list.
type Subscription struct {
	List   int64 // row
	ID     string
	Title  string
	Status SubscriptionStatus
	At     Instant
}

// Subscriber is a subscription seen from the list.
type Subscriber struct {
	Customer Customer
	Status   SubscriptionStatus
	At       Instant
}
