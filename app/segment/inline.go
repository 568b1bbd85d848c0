package segment

import (
	"slices"
	"strconv"
	"strings"

	"kith/app"
)

// Inline returns the rule with the rules of the segments that it names put in their place,
// so that what is left are conditions on the customer itself. The result shares parts with
// what it was made of. It fails with CodeInvalid, naming the place in the rule, if there is
// no such segment, if the segments name one another in a circle, or if it comes to more
// than [app.MaxInlined] conditions. self is the id of the segment that the rule is of, "" for none.
func Inline(rule *app.Rule, names Names, self string) (*app.Rule, error) {
	in := inliner{names: names, done: map[string]inlined{}}
	if self != "" {
		in.open = []string{self}
	}
	put, err := in.rule(rule, "")
	return put.rule, err
}

type inliner struct {
	names Names
	open  []string // ids of the segments that are being put in place, from the outermost on
	// inside is how many references lead to where we are: a fault is named by the outermost.
	inside int
	done   map[string]inlined
}

type inlined struct {
	rule       *app.Rule
	conditions int
}

func (in *inliner) rule(r *app.Rule, path string) (inlined, error) {
	if c, ok := r.Condition.(*app.SegmentCondition); ok {
		return in.reference(c, path)
	}
	if r.Condition != nil {
		return inlined{r, 1}, nil
	}
	out := inlined{rule: r}
	for i, part := range r.Rules {
		at := path
		if in.inside == 0 {
			at = partPath(path, r.Group, i)
		}
		put, err := in.rule(part, at)
		if err != nil {
			return out, err
		}
		if out.conditions += put.conditions; out.conditions > app.MaxInlined {
			return out, app.Invalid(or(path, "rule"), "with the segments that it names, it has more than %d conditions", app.MaxInlined)
		}
		if put.rule != part && out.rule == r {
			out.rule = &app.Rule{Group: r.Group, Rules: slices.Clone(r.Rules)}
		}
		out.rule.Rules[i] = put.rule
	}
	return out, nil
}

// partPath is how errors name a part of a group: "all[1].any[0]".
func partPath(path string, group app.GroupKind, i int) string {
	if path != "" {
		path += "."
	}
	return path + group.String() + "[" + strconv.Itoa(i) + "]"
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func (in *inliner) reference(c *app.SegmentCondition, path string) (inlined, error) {
	put, err := in.segment(c.Segment, path)
	if err == nil && c.Not {
		put.rule = &app.Rule{Group: app.None, Rules: []*app.Rule{put.rule}}
	}
	return put, err
}

func (in *inliner) segment(id, path string) (inlined, error) {
	if id == app.AllSegment {
		return inlined{rule: &app.Rule{Group: app.All}}, nil
	}
	if put, ok := in.done[id]; ok {
		return put, nil
	}
	if i := slices.Index(in.open, id); i >= 0 {
		if i == 0 && in.inside == 0 {
			return inlined{}, app.Invalid(or(path, "rule"), "the segment names itself")
		}
		return inlined{}, app.Invalid(or(path, "rule"), "the segments name one another in a circle: %s", in.circle(i))
	}
	_, rule, ok := in.names.Segment(id)
	if !ok {
		return inlined{}, app.Invalid(or(path, "rule"), "there is no segment %q", id)
	}
	in.open = append(in.open, id)
	in.inside++
	put, err := in.rule(rule, path)
	in.inside--
	in.open = in.open[:len(in.open)-1]
	if err == nil {
		in.done[id] = put
	}
	return put, err
}

// circle names the segments from the i-th open one on, and that one again.
func (in *inliner) circle(i int) string {
	var titles []string
	for _, id := range append(slices.Clone(in.open[i:]), in.open[i]) {
		title, _, _ := in.names.Segment(id)
		titles = append(titles, "“"+or(title, id)+"”")
	}
	return strings.Join(titles, " → ")
}
