package column

import (
	"fmt"
	"slices"
	"time"

	"kith/app"
	"kith/app/segment"
)

// Names resolves what a rule names.
type Names interface {
	segment.Names
	// Source returns the row of a source's name, 0 if there is none.
	Source(name string) int64
}

// Plan is a rule made ready for the columns of one store. It is for one goroutine at a
// time, which holds the store's lock, and good until the store says that it is stale.
type Plan struct {
	store  *Store
	root   node
	leaves []*leaf // in the order in which Walk meets the conditions
	movers []mover
	deps   deps
	now    app.Instant
	// Accounts are the uids that the plan has resolved, and their rows, for the Keeper to
	// look after.
	Accounts map[string]int64
}

// deps are what a plan looks at: a change of anything else cannot turn it.
type deps struct {
	attributes map[string]struct{}
	events     map[string]struct{}
	anyEvent   bool
	lists      map[int64]struct{}
	accounts   bool
	zones      bool // of customers
}

// node is a part of a plan. ready is called before one and all, at each instant and after
// each change of the columns.
type node interface {
	ready(now app.Instant)
	one(slot uint32) bool
	// all returns a fresh set of the slots for which the node holds; bits of slots that are
	// not live mean nothing.
	all() bitset
}

// mover is a leaf whose answer turns with time alone.
type mover interface {
	// next returns the earliest instant after now at which the leaf may turn for somebody.
	next(now app.Instant) (app.Instant, bool)
	// moved calls visit for all for whom the leaf may have turned since from; it returns
	// true when that may be anybody.
	moved(from, to app.Instant, visit func(slot uint32)) bool
}

// Need is a column that a rule wants and the store has not.
type Need struct {
	Attribute string // with rawKey: as it came
	Event     string // app.AnyEvent: all of them
	Property  string
	Hash      bool // of Property
	Sources   bool
	Rows      bool
}

// String says what is needed, for a log.
func (n Need) String() string {
	if n.Event == "" {
		return fmt.Sprintf("attribute %q", n.Attribute)
	}
	return fmt.Sprintf("event %q property %q", n.Event, n.Property)
}

// compiler makes a plan and gathers what is missing.
type compiler struct {
	s     *Store
	names Names
	plan  *Plan
	needs map[Need]struct{}
	depth int
}

// Compile makes a plan of a rule. When columns are missing it returns what they are
// instead; [Store.Load] brings them. The caller holds the store's lock.
func (s *Store) Compile(r *app.Rule, names Names) (*Plan, []Need) {
	c := &compiler{s: s, names: names, needs: map[Need]struct{}{}, plan: &Plan{store: s, deps: deps{
		attributes: map[string]struct{}{}, events: map[string]struct{}{}, lists: map[int64]struct{}{},
	}}}
	c.plan.root = c.rule(r, true)
	if len(c.needs) > 0 {
		var needs []Need
		for n := range c.needs {
			needs = append(needs, n)
		}
		return nil, needs
	}
	return c.plan, nil
}

// rule compiles r; top says that its conditions are the rule's own, not a referenced segment's.
func (c *compiler) rule(r *app.Rule, top bool) node {
	if r.Group != app.NoGroup {
		g := &group{kind: r.Group, store: c.s}
		for _, in := range r.Rules {
			g.nodes = append(g.nodes, c.rule(in, top))
		}
		// What is cheap to ask is asked first: it often decides.
		slices.SortStableFunc(g.nodes, func(a, b node) int { return cost(a) - cost(b) })
		return g
	}
	n := c.condition(r.Condition)
	if !top {
		return n
	}
	leaf := &leaf{node: n}
	c.plan.leaves = append(c.plan.leaves, leaf)
	return leaf
}

// leaf keeps who a condition holds for while it is asked twice: alone and in its rule.
type leaf struct {
	node
	keep bool
	kept bitset
}

func (l *leaf) all() bitset {
	if !l.keep {
		return l.node.all()
	}
	if l.kept == nil {
		l.kept = l.node.all()
	}
	return slices.Clone(l.kept)
}

