package search

import (
	index "github.com/blevesearch/bleve_index_api"
)

// A doc meets the index's own interface, with terms that are made already: nothing is
// analysed, and nothing but the id is stored. The documents of a batch are visited one after
// the other, and a field's terms are done with when the next document is: they share maps.

// idField is the name by which the index knows what a document is.
const idField = "_id"

// termField is one field of a document.
type termField struct {
	name    string
	value   []byte
	doc     *doc
	options index.FieldIndexingOptions
}

func (f *termField) Name() string                        { return f.name }
func (f *termField) Value() []byte                       { return f.value }
func (f *termField) ArrayPositions() []uint64            { return nil }
func (f *termField) EncodedFieldType() byte              { return 't' }
func (f *termField) Analyze()                            {}
func (f *termField) Options() index.FieldIndexingOptions { return f.options }
func (f *termField) AnalyzedLength() int                 { return 1 } // the norm that the dictionary holds for a term of one customer; it must not be 0
func (f *termField) NumPlainTextBytes() uint64           { return 0 }

func (f *termField) AnalyzedTokenFrequencies() index.TokenFrequencies {
	if f.name == idField {
		return index.TokenFrequencies{f.doc.id: once}
	}
	return f.doc.terms(f.name == fieldBegins)
}

func (d *doc) ID() string { return d.id }

// VisitFields visits the fields, that of the id first.
func (d *doc) VisitFields(visit index.FieldVisitor) {
	visit(&termField{idField, []byte(d.id), d, index.IndexField | index.StoreField})
	visit(&termField{fieldBegins, nil, d, index.IndexField})
	visit(&termField{fieldWords, nil, d, index.IndexField})
}

func (d *doc) VisitComposite(index.CompositeFieldVisitor) {}
func (d *doc) HasComposite() bool                         { return false }
func (d *doc) NumPlainTextBytes() uint64                  { return 0 }
func (d *doc) AddIDField()                                {} // it has one
func (d *doc) StoredFieldsBytes() uint64                  { return uint64(len(d.id)) }
func (d *doc) Indexed() bool                              { return true }
func (d *doc) Size() int                                  { return len(d.text) + 8*len(d.places) }
