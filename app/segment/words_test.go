package segment_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"kith/app"
	"kith/app/segment"
	"kith/app/segment/segmenttest"

	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The file has rules, each with its sentence on the line below.
func TestWords_areThoseOfTheFile(t *testing.T) {
	t.Parallel()
	const file = "testdata/words.txt"
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	w := &segmenttest.World{}
	var out strings.Builder
	seen := map[string]string{}
	rules := 0
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "{") {
			continue
		}
		rules++
		rule, err := app.ParseRule([]byte(line))
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		words := segment.Words(rule, w)
		if other, ok := seen[words]; ok && !strings.HasPrefix(words, "All") {
			t.Logf("%s and %s are both %q", other, line, words)
		}
		seen[words] = line
		out.WriteString(line + "\n  " + words + "\n")
	}
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if out.String() != string(b) {
		got, want := strings.Split(out.String(), "\n"), strings.Split(string(b), "\n")
		for i := range got {
			if i >= len(want) || got[i] != want[i] {
				t.Errorf("line %d: got %s", i+1, got[i])
			}
		}
	}
	if rules < 100 {
		t.Errorf("the file has only %d rules", rules)
	}
}

// Rules that read the same are the same: they hold for the same customers.
func TestWords_ofRulesThatDifferDiffer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := segmenttest.Draw(t, 4)
		seen := map[string]*app.Rule{}
		for range 40 {
			rule := w.Rule(t)
			words := segment.Words(rule, w)
			other := seen[words]
			seen[words] = rule
			if other == nil {
				continue
			}
			for _, f := range w.Customers {
				if a, b := segment.Match(rule, f, w, w.Moment()), segment.Match(other, f, w, w.Moment()); a != b {
					t.Fatalf("%s and %s are both %q", rule.Append(nil), other.Append(nil), words)
				}
			}
		}
	})
}
