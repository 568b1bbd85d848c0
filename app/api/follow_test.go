package api_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/apitest"
	"kith/storage/storagetest"
)

// told is what an export with a cursor says: its lines as "uid", "-id" for a customer that
// is gone, "old>uid" for a former id, "uid left" for one that left a segment; and its last cursor.
func told(t *testing.T, s *apitest.Server, path string) (lines []string, cursor string) {
	t.Helper()
	for line := range strings.Lines(string(s.Do(t, "GET", path, "", 200))) {
		var l struct {
			ID, UID, Cursor, Left string
			Merged                string `json:"merged_into"`
			Deleted               bool
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		switch {
		case l.Cursor != "":
			cursor = l.Cursor
		case l.Deleted:
			lines = append(lines, "-"+l.ID)
		case l.Merged != "":
			lines = append(lines, l.UID+">"+l.Merged)
		case l.Left != "":
			lines = append(lines, l.UID+" left")
		default:
			lines = append(lines, l.UID)
		}
	}
	return lines, cursor
}

func wantTold(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("told %q, want %q", got, want)
	}
}

func TestFollow_customersGoOnFromACursor(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	const path = "/v1/export/customers?after="
	storagetest.Apply(t, s.DB, &app.SetProfile{UID: "a", Trusted: true}, &app.SetProfile{UID: "b", Trusted: true}, &app.SetProfile{UID: "c", Trusted: true})
	lines, cursor := told(t, s, path)
	wantTold(t, lines, "a", "b", "c")
	lines, cursor = told(t, s, path+cursor)
	wantTold(t, lines)

	gone := storagetest.Customer(t, s.DB, "b").ID
	storagetest.Apply(t, s.DB, &app.SetProfile{UID: "a", Trusted: true, Profile: app.Profile{FirstName: app.FieldOf("Ada")}},
		&app.Track{UID: "a", Event: "Paid", At: 1_780_000_000_000}, &app.Delete{UID: "b"}, &app.SetProfile{UID: "d", Trusted: true})
	lines, cursor = told(t, s, path+cursor)
	wantTold(t, lines, "-"+gone, "a", "d")
	storagetest.Apply(t, s.DB, &app.Track{UID: "a", Event: "Paid", At: 1_780_000_000_001}, &app.Merge{From: "d", To: "c"})
	lines, cursor = told(t, s, path+cursor)
	wantTold(t, lines, "d>c", "c")
	lines, _ = told(t, s, path+cursor)
	wantTold(t, lines)

	for _, wrong := range []string{"x", "f", "f-1", "f999999", "c1", "e1", "f1x"} {
		if body := string(s.Do(t, "GET", path+wrong, "", 400)); !strings.Contains(body, "no cursor of this export") {
			t.Errorf("%s: %s", wrong, body)
		}
	}
	if body := string(s.Do(t, "GET", path+"&format=csv", "", 400)); !strings.Contains(body, "only NDJSON") {
		t.Errorf("%s", body)
	}
}

func TestFollow_aCursorInTheMiddleLeavesNobodyOut(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	var changes []app.Change
	want := map[string]int{}
	for i := range 1300 {
		uid := "p" + string(rune('a'+i%26)) + strings.Repeat("x", i/26)
		changes, want[uid] = append(changes, &app.SetProfile{UID: uid, Trusted: true}), 1
	}
	storagetest.Apply(t, s.DB, changes...)
	body := string(s.Do(t, "GET", "/v1/export/customers?after=", "", 200))
	at := strings.Index(body, `{"cursor":"c`)
	var first struct{ Cursor string }
	if at < 0 || json.Unmarshal([]byte(strings.SplitAfter(body[at:], "\n")[0]), &first) != nil {
		t.Fatal("no cursor is told in the middle")
	}
	storagetest.Apply(t, s.DB, &app.SetProfile{UID: "pa", Trusted: true, Profile: app.Profile{FirstName: app.FieldOf("Ada")}})
	rest, _ := told(t, s, "/v1/export/customers?after="+first.Cursor)
	got := map[string]int{}
	for line := range strings.Lines(body[:at]) {
		var l struct{ UID string }
		_ = json.Unmarshal([]byte(line), &l)
		got[l.UID]++
	}
	for _, uid := range rest {
		got[uid]++
	}
	want["pa"] = 2 // it changed between the two
	for uid, n := range want {
		if got[uid] != n {
			t.Errorf("%s is told %d times, want %d", uid, got[uid], n)
		}
	}
}

func TestFollow_eventsOnce(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	const path = "/v1/export/events?event=Paid&after="
	storagetest.Apply(t, s.DB, &app.Track{UID: "a", Event: "Paid", At: 1_780_000_000_000}, &app.Track{UID: "b", Event: "Left", At: 1_780_000_000_000})
	lines, cursor := told(t, s, path)
	wantTold(t, lines, "a")
	storagetest.Apply(t, s.DB, &app.Track{UID: "c", Event: "Paid", At: 1_700_000_000_000}, &app.Track{UID: "b", Event: "Left", At: 1_780_000_000_000})
	lines, cursor = told(t, s, path+cursor)
	wantTold(t, lines, "c")
	lines, _ = told(t, s, path+cursor)
	wantTold(t, lines)
	if body := string(s.Do(t, "GET", path+"f1", "", 400)); !strings.Contains(body, "no cursor of this export") {
		t.Errorf("%s", body)
	}
}

func TestFollow_aSegmentsComingsAndGoings(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	plan := func(uid, plan string) *app.SetProfile {
		return &app.SetProfile{UID: uid, Trusted: true, Profile: app.Profile{Attributes: []app.Attribute{{Name: "plan", Value: []byte(`"` + plan + `"`)}}}}
	}
	storagetest.Apply(t, s.DB, plan("a", "pro"), plan("b", "free"))
	var g struct{ ID string }
	if err := json.Unmarshal(s.Do(t, "POST", "/v1/segments", `{"title":"Pro","rule":{"attribute":"plan","op":"is","value":"pro"}}`, 200), &g); err != nil {
		t.Fatal(err)
	}
	settle := func() {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); ; {
			var st struct {
				CaughtUp bool `json:"caught_up"`
			}
			if err := json.Unmarshal(s.Do(t, "GET", "/v1/status?wait=1s", "", 200), &st); err != nil {
				t.Fatal(err)
			}
			if st.CaughtUp {
				return
			}
			if time.Now().After(end) {
				t.Fatal("the segments do not come to the head")
			}
		}
	}
	settle()
	path := "/v1/export/customers?segment=" + g.ID + "&after="
	lines, cursor := told(t, s, path)
	wantTold(t, lines, "a")
	storagetest.Apply(t, s.DB, plan("a", "free"), plan("b", "pro"))
	settle()
	lines, _ = told(t, s, path+cursor)
	wantTold(t, lines, "a left", "b")
}
