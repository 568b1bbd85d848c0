package admin

import (
	"context"
	"encoding/json"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"kith/app"
	"kith/app/api"
)

// conditions say which customers a listing, an export or a task is about.
type conditions struct {
	filter  app.CustomerFilter
	segment *app.Segment
	rules   []*app.Rule // of what only the columns know: attributes, devices
	words   []string    // of rules
	sort    []string
	desc    bool
}

// inMemory reports whether the conditions look at what only the columns know.
func (q *conditions) inMemory() bool { return len(q.rules) > 0 }

// searches reports whether the search index has to do with it.
func (q *conditions) searches() bool { return q.filter.Prefix != "" || len(q.filter.Attributes) > 0 }

// conditions reads them from a query: query (a text), segment, list, where (a JSON array of
// conditions as rules have them, all of which must hold), attribute=name:value (again for
// more), device, archived, is_account, email, number; and sort, attributes separated by commas, the first with a minus for
// downwards.
func (a *Admin) conditions(ctx context.Context, v url.Values) (*conditions, error) {
	q := &conditions{filter: app.CustomerFilter{Email: v.Get("email"), Number: v.Get("number"), Prefix: strings.TrimSpace(v.Get("query"))}}
	if list := v.Get("list"); list != "" {
		q.filter.Lists = []string{list}
	}
	for name, into := range map[string]**bool{"is_account": &q.filter.IsAccount, "archived": &q.filter.Archived, "device": &q.filter.Device} {
		if given := v.Get(name); given != "" {
			b := given == "true"
			*into = &b
		}
	}
	if id := v.Get("segment"); id != "" {
		var err error
		if q.segment, err = a.membership.Find(ctx, id); err != nil {
			return nil, err
		}
	}
	if err := a.where(ctx, q, v.Get("where")); err != nil {
		return nil, err
	}
	if q.filter.Device != nil {
		op := app.OpExists
		if !*q.filter.Device {
			op = app.OpNotExists
		}
		q.rules = append(q.rules, &app.Rule{Condition: &app.AttributeCondition{Attribute: "device_platform", Test: app.Test{Op: op}}})
	}
	for _, given := range v["attribute"] {
		name, value, ok := strings.Cut(given, ":")
		if !ok || name == "" || value == "" {
			return nil, app.Invalid("attribute", "must be a name and a value with a colon between them, not %q", given)
		}
		q.filter.Attributes = append(q.filter.Attributes, app.AttributeIs{Name: name, Value: value})
	}
	if text := v.Get("sort"); text != "" {
		text, q.desc = strings.CutPrefix(text, "-")
		if q.sort = strings.Split(text, ","); len(q.sort) > maxSort {
			return nil, app.Invalid("sort", "can name %d attributes", maxSort)
		}
	}
	return q, nil
}

// maxSort bounds by how many attributes a listing is sorted.
const maxSort = 3

// where reads the conditions on attributes, and says each in words.
func (a *Admin) where(ctx context.Context, q *conditions, text string) error {
	if text == "" {
		return nil
	}
	rule, err := app.ParseRule([]byte(`{"all":` + text + `}`))
	if err != nil {
		return app.Invalid("where", "is no list of conditions: %s", app.Public(err).Sentence())
	}
	if err := a.store.CheckRule(ctx, rule, ""); err != nil {
		return err
	}
	var parts []json.RawMessage
	if err := json.Unmarshal([]byte(text), &parts); err != nil {
		return app.Invalid("where", "is no list of conditions")
	}
	for _, part := range parts {
		words, err := a.membership.Words(ctx, part)
		if err != nil {
			return err
		}
		q.words = append(q.words, words)
	}
	q.rules = append(q.rules, rule.Rules...)
	return nil
}

// chosenWait is how long a listing waits for columns that are read for it.
const chosenWait = 1500 * time.Millisecond

// choice is what the conditions ask of the columns; rows are the only customers that come
// into question, nil for everybody.
func (q *conditions) choice(rows []int64) app.Choice {
	rule := &app.Rule{Group: app.All, Rules: slices.Clone(q.rules)}
	for _, list := range q.filter.Lists {
		rule.Rules = append(rule.Rules, &app.Rule{Condition: &app.ListCondition{List: list, Any: true}})
	}
	if q.filter.IsAccount != nil {
		rule.Rules = append(rule.Rules, &app.Rule{Condition: &app.AttributeCondition{Attribute: "is_account",
			Test: app.Test{Op: app.OpIs, Type: app.BooleanType, Operands: []app.Operand{{Type: app.BooleanType, Boolean: *q.filter.IsAccount}}}}})
	}
	if q.segment != nil && q.segment.ID != app.AllSegment {
		rule.Rules = append(rule.Rules, &app.Rule{Condition: &app.SegmentCondition{Segment: q.segment.ID}})
	}
	return app.Choice{Rule: rule, Archived: q.filter.Archived, Live: q.segment != nil, Rows: rows, Sort: q.sort, Desc: q.desc, Limit: -1}
}

