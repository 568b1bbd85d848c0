package segment

import "kith/app"

// Turn is when Match's answer turns, and whether it ever does.
func Turn(rule *app.Rule, f *Facts, names Names, m Moment) (app.Instant, bool) {
	b := newBinder(f, names, m.Zone)
	b.turning = true
	steps := allSteps
	at := turn(b.rule(rule), m.Now, &steps)
	return at, at != never
}
