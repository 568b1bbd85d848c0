package storage

import (
	"bytes"

	"kith/app"
)

// setProfile creates or updates a customer. All its checks come before its first row.
func (t *txn) setProfile(c *app.SetProfile) (app.Result, error) {
	lists, err := t.openLists(c.Lists)
	if err != nil {
		return app.Result{}, err
	}
	row, err := t.profileRow(c)
	if err != nil {
		return app.Result{}, err
	}
	claim, err := t.claimFor(c, row)
	if err != nil {
		return app.Result{}, err
	}
	rec, err := t.profileTarget(c, row, claim)
	if err != nil {
		return app.Result{}, err
	}
	p := c.Profile
	if !c.Trusted {
		if p.Email, err = t.allowedEmail(p.Email, rec); err != nil {
			return app.Result{}, err
		}
	}
	if !c.Lift {
		if err := t.checkErasedContact(rec, &p); err != nil {
			return app.Result{}, err
		}
	}
	if err := t.checkAccounts(rec.uid, c.Accounts); err != nil {
		return app.Result{}, err
	}
	if claim != nil {
		if err := t.checkClaimedAccounts(claim, c.Accounts); err != nil {
			return app.Result{}, err
		}
	}
	wasAccount, had := rec.isAccount, len(rec.attrs)
	edits := editProfile(rec, &p, t.now)
	if len(rec.attrs) > app.MaxAttributes && len(rec.attrs) > had {
		return app.Result{}, app.Invalid("meta", "a customer can have %d attributes; with these it would have %d", app.MaxAttributes, len(rec.attrs))
	}

	// From here on rows are written.
	var lifted int64
	if c.Lift {
		if lifted, err = t.liftFor(c, &p); err != nil {
			return app.Result{}, err
		}
	}
	if claim != nil {
		if rec, err = t.settleClaim(claim, c.Source); err != nil {
			return app.Result{}, err
		}
		wasAccount = rec.isAccount
		edits = editProfile(rec, &p, t.now)
	}
	created := rec.id == 0
	if err := t.saveProfile(rec, wasAccount, edits, c.Source); err != nil {
		return app.Result{}, err
	}
	more, err := t.profileRest(c, rec, lists)
	if err != nil {
		return app.Result{}, err
	}
	res := t.result(rec)
	res.Lifted = lifted
	res.Created, res.Changed = created, created || claim != nil || len(edits) > 0 || more
	return res, nil
}

// profileRow is the row of the customer that c means, 0 if there is none yet.
func (t *txn) profileRow(c *app.SetProfile) (int64, error) {
	if c.UID == "" {
		return t.findByContact(&c.Profile)
	}
	return t.find(c.UID)
}

// profileTarget is the record that the profile will be written to; id 0 is a new one.
func (t *txn) profileTarget(c *app.SetProfile, row int64, claim *claim) (*record, error) {
	if claim != nil {
		return loadRecord(background, t.w.q, claim.target())
	}
	if row != 0 {
		if c.Mode == app.CreateOnly {
			return nil, app.Fail(app.CodeConflict, "there is a customer with the id %q already", c.UID)
		}
		return loadRecord(background, t.w.q, row)
	}
	if c.Mode == app.UpdateOnly {
		return nil, app.NotFound("There is no customer with the id %q.", c.UID)
	}
	if !c.Lift {
		if err := t.checkErased(c.UID); err != nil {
			return nil, err
		}
	}
	rec := &record{uid: c.UID, createdAt: t.now}
	rec.changed[colCreatedAt] = t.now
	return rec, nil
}

// profileRest applies what a profile carries beside its attributes.
func (t *txn) profileRest(c *app.SetProfile, rec *record, lists []int64) (changed bool, err error) {
	if c.Device != nil {
		if changed, err = t.addDevice(rec.id, *c.Device, c.Source); err != nil {
			return changed, err
		}
	}
	for _, list := range lists {
		did, err := t.subscribe(list, rec.id, app.Subscribed, c.Source)
		if err != nil {
			return changed, err
		}
		changed = changed || did
	}
	for _, a := range c.Accounts {
		did, err := t.joinAccount(rec, a, c.Source)
		if err != nil {
			return changed, err
		}
		changed = changed || did
	}
	return changed, nil
}

