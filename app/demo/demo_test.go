package demo

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"kith/app"
	"kith/storage"
	"kith/storage/storagetest"
)

// recorder keeps what it is given as text, in place of applying it.
type recorder struct {
	text  []string
	lists int64
}

func (r *recorder) Apply(_ context.Context, b app.Batch) ([]app.Result, error) {
	out := make([]app.Result, len(b.Changes))
	for i, c := range b.Changes {
		switch c := c.(type) {
		case *app.SetProfile:
			r.text = append(r.text, fmt.Sprint(c.UID, text(c.Profile.FirstName), text(c.Profile.LastName), text(c.Profile.Email), text(c.Profile.Number),
				*or(c.Profile.CreatedAt), c.Profile.Attributes, *or(c.Device), c.Lists, len(c.Accounts), c.Source))
		case *app.Track:
			r.text = append(r.text, fmt.Sprintf("%s %s %d %s %s %s", c.UID, c.Event, c.At, c.Value, c.Properties, c.Source))
		case *app.AddSubscriber:
			r.text = append(r.text, fmt.Sprint(c.List, text(c.Profile.Email), text(c.Profile.FirstName), c.Source))
		case *app.SaveSegment:
			r.text = append(r.text, fmt.Sprintf("%s %s %s", *c.Title, text(c.Description), c.Rule))
		case *app.SaveList:
			r.lists++
			out[i].List = r.lists
		case *app.Observe:
			r.text = append(r.text, fmt.Sprintf("%+v %d %s %s %d %s", c.Person, c.At, c.Event.Event, c.Event.Properties, c.Event.At, c.Source))
		default:
			r.text = append(r.text, fmt.Sprintf("%T %+v", c, c))
		}
	}
	return out, nil
}

func (r *recorder) List(_ context.Context, row int64) (*app.List, error) {
	return &app.List{ID: fmt.Sprint("list", row)}, nil
}

func (r *recorder) CreateIntegration(_ context.Context, i *app.Integration) error {
	i.Row = 1
	r.text = append(r.text, i.Kind)
	return nil
}

func text(f app.Field) string {
	if f.Value == nil {
		return "-"
	}
	return *f.Value
}

func or[T any](p *T) *T {
	if p == nil {
		return new(T)
	}
	return p
}

func TestFill_theSameInstantMakesTheSameChanges(t *testing.T) {
	t.Parallel()
	now := app.InstantOf(storagetest.Start)
	var first, again, later recorder
	for _, run := range []struct {
		into *recorder
		now  app.Instant
	}{{&first, now}, {&again, now}, {&later, now + 60_000}} {
		if _, err := Fill(t.Context(), run.into, run.now, 300); err != nil {
			t.Fatal(err)
		}
	}
	if len(first.text) < 300*eventsEach {
		t.Fatalf("recorded %d changes, want at least the events", len(first.text))
	}
	for i := range first.text {
		if first.text[i] != again.text[i] {
			t.Fatalf("change %d differs:\n%s\n%s", i, first.text[i], again.text[i])
		}
	}
	if strings.Join(first.text, "\n") == strings.Join(later.text, "\n") {
		t.Error("a later instant made the same changes; times should move with it")
	}
}

