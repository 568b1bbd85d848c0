package bench

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
)

func TestAll_isOneReportWithTheMachineAndEachPartsFigures(t *testing.T) {
	t.Parallel()
	part := func(f Figure) func(Options) (*Report, error) {
		return func(o Options) (*Report, error) {
			r := newReport(o)
			r.Figures = append(r.Figures, f)
			return r, nil
		}
	}
	r, err := All(Options{Log: io.Discard, Version: "0.0.0 (abc)", Folder: t.TempDir()}, func(string) (string, error) { return t.TempDir(), nil },
		Part{"one", part(Figure{Name: "a", Value: 3, Floor: "bare", FloorN: 6, Ratio: 0.5, Goal: "0.6"})},
		Part{"two", part(Figure{Name: "b", Value: 1})})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := r.Print(&out, true); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Machine struct {
			OS, Go, Kith string
			Cores        int
			Fsync        float64 `json:"fsync_ms"`
		}
		Figures []map[string]any
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if m := got.Machine; m.OS == "" || m.Cores < 1 || m.Go == "" || m.Kith != "0.0.0 (abc)" || m.Fsync <= 0 {
		t.Errorf("the machine is %+v", m)
	}
	if f := got.Figures; len(f) != 2 || f[0]["part"] != "one" || f[0]["floor_value"] != 6.0 || f[0]["met"] != false || f[1]["part"] != "two" || f[1]["met"] != nil {
		t.Errorf("the figures are %s", out.String())
	}
	out.Reset()
	if err := r.Print(&out, false); err != nil || !strings.Contains(out.String(), "NOT MET") || !strings.Contains(out.String(), "fsync") {
		t.Errorf("for people it is (%v)\n%s", err, out.String())
	}
}
