package storage

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"kith/app"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
)

// state is what the writer holds in memory of the file: the dictionaries of names
// with their counters, the next numbers, and caches. After a rolled back transaction
// it is loaded anew.
type state struct {
	seq         int64 // the feed's head
	eventRow    int64 // the last event
	customerRow int64 // the last customer ever made
	totals      map[string]int64
	sources     map[string]int64
	events      map[string]*eventName
	eventIDs    map[int64]*eventName
	attrs       map[attrKey]*attrName
	nextAttr    int64
	cursors     map[string]int64
	uids        uidCache
	pruned      int64 // the hour at which the hours were last pruned
}

// eventName is one name of an event with its counters, as in event_names.
type eventName struct {
	row         int64
	name        string
	events      int64
	customers   int64
	first, last int64
	props       map[app.PropertyType]struct{}
	sources     map[int64]struct{}
	// known holds customers that certainly are in event_customers; it starts empty and
	// saves the lookup for those who come again.
	known *roaring64.Bitmap
	// latest are rows of its newest events, upwards, see latestKept; fresh says that the
	// table does not have them yet.
	latest []int64
	fresh  bool
}

func newEventName(row int64, name string) *eventName {
	return &eventName{row: row, name: name, props: map[app.PropertyType]struct{}{}, sources: map[int64]struct{}{}, known: roaring64.New()}
}

type attrKey struct {
	name     string
	standard bool
}

// attrName is one attribute of the catalogue.
type attrName struct {
	row     int64
	key     attrKey
	counts  [app.AttributeTypeCount]int64
	samples [][]byte
	changed int64
	fresh   bool // not in the table yet
}

func loadState(q statements) (*state, error) {
	ctx := context.Background()
	s := &state{
		totals: map[string]int64{}, sources: map[string]int64{}, cursors: map[string]int64{},
		events: map[string]*eventName{}, eventIDs: map[int64]*eventName{}, attrs: map[attrKey]*attrName{},
	}
	s.uids.reset()
	if _, err := q.row(ctx, "feed_head", nil, &s.seq); err != nil {
		return nil, err
	}
	if _, err := q.row(ctx, "event_last_row", nil, &s.eventRow); err != nil {
		return nil, err
	}
	if _, err := q.row(ctx, "customer_last_row", nil, &s.customerRow); err != nil {
		return nil, err
	}
	pairs := func(name string, into map[string]int64) error {
		return q.each(ctx, name, nil, func(rows *sql.Rows) error {
			var key string
			var n int64
			if err := rows.Scan(&key, &n); err != nil {
				return err
			}
			into[key] = n
			return nil
		})
	}
	if err := pairs("totals_all", s.totals); err != nil {
		return nil, err
	}
	// A number that a reader may yet look up is not used twice, though its customer is deleted.
	s.eventRow = max(s.eventRow, s.totals["last_event"])
	if err := pairs("cursor_all", s.cursors); err != nil {
		return nil, err
	}
	err := q.each(ctx, "source_all", nil, func(rows *sql.Rows) error {
		var id int64
		var name string
		if err := rows.Scan(&id, &name); err != nil {
			return err
		}
		s.sources[name] = id
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := s.loadEvents(ctx, q); err != nil {
		return nil, err
	}
	return s, s.loadAttributes(ctx, q)
}

func (s *state) loadEvents(ctx context.Context, q statements) error {
	err := q.each(ctx, "event_name_all", nil, func(rows *sql.Rows) error {
		n := newEventName(0, "")
		if err := rows.Scan(&n.row, &n.name, &n.events, &n.customers, &n.first, &n.last); err != nil {
			return err
		}
		s.events[n.name], s.eventIDs[n.row] = n, n
		return nil
	})
	if err != nil {
		return err
	}
	err = q.each(ctx, "event_source_all", nil, func(rows *sql.Rows) error {
		var id, source int64
		if err := rows.Scan(&id, &source); err != nil {
			return err
		}
		if n := s.eventIDs[id]; n != nil {
			n.sources[source] = struct{}{}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := s.loadLatest(ctx, q); err != nil {
		return err
	}
	return q.each(ctx, "event_property_all", nil, func(rows *sql.Rows) error {
		var id int64
		var p app.PropertyType
		if err := rows.Scan(&id, &p.Name, &p.Type); err != nil {
			return err
		}
		if n := s.eventIDs[id]; n != nil {
			n.props[p] = struct{}{}
		}
		return nil
	})
}

func (s *state) loadAttributes(ctx context.Context, q statements) error {
	return q.each(ctx, "attribute_all", nil, func(rows *sql.Rows) error {
		a := &attrName{}
		var counts, samples []byte
		if err := rows.Scan(&a.row, &a.key.name, &a.key.standard, &counts, &samples, &a.changed); err != nil {
			return err
		}
		if err := a.decode(counts, samples); err != nil {
			return err
		}
		s.attrs[a.key] = a
		s.nextAttr = max(s.nextAttr, a.row)
		return nil
	})
}

func (a *attrName) decode(counts, samples []byte) error {
	var raw []json.RawMessage
	if err := json.Unmarshal(samples, &raw); err != nil {
		return fmt.Errorf("samples of attribute %q: %w", a.key.name, err)
	}
	for _, r := range raw {
		a.samples = append(a.samples, r)
	}
	return json.Unmarshal(counts, &a.counts)
}

func (a *attrName) encode() (counts, samples string) {
	c, _ := json.Marshal(a.counts)
	out := []byte{'['}
	for i, s := range a.samples {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, s...)
	}
	return string(c), string(append(out, ']'))
}

// uidCacheSize is the number of ids per generation: together some 30 MB when full.
const uidCacheSize = 1 << 17

// uidCache remembers which customer an id or an alias means. It keeps two
// generations: when the young one is full it becomes the old one.
type uidCache struct{ young, old map[string]int64 }

func (c *uidCache) reset() { c.young, c.old = map[string]int64{}, nil }

func (c *uidCache) get(uid string) (int64, bool) {
	if row, ok := c.young[uid]; ok {
		return row, true
	}
	row, ok := c.old[uid]
	if ok {
		c.put(uid, row)
	}
	return row, ok
}

func (c *uidCache) put(uid string, row int64) {
	if len(c.young) >= uidCacheSize {
		c.old, c.young = c.young, make(map[string]int64, uidCacheSize)
	}
	c.young[uid] = row
}

func (c *uidCache) drop(uid string) {
	delete(c.young, uid)
	delete(c.old, uid)
}
