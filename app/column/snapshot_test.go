package column

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"kith/app"
	"kith/app/segment/segmenttest"

	"pgregory.net/rapid"
)

func TestSnapshot_answersAsTheStoreDid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		defer small(t)()
		w := segmenttest.Draw(t, 4)
		tb := newTables(w)
		s := filled(t, tb)
		rules := []*app.Rule{w.Rule(t), w.Rule(t)}
		for _, r := range rules {
			planOf(t, s, tb, r)
		}
		var file bytes.Buffer
		if err := s.Save(&file, Mark{7, w.Now}); err != nil {
			t.Fatal(err)
		}
		whole := file.Bytes()
		again := New(w.Zone, "")
		at, err := again.Restore(bytes.NewReader(whole), int64(len(whole)), w.Now)
		if err != nil || at != (Mark{7, w.Now}) || again.Seq() != 7 {
			t.Fatalf("restored at %v, %v", at, err)
		}
		if err := again.Names(context.Background(), tb); err != nil {
			t.Fatal(err)
		}
		for _, r := range rules {
			check(t, again, w, planOf(t, again, tb, r), r, "restored")
		}
		damaged := bytes.Clone(whole)
		if rapid.Bool().Draw(t, "cut") {
			damaged = damaged[:rapid.IntRange(0, len(damaged)-1).Draw(t, "length")]
		} else {
			damaged[rapid.IntRange(0, len(damaged)-1).Draw(t, "place")] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
		}
		if _, err := New(w.Zone, "").Restore(bytes.NewReader(damaged), int64(len(damaged)), w.Now); !errors.Is(err, ErrSnapshot) {
			t.Fatalf("a damaged snapshot gave %v", err)
		}
	})
}

func FuzzSnapshot(f *testing.F) {
	s := New(nil, "")
	var file bytes.Buffer
	if err := s.Save(&file, Mark{}); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := New(nil, "").Restore(bytes.NewReader(b), int64(len(b)), 0); err != nil && !errors.Is(err, ErrSnapshot) {
			t.Fatal(err)
		}
	})
}
