package search_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"kith/app"
	"kith/search"

	"pgregory.net/rapid"
)

func marked(marks []app.Mark) string {
	var out []string
	for _, m := range marks {
		name := m.Field
		if m.Name != "" {
			name += " " + m.Name
		}
		text := utf16.Encode([]rune(m.Text))
		var parts []string
		for _, at := range m.At {
			parts = append(parts, string(utf16.Decode(text[at[0]:at[1]])))
		}
		out = append(out, name+": "+strings.Join(parts, "|"))
	}
	return strings.Join(out, "; ")
}

func TestMarks_whatMatchesIsMarked(t *testing.T) {
	t.Parallel()
	text := func(s string) *string { return &s }
	c := &app.Customer{
		Row: 1, ID: "65f000000000000000000001", UID: "cus_4711", FirstName: text("Adébáyọ̀"), LastName: text("O’Brien-Ọlátúndé"), Email: text("bayo.obi@mail.example.com"), Number: text("2348161234567"),
		Lists: []app.Subscription{{ID: "l1", Title: "Early 🙂 birds"}},
		Attributes: []app.Attribute{
			{Name: "company", Value: []byte(`"Blue Kite Stores"`)}, {Name: "tags", Value: []byte(`["kite","Pro"]`)}, {Name: "address", Value: []byte(`{"City":"Kano"}`)},
			{Name: "seats", Value: []byte(`12`)}, {Name: "bio", Value: []byte(`"` + strings.Repeat("flying a kite ", 9) + `"`)},
		},
	}
	for typed, want := range map[string]string{
		"ade":                      "first_name: Adé",
		"adebayo olat":             "first_name: Adébáyọ̀; last_name: Ọlát",
		"obri":                     "last_name: O’Bri",
		"adibayo":                  "first_name: Adébáyọ̀", // a typo
		"bayo":                     "email: bayo",
		"@mail.ex":                 "email: @mail.ex",
		"obi@mail":                 "email: obi@mail",
		"4567":                     "number: 4567",
		"08161234":                 "number: 8161234",
		"4711":                     "uid: 4711",
		"birds":                    "list l1: birds",
		"kit":                      "attribute company: Kit; attribute tags: kit",
		"kan":                      "attribute address.City: Kan",
		"seats:12":                 "attribute seats: 12",
		`company:"kite"`:           "attribute company: Kite",
		`"kit"`:                    "",
		"-kite":                    "",
		"first_name:ade":           "first_name: Adé",
		"email:ade":                "",
		"":                         "",
		"65f000000000000000000001": "id: 65f000000000000000000001",
	} {
		if got := marked(search.Marks(typed, c)); got != want {
			t.Errorf("%q marks %q, not %q", typed, got, want)
		}
	}
}

// Whatever is typed and stored, marks are inside the text, in order, and do not touch.
func TestMarks_areAlwaysPartsOfTheText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		alphabet := rapid.SampledFrom([]rune("abAÀ\u0300ß'’ -_@.1🙂ﬁİ李\x00"))
		value := rapid.StringOfN(alphabet, 0, 20, -1).Draw(t, "value")
		typed := rapid.StringOfN(alphabet, 0, 8, -1).Draw(t, "typed")
		c := &app.Customer{ID: "x", UID: "y", FirstName: &value, Email: &value, Attributes: []app.Attribute{{Name: "a", Value: app.Quote(value)}}}
		for _, m := range search.Marks(typed, c) {
			last := -1
			for _, at := range m.At {
				if at[0] <= last || at[1] <= at[0] || at[1] > len(utf16.Encode([]rune(m.Text))) {
					t.Fatalf("%q in %q: marks %v", typed, value, m.At)
				}
				last = at[1]
			}
		}
	})
}

// A word that the index takes for another with a typo is marked as one, and no other is.
func TestTypo_theIndexAndTheMarksAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		letter := rapid.SampledFrom([]rune("abc李"))
		have, want := rapid.StringOfN(letter, 1, 9, -1).Draw(t, "have"), rapid.StringOfN(letter, 4, 8, -1).Draw(t, "want")
		if a, b := search.TypoAccepts(want, have), search.Nearly(have, want); a != b {
			t.Fatal(fmt.Sprintf("%q for %q: the index says %v, the marks %v", have, want, a, b))
		}
	})
}
