package search

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"kith/app"
)

// leastOfGroup is how many letters of a word of a list's or segment's name one must type
// for its customers to be found by it without saying list: or segment:.
const leastOfGroup = 3

// mostGroups bounds how many lists or segments one word may mean.
const mostGroups = 50

// group is a list or a segment, by the words of its name.
type group struct {
	row   int64
	id    string
	title string
	words []string
}

// groups are all of them. They are few: read anew when one is saved.
type groups struct{ lists, segments []group }

// readGroups reads them from the store.
func (e *Engine) readGroups(ctx context.Context) error {
	g := &groups{}
	for p := (app.Page{Limit: 500}); ; {
		lists, more, err := e.store.Lists(ctx, p)
		if err != nil {
			return fmt.Errorf("read the lists' names: %w", err)
		}
		for _, l := range lists {
			g.lists = append(g.lists, group{l.Row, l.ID, l.Title, words(fold(l.Title))})
			p.After = l.Row
		}
		if !more || len(lists) == 0 {
			break
		}
	}
	segments, err := e.store.Segments(ctx)
	if err != nil {
		return fmt.Errorf("read the segments' names: %w", err)
	}
	for _, s := range segments {
		g.segments = append(g.segments, group{s.Row, s.ID, s.Title, words(fold(s.Title))})
	}
	e.groups.Store(g)
	return nil
}

// named are those of groups whose names have each of the words: a word of theirs begins
// with it, or, whole, is it.
func named(groups []group, typed []string, quoted bool) (out []group) {
	if len(typed) == 0 {
		return nil
	}
	for _, g := range groups {
		ok := true
		for _, w := range typed {
			found := false
			for _, have := range g.words {
				found = found || have == w || !quoted && strings.HasPrefix(have, w)
			}
			ok = ok && found
		}
		if ok && len(out) < mostGroups {
			out = append(out, g)
		}
	}
	return out
}

// lists asks for who is on a list of such a name; nil when there is none.
func (k *compiler) lists(typed []string, quoted bool) condition {
	var out anyOf
	for _, g := range named(k.e.groups.Load().lists, typed, quoted) {
		out = append(out, onList(g.row))
	}
	if out == nil {
		return nil
	}
	return out
}

func onList(row int64) condition {
	return termIs{fieldBegins, string(ofList) + strconv.FormatInt(row, 10)}
}

// segments asks for who is in a segment of such a name; nil when there is none.
func (k *compiler) segments(typed []string, quoted bool) condition {
	if k.e.o.Segment == nil {
		return nil
	}
	var out anyOf
	for _, g := range named(k.e.groups.Load().segments, typed, quoted) {
		out = append(out, within{k.e.o.Segment(g.row)})
	}
	if out == nil {
		return nil
	}
	return out
}