// allowedEmail keeps the rule for a key that everybody can read: it may set an e-mail
// where there is none, or repeat the one that is there. It returns what is left to set.
// Engage: changing a user's email needs the private key, and a new email must not
// belong to another uid.
func (t *txn) allowedEmail(f app.Field, rec *record) (app.Field, error) {
	if !f.Given || f.Value == nil { // browsers send null for a visitor whose address they do not know
		return app.Field{}, nil
	}
	key := app.FoldEmail(*f.Value)
	if have := rec.text[colEmail]; have != nil {
		if app.FoldEmail(*have) != key {
			return f, &app.Error{Code: app.CodeForbidden, Field: "email",
				Message: "Changing a customer's e-mail needs the private key too: send this from your server, with both keys."}
		}
		return app.Field{}, nil
	}
	var id int64
	var provisional bool
	taken, err := t.w.q.row(background, "customer_by_email", args(key), &id, &provisional)
	if err == nil && taken {
		return f, &app.Error{Code: app.CodeForbidden, Field: "email",
			Message: "Another customer has this e-mail; giving it to this one needs the private key too."}
	}
	return f, err
}

// fieldEdit is one attribute that a profile changes: standard by column, custom by
// name. from and to are raw JSON, nil for missing.
type fieldEdit struct {
	name     string
	standard bool
	from, to []byte
}

// editProfile merges p into rec and returns what that changed.
func editProfile(rec *record, p *app.Profile, now app.Instant) []fieldEdit {
	var edits []fieldEdit
	for i, f := range []*app.Field{&p.FirstName, &p.LastName, &p.Number, &p.Email} {
		if !f.Given || equalText(rec.text[i], f.Value) {
			continue
		}
		edits = append(edits, fieldEdit{app.StandardAttributes[i], true, quoteText(rec.text[i]), quoteText(f.Value)})
		rec.text[i], rec.changed[i] = f.Value, now
	}
	if p.CreatedAt != nil && *p.CreatedAt != rec.createdAt {
		from := app.Quote(rec.createdAt.String())
		edits = append(edits, fieldEdit{"created_at", true, from, app.Quote(p.CreatedAt.String())})
		rec.createdAt, rec.changed[colCreatedAt] = *p.CreatedAt, now
	}
	if p.IsAccount != nil && *p.IsAccount != rec.isAccount {
		edits = append(edits, fieldEdit{"is_account", true, boolJSON(rec.isAccount), boolJSON(*p.IsAccount)})
		rec.isAccount = *p.IsAccount
	}
	return append(edits, editAttributes(rec, p.Attributes, now)...)
}

func editAttributes(rec *record, given []app.Attribute, now app.Instant) []fieldEdit {
	if len(given) == 0 {
		return nil
	}
	at := make(map[string]int, len(rec.attrs))
	for i, a := range rec.attrs {
		at[a.Name] = i
	}
	var edits []fieldEdit
	removed := false
	for _, a := range given {
		i, have := at[a.Name]
		switch {
		case a.Value == nil && have && rec.attrs[i].Value != nil:
			edits = append(edits, fieldEdit{a.Name, false, rec.attrs[i].Value, nil})
			rec.attrs[i].Value, removed = nil, true
		case a.Value == nil:
		case !have:
			edits = append(edits, fieldEdit{a.Name, false, nil, a.Value})
			at[a.Name] = len(rec.attrs)
			rec.attrs = append(rec.attrs, app.Attribute{Name: a.Name, Value: a.Value, ChangedAt: now})
		case !bytes.Equal(rec.attrs[i].Value, a.Value):
			edits = append(edits, fieldEdit{a.Name, false, rec.attrs[i].Value, a.Value})
			rec.attrs[i].Value, rec.attrs[i].ChangedAt = a.Value, now
		}
	}
	if removed {
		kept := rec.attrs[:0:0]
		for _, a := range rec.attrs {
			if a.Value != nil {
				kept = append(kept, a)
			}
		}
		rec.attrs = kept
	}
	return edits
}

func equalText(a, b *string) bool { return a == b || a != nil && b != nil && *a == *b }

func quoteText(s *string) []byte {
	if s == nil {
		return nil
	}
	return app.Quote(*s)
}

