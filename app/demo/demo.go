// Package demo makes MInt, the example company: an internet provider with its
// customers, households, lists and a year of events, so that whoever looks at Kith for
// the first time sees it at work. It keeps nothing: everything it makes are bodies as
// the API and the services that are connected send them, read by ingest and integration
// into app.Change values.
//
// The invariant: the same instant and size make the same Changes, byte for byte but for
// the ids that the store gives to lists, and nothing in them lies after that instant.
// All people are invented; their addresses end in domains that are reserved for examples.
//
// What it cannot make is a past of Kith itself: attributes, lists and memberships are
// as old as the filling, and the history says so. Sign-up dates and events carry their
// own times and reach back.
package demo

import (
	"context"
	"fmt"
	"math/rand/v2"

	"kith/app"
	"kith/app/ingest"
)

const (
	// Size is the number of persons that the demo is made with.
	Size = 3_000
	// Source is what the history names as where the demo's changes came from.
	Source = "demo"

	// seed makes every filling the same.
	seed = 5484
	// eventsEach is how many events there are for each person, on average.
	eventsEach = 20
	// batchChanges is how many Changes are handed over at once: one transaction's worth.
	batchChanges = 5_000
)

// Store takes Changes and connections, and says which ids it gave to lists.
type Store interface {
	Apply(ctx context.Context, b app.Batch) ([]app.Result, error)
	List(ctx context.Context, row int64) (*app.List, error)
	CreateIntegration(ctx context.Context, i *app.Integration) error
}

// Counts is what a filling made.
type Counts struct {
	Customers, Accounts, Lists, Events int
	// Reported are events that services reported, on top of Events.
	Reported int
}

// Fill makes the company in store, which should be empty, as of an instant and with a
// number of persons; accounts come on top, one for every 75. The first Change that is
// refused is the error: the demo has no faulty ones.
func Fill(ctx context.Context, store Store, now app.Instant, persons int) (Counts, error) {
	w := &world{
		now:  now,
		rand: rand.New(rand.NewPCG(seed, seed)),
		in:   ingest.Context{Now: now, Trusted: true, Source: Source},
	}
	f := &filler{ctx: ctx, store: store}
	made, err := f.apply(w.listChanges())
	if err != nil {
		return Counts{}, err
	}
	for _, r := range made {
		l, err := store.List(ctx, r.List)
		if err != nil {
			return Counts{}, fmt.Errorf("read the list that was made: %w", err)
		}
		w.lists = append(w.lists, l.ID)
	}
	w.makePeople(persons)
	w.makeRegular()
	w.makeAccounts(persons / 75)
	w.makeEvents(persons * eventsEach)
	for _, step := range []func(add func(app.Change)){w.profileChanges, w.eventChanges, w.laterChanges} {
		step(f.add)
	}
	f.flush()
	counts := Counts{Customers: len(w.persons), Accounts: len(w.accounts), Lists: len(w.lists), Events: len(w.tracked)}
	if f.err == nil && w.err == nil {
		counts.Reported, f.err = w.services(ctx, store)
	}
	if w.err != nil {
		return counts, w.err
	}
	return counts, f.err
}

// filler hands Changes over in batches, until the first error.
type filler struct {
	ctx     context.Context
	store   Store
	waiting []app.Change
	err     error
}

func (f *filler) add(c app.Change) {
	if f.err != nil {
		return
	}
	if f.waiting = append(f.waiting, c); len(f.waiting) >= batchChanges {
		f.flush()
	}
}

func (f *filler) flush() {
	if f.err == nil && len(f.waiting) > 0 {
		_, f.err = f.apply(f.waiting)
	}
	f.waiting = f.waiting[:0]
}

// apply applies changes and returns the first refusal as an error.
func (f *filler) apply(changes []app.Change) ([]app.Result, error) {
	results, err := f.store.Apply(f.ctx, app.Batch{Changes: changes})
	if err != nil {
		return nil, fmt.Errorf("fill with the demo: %w", err)
	}
	for i, r := range results {
		if r.Err != nil {
			return nil, fmt.Errorf("fill with the demo: %T %d: %w", changes[i], i, r.Err)
		}
	}
	return results, nil
}