func (c *compiler) condition(condition app.Condition) node {
	switch x := condition.(type) {
	case *app.AttributeCondition:
		return c.attribute(x)
	case *app.EventCondition:
		return c.event(x)
	case *app.SequenceCondition:
		return c.sequence(x)
	case *app.SegmentCondition:
		return c.segment(x)
	case *app.ListCondition:
		row, _, _ := c.names.List(x.List)
		c.plan.deps.lists[row] = struct{}{}
		return &listLeaf{s: c.s, list: row, c: x}
	case *app.AccountCondition:
		c.plan.deps.accounts = true
		row, _, ok := c.names.Account(x.Account)
		if !ok {
			row = 0
		}
		if c.plan.Accounts == nil {
			c.plan.Accounts = map[string]int64{}
		}
		c.plan.Accounts[x.Account] = row
		return &accountLeaf{s: c.s, account: row, not: x.Not}
	case *app.BucketCondition:
		return &bucketLeaf{s: c.s, c: x}
	}
	panic(fmt.Sprintf("column: unknown condition %T", condition))
}

func (c *compiler) segment(x *app.SegmentCondition) node {
	kind := app.All
	if x.Not {
		kind = app.None
	}
	g := &group{kind: kind, store: c.s}
	if x.Segment == app.AllSegment {
		g.nodes = append(g.nodes, &group{kind: app.All, store: c.s})
		return g
	}
	_, r, ok := c.names.Segment(x.Segment)
	if !ok || c.depth > 50 { // gone, or a circle that was refused when it was saved
		g.nodes = append(g.nodes, &group{kind: app.Any, store: c.s})
		return g
	}
	c.depth++
	g.nodes = append(g.nodes, c.rule(r, false))
	c.depth--
	return g
}

// cost orders nodes by how long one customer takes.
func cost(n node) int {
	switch n := n.(type) {
	case *leaf:
		return cost(n.node)
	case *attrLeaf, *listLeaf, *accountLeaf, *bucketLeaf:
		return 1
	case *eventLeaf:
		return 10 * len(n.parts)
	case *sequenceLeaf:
		return 100
	case *group:
		total := 0
		for _, in := range n.nodes {
			total += cost(in)
		}
		return total
	}
	return 1
}

// need notes a missing column.
func (c *compiler) need(n Need) { c.needs[n] = struct{}{} }

// zoning says in which zone a leaf reckons.
type zoning struct {
	s     *Store
	fixed []*time.Location // one; nil for customers' own
}

func (c *compiler) zoning(name string) zoning {
	switch name {
	case "":
		return zoning{c.s, []*time.Location{c.s.zone}}
	case app.CustomerZone:
		c.plan.deps.zones = true
		return zoning{s: c.s}
	}
	zone, err := app.LoadZone(name)
	if err != nil { // checked when the rule was read
		zone = c.s.zone
	}
	return zoning{c.s, []*time.Location{zone}}
}

func (z zoning) clock(now app.Instant) clockwork {
	if z.fixed != nil {
		return clockwork{now, z.fixed}
	}
	return clockwork{now, z.s.zones}
}

// of is the place of a slot's zone among the clock's.
func (z zoning) of(slot uint32) int {
	if z.fixed != nil || int(slot) >= z.s.zoneOf.n {
		return 0
	}
	return int(z.s.zoneOf.at(slot))
}

// table gives the zone of every slot, nil where there is one zone only.
func (z zoning) table() *vec[uint16] {
	if z.fixed != nil || len(z.s.zones) == 1 {
		return nil
	}
	return &z.s.zoneOf
}

// group combines nodes.
type group struct {
	kind  app.GroupKind
	nodes []node
	store *Store
}

func (g *group) ready(now app.Instant) {
	for _, n := range g.nodes {
		n.ready(now)
	}
}

