package apitest_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"kith/app"
	"kith/app/apitest"
)

// What explain says of time comes true: nobody is moved before the instant it names, and
// the member is moved at it, with nobody writing anything.
func TestSegments_turnWhenExplainSaysSo(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	for i, ago := range []time.Duration{29*24*time.Hour + 5*time.Hour, 12 * time.Hour, 3 * time.Minute} {
		at := s.Clock.Now().Add(-ago).Format(time.RFC3339)
		s.Do(t, "PUT", "/v1/users/u"+strconv.Itoa(i), `{"created_at":"`+at+`","tz":"Asia/Kathmandu","meta":{"born":"1990-03-04"}}`, 200)
		s.Do(t, "POST", "/v1/users/u"+strconv.Itoa(i)+"/events", `{"event":"Added to cart","timestamp":"`+at+`"}`, 200)
	}
	for _, rule := range []string{
		`{"attribute":"created_at","op":"within_last","value":"1mo"}`,
		`{"attribute":"created_at","op":"more_than_ago","value":"30d","zone":"customer"}`,
		`{"attribute":"born","op":"anniversary","value":"1d","zone":"customer"}`,
		`{"event":"Added to cart","within":{"last":"30d"}}`,
		`{"sequence":[{"event":"Added to cart"},{"event":"Checked out","not":true}],"within":"2d"}`,
		`{"none":[{"event":"*","within":{"from":"35d","to":"1d"}}]}`,
	} {
		id := saveSegment(t, s, rule)
		for _, uid := range []string{"u0", "u1", "u2"} {
			settle(t, s)
			before := membersOf(t, s, id)
			body := s.Do(t, "GET", "/v1/segments/"+id+"/explain?uid="+uid, "", 200)
			holds := string(apitest.Member(body, "holds")) == "true"
			if holds != slices.Contains(before, uid) {
				t.Errorf("%s: %s is explained as %v, but the members are %v", rule, uid, holds, before)
			}
			text := apitest.Text(body, "turns_at")
			if text == "" {
				continue
			}
			at, err := app.ParseInstantText(text, nil)
			if err != nil {
				t.Fatal(err)
			}
			s.Clock.Move(at.Time().Sub(s.Clock.Now()) - time.Millisecond)
			if still := slices.Contains(membersOf(t, s, id), uid); still != holds {
				t.Errorf("%s: %s turned before %s", rule, uid, text)
			}
			s.Clock.Move(time.Millisecond)
			if now := slices.Contains(membersOf(t, s, id), uid); now == holds {
				t.Errorf("%s: %s did not turn at %s", rule, uid, text)
			}
		}
	}
}
