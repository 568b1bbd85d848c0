package search

import (
	index "github.com/blevesearch/bleve_index_api"
)

// A doc meets the index's own interface, with terms that are made already: nothing is
// analysed, and nothing but the id is stored.

// idField is the name by which the index knows what a document is.
const idField = "_id"

// termField is one field of a document.
type termField struct {
	name    string
	value   []byte
	terms   index.TokenFrequencies
	options index.FieldIndexingOptions
}

func (f *termField) Name() string                                     { return f.name }
func (f *termField) Value() []byte                                    { return f.value }
func (f *termField) ArrayPositions() []uint64                         { return nil }
func (f *termField) EncodedFieldType() byte                           { return 't' }
func (f *termField) Analyze()                                         {}
func (f *termField) Options() index.FieldIndexingOptions              { return f.options }
func (f *termField) AnalyzedLength() int                              { return 1 } // the norm that the dictionary holds for a term of one customer; it must not be 0
func (f *termField) AnalyzedTokenFrequencies() index.TokenFrequencies { return f.terms }
func (f *termField) NumPlainTextBytes() uint64                        { return 0 }

func (d *doc) ID() string { return d.id }

// VisitFields visits the fields, that of the id first.
func (d *doc) VisitFields(visit index.FieldVisitor) {
	visit(&termField{idField, []byte(d.id), index.TokenFrequencies{d.id: once}, index.IndexField | index.StoreField})
	visit(&termField{fieldBegins, nil, d.begins, index.IndexField})
	visit(&termField{fieldWords, nil, d.words, index.IndexField})
}

func (d *doc) VisitComposite(index.CompositeFieldVisitor) {}
func (d *doc) HasComposite() bool                         { return false }
func (d *doc) NumPlainTextBytes() uint64                  { return 0 }
func (d *doc) AddIDField()                                {} // it has one
func (d *doc) StoredFieldsBytes() uint64                  { return uint64(len(d.id)) }
func (d *doc) Indexed() bool                              { return true }
func (d *doc) Size() int                                  { return 48 * (len(d.begins) + len(d.words)) }
