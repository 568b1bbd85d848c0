package api_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/apitest"
	"kith/storage/storagetest"
)

// crowd fills a server with n customers: every third is pro, every fifth an account, every
// seventh archived, every second on the list, and those below 100 have an e-mail.
func crowd(t *testing.T, s *apitest.Server, n int) (list string) {
	t.Helper()
	list = apitest.Text(s.Do(t, "POST", "/v1/lists", `{"title":"News"}`, 200), "id")
	yes := true
	var changes []app.Change
	for i := range n {
		c := &app.SetProfile{UID: uidOf(i), Trusted: true, Profile: app.Profile{Attributes: []app.Attribute{
			{Name: "plan", Value: app.Quote([]string{"pro", "free", "free"}[i%3])}, {Name: "n", Value: []byte(strconv.Itoa(i))}}}}
		if i%5 == 0 {
			c.Profile.IsAccount = &yes
		}
		if i%2 == 0 {
			c.Lists = []string{list}
		}
		if i < 100 {
			c.Profile.Email = app.FieldOf(uidOf(i) + "@example.com")
		}
		changes = append(changes, c)
		if i%7 == 0 {
			changes = append(changes, &app.Archive{UID: c.UID, Archived: true})
		}
	}
	storagetest.Apply(t, s.DB, changes...)
	return list
}

func uidOf(i int) string { return fmt.Sprintf("u%04d", i) }

// uidsOf are the ids of a page, and its cursors.
func uidsOf(t *testing.T, body []byte) (uids []string, next, previous string) {
	t.Helper()
	var page struct {
		Data     []struct{ UID string }
		Next     string `json:"next_cursor"`
		Previous string `json:"previous_cursor"`
	}
	if err := json.Unmarshal(body, &page); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	for _, d := range page.Data {
		uids = append(uids, d.UID)
	}
	return uids, page.Next, page.Previous
}

// Whatever filters a segment is combined with: the pages together are all that match, each
// once, newest first, and going back leads through the same.
func TestSegmentUsers_pagesWithEveryFilterAreWhole(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	const n = 400
	list := crowd(t, s, n)
	pro := apitest.Text(s.Do(t, "POST", "/v1/segments", `{"title":"Pro","rule":{"attribute":"plan","op":"is","value":"pro"}}`, 200), "id")
	few := apitest.Text(s.Do(t, "POST", "/v1/segments", `{"title":"Few","rule":{"attribute":"n","op":"in","value":[3,4,33,150,390,7]}}`, 200), "id")
	isPro := func(i int) bool { return i%3 == 0 && i%7 != 0 }
	isFew := func(i int) bool { return slices.Contains([]int{3, 4, 33, 150, 390}, i) }
	isAny := func(i int) bool { return i%7 != 0 }
	rows := []struct {
		query string
		holds func(i int) bool
	}{
		{"segment=" + pro, isPro},
		{"segment=" + few, isFew},
		{"segment=all", isAny},
		{"segment=" + pro + "&is_account=true", func(i int) bool { return isPro(i) && i%5 == 0 }},
		{"segment=" + pro + "&is_account=false", func(i int) bool { return isPro(i) && i%5 != 0 }},
		{"segment=" + few + "&is_account=true", func(i int) bool { return isFew(i) && i%5 == 0 }},
		{"segment=" + pro + "&lists[]=" + list, func(i int) bool { return isPro(i) && i%2 == 0 }},
		{"segment=" + few + "&lists[]=" + list, func(i int) bool { return isFew(i) && i%2 == 0 }},
		{"segment=all&lists[]=" + list, func(i int) bool { return isAny(i) && i%2 == 0 }},
		{"segment=" + pro + "&archived=false", isPro},
		{"segment=" + pro + "&archived=true", func(int) bool { return false }},
		{"segment=" + pro + "&email=U0033@example.com", func(i int) bool { return i == 33 }},
		{"segment=" + pro + "&email=u0034@example.com", func(int) bool { return false }},
		{"segment=" + pro + "&query=u003", func(i int) bool { return isPro(i) && i/10 == 3 }},
		{"segment=all&query=u003&is_account=true", func(i int) bool { return isAny(i) && i/10 == 3 && i%5 == 0 }},
	}
	for _, row := range rows {
		var want []string
		for i := n - 1; i >= 0; i-- {
			if row.holds(i) {
				want = append(want, uidOf(i))
			}
		}
		for _, limit := range []int{1, 7, 30} {
			if limit == 1 && len(want) > 20 {
				continue
			}
			base := fmt.Sprintf("/v1/users?%s&limit=%d", row.query, limit)
			var got, back []string
			last := ""
			for cursor := ""; ; {
				uids, next, previous := uidsOf(t, s.Do(t, "GET", base+cursor, "", 200))
				got, last = append(got, uids...), previous
				if next == "" {
					back = uids
					break
				}
				cursor = "&next_cursor=" + next
			}
			for last != "" {
				uids, _, previous := uidsOf(t, s.Do(t, "GET", base+"&previous_cursor="+last, "", 200))
				back, last = append(slices.Clone(uids), back...), previous
			}
			if !slices.Equal(got, want) || !slices.Equal(back, want) {
				t.Errorf("%s by %d: forwards %v\nbackwards %v\nwant %v", row.query, limit, got, back, want)
			}
		}
	}
}

