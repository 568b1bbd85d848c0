package importer

import (
	"context"
	"time"

	"bytes"
	"io"
	"kith/app"

	"golang.org/x/text/encoding"
)

// Table sniffs, decodes and parses a file, as a job does. faults are the rows that could
// not be read.
func Table(file []byte, o Options) (p *Plan, rows [][]string, faults []string, err error) {
	f, err := survey(bytes.NewReader(file))
	if err != nil {
		return nil, nil, nil, err
	}
	if p, err = newPlan(f, &o, nil); err != nil {
		return nil, nil, nil, err
	}
	raw, _, err := unpack(bytes.NewReader(file))
	if err != nil {
		return p, nil, nil, err
	}
	in, err := decoder(raw, p.Encoding.Value)
	if err != nil {
		return p, nil, nil, err
	}
	r := newRows(in, p)
	for {
		rec, err := r.next()
		if err == io.EOF {
			return p, rows, faults, nil
		}
		if err != nil {
			return p, rows, faults, err
		}
		if rec.Fault != "" {
			faults = append(faults, rec.Fault)
			continue
		}
		var row []string
		for _, c := range rec.Cells {
			row = append(row, string(c))
		}
		rows = append(rows, row)
	}
}

// Parse reads all rows, blank ones too, in a dialect.
func Parse(text string, d Dialect) (rows [][]string, faults []string) {
	r := NewReader(bytes.NewReader([]byte(text)), d)
	for {
		rec, err := r.Next()
		if err != nil {
			return rows, faults
		}
		if rec.Fault != "" {
			faults = append(faults, rec.Fault)
			continue
		}
		row := []string{}
		for _, c := range rec.Cells {
			row = append(row, string(c))
		}
		rows = append(rows, row)
	}
}

// Rehearse does with a file what a job does before it writes: read it whole, type its
// columns, convert its rows.
func Rehearse(file []byte, o Options) error {
	p, _, _, err := Table(file, o)
	if err != nil {
		return err
	}
	read := func() (*rows, error) {
		raw, _, err := unpack(bytes.NewReader(file))
		if err != nil {
			return nil, err
		}
		in, err := decoder(raw, p.Encoding.Value)
		if err != nil {
			return nil, err
		}
		return newRows(in, p), nil
	}
	raw, _, err := unpack(bytes.NewReader(file))
	if err != nil {
		return err
	}
	in, err := decoder(raw, p.Encoding.Value)
	if err != nil {
		return err
	}
	a := &analysis{plan: p, repeats: newRepeats(""), read: func(int64) {}}
	if err := a.run(context.Background(), in); err != nil {
		return err
	}
	if err := a.conclude(time.UTC); err != nil {
		return err
	}
	r, err := read()
	if err != nil {
		return err
	}
	c := newConverter(p, &o, time.UTC)
	c.fresh(10)
	for n := int64(1); ; n++ {
		rec, err := r.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		row := c.row(rec, n)
		for _, v := range row.Values {
			if len(v) > 0 && app.CheckJSON(v, app.MaxDepth) != nil {
				panic("a value that is no JSON: " + string(v))
			}
		}
	}
}

// RawRows are the rows as they stand in a text, and the lines they begin on.
func RawRows(text string, d Dialect) (raw []string, lines []int64) {
	r := NewReader(bytes.NewReader([]byte(text)), d)
	for {
		rec, err := r.Next()
		if err != nil {
			return raw, lines
		}
		raw, lines = append(raw, string(rec.Raw)), append(lines, rec.Line)
	}
}

// EncodeMacCE writes a text in MacCentralEurope, with a substitute for what it lacks.
func EncodeMacCE(text string) []byte {
	out, err := encoding.ReplaceUnsupported(macCE.NewEncoder()).Bytes([]byte(text))
	if err != nil {
		panic(err)
	}
	return out
}
