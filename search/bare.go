package search

import (
	"bytes"
	"fmt"

	"kith/app"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/document"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/mapping"
	index "github.com/blevesearch/bleve_index_api"
)

// Bare is an index of the same fields and terms as the [Engine]'s, used as Bleve is used by
// itself: what the engine's speed is measured against.
type Bare struct{ index bleve.Index }

// NewBare makes one in a new folder.
func NewBare(folder string) (*Bare, error) {
	m := mapping.NewIndexMapping()
	m.DefaultMapping = mapping.NewDocumentDisabledMapping() // documents are made by hand
	m.IndexDynamic, m.StoreDynamic, m.DocValuesDynamic = false, false, false
	made, err := bleve.NewUsing(folder, m, scorch.Name, bleve.Config.DefaultKVStore, nil)
	if err != nil {
		return nil, fmt.Errorf("make a bare index: %w", err)
	}
	return &Bare{made}, nil
}

// Prepare turns customers into texts that hold their terms, and returns what makes them a
// batch and writes it.
func (b *Bare) Prepare(customers []app.Findable) (write func() error) {
	type texts struct{ id, begins, words []byte }
	var m maker
	m.batch()
	all := make([]texts, len(customers))
	for i := range customers {
		d := m.make(&customers[i])
		all[i] = texts{[]byte(d.id), joinTerms(d.terms(true)), joinTerms(d.terms(false))}
	}
	return func() error {
		batch := b.index.NewBatch()
		for _, t := range all {
			d := document.NewDocument(string(t.id))
			d.AddField(document.NewTextFieldCustom(fieldBegins, nil, t.begins, index.IndexField|index.SkipFreqNorm, parted{}))
			d.AddField(document.NewTextFieldCustom(fieldWords, nil, t.words, index.IndexField|index.SkipFreqNorm, parted{}))
			if err := batch.IndexAdvanced(d); err != nil {
				return err
			}
		}
		return b.index.Batch(batch)
	}
}

// Close closes the index.
func (b *Bare) Close() error { return b.index.Close() }

// partTerms stands behind each term; no folded word or value holds it.
const partTerms = '\x1f'

func joinTerms(terms index.TokenFrequencies) (out []byte) {
	for t := range terms {
		out = append(append(out, t...), partTerms)
	}
	return out
}

// parted is an analyzer of texts whose terms are made already.
type parted struct{}

// Analyze returns the terms.
func (parted) Analyze(b []byte) analysis.TokenStream {
	n := bytes.Count(b, []byte{partTerms})
	tokens := make([]analysis.Token, 0, n)
	stream := make(analysis.TokenStream, 0, n)
	for start := 0; start < len(b); {
		end := start + bytes.IndexByte(b[start:], partTerms)
		tokens = append(tokens, analysis.Token{Start: start, End: end, Term: b[start:end], Position: len(tokens) + 1})
		stream = append(stream, &tokens[len(tokens)-1])
		start = end + 1
	}
	return stream
}
