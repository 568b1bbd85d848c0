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
