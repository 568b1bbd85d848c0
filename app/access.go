package app

// Key is a pair of API keys. The private one is kept as a hash; it is random and long,
// so a fast hash does. Engage: HTTP Basic, user = public key, password = private key.
type Key struct {
	Row         int64
	Name        string
	Public      string
	PrivateHash [32]byte // SHA-256
	PrivateHint string   // the last four characters
	CreatedAt   Instant
	LastUsedAt  *Instant
	RevokedAt   *Instant
	// Pinned keys come from the configuration and cannot be revoked here.
	Pinned bool
}

// User may sign in to the dashboard.
type User struct {
	Row       int64
	Email     string // folded
	Password  string // argon2id, as a PHC string
	CreatedAt Instant
}

// Session is a signed-in browser.
type Session struct {
	User              int64
	Email             string
	SeenAt, ExpiresAt Instant
}