// candidates are the rows that the parts of the conditions hold which the columns do not
// know: a text that was typed, an address, a number. Nil when there are no such parts.
func (a *Admin) candidates(ctx context.Context, q *conditions) ([]int64, error) {
	f := app.CustomerFilter{Email: q.filter.Email, Number: q.filter.Number, Prefix: q.filter.Prefix}
	var rows []int64
	if q.searches() && api.UsesSearch(a.o.Search, &q.filter, "", "") {
		found, err := a.o.Search.Find(ctx, app.Query{Text: f.Prefix, Attributes: q.filter.Attributes, Email: f.Email, Number: f.Number, Limit: math.MaxInt32})
		if err != nil {
			return nil, err
		}
		return append([]int64{}, found.Rows...), nil
	}
	if f.Email == "" && f.Number == "" && f.Prefix == "" {
		return nil, nil
	}
	rows = []int64{}
	for p := (app.Page{Limit: 1000}); ; {
		customers, more, err := a.store.Customers(ctx, f, p)
		if err != nil {
			return nil, err
		}
		for i := range customers {
			rows = append(rows, customers[i].Row)
			p.After = customers[i].Row
		}
		if !more {
			return rows, nil
		}
	}
}

// choose answers the conditions from the columns.
func (a *Admin) choose(ctx context.Context, q *conditions, rows []int64, offset, limit int) (app.Chosen, error) {
	if a.o.Segments == nil {
		return app.Chosen{}, app.Fail(app.CodeUnavailable, "Nothing is sorted, or filtered by attributes, in this Kith.")
	}
	c := q.choice(rows)
	c.Offset, c.Limit = offset, limit
	return a.o.Segments.Choose(ctx, c)
}

// counted is how many the conditions hold, where the columns know it at once; nil otherwise.
func (a *Admin) counted(ctx context.Context, q *conditions) *int64 {
	if a.o.Segments == nil || q.searches() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	rows, err := a.candidates(ctx, q)
	if err != nil {
		return nil
	}
	plain := *q
	plain.sort = nil
	chosen, err := a.choose(ctx, &plain, rows, 0, 0)
	if err != nil || chosen.Loading < 1 {
		return nil
	}
	return &chosen.Total
}

// deepest is how far down a listing from the columns goes: to find the first so many of a
// million by an attribute takes some 50 ms, to sort all of them up to three seconds.
const deepest = 10_000

// The cursors of a listing from the columns are places in it.
const placeCursor = "o"

// sorted returns a page of the conditions from the columns, in their order.
func (a *Admin) sorted(c *call, q *conditions) (*envelope, []app.Customer, error) {
	limit, err := c.number("limit", 50, 200)
	if err != nil {
		return nil, nil, err
	}
	offset := 0
	if cursor := c.Query("next_cursor") + c.Query("previous_cursor"); cursor != "" {
		if offset, err = strconv.Atoi(strings.TrimPrefix(cursor, placeCursor)); err != nil || offset < 0 || offset+limit > deepest {
			return nil, nil, app.Invalid("cursor", "is none of this listing")
		}
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), chosenWait)
	defer cancel()
	rows, err := a.candidates(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	chosen, err := a.choose(ctx, q, rows, offset, limit)
	if err != nil {
		return nil, nil, err
	}
	e := &envelope{Words: q.words}
	if chosen.Loading < 1 {
		e.Loading = &chosen.Loading
		return e, nil, nil
	}
	e.Total = &chosen.Total
	if offset+len(chosen.Rows) < int(chosen.Total) && offset+2*limit <= deepest {
		e.Next = placeCursor + strconv.Itoa(offset+limit)
	}
	if offset > 0 {
		e.Previous = placeCursor + strconv.Itoa(max(0, offset-limit))
	}
	customers, err := a.inOrder(c.Request.Context(), chosen.Rows)
	return e, customers, err
}

// inOrder reads customers in the order of rows; those that went meanwhile are left out.
func (a *Admin) inOrder(ctx context.Context, rows []int64) ([]app.Customer, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	customers, _, err := a.store.Customers(ctx, app.CustomerFilter{Rows: rows}, app.Page{Limit: len(rows)})
	if err != nil {
		return nil, err
	}
	place := make(map[int64]int, len(rows))
	for i, row := range rows {
		place[row] = i
	}
	slices.SortFunc(customers, func(x, y app.Customer) int { return place[x.Row] - place[y.Row] })
	return customers, nil
}

// narrowed are those whom the columns' part of the conditions holds, for a search to look among.
func (a *Admin) narrowed(ctx context.Context, q *conditions) (app.Rows, error) {
	ctx, cancel := context.WithTimeout(ctx, chosenWait)
	defer cancel()
	chosen, err := a.choose(ctx, q, nil, 0, -1)
	if err == nil && chosen.Loading < 1 {
		err = app.Fail(app.CodeUnavailable, "The attributes are being read into memory, %d %% so far. Try again in a moment.", int(100*chosen.Loading))
	}
	members := app.Rows{}
	for _, row := range chosen.Rows {
		members.Add(row)
	}
	return members, err
}

// everybody are the rows of all whom the conditions hold, in their order.
func (a *Admin) everybody(ctx context.Context, q *conditions) ([]int64, error) {
	wait, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	rows, err := a.candidates(wait, q)
	if err != nil {
		return nil, err
	}
	chosen, err := a.choose(wait, q, rows, 0, -1)
	if err == nil && chosen.Loading < 1 {
		err = app.Fail(app.CodeUnavailable, "The attributes are being read into memory, %d %% so far. Try again in a moment.", int(100*chosen.Loading))
	}
	return chosen.Rows, err
}
