package search

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"kith/app"

	"github.com/RoaringBitmap/roaring/v2"
)

const (
	// maxTyped is how many bytes of what was typed are read.
	maxTyped = 1_000
	// maxTypos bounds how many words of the dictionary that differ by a letter one group of
	// matches looks at. What was typed without a typo is found whole: of a million ids that
	// begin alike, and by more than [maxGram] letters, each is looked at, within a second.
	maxTypos = 5_000
)

// Find returns the page of the customers that a query means, best first: those whose id,
// e-mail or number it is; those whose name it is the beginning of; the others; and, when
// these are fewer than a page, those who are on a list or in a segment of that name, and
// those whose name it is with a typo; when nobody is found, those with a word of an
// attribute that it is with one. Among equals the newest comes first. It returns
// CodeUnavailable while the index is being opened or built for the first time. The rows are
// those of the index: the store may have customers that are newer, or not have them any more.
func (e *Engine) Find(ctx context.Context, q app.Query) (m *app.Matches, err error) {
	return e.find(ctx, q, q.Limit)
}

// find is Find; the last groups of matches are looked for when fewer than page are found.
func (e *Engine) find(ctx context.Context, q app.Query, page int) (m *app.Matches, err error) {
	v := e.hold()
	if v == nil {
		return nil, app.Fail(app.CodeUnavailable, "The search index is being built: try again in a moment.")
	}
	defer func() {
		if p := recover(); p != nil {
			m, err = nil, fmt.Errorf("search: panic: %v", p)
		}
		if closing := v.release(); err == nil {
			err = closing
		}
	}()
	if len(q.Text) > maxTyped {
		q.Text = strings.ToValidUTF8(q.Text[:maxTyped], "")
	}
	k := &compiler{ctx: ctx, e: e}
	f := &finder{ctx: ctx, parts: make([]found, len(v.parts)), within: q.Segment}
	filter := k.filter(&q)
	tiers := k.tiers(&q, max(page, 1))
	if k.err != nil {
		return nil, fmt.Errorf("search: %w", k.err)
	}
	for i, p := range v.parts {
		f.parts[i].scan = scan{ctx: ctx, part: p}
	}
	if err := f.filter(filter); err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	for _, t := range tiers {
		if t.below > 0 && (f.total >= int64(t.below) || t.exact && f.counts[0] > 0) {
			break
		}
		if t.make != nil {
			t.c = t.make()
		}
		if err := f.tier(t); err != nil {
			return nil, fmt.Errorf("search: %w", err)
		}
	}
	return &app.Matches{Rows: f.page(q.Skip, q.Limit), Total: f.total}, nil
}

// Search returns up to 10,000 of the customers that a text means, as [Engine.Find] does;
// page is how many are looked for before typos are forgiven.
func (e *Engine) Search(ctx context.Context, text string, page int) ([]int64, error) {
	if text == "" {
		return nil, nil
	}
	m, err := e.find(ctx, app.Query{Text: text, Limit: 10_000}, page)
	if err != nil {
		return nil, err
	}
	return m.Rows, nil
}

// tier is a group of matches that come before the next group.
type tier struct {
	c     condition
	make  func() condition // makes c when it is looked for
	below int              // only looked for when fewer have been found; 0: always
	exact bool             // the first group is of those that are meant exactly: this one is not looked for when it has any
}

// tiers are the groups of matches of a text; of none, everybody.
func (k *compiler) tiers(q *app.Query, page int) []tier {
	if q.Text == "" {
		return []tier{{c: allOf{}}}
	}
	clauses := parse(q.Text)
	main := k.all(clauses, anywhere)
	if main == nil {
		return nil
	}
	var out []tier
	plain, hasWord, typos := true, false, false
	for _, c := range clauses {
		if c.not || c.quoted || c.field != "" {
			plain = false
			continue
		}
		for _, w := range words(c.text) {
			hasWord = true
			typos = typos || mayErr(w)
		}
	}
	if plain {
		out = append(out, tier{c: k.exact(whole(q.Text))})
	}
	if hasWord {
		if names := k.all(clauses, inNames); names != nil {
			out = append(out, tier{c: names})
		}
	}
	out = append(out, tier{c: main})
	if hasWord {
		out = append(out, tier{make: func() condition { return k.all(clauses, inGroups) }, exact: plain, below: page})
	}
	if typos {
		out = append(out,
			tier{make: func() condition { return k.all(clauses, withNameTypo) }, exact: plain, below: page},
			tier{make: func() condition { return k.all(clauses, withTypo) }, exact: plain, below: 1})
	}
	return out
}

