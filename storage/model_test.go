package storage_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"kith/app"
	"kith/storage/storagetest"
)

// op is a Change in a form that both a folder and the model can apply; lists are
// numbers, for each folder has its own ids.
type op struct {
	kind         string
	uid, other   string
	trusted, yes bool
	attrs        [][2]string // name, raw JSON; "" removes
	email        *string     // "" is null
	device       string
	lists        []int
	role         *string
	event, key   string
	when         app.Instant
}

func (o op) String() string {
	return fmt.Sprintf("%s(%s %s %v %v attrs=%v email=%s dev=%s lists=%v role=%s event=%s key=%s)", o.kind, o.uid, o.other, o.trusted, o.yes, o.attrs,
		deref(o.email), o.device, o.lists, deref(o.role), o.event, o.key)
}

// change is the op for a folder with these lists.
func (o op) change(lists []string) app.Change {
	var ids []string
	for _, i := range o.lists {
		ids = append(ids, lists[i])
	}
	var p app.Profile
	for _, a := range o.attrs {
		p.Attributes = append(p.Attributes, profile(a[0], a[1]).Attributes...)
	}
	if o.email != nil {
		p.Email = app.FieldOf(*o.email)
		if *o.email == "" {
			p.Email.Value = nil
		}
	}
	switch o.kind {
	case "set":
		c := &app.SetProfile{UID: o.uid, Trusted: o.trusted, Profile: p, Lists: ids}
		if o.device != "" {
			c.Device = &app.Device{Token: o.device, Platform: "ios"}
		}
		if o.other != "" {
			c.Accounts = []app.AccountRole{{UID: o.other, Role: o.role}}
		}
		return c
	case "track":
		return &app.Track{UID: o.uid, Event: o.event, At: o.when, MessageID: o.key}
	case "strip":
		return &app.RemoveAttributes{UID: o.uid, Names: []string{o.attrs[0][0], "email"}}
	case "logout":
		return &app.RemoveDevice{UID: o.uid, Token: o.device}
	case "merge":
		return &app.Merge{From: o.uid, To: o.other}
	case "delete":
		return &app.Delete{UID: o.uid, Erase: o.yes}
	case "archive":
		return &app.Archive{UID: o.uid, Archived: o.yes}
	case "convert":
		return &app.Convert{UID: o.uid, Account: o.yes}
	case "join":
		return &app.JoinAccounts{UID: o.uid, Accounts: []app.AccountRole{{UID: o.other, Role: o.role}}}
	case "leave":
		return &app.LeaveAccount{UID: o.uid, Account: o.other}
	case "on":
		return &app.JoinLists{UID: o.uid, Lists: ids}
	case "off":
		return &app.LeaveLists{UID: o.uid, Lists: ids}
	case "subscription":
		return &app.SetSubscription{UID: o.uid, List: ids[0], Subscribed: o.yes}
	case "form":
		return &app.AddSubscriber{List: ids[0], Profile: p}
	}
	panic("no op " + o.kind)
}

// person is a customer of the model.
type person struct {
	uid               string // "" while provisional
	attrs             map[string]string
	email             string
	archived, account bool
	devices           map[string]app.Instant
	lists             map[int]app.SubscriptionStatus
	accounts          map[*person]*string
	events            []happening
}

type happening struct {
	name, key string
	at        app.Instant
}

// model is the world as naively as it can be said: pointers, maps and loops. Its list 1
// asks for confirmation. Its clock stands still.
type model struct {
	people []*person // in the order of their making
	names  map[string]*person
	erased map[string]bool // ids
	marked map[string]bool // the folded addresses of whoever was erased
}

func newModel() *model {
	return &model{names: map[string]*person{}, erased: map[string]bool{}, marked: map[string]bool{}}
}

func (m *model) make(uid string) *person {
	p := &person{uid: uid, attrs: map[string]string{}, devices: map[string]app.Instant{}, lists: map[int]app.SubscriptionStatus{}, accounts: map[*person]*string{}}
	m.people = append(m.people, p)
	if uid != "" {
		m.names[uid] = p
	}
	return p
}

func (m *model) gone(uid string) bool { return uid != "" && m.names[uid] == nil && m.erased[uid] }

