package search

import (
	"context"
	"fmt"

	"kith/app"

	"github.com/RoaringBitmap/roaring/v2"
	segment "github.com/blevesearch/scorch_segment_api/v2"
)

// scan answers conditions for one part of a view: for each, which of its documents hold it.
// Nothing is ranked while it is matched, so a condition is a bitmap, and what combines them
// costs a pass over words of 64 customers.
type scan struct {
	ctx            context.Context
	part           *part
	begins, words  segment.TermDictionary
	begun, wordsIn bool
	typos          *int // how many words that are nearly the one typed may still be looked at
}

func (s *scan) dictionary(field string) (segment.TermDictionary, error) {
	into, done := &s.words, &s.wordsIn
	if field == fieldBegins {
		into, done = &s.begins, &s.begun
	}
	if *done {
		return *into, nil
	}
	d, err := s.part.segment.Dictionary(field)
	if err != nil {
		return nil, fmt.Errorf("dictionary %s: %w", field, err)
	}
	*into, *done = d, true
	return d, nil
}

// condition is something that holds for some documents of a part.
type condition interface {
	// into adds the documents to b, which is empty or holds others.
	into(s *scan, b *roaring.Bitmap) error
}

func (s *scan) bits(c condition) (*roaring.Bitmap, error) {
	b := roaring.New()
	return b, c.into(s, b)
}

type adder interface{ OrInto(*roaring.Bitmap) }

// addTerm adds the documents of a term.
func (s *scan) addTerm(d segment.TermDictionary, term []byte, b *roaring.Bitmap) error {
	list, err := d.PostingsList(term, nil, nil)
	if err != nil {
		return err
	}
	if a, ok := list.(adder); ok {
		a.OrInto(b)
		return nil
	}
	it := list.Iterator(false, false, false, nil)
	for {
		p, err := it.Next()
		if p == nil || err != nil {
			return err
		}
		b.Add(uint32(p.Number()))
	}
}

// termIs holds for the documents with a term.
type termIs struct {
	field string
	term  string
}

func (t termIs) into(s *scan, b *roaring.Bitmap) error {
	d, err := s.dictionary(t.field)
	if err != nil {
		return err
	}
	return s.addTerm(d, []byte(t.term), b)
}

// termsLike holds for the documents with any term that begins with a text and goes on as
// an automaton says.
type termsLike struct {
	field string
	start string
	rest  segment.Automaton
}

// omitter is a dictionary that can list terms without counting their documents.
type omitter interface {
	AutomatonIteratorOmitCount(a segment.Automaton, start, end []byte) segment.DictionaryIterator
}

func (t termsLike) into(s *scan, b *roaring.Bitmap) error {
	d, err := s.dictionary(t.field)
	if err != nil {
		return err
	}
	var it segment.DictionaryIterator
	a := under{t.start, t.rest}
	_, typo := t.rest.(oneTypo)
	if o, ok := d.(omitter); ok {
		it = o.AutomatonIteratorOmitCount(a, []byte(t.start), after(t.start))
	} else {
		it = d.AutomatonIterator(a, []byte(t.start), after(t.start))
	}
	for n := 0; ; n++ {
		if n%256 == 255 && s.ctx.Err() != nil {
			return s.ctx.Err()
		}
		entry, err := it.Next()
		if entry == nil || err != nil {
			return err
		}
		if typo {
			if *s.typos--; *s.typos < 0 {
				return nil
			}
		}
		if err := s.addTerm(d, []byte(entry.Term), b); err != nil {
			return err
		}
	}
}

// after is the first key that does not begin with prefix any more; nil: there is none.
func after(prefix string) []byte {
	end := []byte(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i] < 0xff {
			end[i]++
			return end[:i+1]
		}
	}
	return nil
}

// anyOf holds where one of them does.
type anyOf []condition

func (a anyOf) into(s *scan, b *roaring.Bitmap) error {
	for _, c := range a {
		if err := c.into(s, b); err != nil {
			return err
		}
	}
	return nil
}

// allOf holds where all of them do; of nothing, everywhere.
type allOf []condition

func (a allOf) into(s *scan, b *roaring.Bitmap) error {
	if len(a) == 0 {
		b.AddRange(0, uint64(s.part.n))
		return nil
	}
	var all *roaring.Bitmap
	for _, c := range a {
		if n, ok := c.(not); ok && all != nil {
			out, err := s.bits(n.c)
			if err != nil {
				return err
			}
			all.AndNot(out)
			continue
		}
		one, err := s.bits(c)
		if err != nil {
			return err
		}
		if all == nil {
			all = one
		} else {
			all.And(one)
		}
		if all.IsEmpty() {
			return nil
		}
	}
	b.Or(all)
	return nil
}

// not holds where c does not.
type not struct{ c condition }

func (n not) into(s *scan, b *roaring.Bitmap) error {
	out, err := s.bits(n.c)
	if err != nil {
		return err
	}
	all := roaring.New()
	all.AddRange(0, uint64(s.part.n))
	all.AndNot(out)
	b.Or(all)
	return nil
}

// rowsAre holds for the documents of some customers.
type rowsAre []int64

func (r rowsAre) into(s *scan, b *roaring.Bitmap) error {
	if len(r) == 0 {
		return nil
	}
	ids := make([]string, len(r))
	for i, row := range r {
		ids[i] = documentID(row)
	}
	docs, err := s.part.segment.DocNumbers(ids)
	if err != nil {
		return err
	}
	b.Or(docs)
	return nil
}

// within holds for the documents of a set of customers, such as a segment's members.
type within struct{ rows app.Rows }

func (w within) into(s *scan, b *roaring.Bitmap) error {
	m := s.part.rows
	docs := make([]uint32, 0, peakBlock)
	for doc := range s.part.n {
		if w.rows.Has(m.row(doc)) {
			docs = append(docs, doc)
		}
		if len(docs) == cap(docs) {
			b.AddMany(docs)
			docs = docs[:0]
		}
	}
	b.AddMany(docs)
	return nil
}

var (
	_ condition = termIs{}
	_ condition = termsLike{}
	_ condition = anyOf{}
	_ condition = allOf{}
	_ condition = not{}
	_ condition = rowsAre{}
	_ condition = within{}
)
