package app

import (
	"context"
	"encoding/json"
	"strconv"
)

// Audited is one line of who did what. It names things by numbers and public ids, and
// says nothing about a customer beside that.
type Audited struct {
	Row    int64
	At     Instant
	By     Actor
	Action string // what was done, as "key.create"
	Target string // the id of what it was done to, "" for the workspace
	Detail json.RawMessage
}

// Actor is who does something: "user 3", "key 2", "command".
type Actor string

// ByCommand is whoever may run commands on the machine.
const ByCommand Actor = "command"

// ByUser is a user of the dashboard.
func ByUser(row int64) Actor { return Actor("user " + strconv.FormatInt(row, 10)) }

// ByKey is whoever holds a pair of API keys. A pinned one is 0.
func ByKey(row int64) Actor { return Actor("key " + strconv.FormatInt(row, 10)) }

// AuditFilter says which lines of the audit log are asked for; what is empty asks for all.
type AuditFilter struct {
	By     Actor
	Action string // whole, or the part before the dot with it: "key."
	Target string
	From   Instant
	To     Instant // 0: now
	Before int64   // rows below it; 0: the newest
}

type actorKey struct{}

// WithActor says who does what happens under the context.
func WithActor(ctx context.Context, by Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, by)
}

// ActorOf returns who does what happens under the context, "" when that is unknown.
func ActorOf(ctx context.Context) Actor {
	by, _ := ctx.Value(actorKey{}).(Actor)
	return by
}