func (g *group) one(slot uint32) bool {
	for _, n := range g.nodes {
		switch on := n.one(slot); {
		case on && g.kind == app.Any:
			return true
		case on && g.kind == app.None, !on && g.kind == app.All:
			return false
		}
	}
	return g.kind != app.Any
}

func (g *group) all() bitset {
	var out bitset
	for _, n := range g.nodes {
		b := n.all()
		switch {
		case out == nil:
			out = b
		case g.kind == app.All:
			out.and(b)
		default:
			out.or(b)
		}
	}
	if out == nil {
		out = newBits(g.store.count())
		if g.kind != app.Any {
			out.fill()
		}
		return out
	}
	if g.kind == app.None {
		out.invert()
	}
	return out
}

// Ready brings the plan to an instant and to the columns as they stand.
func (p *Plan) Ready(now app.Instant) {
	p.now = now
	p.root.ready(now)
}

// One reports whether the rule holds for a slot.
func (p *Plan) one(slot uint32) bool { return p.store.live.has(slot) && p.root.one(slot) }

// all returns the slots for which the rule holds.
func (p *Plan) all() bitset {
	out := p.root.all()
	out.and(p.store.live)
	return out
}

// Count is who a rule holds for.
type Count struct {
	Members, Total int64
	Conditions     []int64 // alone
	Newest         []int64 // rows
}

// Count counts for everybody, and gives up to sample of the newest.
func (p *Plan) Count(sample int) Count {
	for _, l := range p.leaves {
		l.keep = true
	}
	all := p.all()
	c := Count{Members: int64(all.count()), Total: int64(p.store.live.count())}
	for _, l := range p.leaves {
		if l.kept == nil { // its group was decided without it
			l.kept = l.node.all()
		}
		c.Conditions = append(c.Conditions, int64(l.kept.countAnd(p.store.live)))
		l.keep, l.kept = false, nil
	}
	for _, slot := range all.last(sample) {
		c.Newest = append(c.Newest, p.store.rows.at(slot))
	}
	return c
}

// Members calls take with the rows of everybody for whom the rule holds, upwards, some
// thousands at a time; the list is good until take returns.
func (p *Plan) Members(take func(rows []uint64)) {
	rows := make([]uint64, 0, 4096)
	p.all().each(func(slot uint32) {
		if rows = append(rows, uint64(p.store.rows.at(slot))); len(rows) == cap(rows) {
			take(rows)
			rows = rows[:0]
		}
	})
	take(rows)
}

// Holds reports whether the rule holds for a customer.
func (p *Plan) Holds(row int64) bool {
	slot, ok := p.store.slot(row)
	return ok && p.one(slot)
}

// Next returns the earliest instant after now at which time alone may turn the rule.
func (p *Plan) Next(now app.Instant) (app.Instant, bool) {
	next, found := segment.End, false
	for _, m := range p.movers {
		if t, ok := m.next(now); ok && t < next {
			next, found = max(t, now+1), true
		}
	}
	return next, found
}

// Moved calls visit with the row of each customer for whom time alone may have turned the
// rule since from; it returns true when that may be anybody.
func (p *Plan) Moved(from, to app.Instant, visit func(row int64)) bool {
	if to < from || to-from > 3*app.DayMillis {
		return len(p.movers) > 0
	}
	for _, m := range p.movers {
		if m.moved(from, to, func(slot uint32) {
			if int(slot) < p.store.count() {
				visit(p.store.rows.at(slot))
			}
		}) {
			return true
		}
	}
	return false
}

// Touched calls touch with those of what a window has changed that the plan looks at.
func (p *Plan) Touched(t *Touched, touch func([]Touch)) {
	for name := range p.deps.attributes {
		touch(t.Attributes[name])
	}
	if p.deps.anyEvent {
		for _, list := range t.Events {
			touch(list)
		}
	} else {
		for name := range p.deps.events {
			touch(t.Events[name])
		}
	}
	for list := range p.deps.lists {
		touch(t.Lists[list])
	}
	if p.deps.accounts {
		touch(t.Accounts)
	}
	if p.deps.zones {
		touch(t.Zones)
	}
}
