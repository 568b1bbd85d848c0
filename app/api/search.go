package api

import (
	"context"
	"strconv"
	"strings"

	"kith/app"
)

// Searcher finds customers by what somebody typed, and by the filters beside it.
type Searcher interface {
	// Find returns a page of those whom a query holds for, best first. Some may be gone. It
	// returns CodeUnavailable while there is nothing to look in.
	Find(ctx context.Context, q app.Query) (*app.Matches, error)
	// Ready reports whether everything can be found.
	Ready() bool
	// Index says what the index is doing.
	Index() app.IndexState
	// Marks says which parts of a customer are what was typed.
	Marks(ctx context.Context, text string, c *app.Customer) []app.Mark
}

// CustomerLister is the part of [Store] that loads what was found.
type CustomerLister interface {
	Customers(ctx context.Context, f app.CustomerFilter, p app.Page) ([]app.Customer, bool, error)
}

// SearchPage says which part of the matches is wanted. At most one of After and Before
// is set: the cursor of a page before.
type SearchPage struct {
	Limit         int
	After, Before string
}

// Found is a page of matches, best first.
type Found struct {
	Customers []app.Customer
	// Total is how many customers match; some may be gone.
	Total int64
	// Next and Previous are the cursors of the pages beside this one, "" where there is none.
	Next, Previous string
}

// searchCursor begins the cursors of a search, which are places among its matches. The
// ids that other listings use as cursors hold no such letter.
const searchCursor = "q"

// isSearchCursor tells the cursors of a search from those of other listings.
func isSearchCursor(s string) bool { return strings.HasPrefix(s, searchCursor) }

// UsesSearch reports whether a listing is answered by s: when it asks for a text, an
// attribute or a device. It is not on the further pages of a listing that storage began,
// which knows the beginnings of ids, e-mails and numbers while there is no index.
func UsesSearch(s Searcher, f *app.CustomerFilter, after, before string) bool {
	cursor := after + before
	if s == nil || cursor != "" && !isSearchCursor(cursor) {
		return false
	}
	if len(f.Attributes) > 0 || f.Device != nil {
		return true
	}
	return f.Prefix != "" && (cursor != "" || s.Index().State != "opening" || s.Ready())
}

// SearchCustomers returns the page of the customers that a filter holds, its Prefix as a
// text that was typed, and that are members of a segment, if one is given. While the index
// is being built, the first page has those too whose id, e-mail or number begins with the
// text. It returns CodeInvalid for a cursor that is none.
func SearchCustomers(ctx context.Context, s Searcher, store CustomerLister, f app.CustomerFilter, members app.Rows, p SearchPage) (*Found, error) {
	from, back := 0, p.Before != ""
	if cursor := p.After + p.Before; cursor != "" {
		n, err := strconv.ParseUint(strings.TrimPrefix(cursor, searchCursor), 36, 31)
		if err != nil {
			return nil, app.Invalid("cursor", "%q is no cursor: use next_cursor or previous_cursor as an answer gave it", shorten(cursor))
		}
		from = int(n)
	}
	until := from
	if back {
		from = max(0, from-p.Limit)
	} else {
		until = from + p.Limit
	}
	found := &Found{}
	w := &searchWalk{ctx: ctx, s: s, store: store, filter: f, query: app.Query{
		Text: f.Prefix, Lists: f.Lists, Attributes: f.Attributes, IsAccount: f.IsAccount, Archived: f.Archived, Device: f.Device,
		Email: f.Email, Number: f.Number, Segment: members, Skip: from, Limit: p.Limit,
	}}
	w.filter.Prefix = ""
	next, err := w.walk(until, back, p.Limit)
	if app.CodeOf(err) == app.CodeUnavailable && err != nil && p.After+p.Before == "" && f.Prefix != "" && members == nil && len(f.Attributes) == 0 && f.Device == nil {
		err = nil // there is nothing to look in yet: what storage knows
	}
	if err != nil {
		return nil, err
	}
	found.Customers, found.Total = w.found, w.total
	if next < int(w.total) {
		found.Next = searchCursor + strconv.FormatInt(int64(next), 36)
	}
	if from > 0 {
		found.Previous = searchCursor + strconv.FormatInt(int64(from), 36)
	}
	if !s.Ready() && p.After+p.Before == "" && f.Prefix != "" && members == nil && len(f.Attributes) == 0 && f.Device == nil {
		return found, found.addBeginning(ctx, store, f, p.Limit)
	}
	return found, nil
}

// addBeginning adds those whose id, e-mail or number begins with what was typed.
func (f *Found) addBeginning(ctx context.Context, store CustomerLister, filter app.CustomerFilter, limit int) error {
	customers, _, err := store.Customers(ctx, filter, app.Page{Limit: limit})
	if err != nil {
		return err
	}
	have := map[int64]bool{}
	for i := range f.Customers {
		have[f.Customers[i].Row] = true
	}
	for _, c := range customers {
		if !have[c.Row] && len(f.Customers) < limit {
			f.Customers = append(f.Customers, c)
			f.Total++
		}
	}
	return nil
}

// searchWalk goes along matches in order and loads those that are there and that a filter
// still holds: the index is a moment behind.
type searchWalk struct {
	ctx    context.Context
	s      Searcher
	store  CustomerLister
	filter app.CustomerFilter
	query  app.Query

	found []app.Customer
	total int64
}

// walk loads matches from the query's Skip on until the page is full, or, backwards, up to
// a place, and returns the place where it ended.
func (w *searchWalk) walk(until int, back bool, limit int) (int, error) {
	for {
		if back {
			w.query.Limit = until - w.query.Skip
		}
		m, err := w.s.Find(w.ctx, w.query)
		if err != nil {
			return 0, err
		}
		w.total = m.Total
		if len(m.Rows) == 0 {
			return w.query.Skip, nil
		}
		w.filter.Rows = m.Rows
		customers, _, err := w.store.Customers(w.ctx, w.filter, app.Page{Limit: len(m.Rows)})
		if err != nil {
			return 0, err
		}
		at := make(map[int64]int, len(customers))
		for i := range customers {
			at[customers[i].Row] = i
		}
		for i, row := range m.Rows {
			n, ok := at[row]
			if !ok {
				continue
			}
			if w.found = append(w.found, customers[n]); !back && len(w.found) == limit {
				return w.query.Skip + i + 1, nil
			}
		}
		w.query.Skip += len(m.Rows)
		if back || w.query.Skip >= int(m.Total) {
			return w.query.Skip, nil
		}
	}
}
