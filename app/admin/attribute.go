package admin

import (
	"context"

	"kith/app"
)

// attributeDetail is one attribute's page.
type attributeDetail struct {
	attributeStat
	People int64 `json:"people"` // customers there are
	// Ready is false while the values are still being read; the rest below is then empty.
	Ready    bool         `json:"ready"`
	Distinct int          `json:"distinct"` // 0: too many to be told apart
	Values   []valueCount `json:"values"`
	Texts    int64        `json:"texts"`
	Numeric  int64        `json:"numeric_texts"` // of the texts, how many say a number
	Min      *float64     `json:"min,omitempty"`
	Max      *float64     `json:"max,omitempty"`
	Segments []namedView  `json:"segments"` // whose rules look at it
}

type namedView struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// attributeValues is how many common values an attribute's page shows.
const attributeValues = 25

func (a *Admin) attribute(c *call) (any, error) {
	ctx, name := c.Request.Context(), c.Query("name")
	stats, err := a.attributeStats(ctx)
	if err != nil {
		return nil, err
	}
	v := &attributeDetail{Values: []valueCount{}, Segments: []namedView{}}
	for _, s := range stats {
		if s.Name == name {
			v.attributeStat = s
		}
	}
	if v.Name == "" {
		return nil, app.NotFound("No customer has an attribute of this name.")
	}
	totals, err := a.store.Totals(ctx)
	if err != nil {
		return nil, err
	}
	v.People = totals.Customers
	if a.o.Activity != nil {
		waiting, cancel := context.WithTimeout(ctx, previewWait)
		defer cancel()
		values, ready, err := a.o.Activity.Common(waiting, name, attributeValues)
		if err != nil {
			return nil, err
		}
		v.Ready, v.Distinct, v.Texts, v.Numeric, v.Min, v.Max = ready, values.Distinct, values.Texts, values.Numeric, values.Low, values.High
		for _, x := range values.Top {
			v.Values = append(v.Values, valueCount{string(x.Value), int(x.Count)})
		}
	}
	segments, err := a.store.Segments(ctx)
	if err != nil {
		return nil, err
	}
	for i := range segments {
		rule, err := app.ParseRule(segments[i].Rule)
		if err != nil {
			return nil, err
		}
		looks := false
		rule.Walk(func(r *app.Rule) {
			if cond, ok := r.Condition.(*app.AttributeCondition); ok && cond.Attribute == name {
				looks = true
			}
		})
		if looks {
			v.Segments = append(v.Segments, namedView{segments[i].ID, segments[i].Title})
		}
	}
	return v, nil
}
