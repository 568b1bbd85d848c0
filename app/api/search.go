package api

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"kith/app"
)

// Searcher finds customers by what somebody typed.
type Searcher interface {
	// Search returns the rows of all customers that text means, best first; when they are
	// fewer than page, those that it may mean with a typo too. Some may be gone.
	Search(ctx context.Context, text string, page int) ([]int64, error)
	// Ready reports whether everything can be found.
	Ready() bool
	// Index says what the index is doing.
	Index() app.IndexState
	// Marks says which parts of a customer are what was typed.
	Marks(text string, c *app.Customer) []app.Mark
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
	// Total is how many customers match before the other filters; some may be gone.
	Total int64
	// Next and Previous are the cursors of the pages beside this one, "" where there is none.
	Next, Previous string
}

// searchCursor begins the cursors of a search, which are places among its matches. The
// ids that other listings use as cursors hold no such letter.
const searchCursor = "q"

// isSearchCursor tells the cursors of a search from those of other listings.
func isSearchCursor(s string) bool { return strings.HasPrefix(s, searchCursor) }

// UsesSearch reports whether a listing with a query is answered by s. It is not while
// the index is built, nor on the further pages of a listing that began meanwhile: those
// are answered by storage, which knows the beginnings of ids, e-mails and numbers.
func UsesSearch(s Searcher, query, after, before string) bool {
	cursor := after + before
	if s == nil || query == "" || cursor != "" && !isSearchCursor(cursor) {
		return false
	}
	return s.Ready() || cursor != ""
}

// SearchCustomers returns the page of the customers that text means and the other
// conditions of f hold. It returns CodeInvalid for a cursor that is none.
func SearchCustomers(ctx context.Context, s Searcher, store CustomerLister, text string, f app.CustomerFilter, p SearchPage) (*Found, error) {
	from, back := 0, p.Before != ""
	if cursor := p.After + p.Before; cursor != "" {
		n, err := strconv.ParseUint(strings.TrimPrefix(cursor, searchCursor), 36, 31)
		if err != nil {
			return nil, app.Invalid("cursor", "%q is no cursor: use next_cursor or previous_cursor as an answer gave it", shorten(cursor))
		}
		from = int(n)
	}
	rows, err := s.Search(ctx, text, p.Limit)
	if err != nil {
		return nil, err
	}
	from = min(from, len(rows))
	w := &searchWalk{ctx: ctx, store: store, filter: f, limit: p.Limit}
	w.filter.Prefix = ""
	found := &Found{Total: int64(len(rows))}
	if back {
		before := slices.Clone(rows[:from])
		slices.Reverse(before)
		if err := w.walk(before); err != nil {
			return nil, err
		}
		slices.Reverse(w.found)
		slices.Reverse(w.places)
		for i, place := range w.places {
			w.places[i] = from - 1 - place
		}
	} else if err := w.walk(rows[from:]); err != nil {
		return nil, err
	} else {
		for i := range w.places {
			w.places[i] += from
		}
	}
	found.Customers = w.found
	if len(w.places) == 0 {
		return found, nil
	}
	first, last := w.places[0], w.places[len(w.places)-1]
	if back || w.more {
		found.Next = searchCursor + strconv.FormatInt(int64(last+1), 36)
	}
	if back && w.more || !back && from > 0 {
		found.Previous = searchCursor + strconv.FormatInt(int64(first), 36)
	}
	return found, nil
}

// searchWalk goes along matches in order and keeps those that a filter holds.
type searchWalk struct {
	ctx    context.Context
	store  CustomerLister
	filter app.CustomerFilter
	limit  int

	found  []app.Customer
	places []int // of found, among the rows walked along
	more   bool  // another one follows
}

// maxWindow bounds how many matches are loaded at once when a filter holds few of them.
const maxWindow = 2_000

// walk loads ever larger parts of rows until the page is full and one more is known.
func (w *searchWalk) walk(rows []int64) error {
	window := w.limit + 1
	for start := 0; start < len(rows); {
		part := rows[start:min(start+window, len(rows))]
		w.filter.Rows = part
		customers, _, err := w.store.Customers(w.ctx, w.filter, app.Page{Limit: len(part)})
		if err != nil {
			return err
		}
		at := make(map[int64]int, len(customers))
		for i := range customers {
			at[customers[i].Row] = i
		}
		for i, row := range part {
			n, ok := at[row]
			if !ok {
				continue
			}
			if len(w.found) == w.limit {
				w.more = true
				return nil
			}
			w.found, w.places = append(w.found, customers[n]), append(w.places, start+i)
		}
		start += len(part)
		window = min(4*window, maxWindow)
	}
	return nil
}
