package api_test

import (
	"strings"
	"testing"

	"kith/app/apitest"
)

// TestRudderStackDestination_itsRequestsAreTaken sends what RudderStack's Engage
// destination sends for each call (rudder-transformer, src/v0/destinations/engage), with
// its quirks: a text for a boolean, a DELETE with a body, a number as an id.
func TestRudderStackDestination_itsRequestsAreTaken(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	list := apitest.Text(s.Do(t, "POST", "/v1/lists", `{"title":"Letter"}`, 200), "id")
	s.Do(t, "PUT", "/v1/users/1", `{"first_name":"Mandy","last_name":"Flores","email":"mandy@example.com","number":"2348012345678","created_at":"2020-09-29T14:50:29.907+05:30","meta":{"city":"Lagos","female":true},"lists":["`+list+`"]}`, 200)
	wantMembers(t, s.Do(t, "GET", "/v1/users/1", "", 200), map[string]string{
		"uid": `"1"`, "created_at": `"2020-09-29T09:20:29.907Z"`, "number": `"2348012345678"`, "meta.city": `"Lagos"`, "lists.0.id": `"` + list + `"`, "lists.0.subscribed": "true"})
	s.Do(t, "POST", "/v1/users/1/events", `{"event":"Email Opened","properties":{"subject":"resume validate","sendtime":"2022-01-01"},"timestamp":"2020-09-29T14:50:29.907+05:30"}`, 200)
	s.Do(t, "POST", "/v1/users/1/events", `{"event":"Viewed Help Contact Custom Page","properties":{}}`, 200)
	if events := string(s.Do(t, "GET", "/v1/users/1/events", "", 200)); !strings.Contains(events, "Viewed Help Contact Custom Page") || !strings.Contains(events, "2020-09-29T09:20:29.907Z") {
		t.Errorf("%s", events)
	}
	subscribed := func(want string) {
		t.Helper()
		wantMembers(t, s.Do(t, "GET", "/v1/users/1", "", 200), map[string]string{"lists.0.subscribed": want})
	}
	s.Do(t, "PUT", "/v1/lists/"+list+"/subscribers/1", `{"subscribed":"false"}`, 200)
	subscribed("false")
	s.Do(t, "PUT", "/v1/lists/"+list+"/subscribers/1", `{"subscribed":true}`, 200)
	subscribed("true")
	s.Do(t, "DELETE", "/v1/lists/"+list+"/subscribers/1", `{"subscribed":true}`, 200)
	if user := s.Do(t, "GET", "/v1/users/1", "", 200); apitest.Text(user, "lists", "0", "id") != "" {
		t.Errorf("still on the list: %s", user)
	}
	s.Do(t, "POST", "/v1/lists/"+list+"/subscribers", `{"subscribed":true,"first_name":"No","last_name":"Id","email":"noid@example.com","number":"2348012345679","meta":{"plan":"pro"}}`, 200)
	wantMembers(t, s.Do(t, "GET", "/v1/users?email=noid@example.com", "", 200), map[string]string{"data.0.uid_updateable": "true", "data.0.lists.0.subscribed": "true"})
	s.Do(t, "DELETE", "/v1/users/1", "", 200)
	if a := s.Send(t, apitest.Request{Method: "GET", Path: "/v1/users/1"}); a.Status != 404 {
		t.Errorf("deleted: %d", a.Status)
	}
}