func TestSegmentExport_streamsTheMembersAndTheirEvents(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	crowd(t, s, 1_300)
	for _, i := range []int{3, 4, 6, 21} {
		s.Do(t, "POST", "/v1/users/"+uidOf(i)+"/events", `{"event":"Paid","value":`+strconv.Itoa(i)+`}`, 200)
	}
	pro := apitest.Text(s.Do(t, "POST", "/v1/segments", `{"title":"Pro","rule":{"attribute":"plan","op":"is","value":"pro"}}`, 200), "id")
	var want []string
	for i := 1_299; i >= 0; i-- {
		if i%3 == 0 && i%7 != 0 {
			want = append(want, uidOf(i))
		}
	}
	firsts := func(body []byte, sep string) (out []string) {
		for _, line := range strings.Split(strings.TrimSpace(string(body)), "\n") {
			first, _, _ := strings.Cut(line, sep)
			out = append(out, first)
		}
		return out
	}
	csv := firsts(s.Do(t, "GET", "/v1/segments/"+pro+"/export", "", 200), ",")
	if csv[0] != "uid" || !slices.Equal(csv[1:], want) {
		t.Errorf("the CSV has %d lines, want %d members", len(csv), len(want))
	}
	if again := firsts(s.Do(t, "GET", "/v1/export/customers?format=csv&segment="+pro, "", 200), ","); !slices.Equal(again, csv) {
		t.Error("the export of customers of a segment is another one")
	}
	for _, line := range strings.Split(strings.TrimSpace(string(s.Do(t, "GET", "/v1/segments/"+pro+"/export?format=ndjson", "", 200))), "\n") {
		if apitest.Text([]byte(line), "segments", "0", "id") != pro {
			t.Fatalf("a member that is in no segment: %s", line)
		}
	}
	if lines := firsts(s.Do(t, "GET", "/v1/export/customers?format=csv&segment=all", "", 200), ","); len(lines)-1 != 1_300-186 {
		t.Errorf("of all %d are exported", len(lines)-1)
	}
	events := func(segment string) []string {
		return firsts(s.Do(t, "GET", "/v1/export/events?format=csv&segment="+segment, "", 200), ",")
	}
	if got := fmt.Sprint(events(pro), events("all")); got != "[uid u0003 u0006] [uid u0003 u0004 u0006]" {
		t.Errorf("the events of members: %s", got)
	}
}

// until waits until something holds: what follows a change comes a moment after it.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

func TestSegments_followWhatHappens(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	crowd(t, s, 30)
	rule := `{"any":[{"attribute":"plan","op":"is","value":"pro"},{"event":"Paid","within":{"last":"7d"}}]}`
	id := apitest.Text(s.Do(t, "POST", "/v1/segments", `{"title":"Pay","rule":`+rule+`}`, 200), "id")
	count := func() string { return string(apitest.Member(s.Do(t, "GET", "/v1/segments/"+id, "", 200), "count")) }
	in := func(uid string) bool {
		return apitest.Text(s.Do(t, "GET", "/v1/users/"+uid, "", 200), "segments", "0", "id") == id
	}
	if count() != "8" { // of ten thirds two are archived
		t.Fatalf("%s are in it", count())
	}
	s.Do(t, "POST", "/v1/users/u0001/events", `{"event":"Paid"}`, 200)
	s.Do(t, "PUT", "/v1/users/u0003", `{"meta":{"plan":"free"}}`, 200)
	until(t, "one entered and one left", func() bool { return in("u0001") && !in("u0003") && count() == "8" })
	history := s.Do(t, "GET", "/v1/segments/"+id+"/history?days=1", "", 200)
	if got := string(apitest.Member(history, "data", "0", "entered")) + string(apitest.Member(history, "data", "0", "left")) + string(apitest.Member(history, "data", "0", "size")); got != "118" {
		t.Errorf("the day: %s", history)
	}
	s.Clock.Move(7 * 24 * time.Hour)
	until(t, "time alone makes one leave", func() bool { return !in("u0001") && count() == "7" })
	s.Do(t, "DELETE", "/v1/users/u0006", "", 200)
	s.Do(t, "POST", "/v1/users/u0009/archive", "", 200)
	until(t, "deleted and archived ones leave", func() bool { return count() == "5" })
}
