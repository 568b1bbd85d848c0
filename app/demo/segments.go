package demo

import "kith/app"

// Segments are what MInt wants to know of its customers: what its team would make in the
// first hour. Fill leaves them out, for they are the team's, not the data's.
func Segments() []app.Change {
	var changes []app.Change
	for _, s := range []struct{ title, description, rule string }{
		{"New this week", "Signed up in the last seven days: welcome them.", `{"attribute":"created_at","op":"within_last","value":"7d"}`},
		{"Heavy use", "Close to what a household line is made for.", `{"attribute":"usage_gb","op":"gt","value":150}`},
		{"Ikeja", "Whom a downtime in Ikeja concerns.", `{"attribute":"address","op":"contains","value":"Ikeja"}`},
		{"Ready for a larger plan", "Bought extra bandwidth three times in two months, and no fibre yet.",
			`{"all":[{"event":"Purchased bandwidth","within":{"last":"60d"},"count":{"op":"gte","value":3}},{"attribute":"plan","op":"not_contains","value":"fibre"}]}`},
		{"Families", "Added somebody to their plan.", `{"event":"Added family member"}`},
		{"Gone quiet", "Nothing heard of them for a month.", `{"attribute":"last_interaction","op":"more_than_ago","value":"30d"}`},
	} {
		changes = append(changes, &app.SaveSegment{Title: &s.title, Description: app.FieldOf(s.description), Rule: []byte(s.rule)})
	}
	return changes
}
