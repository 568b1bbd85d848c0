package search

import (
	"bytes"
	"context"
	"fmt"
	"sort"
	"strconv"

	"kith/app"

	bsearch "github.com/blevesearch/bleve/v2/search"
	"github.com/blevesearch/bleve/v2/search/query"
	index "github.com/blevesearch/bleve_index_api"
)

// maxTyped is how many bytes of what was typed are read.
const maxTyped = 1_000

// Search returns the rows of all customers that text means, best first: those whose id,
// e-mail or number it is; those whose name it is the beginning of; the others; and, when
// these are fewer than page, those for whom it holds a typo. Among equals the newest
// comes first. It returns CodeUnavailable while the index is being opened. The rows are
// those of the index: the store may have customers that are newer, or not have them any more.
func (e *Engine) Search(ctx context.Context, text string, page int) (rows []int64, err error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.index == nil {
		return nil, app.Fail(app.CodeUnavailable, "The search index is being opened: try again in a moment.")
	}
	defer func() {
		if p := recover(); p != nil {
			rows, err = nil, fmt.Errorf("search: panic: %v", p)
		}
	}()
	if len(text) > maxTyped {
		text = text[:maxTyped]
	}
	clauses := parse(text)
	main := compile(clauses, anywhere)
	if main == nil {
		return nil, nil
	}
	advanced, err := e.index.Advanced()
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	reader, err := advanced.Reader()
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	defer reader.Close()
	f := &finder{ctx: ctx, e: e, reader: reader, seen: map[int64]struct{}{}}
	for _, tier := range tiers(clauses, text, main, page) {
		if tier.below > 0 && len(f.rows) >= tier.below {
			break
		}
		if err := f.tier(tier); err != nil {
			return nil, fmt.Errorf("search: %w", err)
		}
	}
	return f.rows, nil
}

// tier is a group of matches that come before the next group.
type tier struct {
	q     query.Query
	names query.Query // a part of q that comes first within it; may be nil
	below int         // only looked for when fewer have been found; 0: always
}

func tiers(clauses []clause, text string, main query.Query, page int) []tier {
	var out []tier
	if q := exact(clauses, text); q != nil {
		out = append(out, tier{q: q})
	}
	out = append(out, tier{q: main, names: compile(clauses, inNames)})
	for _, c := range clauses {
		if c.not || c.quoted || c.field != "" {
			continue
		}
		for _, w := range words(c.text) {
			if typo(w) != nil {
				return append(out, tier{q: compile(clauses, withTypo), below: max(page, 1)})
			}
		}
	}
	return out
}

// exact asks for the one whose id, e-mail or number the text is, if it may be one.
func exact(clauses []clause, text string) query.Query {
	for _, c := range clauses {
		if c.not || c.quoted || c.field != "" {
			return nil
		}
	}
	q := term(fieldExact, whole(text))
	if d := digits(whole(text)); len(d) >= 5 {
		return either(q, term(fieldExact, d))
	}
	return q
}

// finder gathers rows in order, each once.
type finder struct {
	ctx    context.Context
	e      *Engine
	reader index.IndexReader
	rows   []int64
	seen   map[int64]struct{}
}

// tier adds the matches of a tier that are not there yet.
func (f *finder) tier(t tier) error {
	first := f.walk(t.names)
	defer first.close()
	all := f.walk(t.q)
	defer all.close()
	named, err := first.next()
	if err != nil {
		return err
	}
	var names, others []int64
	for {
		id, err := all.next()
		if err != nil {
			return err
		}
		if id == nil {
			break
		}
		external, err := f.reader.ExternalID(id)
		if err != nil {
			return err
		}
		row, err := strconv.ParseInt(external, 10, 64)
		if err != nil {
			return err
		}
		for named != nil && bytes.Compare(named, id) < 0 {
			if named, err = first.next(); err != nil {
				return err
			}
		}
		if _, ok := f.seen[row]; ok {
			continue
		}
		if named != nil && bytes.Equal(named, id) {
			names = append(names, row)
		} else {
			others = append(others, row)
		}
	}
	for _, rows := range [][]int64{names, others} {
		sort.Slice(rows, func(i, j int) bool { return rows[i] > rows[j] })
		f.rows = append(f.rows, rows...)
	}
	for _, row := range f.rows {
		f.seen[row] = struct{}{}
	}
	return nil
}

// walk is a way through a query's matches, in the order of the index.
type walk struct {
	searcher bsearch.Searcher
	context  *bsearch.SearchContext
	ctx      context.Context
	last     *bsearch.DocumentMatch
	n        int
	err      error
}

func (f *finder) walk(q query.Query) *walk {
	w := &walk{ctx: f.ctx}
	if q == nil {
		return w
	}
	w.searcher, w.err = q.Searcher(f.ctx, f.reader, f.e.index.Mapping(), bsearch.SearcherOptions{Score: "none"})
	if w.err == nil {
		w.context = &bsearch.SearchContext{DocumentMatchPool: bsearch.NewDocumentMatchPool(w.searcher.DocumentMatchPoolSize()+1, 0), IndexReader: f.reader}
	}
	return w
}

// next returns the next match, nil at the end. It is good until the call after.
func (w *walk) next() (index.IndexInternalID, error) {
	if w.err != nil || w.searcher == nil {
		return nil, w.err
	}
	if w.n++; w.n%1024 == 0 {
		if w.err = w.ctx.Err(); w.err != nil {
			return nil, w.err
		}
	}
	if w.last != nil {
		w.context.DocumentMatchPool.Put(w.last)
	}
	if w.last, w.err = w.searcher.Next(w.context); w.last == nil || w.err != nil {
		return nil, w.err
	}
	return w.last.IndexInternalID, nil
}

func (w *walk) close() {
	if w.searcher != nil {
		w.searcher.Close()
	}
}