// getOrMake returns the person of an id.
func (m *model) getOrMake(uid string) *person {
	if p := m.names[uid]; p != nil {
		return p
	}
	return m.make(uid)
}

func (m *model) withEmail(email string) (found []*person) {
	for _, p := range m.people {
		if email != "" && strings.EqualFold(p.email, email) {
			found = append(found, p)
		}
	}
	return found
}

// apply does an op and reports whether it was taken.
func (m *model) apply(o op) bool {
	p := m.names[o.uid]
	switch o.kind {
	case "set":
		return m.set(o)
	case "track":
		return m.track(o)
	case "merge":
		return m.merge(o.uid, o.other)
	case "form":
		m.form(o)
		return true
	case "join":
		if m.gone(o.uid) || m.gone(o.other) || o.uid == o.other || p != nil && p == m.names[o.other] {
			return false
		}
		m.join(m.getOrMake(o.uid), o.other, o.role)
		return true
	}
	if p == nil {
		return false
	}
	switch o.kind {
	case "strip":
		delete(p.attrs, o.attrs[0][0])
		p.email = ""
	case "logout":
		delete(p.devices, o.device)
	case "delete":
		m.remove(p, o.yes)
	case "archive":
		p.archived = o.yes
	case "convert":
		p.account = o.yes
	case "leave":
		delete(p.accounts, m.names[o.other])
	case "on":
		for _, l := range o.lists {
			p.lists[l] = app.Subscribed
		}
	case "off":
		for _, l := range o.lists {
			delete(p.lists, l)
		}
	case "subscription":
		p.lists[o.lists[0]] = app.Unsubscribed
		if o.yes {
			p.lists[o.lists[0]] = app.Subscribed
		}
	}
	return true
}

func (m *model) set(o op) bool {
	email := ""
	if o.email != nil {
		email = *o.email
	}
	p := m.names[o.uid]
	if o.uid == "" {
		if found := m.withEmail(email); len(found) > 0 {
			p = found[0]
		}
	}
	if m.gone(o.uid) || m.gone(o.other) {
		return false
	}
	var claimed []*person
	if o.trusted && o.uid != "" {
		for _, q := range m.withEmail(email) {
			if q.uid == "" && q != p {
				claimed = append(claimed, q)
			}
		}
	}
	if o.other != "" && (o.other == o.uid || p != nil && m.names[o.other] == p) {
		return false
	}
	writeEmail := o.email != nil
	if !o.trusted && writeEmail {
		has := p != nil && p.email != ""
		switch {
		case email == "":
			writeEmail = false
		case has && !strings.EqualFold(p.email, email):
			return false
		case has:
			writeEmail = false
		case len(m.withEmail(email)) > 0:
			return false
		}
	}
	into := p
	if into == nil && len(claimed) == 1 {
		into = claimed[0]
	}
	if writeEmail && m.marked[strings.ToLower(email)] && (into == nil || !strings.EqualFold(into.email, email)) {
		return false
	}
	switch {
	case len(claimed) == 1 && p != nil:
		m.fold(claimed[0], p)
	case len(claimed) == 1:
		p = claimed[0]
		p.uid, m.names[o.uid] = o.uid, p
	case p == nil:
		p = m.make(o.uid)
	}
	if writeEmail {
		p.email = email
	}
	for _, a := range o.attrs {
		delete(p.attrs, a[0])
		if a[1] != "" {
			p.attrs[a[0]] = a[1]
		}
	}
	if o.device != "" {
		p.addDevice(o.device)
	}
	for _, l := range o.lists {
		p.lists[l] = app.Subscribed
	}
	if o.other != "" {
		m.join(p, o.other, o.role)
	}
	return true
}

func (p *person) tokens() []string {
	return slices.SortedFunc(maps.Keys(p.devices), func(a, b string) int {
		return cmp.Or(cmp.Compare(p.devices[b], p.devices[a]), cmp.Compare(a, b))
	})
}

func (p *person) addDevice(token string) {
	all, now := p.tokens(), app.InstantOf(storagetest.Start)
	if len(all) > 0 {
		if all[0] == token {
			return
		}
		now = max(now, p.devices[all[0]]+1)
	}
	p.devices[token] = now
	p.trim()
}

func (p *person) trim() {
	for i, token := range p.tokens() {
		if i >= 5 {
			delete(p.devices, token)
		}
	}
}

