package column

import (
	"slices"

	"kith/app"
	"kith/app/segment"

	"github.com/RoaringBitmap/roaring/v2"
)

// Here what is known of one customer, but for its events, goes into the columns.

// remove takes a customer out of everything.
func (s *Store) remove(slot uint32) {
	s.exists.clear(slot)
	s.live.clear(slot)
	if s.loading {
		s.moved = append(s.moved, slot)
	}
	for _, c := range s.cols {
		c.v.set(slot, nil)
	}
	s.zoneOf.set(slot, 0)
	for _, x := range s.series {
		x.forget(slot)
	}
	s.setLists(slot, nil, func(int64) {})
	s.setAccounts(slot, nil)
}

// put sets what the columns hold of a customer, but for its events, and notes what changed.
func (s *Store) put(slot uint32, f *app.Facts, cause app.Cause, out *Touched) {
	touch := Touch{f.Row, cause}
	live := !f.Archived
	if !s.exists.has(slot) || s.live.has(slot) != live {
		out.Whole = append(out.Whole, touch)
	}
	s.exists.set(slot)
	s.live.put(slot, live)
	s.setAttributes(slot, f, func(c *attrColumn) {
		list := out.Attributes[c.name]
		if n := len(list); n == 0 || list[n-1].Row != f.Row {
			out.Attributes[c.name] = append(list, touch)
		}
	}, func() { out.Zones = append(out.Zones, touch) })
	s.setLists(slot, f.Lists, func(list int64) { out.Lists[list] = append(out.Lists[list], touch) })
	if s.setAccounts(slot, f.Accounts) {
		out.Accounts = append(out.Accounts, touch)
	}
}

// setAttributes sets a slot in every column; changed is called for those that change.
func (s *Store) setAttributes(slot uint32, f *app.Facts, changed func(*attrColumn), zone func()) {
	s.epoch++
	set := func(c *attrColumn, raw []byte) {
		c.epoch = s.epoch
		form := c.v.form
		if !c.v.set(slot, raw) {
			return
		}
		if c.v.form != form {
			s.shape++
		}
		for _, epochs := range [...]bool{false, true} {
			if x := s.indexes[dateKey{c.name, epochs}]; x != nil && c.key == c.name {
				x.add(slot, raw)
			}
		}
		changed(c)
	}
	var tz []byte
	app.EachMember(f.Attributes, func(name, value []byte) bool {
		if string(name) == "tz" {
			tz = value
		}
		for _, c := range s.byName[string(name)] {
			if !isStandard(c.name) {
				set(c, value)
			}
		}
		return true
	})
	for _, c := range s.cols {
		if isStandard(c.name) {
			if c.name != lastInteraction {
				set(c, standard(f, c.name))
			}
		} else if c.epoch != s.epoch {
			set(c, s.path(c, f))
		}
	}
	if at := s.zoneFor(tz); s.zoneOf.at(slot) != at {
		s.zoneOf.set(slot, at)
		zone()
	}
}

// path returns the value of a name that no member has: nil, or the path into an object.
func (s *Store) path(c *attrColumn, f *app.Facts) []byte {
	for _, p := range s.paths {
		if p == c {
			return segment.Member(f.Attributes, c.name)
		}
	}
	return nil
}

// standardNames are the attributes that are not among the custom ones.
var standardNames = map[string]struct{}{"uid": {}, "first_name": {}, "last_name": {}, "email": {}, "number": {}, "created_at": {},
	"is_account": {}, "device_platform": {}, "device_token": {}, lastInteraction: {}}

func isStandard(name string) bool {
	_, ok := standardNames[name]
	return ok
}

// standard returns the raw value of a standard attribute.
func standard(f *app.Facts, name string) []byte {
	return segment.Attribute(&app.Customer{UID: f.UID, FirstName: f.FirstName, LastName: f.LastName, Email: f.Email, Number: f.Number,
		CreatedAt: f.CreatedAt, IsAccount: f.IsAccount, Devices: f.Devices}, name)
}

// setLists brings a slot's places on lists up to date.
func (s *Store) setLists(slot uint32, lists []app.Subscription, changed func(list int64)) {
	was := s.onLists.at(slot) // so many lists has it been on
	if len(lists) == 0 && was == 0 {
		return
	}
	kept := uint16(0)
	for _, sub := range lists {
		l := s.lists[sub.List]
		if l == nil {
			l = &[3]*roaring.Bitmap{roaring.New(), roaring.New(), roaring.New()}
			s.lists[sub.List] = l
		}
		if int(sub.Status) >= len(l) {
			continue
		}
		had := false
		for status, b := range l {
			if status != int(sub.Status) {
				had = b.CheckedRemove(slot) || had
			}
		}
		if l[sub.Status].CheckedAdd(slot) {
			changed(sub.List)
		} else {
			had = true
		}
		if had {
			kept++
		}
	}
	if kept < was {
		s.leaveLists(slot, lists, changed)
	}
	s.onLists.set(slot, uint16(len(lists)))
}

// leaveLists takes a slot off the lists that are not named.
func (s *Store) leaveLists(slot uint32, but []app.Subscription, changed func(list int64)) {
	for list, l := range s.lists {
		if slices.ContainsFunc(but, func(sub app.Subscription) bool { return sub.List == list }) {
			continue
		}
		for _, b := range l {
			if b.CheckedRemove(slot) {
				changed(list)
			}
		}
	}
}

// setAccounts brings a slot's memberships up to date, and reports whether they changed.
func (s *Store) setAccounts(slot uint32, accounts []int64) bool {
	had := s.inside[slot]
	if slices.Equal(had, accounts) {
		return false
	}
	for _, account := range had {
		if !slices.Contains(accounts, account) {
			s.accounts[account].Remove(slot)
		}
	}
	for _, account := range accounts {
		if s.accounts[account] == nil {
			s.accounts[account] = roaring.New()
		}
		s.accounts[account].Add(slot)
	}
	if s.inside[slot] = slices.Clone(accounts); len(accounts) == 0 {
		delete(s.inside, slot)
	}
	return true
}
