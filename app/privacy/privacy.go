// Package privacy answers what a person may ask of whoever keeps data about them: all of
// it as one dossier, and its end. It knows each place where something of a customer is
// kept, and owns none of them.
//
// The invariant: when Erase has settled, no file of the data folder and no answer of the
// process holds anything of the customer but salted hashes, and neither does the next backup.
package privacy

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"kith/app"
	"kith/app/importer"
)

// Store is what storage does for it.
type Store interface {
	Traces(ctx context.Context, uid string) (*app.Traces, error)
	Apply(ctx context.Context, b app.Batch) ([]app.Result, error)
	AwaitReaders(ctx context.Context) (bool, error)
	// Scrub overwrites what deleted rows have left in the files; with last, that is all there
	// was to clean. ScrubPending is whether somebody was erased since.
	Scrub(ctx context.Context, last bool) error
	ScrubPending(ctx context.Context) (bool, error)

	Customer(ctx context.Context, row int64) (*app.Customer, error)
	Aliases(ctx context.Context, row int64) ([]string, error)
	ExternalIDs(ctx context.Context, customer int64) ([][2]string, error)
	Events(ctx context.Context, customer int64, f app.EventFilter, from app.Place, back bool, limit int) ([]app.Event, bool, error)
	History(ctx context.Context, customer int64, from app.Place, limit int) ([]app.HistoryEntry, error)
	CustomerSegmentEntries(ctx context.Context, customer int64, from app.Place, limit int) ([]app.SegmentEntry, error)
	CustomerDeliveries(ctx context.Context, customer int64) ([]app.DossierDelivery, error)
	Segment(ctx context.Context, row int64) (*app.Segment, error)
	Now() app.Instant
}

// Memory is a part that keeps what came in the memory of the process.
type Memory interface {
	// Forget drops what mentions one of some texts, given in small letters.
	Forget(texts []string)
}

// Derived is a part that keeps files made from the customers.
type Derived interface {
	// Purge takes what is gone out of its files, for good.
	Purge(ctx context.Context) error
}

// Options are the places beside storage.
type Options struct {
	// Imports are the files that wait, and the rows that were refused.
	Imports *importer.Runner
	// Memory and Derived are told when somebody is erased.
	Memory  []Memory
	Derived []Derived
	// User writes a customer as the API answers it.
	User func(ctx context.Context, b []byte, c *app.Customer) []byte
	// Event writes an event as the API answers it.
	Event func(b []byte, e *app.Event) []byte
	Log   *slog.Logger
}

// Office erases, and writes dossiers.
type Office struct {
	store Store
	o     Options
	// asked is raised for each erasure whose files are to be cleaned; round is the cleaning
	// that whoever asks now has to wait for.
	asked chan struct{}
	mu    sync.Mutex
	round *round
}

// round is one cleaning of the files, for all who asked before it began.
type round struct {
	done chan struct{}
	err  error
}

// New returns an Office over a store. [Office.Run] must run.
func New(store Store, o Options) *Office {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Office{store: store, o: o, asked: make(chan struct{}, 1)}
}

// Remembers adds a part that keeps what came in memory, before Run.
func (p *Office) Remembers(m Memory) { p.o.Memory = append(p.o.Memory, m) }

const (
	// settledFor is how long an erasure waits for the files: an index of a million customers
	// takes longer to write anew, and that goes on by itself.
	settledFor = 20 * time.Second
	// againAfter is the pause before files that could not be cleaned are tried again, twice as
	// long each time, up to againMost: an index of millions is built for minutes.
	againAfter = 30 * time.Second
	againMost  = 8 * time.Minute
)

// Run cleans the files after erasures until ctx ends: those of this process, and those
// that a process before could not finish.
func (p *Office) Run(ctx context.Context) error {
	if pending, err := p.store.ScrubPending(ctx); err != nil {
		return err
	} else if pending {
		p.ask()
	}
	pause := againAfter
	for {
		select {
		case <-p.asked:
		case <-ctx.Done():
			return nil
		}
		p.mu.Lock()
		r := p.round
		p.round = nil // who asks from now on waits for the next
		p.mu.Unlock()
		if r == nil {
			continue
		}
		if r.err = p.settle(ctx); r.err == nil {
			pause = againAfter
		} else if ctx.Err() == nil {
			p.o.Log.Error("clean the files after an erasure; it will be tried again", "pause", pause, "error", r.err)
			time.AfterFunc(pause, func() { p.ask() })
			pause = min(2*pause, againMost)
		}
		close(r.done)
	}
}

