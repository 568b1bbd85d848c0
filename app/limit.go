package app

// Limits, each with its reason. What is over one is refused with the limit in the
// text: 413 for a body, 400 for a part of it.
const (
	// MaxBody holds a profile with 1,000 attributes many times over; larger ones are mistakes.
	MaxBody = 1 << 20
	// MaxBatchBody is for /batch alone: 10,000 items of some 1.6 KB.
	MaxBatchBody = 16 << 20
	// MaxHookBody is for what services post: some send a thousand events at once.
	MaxHookBody = 4 << 20
	// MaxBatchItems keeps one request's share of a transaction under a second.
	MaxBatchItems = 10_000
	// MaxUID is generous for e-mails, UUIDs and URLs as ids, and keeps the unique index in a page's cell.
	MaxUID = 255
	// MaxName bounds the names of attributes and events: they are shown, indexed and kept in memory.
	MaxName = 255
	// MaxTextValue bounds one text value, in bytes, as kept for a customer or an event.
	MaxTextValue = 64 << 10
	// MaxAttributes bounds what one customer's row can grow to.
	MaxAttributes = 1_000
	// MaxDepth bounds nesting, so that no reader of ours, or SQLite's (1,000), recurses without end.
	MaxDepth = 32
	// MaxDevices is how many push tokens are kept, newest first. Engage: "tracks up to 5 device tokens".
	MaxDevices = 5
	// MaxToken bounds a device token (FCM's and APNs' are under 300 characters).
	MaxToken = 4096
	// MaxRole bounds the free-text role of a member in an account.
	MaxRole = 255
	// MaxListTitle and MaxListDescription are Engage's.
	MaxListTitle       = 64
	MaxListDescription = 255
	// MaxMessageID and MaxIdempotencyKey bound what repeats are recognised by.
	MaxMessageID      = 255
	MaxIdempotencyKey = 255
	// MaxPage is Engage's; the dashboard and exports page in their own steps.
	MaxPage     = 30
	DefaultPage = 10
)