func boolJSON(b bool) []byte {
	if b {
		return []byte("true")
	}
	return []byte("false")
}

// saveProfile writes a record that edits changed, with its feed, history and counts.
func (t *txn) saveProfile(rec *record, wasAccount bool, edits []fieldEdit, source string) error {
	created := rec.id == 0
	if !created && len(edits) == 0 {
		return nil
	}
	more, err := t.addressEdits(rec, edits)
	if err != nil {
		return err
	}
	edits = append(edits, more...)
	for _, e := range edits {
		if e.name != "is_account" {
			t.countAttribute(e)
		}
	}
	if created {
		if err := t.insertRecord(rec); err != nil {
			return err
		}
		if err := t.feed(app.KindCreated, rec.id, 0); err != nil {
			return err
		}
		return t.history(rec.id, app.KindCreated, source, struct{}{})
	}
	if err := t.updateRecord(rec); err != nil {
		return err
	}
	if wasAccount != rec.isAccount {
		if err := t.noteConverted(rec, source); err != nil {
			return err
		}
	}
	var changes []changeNote
	for _, e := range edits {
		if e.name == "is_account" {
			continue
		}
		if err := t.feed(app.KindAttribute, rec.id, t.attribute(e.name, e.standard).row); err != nil {
			return err
		}
		changes = append(changes, changeNote{Name: e.name, From: cut(e.from), To: cut(e.to)})
	}
	if len(changes) == 0 {
		return nil
	}
	return t.noteChanges(rec.id, source, changes)
}

func (t *txn) noteConverted(rec *record, source string) error {
	to, by := "customer", int64(-1)
	if rec.isAccount {
		to, by = "account", 1
	}
	t.total("accounts", by)
	if err := t.feed(app.KindConverted, rec.id, 0); err != nil {
		return err
	}
	return t.history(rec.id, app.KindConverted, source, map[string]string{"to": to})
}

// attribute returns the catalogue's entry for a name, making it when it is new.
func (t *txn) attribute(name string, standard bool) *attrName {
	key := attrKey{name, standard}
	a := t.s.attrs[key]
	if a == nil {
		t.s.nextAttr++
		a = &attrName{row: t.s.nextAttr, key: key, fresh: true}
		t.s.attrs[key] = a
		t.attrs[a] = struct{}{}
	}
	return a
}

const samplesKept = 5

// countAttribute keeps the catalogue: how many customers have the attribute, by type.
func (t *txn) countAttribute(e fieldEdit) { t.count(t.attribute(e.name, e.standard), e.from, e.to) }

// count is countAttribute with the attribute at hand.
func (t *txn) count(a *attrName, from, to []byte) {
	if from != nil {
		a.counts[app.TypeOf(from)]--
		a.forget(from)
	}
	if to != nil {
		a.counts[app.TypeOf(to)]++
		if len(a.samples) < samplesKept && len(to) <= 100 && !a.sampled(to) {
			a.samples = append(a.samples, append([]byte(nil), to...))
		}
	}
	a.changed = int64(t.now)
	t.attrs[a] = struct{}{}
}

// forget drops a sample that somebody no longer has, so that nothing erased stays behind.
func (a *attrName) forget(v []byte) {
	for i, s := range a.samples {
		if bytes.Equal(s, v) {
			a.samples = append(a.samples[:i:i], a.samples[i+1:]...)
			return
		}
	}
}

func (a *attrName) sampled(v []byte) bool {
	for _, s := range a.samples {
		if bytes.Equal(s, v) {
			return true
		}
	}
	return false
}

func (t *txn) removeAttributes(c *app.RemoveAttributes) (app.Result, error) {
	rec, err := t.mustRecord(c.UID)
	if err != nil {
		return app.Result{}, err
	}
	var p app.Profile
	gone := app.Field{Given: true}
	for _, name := range c.Names {
		switch name {
		case "first_name":
			p.FirstName = gone
		case "last_name":
			p.LastName = gone
		case "number":
			p.Number = gone
		case "email":
			p.Email = gone
		default:
			p.Attributes = append(p.Attributes, app.Attribute{Name: name})
		}
	}
	edits := editProfile(rec, &p, t.now)
	if err := t.saveProfile(rec, rec.isAccount, edits, c.Source); err != nil {
		return app.Result{}, err
	}
	if err := t.liftMark(rec, edits); err != nil {
		return app.Result{}, err
	}
	res := t.result(rec)
	res.Changed = len(edits) > 0
	return res, nil
}