func (m *model) join(p *person, account string, role *string) {
	a := m.getOrMake(account)
	a.account = true
	if have, is := p.accounts[a]; !is || role != nil && deref(have) != *role {
		p.accounts[a] = role
	}
}

func (m *model) track(o op) bool {
	if m.gone(o.uid) {
		return false
	}
	for _, p := range m.people {
		for _, e := range p.events {
			if o.key != "" && e.key == o.key {
				return true
			}
		}
	}
	p := m.getOrMake(o.uid)
	p.events = append(p.events, happening{o.event, o.key, o.when})
	return true
}

func (m *model) form(o op) {
	var p *person
	if found := m.withEmail(*o.email); len(found) > 0 {
		p = found[0]
	} else {
		p = m.make("")
		p.email = *o.email
		for _, a := range o.attrs {
			if a[1] != "" {
				p.attrs[a[0]] = a[1]
			}
		}
	}
	l := o.lists[0]
	if have, on := p.lists[l]; l == 1 && !(on && have == app.Subscribed) {
		p.lists[l] = app.Pending
		return
	}
	p.lists[l] = app.Subscribed
}

func (m *model) merge(from, to string) bool {
	a, b := m.names[from], m.names[to]
	switch {
	case m.gone(from) || m.gone(to):
		return false
	case from == to || a != nil && a == b:
	case a != nil && b != nil:
		m.fold(a, b)
	case a != nil:
		a.uid, m.names[to] = to, a
	default:
		m.names[from] = m.getOrMake(to)
	}
	return true
}

func (m *model) fold(a, b *person) {
	for name, value := range a.attrs {
		if _, has := b.attrs[name]; !has {
			b.attrs[name] = value
		}
	}
	b.email = cmp.Or(b.email, a.email)
	for token, when := range a.devices {
		b.devices[token] = max(b.devices[token], when)
	}
	b.trim()
	for l, s := range a.lists {
		if have, on := b.lists[l]; !on || s > have {
			b.lists[l] = s
		}
	}
	move := func(p, account *person, role *string) {
		if p == account {
			return
		}
		if have := p.accounts[account]; have == nil {
			p.accounts[account] = role
		}
	}
	for account, role := range a.accounts {
		move(b, account, role)
	}
	for _, p := range m.people {
		if role, is := p.accounts[a]; is && p != a {
			delete(p.accounts, a)
			move(p, b, role)
			b.account = b.account || p != b
		}
	}
	b.events = append(b.events, a.events...)
	for name, p := range m.names {
		if p == a {
			m.names[name] = b
		}
	}
	m.people = slices.DeleteFunc(m.people, func(p *person) bool { return p == a })
}

func (m *model) remove(p *person, erase bool) {
	for name, q := range m.names {
		if q == p {
			delete(m.names, name)
			m.erased[name] = m.erased[name] || erase
		}
	}
	if erase && p.email != "" {
		m.marked[strings.ToLower(p.email)] = true
	}
	for _, q := range m.people {
		delete(q.accounts, p)
	}
	m.people = slices.DeleteFunc(m.people, func(q *person) bool { return q == p })
}

// dump is the whole world as text, in an order that does not depend on how it came about.
func (m *model) dump() string {
	var lines []string
	for _, p := range m.people {
		var accounts, lists, happened, aliases []string
		for a, role := range p.accounts {
			accounts = append(accounts, a.uid+":"+deref(role))
		}
		for l, s := range p.lists {
			lists = append(lists, fmt.Sprint(l, s))
		}
		for _, e := range p.events {
			happened = append(happened, fmt.Sprint(e.name, e.key, int64(e.at)))
		}
		for name, q := range m.names {
			if q == p && name != p.uid {
				aliases = append(aliases, name)
			}
		}
		lines = append(lines, line(p.uid, p.email, p.archived, p.account, p.tokens(), p.attrs, accounts, lists, happened, aliases))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func line(uid, email string, archived, account bool, tokens []string, attrs map[string]string, sets ...[]string) string {
	for _, s := range sets {
		slices.Sort(s)
	}
	return fmt.Sprintf("%q %q archived=%v account=%v devices=%v %v accounts,lists,events,aliases=%v", uid, email, archived, account, tokens, attrs, sets)
}
