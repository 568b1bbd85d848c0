package app

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
)

// Audited is one line of who did what. It names things by numbers and public ids, and
// says nothing about a customer beside that.
type Audited struct {
	Row     int64
	At      Instant
	By      Actor
	Address string // where it was asked for, "" for what was done on the machine
	Action  string // what was done, as "key.create"
	Target  string // the id of what it was done to, "" for the workspace
	State   DeedState
	Detail  json.RawMessage
}

// DeedState is how far a deed came.
type DeedState int

// What changes the database is done, and its line with it. What goes on beside the
// database, as a backup or an export, is begun first: DeedUnknown is one whose process
// ended in the middle of it.
const (
	DeedDone DeedState = iota
	DeedBegun
	DeedFailed
	DeedUnknown
)

// String is the state as the dashboard's API says it.
func (s DeedState) String() string {
	if names := []string{"done", "begun", "failed", "unknown"}; s >= 0 && int(s) < len(names) {
		return names[s]
	}
	return "unknown"
}

// Actor is who does something: "user 3", "key 2", "integration 1", "command", "nobody".
type Actor string

const (
	// ByCommand is whoever may run commands on the machine.
	ByCommand Actor = "command"
	// ByNobody is who tried to sign in and may not.
	ByNobody Actor = "nobody"
	// ByAnyKey is whoever calls where every key is taken, as of `kith mock`.
	ByAnyKey Actor = "key any"
)

// ByUser is a user of the dashboard.
func ByUser(row int64) Actor { return Actor("user " + strconv.FormatInt(row, 10)) }

// ByKey is whoever holds a pair of API keys. A pinned one is 0.
func ByKey(row int64) Actor { return Actor("key " + strconv.FormatInt(row, 10)) }

// ByIntegration is a service outside, by its connection.
func ByIntegration(row int64) Actor { return Actor("integration " + strconv.FormatInt(row, 10)) }

// IsUser reports whether it is a person at the dashboard.
func (a Actor) IsUser() bool { return strings.HasPrefix(string(a), "user ") }

// AuditFilter says which lines of the audit log are asked for; what is empty asks for all.
type AuditFilter struct {
	By     Actor
	Action string // whole, or the part before the dot with it: "key."
	Target string
	From   Instant
	To     Instant // 0: now
	Before int64   // rows below it; 0: the newest
}

// Doer is who does something, and from where.
type Doer struct {
	By      Actor
	Address string
	// Public: only a public key came along, which whoever visits a site may know.
	Public bool
}

type doerKey struct{}

// WithDoer says who does what happens under the context.
func WithDoer(ctx context.Context, d Doer) context.Context {
	return context.WithValue(ctx, doerKey{}, d)
}

// WithActor is WithDoer for another actor at the address that is known already.
func WithActor(ctx context.Context, by Actor) context.Context {
	return WithDoer(ctx, Doer{By: by, Address: DoerOf(ctx).Address})
}

// DoerOf returns who does what happens under the context, without an actor when that is unknown.
func DoerOf(ctx context.Context) Doer {
	d, _ := ctx.Value(doerKey{}).(Doer)
	return d
}

// ActorOf is the actor of DoerOf.
func ActorOf(ctx context.Context) Actor { return DoerOf(ctx).By }
