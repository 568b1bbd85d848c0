package storage

import (
	"crypto/sha256"
	"strconv"
	"strings"

	"kith/app"
)

// observe applies what a service reports of one person, once for its key. All its
// checks come before its first row.
func (t *txn) observe(c *app.Observe) (app.Result, error) {
	if seen, err := t.hookSeen(c); err != nil || seen {
		return app.Result{Repeated: seen}, err
	}
	m, err := t.meet(&c.Person)
	if err != nil {
		return app.Result{}, err
	}
	rec, err := t.metRecord(m)
	if err != nil {
		return app.Result{}, err
	}
	probe := *rec // a claim or a fold changes what is there; first see whether the result can be kept
	probe.attrs = append([]app.Attribute(nil), rec.attrs...)
	had := len(rec.attrs)
	marks, err := t.stampsOf(rec.id, c.Person.Service)
	if err != nil {
		return app.Result{}, err
	}
	p := marks.pick(rec, c)
	editProfile(&probe, &p, t.now)
	if len(probe.attrs) > app.MaxAttributes && len(probe.attrs) > had {
		return app.Result{}, app.Invalid("meta", "a customer can have %d attributes; with these it would have %d", app.MaxAttributes, len(probe.attrs))
	}

	// From here on rows are written.
	if m.fold != 0 || m.rename {
		if rec, err = t.settleMeeting(m, c.Source); err != nil {
			return app.Result{}, err
		}
		if marks, err = t.stampsOf(rec.id, c.Person.Service); err != nil {
			return app.Result{}, err
		}
		p = marks.pick(rec, c)
	}
	created, wasAccount := rec.id == 0, rec.isAccount
	edits := editProfile(rec, &p, t.now)
	if err := t.saveProfile(rec, wasAccount, edits, c.Source); err != nil {
		return app.Result{}, err
	}
	if err := t.noteObserved(c, rec, marks); err != nil {
		return app.Result{}, err
	}
	res := t.result(rec)
	res.Wrote = &p
	res.Created, res.Changed = created, created || m.rename || m.fold != 0 || len(edits) > 0
	if c.Event != nil {
		event := *c.Event
		event.UID, event.Source = rec.uid, c.Source
		if event.MessageID == "" && c.Key != "" {
			event.MessageID = hookMessageID(c)
		}
		tracked, err := t.track(&event)
		if err != nil {
			return app.Result{}, err
		}
		res.Changed = res.Changed || tracked.Changed
	}
	return res, nil
}

// hookSeen reports whether a key came before. It is noted by noteObserved, for what is
// refused here may be mended and come again.
func (t *txn) hookSeen(c *app.Observe) (bool, error) {
	if c.Key == "" {
		return false, nil
	}
	var one int
	if onlyEvent(c) {
		return t.w.q.row(background, "event_key_find", args(hookMessageID(c)), &one)
	}
	return t.w.q.row(background, "hook_key_find", args(c.Integration, hookKey(c.Key)), &one)
}

// onlyEvent reports whether nothing but an event is observed: its own id is enough to
// recognise a repeat by.
func onlyEvent(c *app.Observe) bool {
	return c.Event != nil && c.Set.Empty() && c.Fill.Empty() && c.Suppress == "" && !c.Allow && c.Event.MessageID == ""
}

