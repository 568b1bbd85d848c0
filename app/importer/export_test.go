package importer

import (
	"bytes"
	"io"
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
