package storage

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"kith/app"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
)

// A segment's membership is a bitmap as of an entry, and the entries after it. Here are
// the Changes that make it; membership.go reads it.

// saveSegment creates a segment or changes the given parts of one. All checks of a rule
// that need other rows are made here, so that two requests cannot make a circle.
func (t *txn) saveSegment(c *app.SaveSegment) (app.Result, error) {
	g := &app.Segment{CreatedAt: t.now}
	if c.Segment != "" {
		var err error
		if g, err = t.segment(c.Segment); err != nil {
			return app.Result{}, err
		}
	}
	before := *g
	if c.Title != nil {
		g.Title = *c.Title
	}
	if strings.TrimSpace(g.Title) == "" {
		return app.Result{}, app.Invalid("title", "is missing")
	}
	if c.Description.Given {
		g.Description = c.Description.Value
	}
	if c.Rule != nil {
		g.Rule = app.Compact(c.Rule)
	}
	if g.Rule == nil {
		return app.Result{}, app.Invalid("rule", "is missing")
	}
	newRule := !bytes.Equal(g.Rule, before.Rule)
	if newRule {
		rule, err := app.ParseRule(g.Rule)
		if err == nil {
			err = checkRule(t.w.db, t.w.q, g, rule)
		}
		if err != nil {
			return app.Result{}, err
		}
		g.Version++
	}
	if c.Segment == "" {
		res, err := t.w.q.exec("segment_insert", g.Title, nullable(g.Description), string(g.Rule), int64(t.now))
		if err != nil {
			return app.Result{}, err
		}
		if g.Row, err = res.LastInsertId(); err != nil {
			return app.Result{}, err
		}
		return app.Result{Segment: g.Row, Created: true, Changed: true}, t.feed(app.KindSegmentSaved, 0, g.Row)
	}
	if !newRule && g.Title == before.Title && equalText(g.Description, before.Description) {
		return app.Result{Segment: g.Row}, nil
	}
	if _, err := t.w.q.exec("segment_update", g.Title, nullable(g.Description), string(g.Rule), g.Version, int64(t.now), g.Row); err != nil {
		return app.Result{}, err
	}
	return app.Result{Segment: g.Row, Changed: true}, t.feed(app.KindSegmentSaved, 0, g.Row)
}

// segment finds the one that a Change is about; the built-in one cannot be changed.
func (t *txn) segment(id string) (*app.Segment, error) {
	if id == app.AllSegment {
		return nil, app.Invalid("", "The segment of all customers is built in; it cannot be changed or deleted.")
	}
	return findSegment(background, t.w.db, t.w.q, id)
}

// undoTime is how long a deletion can be undone.
const undoTime = time.Hour

// pruneStep is how many entries of a deleted segment are removed at a time, so that
// nobody waits for a million of them.
const pruneStep = 5_000

// pruneTimer is the kind of the timer that removes a deleted segment; its ref is the row.
const pruneTimer = "prune segment"

func (t *txn) deleteSegment(c *app.DeleteSegment) (app.Result, error) {
	g, err := t.segment(c.Segment)
	if err != nil {
		return app.Result{}, err
	}
	rules, err := loadRules(t.w.db, t.w.q)
	if err != nil {
		return app.Result{}, err
	}
	var by []string
	for _, r := range rules.order {
		if r.row != g.Row && r.names(g.Row) {
			by = append(by, fmt.Sprintf("%q", r.title))
		}
	}
	if len(by) > 0 {
		return app.Result{}, app.Fail(app.CodeConflict, "The segment %q is named by the rule of %s. Change that first, or delete it.", g.Title, listed(by))
	}
	if _, err := t.w.q.exec("segment_mark_deleted", int64(t.now), g.Row); err != nil {
		return app.Result{}, err
	}
	tx := &Tx{t: t}
	if err := tx.SetTimer(Timer{Kind: pruneTimer, Ref: fmt.Sprint(g.Row), Due: t.now + app.Instant(undoTime.Milliseconds())}); err != nil {
		return app.Result{}, err
	}
	return app.Result{Segment: g.Row, Changed: true}, t.feed(app.KindSegmentSaved, 0, g.Row)
}

// restoreSegment undoes a deletion, with the history as it was. What its rule names must
// be there still.
func (t *txn) restoreSegment(c *app.RestoreSegment) (app.Result, error) {
	row, second, ok := t.w.db.segmentIDs.decode(c.Segment)
	g := &app.Segment{Row: row}
	found := false
	if ok {
		var err error
		if found, err = t.w.q.row(background, "segment_deleted", args(row), &g.CreatedAt, &g.Title, &g.Rule); err != nil {
			return app.Result{}, err
		}
	}
	if !found || int64(g.CreatedAt)/1000 != second {
		if g, err := t.segment(c.Segment); err == nil {
			return app.Result{Segment: g.Row}, nil
		}
		return app.Result{}, app.NotFound("There is no segment with the id %q that was deleted within the last hour.", c.Segment)
	}
	rule, err := app.ParseRule(g.Rule)
	if err == nil {
		err = checkRule(t.w.db, t.w.q, g, rule)
	}
	if err != nil {
		return app.Result{}, err
	}
	if _, err := t.w.q.exec("segment_restore", int64(t.now), row); err != nil {
		return app.Result{}, err
	}
	return app.Result{Segment: row, Changed: true}, t.feed(app.KindSegmentSaved, 0, row)
}

// listed joins names as one says them, the first few of many.
func listed(names []string) string {
	const most = 5
	if len(names) > most {
		return fmt.Sprintf("%s and %d others", strings.Join(names[:most], ", "), len(names)-most)
	}
	if n := len(names) - 1; n > 0 {
		return strings.Join(names[:n], ", ") + " and " + names[n]
	}
	return names[0]
}