// ask asks for a cleaning and returns it.
func (p *Office) ask() *round {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.round == nil {
		p.round = &round{done: make(chan struct{})}
	}
	select {
	case p.asked <- struct{}{}:
	default:
	}
	return p.round
}

// readersFor bounds the wait for who follows the feed: an index that is being built takes
// longer, and does not know the customer anyway.
const readersFor = 30 * time.Second

// Erase removes a customer from everywhere: the tables, the index, the columns, waiting
// files, refused rows, what an undo would bring back, bodies of services, stored answers,
// the logs, and what deleted rows leave in the files. A mark stays, so that nobody brings
// the person back unasked. settled is false when the files of a large folder are still
// being cleaned, which goes on by itself, also after a restart. It returns CodeNotFound if
// there is no such customer.
func (p *Office) Erase(ctx context.Context, uid string) (settled bool, err error) {
	traces, err := p.store.Traces(ctx, uid)
	if app.CodeOf(err) == app.CodeNotFound && err != nil {
		// Deleted before, perhaps, with an undo that still holds it: storage finds that.
		traces, err = &app.Traces{UIDs: []string{uid}}, nil
	}
	if err != nil {
		return false, err
	}
	if p.o.Imports != nil {
		who := importer.Person{UIDs: traces.UIDs, Emails: traces.Emails, Numbers: traces.Numbers}
		if err := p.o.Imports.Forget(ctx, who); err != nil {
			return false, err
		}
	}
	results, err := p.store.Apply(ctx, app.Batch{Changes: []app.Change{&app.Delete{UID: uid, Erase: true, Answers: traces.Answers, AnswersUntil: traces.AnswersUntil}}})
	if err != nil {
		return false, err
	}
	if err := results[0].Err; err != nil {
		return false, err
	}
	for _, m := range p.o.Memory {
		m.Forget(traces.Texts())
	}
	r := p.ask()
	timer := time.NewTimer(settledFor)
	defer timer.Stop()
	select {
	case <-r.done:
		return r.err == nil, nil
	case <-timer.C:
	case <-ctx.Done():
	}
	return false, nil
}

// settle waits until who follows has heard of it, and cleans the files.
func (p *Office) settle(ctx context.Context) error {
	began := time.Now()
	wait, cancel := context.WithTimeout(ctx, readersFor)
	defer cancel()
	if reached, err := p.store.AwaitReaders(wait); err != nil {
		return err
	} else if !reached {
		p.o.Log.Warn("somebody was erased while the index or the columns were far behind; they forget them when they have caught up")
	}
	var failed error
	for _, d := range p.o.Derived {
		if err := d.Purge(ctx); err != nil {
			failed = errors.Join(failed, fmt.Errorf("take who was erased out of derived files: %w", err))
		}
	}
	derived := time.Since(began)
	// The database does not wait for an index that cannot be cleaned yet.
	if err := errors.Join(failed, p.store.Scrub(ctx, failed == nil)); err != nil {
		return err
	}
	p.o.Log.Info("who was erased is gone from the files", "index", derived.Round(time.Millisecond), "database", (time.Since(began) - derived).Round(time.Millisecond))
	return nil
}

// dossierPage is how many lines are read at once.
const dossierPage = 500

// Dossier writes everything that is kept about a customer, as JSON. It returns
// CodeNotFound, before anything is written, if there is none.
func (p *Office) Dossier(ctx context.Context, customer int64, out io.Writer) error {
	c, err := p.store.Customer(ctx, customer)
	if err != nil {
		return err
	}
	w := &writer{Writer: bufio.NewWriter(out)}
	w.raw(`{"made_at":`)
	w.value(p.store.Now())
	w.raw(`,"user":`)
	w.raw(string(p.o.User(ctx, nil, c)))
	if err := p.names(ctx, w, customer); err != nil {
		return err
	}
	for _, part := range []func(context.Context, *writer, *app.Customer) error{p.events, p.history, p.segments, p.deliveries} {
		if err := part(ctx, w, c); err != nil {
			return err
		}
	}
	w.raw("}\n")
	if w.err != nil {
		return w.err
	}
	return w.Flush()
}