// hookKey bounds what is kept of a service's id.
func hookKey(key string) string {
	if len(key) <= 120 {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return "sha256:" + string(appendHex(nil, sum[:]))
}

func appendHex(dst, b []byte) []byte {
	const digits = "0123456789abcdef"
	for _, v := range b {
		dst = append(dst, digits[v>>4], digits[v&15])
	}
	return dst
}

// hookMessageID is the event's id, unique in the workspace: the connection's and the service's own.
func hookMessageID(c *app.Observe) string {
	return c.Source + "-" + strconv.FormatInt(c.Integration, 10) + ":" + hookKey(c.Key)
}

// meeting says which customer a [app.Person] is.
type meeting struct {
	row    int64  // the customer, 0: to be made
	uid    string // what a new or renamed one is called, "" for provisional
	rename bool   // row is provisional and gets uid
	fold   int64  // a provisional customer who is the same person, to be folded into row
}

// meet finds the customer that a person is: by our own id, else by the service's, else
// by e-mail; whoever of these is provisional and is not the one found is the same person.
func (t *txn) meet(p *app.Person) (m meeting, err error) {
	byUID, byService := int64(0), int64(0)
	if p.UID != "" {
		if byUID, err = t.find(p.UID); err != nil {
			return m, err
		}
		if byUID == 0 {
			if err := t.checkErased(p.UID); err != nil {
				return m, err
			}
		}
	}
	for _, external := range p.External {
		found, err := t.w.q.row(background, "external_find", args(p.Service, external), &byService)
		if err != nil {
			return m, err
		}
		if !found && ownShape(external) {
			// A file of the service's customers may have brought them in under its ids.
			if byService, err = t.find(external); err != nil {
				return m, err
			}
		}
		if byService != 0 {
			break
		}
	}
	email := app.Field{}
	if p.Email != "" {
		email = app.FieldOf(p.Email)
	}
	switch {
	case byUID != 0:
		m.row = byUID
	case byService != 0:
		m.row = byService
	default:
		if m.row, err = t.findByContact(&app.Profile{Email: email}); err != nil {
			return m, err
		}
	}
	if m.row == 0 {
		m.uid = p.UID
		return m, t.checkErasedPerson(p)
	}
	if byService != 0 && byService != m.row {
		if m.fold, err = t.ifProvisional(byService); err != nil {
			return m, err
		}
	}
	if m.fold == 0 {
		matches, err := t.provisionalLike(&app.Profile{Email: email}, m.row)
		if err != nil {
			return m, err
		}
		if len(matches) == 1 {
			for row := range matches {
				m.fold = row
			}
		}
	}
	if p.UID != "" && byUID == 0 {
		provisional, err := t.ifProvisional(m.row)
		if err != nil {
			return m, err
		}
		m.uid, m.rename = p.UID, provisional != 0
	}
	return m, nil
}

// ownShape says whether a service's id cannot be mistaken for one of the team's own:
// letters that say what it is come first, as in "cus_9s6XKzkNRiz8i3".
func ownShape(external string) bool {
	prefix, rest, ok := strings.Cut(external, "_")
	if !ok || len(prefix) != 3 || len(rest) < 6 {
		return false
	}
	for i := range len(prefix) {
		if c := prefix[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

// ifProvisional is row if that customer has no id of the team's own, else 0.
func (t *txn) ifProvisional(row int64) (int64, error) {
	rec, err := loadRecord(background, t.w.q, row)
	if err != nil || !rec.provisional {
		return 0, err
	}
	return row, nil
}

func (t *txn) metRecord(m meeting) (*record, error) {
	if m.row != 0 {
		return loadRecord(background, t.w.q, m.row)
	}
	rec := &record{uid: m.uid, createdAt: t.now}
	rec.changed[colCreatedAt] = t.now
	return rec, nil
}

// settleMeeting gives a provisional customer its id and folds in who is the same person.
func (t *txn) settleMeeting(m meeting, source string) (*record, error) {
	if m.rename {
		if _, err := t.rename(m.row, m.uid, source); err != nil {
			return nil, err
		}
	}
	if m.fold != 0 {
		if err := t.fold(m.fold, m.row, source); err != nil {
			return nil, err
		}
	}
	return loadRecord(background, t.w.q, m.row)
}

// noteObserved remembers the key, the service's id of the customer, how old its values
// are, and what was said of the address.
func (t *txn) noteObserved(c *app.Observe, rec *record, marks *stamps) error {
	if c.Key != "" && !onlyEvent(c) {
		if _, err := t.w.q.exec("hook_key_insert", c.Integration, hookKey(c.Key), int64(t.now)); err != nil {
			return err
		}
	}
	for _, external := range c.Person.External {
		if _, err := t.w.q.exec("external_save", c.Person.Service, external, rec.id); err != nil {
			return err
		}
	}
	if marks.moved {
		if _, err := t.w.q.exec("service_value_save", rec.id, c.Person.Service, marks.encode()); err != nil {
			return err
		}
	}
	if c.Person.Email != "" && (c.Suppress != "" || c.Allow) {
		return t.suppress(c.Person.Email, c.Suppress, c.At, c.Source)
	}
	return nil
}

// suppress marks an address as not to be mailed, or with reason "" lifts the mark,
// unless something newer is known of it. Whoever has the address shows it.
func (t *txn) suppress(email, reason string, at app.Instant, source string) error {
	key := app.FoldEmail(email)
	have, since := "", int64(0)
	found, err := t.w.q.row(background, "suppressed_find", args(key), &have, &since)
	if err != nil || found && since > int64(at) {
		return err
	}
	// A lifted mark stays as a row without a reason, so that an older bounce that comes late
	// does not set it again.
	if _, err := t.w.q.exec("suppressed_save", key, reason, int64(at)); err != nil {
		return err
	}
	if !found {
		t.total("suppressed", 1)
	}
	return t.showSuppressed(key, reason, source)
}

// showSuppressed puts the mark of an address on the customers that have it.
func (t *txn) showSuppressed(key, reason, source string) error {
	rows, err := t.customersWith(key)
	if err != nil {
		return err
	}
	for _, row := range rows {
		rec, err := loadRecord(background, t.w.q, row)
		if err != nil {
			return err
		}
		edits := editProfile(rec, &app.Profile{Attributes: []app.Attribute{suppressedAs(reason)}}, t.now)
		if err := t.saveProfile(rec, rec.isAccount, edits, source); err != nil {
			return err
		}
	}
	return nil
}

func suppressedAs(reason string) app.Attribute {
	a := app.Attribute{Name: app.SuppressedAttribute}
	if reason != "" {
		a.Value = app.Quote(reason)
	}
	return a
}

// addressEdits are what a new e-mail asks for beside itself: the mark of the old address
// goes, that of the new one comes.
func (t *txn) addressEdits(rec *record, edits []fieldEdit) ([]fieldEdit, error) {
	if t.s.totals["suppressed"] == 0 {
		return nil, nil
	}
	for _, e := range edits {
		if e.name != "email" || !e.standard {
			continue
		}
		reason := ""
		if rec.text[colEmail] != nil {
			var at int64
			if _, err := t.w.q.row(background, "suppressed_find", args(app.FoldEmail(*rec.text[colEmail])), &reason, &at); err != nil {
				return nil, err
			}
		}
		return editAttributes(rec, []app.Attribute{suppressedAs(reason)}, t.now), nil
	}
	return nil, nil
}