// pruneSegment removes one step of a deleted segment's entries, and sets the timer for
// the next while there are more; the last step removes the rest of it.
func pruneSegment(tx *Tx, timer Timer) error {
	var row int64
	if _, err := fmt.Sscan(timer.Ref, &row); err != nil {
		return fmt.Errorf("prune segment %q: %w", timer.Ref, err)
	}
	var g app.Segment
	q := tx.t.w.q
	if found, err := q.row(background, "segment_deleted", args(row), &g.CreatedAt, &g.Title, &g.Rule); err != nil || !found {
		return err // brought back
	}
	res, err := q.exec("segment_entry_prune", row, pruneStep)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil {
		return err
	} else if n == pruneStep {
		timer.Due = tx.t.now
		return tx.SetTimer(timer)
	}
	for _, statement := range []string{"segment_members_delete", "segment_day_clear", "segment_delete"} {
		if err := tx.exec(statement, row); err != nil {
			return err
		}
	}
	return nil
}

// buildSegment replaces the stored membership.
func (t *txn) buildSegment(c *app.BuildSegment) (app.Result, error) {
	g, err := loadSegment(background, t.w.db, t.w.q, c.Segment)
	if gone(err) || err == nil && g.Version != c.Version {
		return app.Result{Segment: c.Segment}, nil
	}
	if err != nil {
		return app.Result{}, err
	}
	members, err := readBitmap(c.Members)
	if err != nil || int64(members.GetCardinality()) != c.Count {
		return app.Result{}, app.Invalid("members", "is not a bitmap of %d customers (%v)", c.Count, err)
	}
	if err := t.storeMembers(c.Segment, c.Version, c.Count, c.Members); err != nil {
		return app.Result{}, err
	}
	return app.Result{Segment: c.Segment, Changed: true}, t.segmentDay(c.Segment, 0, 0, c.Count)
}

// segmentDay adds to today's line of a segment's history.
func (t *txn) segmentDay(segment, entered, left, size int64) error {
	day := app.DayOf(t.now)
	if _, err := t.w.q.exec("segment_day_move", segment, day, entered, left, size); err != nil {
		return err
	}
	_, err := t.w.q.exec("segment_day_later", size, segment, day)
	return err
}

func (t *txn) storeMembers(segment, version, count int64, members []byte) error {
	if _, err := t.w.q.exec("segment_members_save", segment, members); err != nil {
		return err
	}
	_, err := t.w.q.exec("segment_built", version, count, t.s.totals[lastEntry], segment)
	return err
}

// lastEntry is the total that holds the number of the newest entry ever written.
const lastEntry = "last_segment_entry"

// maxBehind is how many entries may stand behind the bitmap: some ten milliseconds to
// read at start, and a bitmap of a million customers written once for that many.
const maxBehind = 10_000

// moveMembers appends entries, and keeps the count and the day.
func (t *txn) moveMembers(c *app.MoveMembers) (app.Result, error) {
	g, err := loadSegment(background, t.w.db, t.w.q, c.Segment)
	if gone(err) || err == nil && (g.Built != c.Version || len(c.Moves) == 0) {
		return app.Result{Segment: c.Segment}, nil
	}
	if err != nil {
		return app.Result{}, err
	}
	first := t.s.totals[lastEntry] + 1
	var entered, left int64
	for i := range c.Moves {
		m := &c.Moves[i]
		if m.Entered {
			entered++
		} else {
			left++
		}
		if _, err := t.w.q.exec("segment_entry_insert", first+int64(i), c.Segment, m.Customer, int64(t.now), m.Entered, int64(m.Cause.Kind), m.Cause.Key); err != nil {
			return app.Result{}, err
		}
		t.touch(m.Customer)
	}
	n := int64(len(c.Moves))
	t.total(lastEntry, n)
	count := g.Count + entered - left
	if _, err := t.w.q.exec("segment_moved", count, n, c.Segment); err != nil {
		return app.Result{}, err
	}
	if err := t.segmentDay(c.Segment, entered, left, count); err != nil {
		return app.Result{}, err
	}
	if err := t.renewMembers(c.Segment, g.Built, count); err != nil {
		return app.Result{}, err
	}
	if err := t.flushRun(); err != nil {
		return app.Result{}, err
	}
	return app.Result{Segment: c.Segment, Changed: true}, t.append(app.Entry{Kind: app.KindSegmentMoves, Key: first, Count: n})
}

// renewMembers takes the entries into the bitmap when there are many.
func (t *txn) renewMembers(segment, built, count int64) error {
	var behind int64
	if _, err := t.w.q.row(background, "segment_behind", args(segment), &behind); err != nil || behind <= maxBehind {
		return err
	}
	members, _, err := loadMembership(background, t.w.q, segment)
	if err != nil {
		return err
	}
	raw, err := members.ToBytes()
	if err != nil {
		return err
	}
	return t.storeMembers(segment, built, count, raw)
}

func gone(err error) bool { return err != nil && app.CodeOf(err) == app.CodeNotFound }

// readBitmap reads a serialized bitmap. The library panics on some that are none.
func readBitmap(raw []byte) (b *roaring64.Bitmap, err error) {
	defer func() {
		if p := recover(); p != nil {
			b, err = nil, fmt.Errorf("read a bitmap of %d bytes: %v", len(raw), p)
		}
	}()
	b = roaring64.New()
	if _, err := b.ReadFrom(bytes.NewReader(raw)); err != nil {
		return nil, fmt.Errorf("read a bitmap of %d bytes: %w", len(raw), err)
	}
	return b, nil
}