// filter is what else a query asks for, nil if nothing.
func (k *compiler) filter(q *app.Query) condition {
	var out []condition
	if len(q.Lists) > 0 {
		on := anyOf{}
		for _, g := range k.e.groups.Load().lists {
			if slices.Contains(q.Lists, g.id) {
				on = append(on, onList(g.row))
			}
		}
		out = append(out, on)
	}
	for _, a := range q.Attributes {
		out = append(out, clause{field: fold(a.Name), text: whole(a.Value)}.pair())
	}
	if q.Email != "" {
		out = append(out, k.exact(q.Email))
	}
	if q.Number != "" {
		out = append(out, k.exact(q.Number))
	}
	for _, f := range []struct {
		flag string
		is   *bool
	}{{flagArchived, q.Archived}, {flagAccount, q.IsAccount}, {flagDevice, q.Device}} {
		if f.is == nil {
			continue
		}
		var c condition = termIs{fieldBegins, string(ofFlag) + f.flag}
		if !*f.is {
			c = not{c}
		}
		out = append(out, c)
	}
	return all(out)
}

// found is what a finder has of one part.
type found struct {
	scan  scan
	may   *roaring.Bitmap // what the filter leaves; nil: everything
	seen  *roaring.Bitmap // what earlier tiers had
	tiers []*roaring.Bitmap
}

// finder gathers matches, each once.
type finder struct {
	ctx    context.Context
	parts  []found
	within app.Rows
	counts []int64 // of each tier
	total  int64
}

func (f *finder) filter(c condition) error {
	if c == nil {
		return nil
	}
	for i := range f.parts {
		p := &f.parts[i]
		var err error
		if p.may, err = p.scan.bits(c); err != nil {
			return err
		}
	}
	return nil
}

// tier adds the matches of a tier that are not there yet.
func (f *finder) tier(t tier) error {
	var count int64
	typos := maxTypos
	for i := range f.parts {
		p := &f.parts[i]
		if err := f.ctx.Err(); err != nil {
			return err
		}
		p.scan.typos = &typos
		b := roaring.New()
		if p.may == nil || !p.may.IsEmpty() {
			if err := t.c.into(&p.scan, b); err != nil {
				return err
			}
		}
		if p.may != nil {
			b.And(p.may)
		}
		if p.scan.part.deleted != nil {
			b.AndNot(p.scan.part.deleted)
		}
		if p.seen != nil {
			b.AndNot(p.seen)
		}
		if f.within != nil {
			b = p.scan.part.only(b, f.within)
		}
		if p.seen == nil {
			p.seen = b
		} else if !b.IsEmpty() {
			p.seen = roaring.Or(p.seen, b)
		}
		p.tiers = append(p.tiers, b)
		count += int64(b.GetCardinality())
	}
	f.counts = append(f.counts, count)
	f.total += count
	return nil
}

// only returns those of b that are in a set of rows.
func (p *part) only(b *roaring.Bitmap, rows app.Rows) *roaring.Bitmap {
	out := roaring.New()
	var buffer [1024]uint32
	kept := buffer[:0]
	for it := b.Iterator(); it.HasNext(); {
		doc := it.Next()
		if rows.Has(p.rows.row(doc)) {
			if kept = append(kept, doc); len(kept) == len(buffer) {
				out.AddMany(kept)
				kept = buffer[:0]
			}
		}
	}
	out.AddMany(kept)
	return out
}

// page returns the rows of the matches from skip on.
func (f *finder) page(skip, limit int) []int64 {
	var out []int64
	for i, count := range f.counts {
		if int64(skip) >= count {
			skip -= int(count)
			continue
		}
		newest := f.newest(i, skip+limit-len(out))
		out = append(out, newest[skip:]...)
		skip = 0
		if len(out) >= limit {
			break
		}
	}
	return out
}

// newest returns the greatest n rows of a tier, greatest first.
func (f *finder) newest(tier, n int) []int64 {
	if n <= 0 {
		return nil
	}
	var out []int64
	least := int64(-1) // rows up to it are not among them
	trim := func() {
		slices.Sort(out)
		slices.Reverse(out)
		if len(out) >= n {
			out = out[:n]
			least = out[n-1]
		}
	}
	for i := range f.parts {
		m, b := f.parts[i].scan.part.rows, f.parts[i].tiers[tier]
		for it := b.ReverseIterator(); it.HasNext(); {
			doc := it.Next()
			row := m.row(doc)
			if row <= least {
				if m.newest(doc) <= least {
					break
				}
				continue
			}
			if out = append(out, row); len(out) >= 2*n+64 {
				trim()
			}
		}
	}
	trim()
	return out
}
