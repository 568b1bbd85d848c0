// Package bench measures what this machine can hold: each figure of the product beside
// its floor, taken in turn in the same run on the same disk, so that a noisy machine
// disturbs both alike. It talks to a server as any client does and knows nothing of its
// inside; app/command starts the servers, as processes of their own.
//
// The floors are what nobody can beat: an HTTP handler that only decodes the same JSON,
// a bare loop that inserts the same rows and index, and the naive way, one transaction
// per request.
package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"kith/app"
)

// Server is a server under test.
type Server struct {
	Address string // host:port
	Auth    string // the Authorization header, if it wants one
	Stop    func()
	// RSS is the server's resident memory in bytes, 0 if it cannot be told here.
	RSS func() int64
}

// Options configure a run.
type Options struct {
	Seconds int // per measurement
	Rounds  int
	Folder  string // scratch space on the disk under test
	// Start starts a server: "kith", "floor-http" or "floor-tx", on a new folder.
	Start func(kind, folder string) (*Server, error)
	Log   io.Writer
	// Version is Kith's, for the report.
	Version string
	// Fill makes a folder with what make hands to take, without a server: for data that
	// would take too long to send.
	Fill func(folder string, make func(take func([]app.Change) error) error) error
	// Bare makes a bare search index of the product's terms in a new folder.
	Bare func(folder string) (BareIndex, error)
}

// Figure is one result: the product's median beside its floor's.
type Figure struct {
	// Part is the measurement that it belongs to, where a report has several.
	Part   string  `json:"part,omitempty"`
	Name   string  `json:"name"`
	Unit   string  `json:"unit"`
	Value  float64 `json:"value"`
	Floor  string  `json:"floor,omitempty"`
	FloorN float64 `json:"floor_value,omitempty"`
	// Ratio is the median of the rounds' ratios, product to floor.
	Ratio float64 `json:"ratio,omitempty"`
	Goal  string  `json:"goal,omitempty"`
	// Met says whether the Goal is reached; without one it says nothing.
	Met bool `json:"-"`
}

// MarshalJSON leaves Met out where there is no goal.
func (f Figure) MarshalJSON() ([]byte, error) {
	type plain Figure
	out := struct {
		plain
		Met *bool `json:"met,omitempty"`
	}{plain: plain(f)}
	if f.Goal != "" {
		out.Met = &f.Met
	}
	return json.Marshal(out)
}

// Report is a whole run.
type Report struct {
	At      time.Time `json:"at"`
	Machine Machine   `json:"machine"`
	Rounds  int       `json:"rounds"`
	Seconds int       `json:"seconds"`
	Figures []Figure  `json:"figures"`
}

func newReport(o Options) *Report {
	return &Report{
		At: time.Now().UTC(), Rounds: o.Rounds, Seconds: o.Seconds, Machine: thisMachine(o),
	}
}

// Print writes a report as JSON, or as a table for people.
func (r *Report) Print(w io.Writer, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	fmt.Fprintf(w, "%s, medians of %d rounds of %d s\n\n", r.Machine, r.Rounds, r.Seconds)
	part := ""
	for _, f := range r.Figures {
		if f.Part != part {
			part = f.Part
			fmt.Fprintf(w, "%s\n", part)
		}
		line := fmt.Sprintf("%-44s %12s %-9s", f.Name, number(f.Value), f.Unit)
		if f.Floor != "" {
			line += fmt.Sprintf(" %s: %s (%.2f of it)", f.Floor, number(f.FloorN), f.Ratio)
		}
		if f.Goal != "" {
			mark := "met"
			if !f.Met {
				mark = "NOT MET"
			}
			line += fmt.Sprintf("  goal %s: %s", f.Goal, mark)
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " ")); err != nil {
			return err
		}
	}
	return nil
}

// number writes a figure with separators, and decimals where they say something.
func number(v float64) string {
	if v < 100 {
		return fmt.Sprintf("%.1f", v)
	}
	digits := fmt.Sprintf("%.0f", v)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// median of a copy of v.
func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	if len(s) == 0 {
		return 0
	}
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}

// ratios are a's values over b's, round by round.
func ratios(a, b []float64) []float64 {
	out := make([]float64, min(len(a), len(b)))
	for i := range out {
		if b[i] > 0 {
			out[i] = a[i] / b[i]
		}
	}
	return out
}