// TestFill_aRealFolderTakesEveryChange fills a folder, whose invariants are checked when
// it is closed.
func TestFill_aRealFolderTakesEveryChange(t *testing.T) {
	t.Parallel()
	const persons = 600
	db, _ := storagetest.Open(t)
	now := db.Now()
	made, err := Fill(t.Context(), db, now, persons)
	if err != nil {
		t.Fatal(err)
	}
	totals, err := db.Totals(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const strangers = 6
	if want := (Counts{Customers: persons, Accounts: persons / 75, Lists: 3, Events: persons * eventsEach, Reported: made.Reported}); made != want {
		t.Errorf("made %+v, want %+v", made, want)
	}
	if totals.Customers != persons+persons/75+strangers || totals.Accounts != persons/75 || totals.Lists != 3 || totals.Events != int64(persons*eventsEach+made.Reported) {
		t.Errorf("the folder has %+v", totals)
	}
	if totals.Archived == 0 {
		t.Error("nobody is archived")
	}
	checkServices(t, db)
	lists, _, err := db.Lists(t.Context(), app.Page{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lists {
		if l.Subscribed == 0 {
			t.Errorf("nobody is on %q", l.Title)
		}
		if l.DoubleOptIn && (l.Pending == 0 || l.Unsubscribed == 0) {
			t.Errorf("%q has %d pending and %d unsubscribed, want some of each", l.Title, l.Pending, l.Unsubscribed)
		}
	}
}

// checkServices holds that what the services report is about the customers that are
// there, that it was believed, and that the one who looks finds something to mend.
func checkServices(t *testing.T, db *storage.DB) {
	t.Helper()
	all, err := db.Integrations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]map[app.DeliveryState]int{}
	for _, in := range all {
		deliveries, _, err := db.Deliveries(t.Context(), app.DeliveryFilter{Integration: in.Row}, 1_000)
		if err != nil {
			t.Fatal(err)
		}
		states[in.Kind] = map[app.DeliveryState]int{}
		for _, d := range deliveries {
			states[in.Kind][d.State]++
			if !d.Verified {
				t.Errorf("a hook of %s is not verified", in.Name)
			}
		}
	}
	if p, m := states["paystack"], states["mailgun"]; p[app.Applied] < 5 || m[app.Applied] < 5 || len(p)+len(m) != 2 {
		t.Errorf("Paystack's and Mailgun's hooks became %v and %v", p, m)
	}
	if s := states["webhook"]; s[app.Failed] == 0 {
		t.Errorf("the warehouse's hooks became %v, want one that failed", s)
	}
}

func TestFill_peopleAndEventsAreBelievable(t *testing.T) {
	t.Parallel()
	db, _ := storagetest.Open(t)
	now := db.Now()
	if _, err := Fill(t.Context(), db, now, 600); err != nil {
		t.Fatal(err)
	}
	long, textUsage, numberUsage, devices, members, aliases := 0, 0, 0, 0, 0, 0
	err := db.EachCustomer(t.Context(), func(c *app.Customer) error {
		if n := utf8.RuneCountInString(c.Name()); n >= 60 {
			long++
		}
		if v := c.Attribute("usage_gb"); v != nil && app.TypeOf(v) == app.TypeText {
			textUsage++
		} else if v != nil {
			numberUsage++
		}
		devices, members = devices+len(c.Devices), members+len(c.Accounts)
		if c.CreatedAt > now || c.LastInteraction != nil && *c.LastInteraction > now {
			t.Errorf("%s lies in the future", c.UID)
		}
		if e := c.Email; e != nil && !strings.HasSuffix(*e, "example.com") && !strings.HasSuffix(*e, "example.org") && !strings.HasSuffix(*e, "example.net") {
			t.Errorf("the address %s might belong to somebody", *e)
		}
		more, err := db.Aliases(t.Context(), c.Row)
		aliases += len(more)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for what, n := range map[string]int{"names of 60 characters": long, "usages as a text": textUsage, "devices": devices, "members of accounts": members, "merged visitors": aliases} {
		if n == 0 {
			t.Errorf("there are no %s", what)
		}
	}
	if textUsage*50 > numberUsage {
		t.Errorf("%d usages are texts and %d numbers; only a handful should be texts", textUsage, numberUsage)
	}
	checkTimes(t, db, now)
}

// checkTimes holds that events lie in the year before now, that there are more of them
// lately and by day, and that the last minutes have some.
func checkTimes(t *testing.T, db interface {
	EachEvent(ctx context.Context, filter app.EventFilter, f func(*app.Event) error) error
}, now app.Instant) {
	t.Helper()
	names := map[string]int{}
	var recent, day, night, firstHalf, lastHalf int
	err := db.EachEvent(t.Context(), app.EventFilter{}, func(e *app.Event) error {
		names[e.Name]++
		age := time.Duration(now-e.At) * time.Millisecond
		if age < 0 || age > 370*24*time.Hour {
			t.Errorf("%s is %v old", e.Name, age)
		}
		if age < 15*time.Minute {
			recent++
		}
		if age > 182*24*time.Hour {
			firstHalf++
		} else {
			lastHalf++
		}
		switch hour := e.At.Time().Hour(); {
		case e.Name != "Logged in":
		case hour >= 1 && hour < 5:
			night++
		case hour >= 17 && hour < 21:
			day++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Added family member", "Purchased bandwidth", "Logged in", "Changed plan", "Opened ticket", "Paid invoice"} {
		if names[name] == 0 {
			t.Errorf("there is no %q", name)
		}
	}
	if recent < 5 {
		t.Errorf("%d events in the last quarter of an hour, want some", recent)
	}
	if lastHalf < firstHalf*5/4 {
		t.Errorf("%d events in the first half of the year and %d in the second, want more lately", firstHalf, lastHalf)
	}
	if day < 3*night {
		t.Errorf("%d sign-ins in four hours of the evening and %d in four of the night, want a rhythm", day, night)
	}
}