// names are what else the customer is, or was, known by.
func (p *Office) names(ctx context.Context, w *writer, customer int64) error {
	aliases, err := p.store.Aliases(ctx, customer)
	if err != nil {
		return err
	}
	if aliases == nil {
		aliases = []string{}
	}
	w.raw(`,"former_ids":`)
	w.value(aliases)
	external, err := p.store.ExternalIDs(ctx, customer)
	if err != nil {
		return err
	}
	type id struct {
		Service string `json:"service"`
		ID      string `json:"id"`
	}
	ids := []id{}
	for _, pair := range external {
		ids = append(ids, id{pair[0], pair[1]})
	}
	w.raw(`,"ids_at_services":`)
	w.value(ids)
	return nil
}

func (p *Office) events(ctx context.Context, w *writer, c *app.Customer) error {
	w.raw(`,"events":[`)
	first := true
	for from := app.Newest; ; {
		page, more, err := p.store.Events(ctx, c.Row, app.EventFilter{}, from, false, dossierPage)
		if err != nil {
			return err
		}
		for i := range page {
			w.comma(&first)
			w.raw(string(p.o.Event(nil, &page[i])))
			from = app.Place{At: page[i].At, Row: page[i].Row}
		}
		if !more || len(page) == 0 || w.err != nil {
			break
		}
	}
	w.raw("]")
	return w.err
}

// kinds are the words of what a history tells.
var kinds = map[app.Kind]string{
	app.KindCreated: "created", app.KindAttribute: "attributes", app.KindDevice: "device", app.KindList: "list", app.KindAccount: "account",
	app.KindMerged: "merged", app.KindArchived: "archived", app.KindConverted: "converted", app.KindRenamed: "renamed",
	app.KindAccountGone: "account", app.KindMember: "member", app.KindErasedEvents: "events_removed", app.KindRestored: "restored", app.KindImported: "imported",
}

func (p *Office) history(ctx context.Context, w *writer, c *app.Customer) error {
	w.raw(`,"history":[`)
	first := true
	for from := app.Newest; ; {
		page, err := p.store.History(ctx, c.Row, from, dossierPage)
		if err != nil {
			return err
		}
		for _, h := range page {
			w.comma(&first)
			w.value(map[string]any{"at": h.At, "kind": kinds[h.Kind], "source": h.Source, "data": json.RawMessage(h.Data)})
			from = app.Place{At: h.At, Row: h.Row}
		}
		if len(page) == 0 || w.err != nil {
			break
		}
	}
	w.raw("]")
	return w.err
}

func (p *Office) segments(ctx context.Context, w *writer, c *app.Customer) error {
	w.raw(`,"segment_history":[`)
	first := true
	titles := map[int64]*app.Segment{}
	for from := app.Newest; ; {
		page, err := p.store.CustomerSegmentEntries(ctx, c.Row, from, dossierPage)
		if err != nil {
			return err
		}
		for _, e := range page {
			from = app.Place{At: e.At, Row: e.Row}
			if titles[e.Segment] == nil {
				if titles[e.Segment], err = p.store.Segment(ctx, e.Segment); err != nil {
					return err
				}
			}
			w.comma(&first)
			w.value(map[string]any{"at": e.At, "segment": titles[e.Segment].ID, "title": titles[e.Segment].Title, "entered": e.Entered})
		}
		if len(page) == 0 || w.err != nil {
			break
		}
	}
	w.raw("]")
	return w.err
}

func (p *Office) deliveries(ctx context.Context, w *writer, c *app.Customer) error {
	list, err := p.store.CustomerDeliveries(ctx, c.Row)
	if err != nil {
		return err
	}
	w.raw(`,"deliveries":`)
	w.value(list)
	return w.err
}

// writer writes JSON piece by piece, and keeps the first error.
type writer struct {
	*bufio.Writer
	err error
}

func (w *writer) raw(s string) {
	if w.err == nil {
		_, w.err = w.WriteString(s)
	}
}

func (w *writer) value(v any) {
	b, err := json.Marshal(v)
	if w.err == nil {
		w.err = err
	}
	w.raw(string(b))
}

func (w *writer) comma(first *bool) {
	if !*first {
		w.raw(",")
	}
	*first = false
}
