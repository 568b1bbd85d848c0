package app

import (
	"crypto/sha256"
	"crypto/subtle"
	"slices"
	"strings"
)

// Key is a pair of API keys. The private one is kept as a hash; it is random and long,
// so a fast hash does. Engage: HTTP Basic, user = public key, password = private key.
type Key struct {
	Row         int64
	Name        string
	Public      string
	PrivateHash [32]byte // SHA-256
	PrivateHint string   // the last four characters
	// Scopes is what the pair may do; none is everything.
	Scopes []Scope
	// PreviousHash is that of the private key before the last rotation, which counts until
	// PreviousUntil; nil when there is none, or its time is over.
	PreviousHash  []byte
	PreviousHint  string
	PreviousUntil Instant
	CreatedAt     Instant
	LastUsedAt    *Instant
	RevokedAt     *Instant
	// Pinned keys come from the configuration and cannot be revoked here.
	Pinned bool
}

// Scope is a part of the API that a key is limited to.
type Scope string

// The scopes. Whatever a request needs is in the table of app/api/scope.go.
const (
	// ScopeTrack writes customers and events, and reads what its own writes answer.
	ScopeTrack Scope = "track"
	// ScopeRead reads everything but what ScopeExport does.
	ScopeRead Scope = "read"
	// ScopeManage changes lists, segments, imports and integrations, and archives, merges and removes customers.
	ScopeManage Scope = "manage"
	// ScopeExport reads everybody at once, and a customer's whole dossier.
	ScopeExport Scope = "export"
	// ScopeErase erases customers for good.
	ScopeErase Scope = "erase"
)

// Scopes are all of them.
var Scopes = []Scope{ScopeTrack, ScopeRead, ScopeManage, ScopeExport, ScopeErase}

// May reports whether a key with these scopes may do what needs s.
func (k *Key) May(s Scope) bool { return len(k.Scopes) == 0 || slices.Contains(k.Scopes, s) }

// Opens reports whether private is the pair's private key, or the one before, while that
// counts.
func (k *Key) Opens(private string, now Instant) bool {
	hash := sha256.Sum256([]byte(private))
	is := subtle.ConstantTimeCompare(hash[:], k.PrivateHash[:])
	was := 0
	if k.PreviousHash != nil && now < k.PreviousUntil {
		was = subtle.ConstantTimeCompare(hash[:], k.PreviousHash)
	}
	return is|was == 1
}

// ParseScopes reads words with spaces or commas between. All of them is none, which is
// everything.
func ParseScopes(text string) ([]Scope, error) {
	var out []Scope
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' }) {
		s := Scope(word)
		if !slices.Contains(Scopes, s) {
			return nil, Invalid("scopes", "there is no scope %q; there are track, read, manage, export and erase", word)
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	if len(out) == len(Scopes) {
		return nil, nil
	}
	slices.SortFunc(out, func(a, b Scope) int { return slices.Index(Scopes, a) - slices.Index(Scopes, b) })
	return out, nil
}

// ScopeText is scopes as words.
func ScopeText(scopes []Scope) string {
	words := make([]string, len(scopes))
	for i, s := range scopes {
		words[i] = string(s)
	}
	return strings.Join(words, " ")
}

// Role is what a user of the dashboard may do.
// Engage: owner, admin, manager, developer, member.
type Role string

// The roles, from all to least.
const (
	RoleOwner     Role = "owner"
	RoleAdmin     Role = "admin"
	RoleManager   Role = "manager"
	RoleDeveloper Role = "developer"
	RoleMember    Role = "member"
)

// Roles are all of them, from all to least.
var Roles = []Role{RoleOwner, RoleAdmin, RoleManager, RoleDeveloper, RoleMember}

// ParseRole reads a role.
func ParseRole(text string) (Role, error) {
	if r := Role(strings.ToLower(strings.TrimSpace(text))); slices.Contains(Roles, r) {
		return r, nil
	}
	return "", Invalid("role", "there is no role %q; there are owner, admin, manager, developer and member", text)
}

// User may sign in to the dashboard.
type User struct {
	Row       int64
	Email     string // folded
	Password  string // argon2id, as a PHC string
	Role      Role
	CreatedAt Instant
	// TOTP is the secret of the second factor, nil when the user has none.
	TOTP []byte
	// TOTPStep is the newest step of 30 seconds that a code was taken for.
	TOTPStep int64
	// RecoveryCodes is how many are left.
	RecoveryCodes int
	// SeenAt is when the user last did something on the dashboard, of the sessions that are left.
	SeenAt *Instant
}

// Session is a signed-in browser.
type Session struct {
	ID        string // of the hash of its secret, to be named by
	User      int64
	Email     string
	Role      Role
	SecondSet bool   // the user has a second factor
	Address   string // where it began
	Agent     string // the browser, as it called itself
	CreatedAt Instant
	SeenAt    Instant
	ExpiresAt Instant
}

// Invitation is a one-time link that makes a user, or, without a role, mends the lost
// password of one.
type Invitation struct {
	ID                   string // of the hash of its token, to be named by
	Email                string // folded
	Role                 Role
	CreatedAt, ExpiresAt Instant
}
