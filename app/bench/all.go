package bench

import "fmt"

// Part is one measurement by its name.
type Part struct {
	Name    string
	Measure func(Options) (*Report, error)
}

// All makes one report of several parts, each in a scratch folder of its own.
func All(o Options, folder func(name string) (string, error), parts ...Part) (*Report, error) {
	r := newReport(o)
	for _, p := range parts {
		fmt.Fprintf(o.Log, "%s …\n", p.Name)
		of := o
		var err error
		if of.Folder, err = folder(p.Name); err != nil {
			return nil, err
		}
		part, err := p.Measure(of)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		for _, f := range part.Figures {
			f.Part = p.Name
			r.Figures = append(r.Figures, f)
		}
	}
	return r, nil
}
