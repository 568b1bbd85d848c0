package storage

import (
	"context"
	"database/sql"
	"fmt"

	"kith/app"
)

// segmentRule is what a rule comes to when the segments that it names are put in place.
type segmentRule struct {
	row   int64
	title string
	// conditions are the rule's own, but for those that name a segment.
	conditions int
	refs       []segmentRef
	size       int // with those of the segments in place; 0 until it is known
	visiting   bool
}

// segmentRef is a segment that a rule names, at a path in it.
type segmentRef struct {
	path string
	row  int64
}

func (r *segmentRule) names(row int64) bool {
	for _, ref := range r.refs {
		if ref.row == row {
			return true
		}
	}
	return false
}

// segmentRules are the rules that name others, and those that were asked for.
type segmentRules struct {
	db    *DB
	q     statements
	order []*segmentRule // those that name others, oldest first
	byRow map[int64]*segmentRule
}

func loadRules(db *DB, q statements) (*segmentRules, error) {
	rules := &segmentRules{db: db, q: q, byRow: map[int64]*segmentRule{}}
	err := q.each(background, "segment_naming", nil, func(rows *sql.Rows) error {
		r := &segmentRule{}
		var raw []byte
		var created app.Instant
		if err := rows.Scan(&r.row, &r.title, &raw, &created); err != nil {
			return err
		}
		rule, err := app.ParseRule(raw)
		if err != nil {
			return fmt.Errorf("the stored rule of segment %d: %w", r.row, err)
		}
		rules.fill(r, rule)
		rules.order = append(rules.order, r)
		return nil
	})
	return rules, err
}

// fill notes what a rule is made of. A segment that it names and that is not there has
// no row; only a rule that is being saved can name one.
func (rules *segmentRules) fill(r *segmentRule, rule *app.Rule) {
	rule.Conditions(func(path string, c app.Condition) {
		s, ok := c.(*app.SegmentCondition)
		if !ok || s.Segment == app.AllSegment {
			r.conditions++
			return
		}
		row, _, _ := rules.db.segmentIDs.decode(s.Segment)
		r.refs = append(r.refs, segmentRef{path, row})
	})
	rules.byRow[r.row] = r
}

// at returns a rule, reading it if it names no other and was not read yet.
func (rules *segmentRules) at(row int64) (*segmentRule, error) {
	if r := rules.byRow[row]; r != nil {
		return r, nil
	}
	g, err := loadSegment(background, rules.db, rules.q, row)
	if err != nil {
		return nil, err
	}
	rule, err := app.ParseRule(g.Rule)
	if err != nil {
		return nil, fmt.Errorf("the stored rule of segment %d: %w", row, err)
	}
	r := &segmentRule{row: row, title: g.Title}
	rules.fill(r, rule)
	return r, nil
}

// errCircle is found by whoever walks into a rule that is being walked.
var errCircle = app.Invalid("", "a segment cannot be made of itself")

// measure returns how many conditions a rule has with those of others in place.
func (rules *segmentRules) measure(r *segmentRule) (int, error) {
	if r.visiting {
		return 0, errCircle
	}
	if r.size > 0 {
		return r.size, nil
	}
	r.visiting = true
	defer func() { r.visiting = false }()
	size := r.conditions
	for _, ref := range r.refs {
		in, err := rules.at(ref.row)
		if err != nil {
			return 0, err
		}
		n, err := rules.measure(in)
		if err != nil {
			return 0, err
		}
		size = min(size+max(1, n), 1<<30) // an empty group is something to copy too; what is this large is refused
	}
	r.size = size
	return size, nil
}

// checkRule refuses the rule of a segment that is being saved if it names what is not
// there, or itself, or grows too large with the others in place.
func checkRule(db *DB, q statements, g *app.Segment, rule *app.Rule) error {
	if err := checkNames(db, q, rule); err != nil {
		return err
	}
	rules, err := loadRules(db, q)
	if err != nil {
		return err
	}
	r := &segmentRule{row: g.Row, title: g.Title}
	rules.fill(r, rule)
	r.visiting = true
	size := r.conditions
	for _, ref := range r.refs {
		in, err := rules.at(ref.row)
		if err != nil {
			return err
		}
		n, err := rules.measure(in)
		if err == errCircle {
			return app.Invalid(join(ref.path, "segment"), "the segment %q is made of this one, and a segment cannot be made of itself", in.title)
		}
		if err != nil {
			return err
		}
		size = min(size+max(1, n), 1<<30)
	}
	r.visiting, r.size = false, size
	if size > app.MaxInlined {
		return app.Invalid("rule", "it comes to %d conditions with those of the segments that it names; %d are the most", size, app.MaxInlined)
	}
	if g.Row == 0 {
		return nil
	}
	for _, other := range rules.order {
		if other.row == g.Row {
			continue
		}
		if n, err := rules.measure(other); err != nil {
			return err
		} else if n > app.MaxInlined {
			return app.Invalid("rule", "the segment %q names this one and would come to %d conditions; %d are the most", other.title, n, app.MaxInlined)
		}
	}
	return nil
}

// CheckRule refuses a rule that a segment cannot have, as saving it would: one that names
// what is not there, or itself, or that comes to too much. self is the id of the segment
// that it is to be the rule of, "" for a new one.
func (db *DB) CheckRule(ctx context.Context, rule *app.Rule, self string) error {
	g := &app.Segment{}
	if self != "" {
		var err error
		if g, err = db.FindSegment(ctx, self); err != nil {
			return err
		}
	}
	return checkRule(db, db.queries, g, rule)
}

// checkNames refuses segments, lists and accounts that are not there.
func checkNames(db *DB, q statements, rule *app.Rule) (err error) {
	fault := func(path, member, format string, args ...any) {
		if err == nil {
			err = app.Invalid(join(path, member), format, args...)
		}
	}
	rule.Conditions(func(path string, c app.Condition) {
		var ferr error
		switch c := c.(type) {
		case *app.SegmentCondition:
			if c.Segment == app.AllSegment {
				return
			}
			if _, ferr = findSegment(background, db, q, c.Segment); gone(ferr) {
				fault(path, "segment", "there is no segment with the id %q", c.Segment)
			}
		case *app.ListCondition:
			if _, ferr = findList(background, db, q, c.List); gone(ferr) {
				fault(path, "list", "there is no list with the id %q", c.List)
			}
		case *app.AccountCondition:
			var row int64
			var found bool
			if found, ferr = q.row(background, "customer_find", args(c.Account), &row); ferr == nil && !found {
				fault(path, "account", "there is no account with the id %q", c.Account)
			}
		}
		if ferr != nil && !gone(ferr) && err == nil {
			err = ferr
		}
	})
	return err
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
