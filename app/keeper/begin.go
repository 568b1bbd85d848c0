package keeper

import (
	"context"
	"slices"
	"strings"
	"time"

	"kith/app"
	"kith/app/column"
)

// begin reads what is stored and brings the columns to it. Memberships are answered from
// the first moment on, previews once the columns are there.
func (k *Keeper) begin(ctx context.Context) error {
	cursor, known, err := k.db.Cursor(ctx, ReaderName)
	if err != nil {
		return err
	}
	if !known {
		if err := k.apply(ctx, nil, 0); err != nil {
			return err
		}
	}
	k.cursor, k.told, k.at = cursor, -1, k.now()
	k.loader, k.loading, k.queue, k.read = nil, nil, nil, false
	k.mu.Lock()
	k.cols = column.New(k.o.Zone, k.o.Folder)
	k.mu.Unlock()
	if err := k.Load(ctx); err != nil {
		return err
	}
	restored, err := k.restore(ctx)
	if err == nil && !restored {
		err = k.fill(ctx)
	}
	if err != nil {
		return err
	}
	k.saved, k.savedAt = -1, k.now()
	if restored {
		k.saved = k.cols.Seq()
	}
	// The columns are past what was saved meanwhile: the feed will not say it again.
	if _, err := k.reread(ctx); err != nil {
		return err
	}
	causes, err := k.causes(ctx, cursor)
	if err != nil {
		return err
	}
	var missed []column.Touch
	for row, cause := range causes {
		missed = append(missed, column.Touch{Row: row, Cause: cause})
	}
	k.from = k.db.Head()
	for _, s := range k.segments {
		k.compile(ctx, s)
		if s.Ready() {
			s.whole = true
			s.dirty.add(missed)
		} else {
			s.rebuild = true
		}
	}
	k.shape = k.cols.Shape()
	k.mu.Lock()
	select {
	case <-k.loaded:
	default:
		close(k.loaded)
	}
	k.mu.Unlock()
	k.tell()
	return nil
}

// Load reads the segments and who is in them, as they are stored, in the place of what the
// Keeper had. Whoever serves calls it before the first request: until Run has begun, a
// segment that is not loaded looks empty.
func (k *Keeper) Load(ctx context.Context) error {
	stored, err := k.db.Segments(ctx)
	if err != nil {
		return err
	}
	segments, byID := map[int64]*live{}, map[string]*live{}
	for i := range stored {
		s, err := k.stored(ctx, &stored[i])
		if err != nil {
			return err
		}
		if s != nil {
			segments[s.Row], byID[s.ID] = s, s
		}
	}
	k.mu.Lock()
	k.segments, k.byID = segments, byID
	k.mu.Unlock()
	for _, s := range segments {
		s.names = k.named(s.rule, map[int64]struct{}{})
	}
	return nil
}

// stored is a segment with its members as they are stored, nil when it was deleted since.
func (k *Keeper) stored(ctx context.Context, g *app.Segment) (*live, error) {
	members, built, err := k.db.Membership(ctx, g.Row)
	if app.CodeOf(err) == app.CodeNotFound && err != nil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return newLive(g, members, built, k.at)
}

// eager is the share of all customers, one in so many, that an attribute must have to be
// read at the start though no rule asks for it; eagerMost how many such there may be.
const eager, eagerMost = 50, 60

// fill reads everything that rules will probably ask for.
func (k *Keeper) fill(ctx context.Context) error {
	totals, err := k.db.Totals(ctx)
	if err != nil {
		return err
	}
	stats, err := k.db.Attributes(ctx)
	if err != nil {
		return err
	}
	wanted := map[string]struct{}{"created_at": {}, "is_account": {}}
	var needs []column.Need
	for _, s := range k.segments {
		for _, n := range column.Wants(s.rule) {
			if n.Event != "" {
				needs = append(needs, n)
			} else {
				wanted[n.Attribute] = struct{}{}
			}
		}
	}
	slices.SortFunc(stats, func(a, b app.AttributeStat) int { return int(b.Customers() - a.Customers()) })
	for i := range stats {
		a := &stats[i]
		if !a.Standard && len(wanted) < eagerMost && a.Customers() > 0 && a.Customers() >= totals.Customers/eager {
			wanted[a.Name] = struct{}{}
		}
	}
	var attributes []string
	for name := range wanted {
		attributes = append(attributes, name)
	}
	slices.SortFunc(attributes, strings.Compare)
	l, err := k.cols.Begin(ctx, k.db, attributes, needs, totals.Customers, k.now)
	if err != nil {
		return err
	}
	k.setProgress(l.Progress)
	if err := l.Fill(ctx, k.db); err != nil {
		return err
	}
	return l.Finish(ctx, k.db)
}

// causesMost is how many entries are read again for the sake of their causes.
const causesMost = 100_000

// causes returns what happened, and to whom, between the stored cursor and the state that
// the columns were read from: the moves that follow from it were not written yet.
func (k *Keeper) causes(ctx context.Context, cursor int64) (map[int64]app.Cause, error) {
	causes := map[int64]app.Cause{}
	for after := cursor; after < k.cols.Seq() && k.cols.Seq()-cursor <= causesMost; {
		entries, err := k.db.Feed(ctx, after, feedStep)
		if err != nil || len(entries) == 0 {
			return causes, err
		}
		for _, e := range entries {
			after = e.Seq
			if e.Seq > k.cols.Seq() {
				break
			}
			if e.Kind != app.KindEvents {
				causes[e.Customer] = app.Cause{Kind: e.Kind, Key: e.Key}
				continue
			}
			err := k.db.FactsEvents(ctx, e.Key-1, e.Key+e.Count-1, 0, false, func(ev *app.FactsEvent) error {
				causes[ev.Customer] = app.Cause{Kind: app.KindEvents, Key: ev.Row}
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return causes, nil
}

// end saves the columns, if they are at rest, and gives up what waits for others.
func (k *Keeper) end() {
	if k.loader == nil && !k.catchingUp() {
		k.leave()
		if err := k.save(context.Background()); err != nil {
			k.o.Log.Error("save the columns", "error", err)
		}
	}
	for _, w := range append(k.loading, k.queue...) {
		if w.done != nil {
			close(w.done)
		}
	}
	for _, done := range k.waiting {
		close(done)
	}
	k.loading, k.queue, k.waiting, k.loader = nil, nil, nil, nil
}

// leaveMost bounds how long a stop waits for a disk that takes nothing.
const leaveMost = 2 * time.Second

// leave writes the cursor, if all that came before it is settled: at the next start it is
// then not looked at again for the causes of what time turned meanwhile.
func (k *Keeper) leave() {
	for _, s := range k.segments {
		if s.rebuild || s.whole || s.dirty.n > 0 {
			return
		}
	}
	if k.cursor >= k.cols.Seq() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), leaveMost)
	defer cancel()
	if err := k.apply(ctx, nil, k.cols.Seq()); err != nil {
		k.o.Log.Error("write how far the segments have come", "error", err)
	}
}