// liftMark lets an address be mailed again whose mark a person took away.
func (t *txn) liftMark(rec *record, edits []fieldEdit) error {
	for _, e := range edits {
		if e.name == app.SuppressedAttribute && rec.text[colEmail] != nil {
			_, err := t.w.q.exec("suppressed_save", app.FoldEmail(*rec.text[colEmail]), "", int64(t.now))
			return err
		}
	}
	return nil
}

func (t *txn) archive(c *app.Archive) (app.Result, error) {
	rec, err := t.mustRecord(c.UID)
	if err != nil {
		return app.Result{}, err
	}
	res := t.result(rec)
	if rec.archivedAt.Valid == c.Archived {
		return res, nil
	}
	var at any
	kind, by := "unarchived", int64(-1)
	if c.Archived {
		at, kind, by = int64(t.now), "archived", 1
	}
	if _, err := t.w.q.exec("customer_archive", at, rec.id); err != nil {
		return app.Result{}, err
	}
	t.total("archived", by)
	if err := t.feed(app.KindArchived, rec.id, 0); err != nil {
		return app.Result{}, err
	}
	res.Changed = true
	return res, t.history(rec.id, app.KindArchived, c.Source, map[string]string{"as": kind})
}

func (t *txn) convert(c *app.Convert) (app.Result, error) {
	rec, err := t.mustRecord(c.UID)
	if err != nil {
		return app.Result{}, err
	}
	res := t.result(rec)
	res.Changed, err = t.setAccount(rec, c.Account, c.Source)
	return res, err
}

// setAccount makes a record an account or a customer.
func (t *txn) setAccount(rec *record, account bool, source string) (bool, error) {
	if rec.isAccount == account {
		return false, nil
	}
	rec.isAccount = account
	if _, err := t.w.q.exec("customer_account", account, rec.id); err != nil {
		return false, err
	}
	return true, t.noteConverted(rec, source)
}

// addDevice puts a push token to the front and keeps the newest five.
// Engage: "tracks up to 5 device tokens and platform for each customer".
func (t *txn) addDevice(customer int64, d app.Device, source string) (bool, error) {
	devices, err := t.devicesOf(customer)
	if err != nil {
		return false, err
	}
	d.At = t.now
	if len(devices) > 0 {
		if devices[0].Token == d.Token && devices[0].Platform == d.Platform {
			return false, nil
		}
		d.At = max(d.At, devices[0].At+1) // two in one millisecond keep their order
	}
	if _, err := t.w.q.exec("device_save", customer, d.Token, d.Platform, int64(d.At)); err != nil {
		return false, err
	}
	kept := 1
	for _, old := range devices {
		if old.Token == d.Token {
			continue
		}
		if kept++; kept > app.MaxDevices {
			if _, err := t.w.q.exec("device_delete", customer, old.Token); err != nil {
				return false, err
			}
		}
	}
	if err := t.feed(app.KindDevice, customer, 0); err != nil {
		return false, err
	}
	return true, t.history(customer, app.KindDevice, source, map[string]any{"token": d.Token, "platform": d.Platform, "added": true})
}

func (t *txn) removeDevice(c *app.RemoveDevice) (app.Result, error) {
	row, err := t.must(c.UID)
	if err != nil {
		return app.Result{}, err
	}
	res, err := t.w.q.exec("device_delete", row, c.Token)
	if err != nil {
		return app.Result{}, err
	}
	n, err := res.RowsAffected()
	if err != nil || n == 0 {
		out, rerr := t.resultOf(row, false)
		if err == nil {
			err = rerr
		}
		return out, err
	}
	if err := t.feed(app.KindDevice, row, 0); err != nil {
		return app.Result{}, err
	}
	if err := t.history(row, app.KindDevice, c.Source, map[string]any{"token": c.Token, "added": false}); err != nil {
		return app.Result{}, err
	}
	return t.resultOf(row, true)
}
