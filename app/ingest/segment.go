package ingest

import "kith/app"

// Segment reads the body of POST /segments (id "": a title and a rule are needed) and
// PUT /segments/{id}. Whether what the rule names is there is for storage to say.
func Segment(id string, body []byte) (*app.SaveSegment, error) {
	parts, err := Object(body)
	if err != nil {
		return nil, err
	}
	g := &app.SaveSegment{Segment: id}
	for _, m := range parts {
		switch m.Name {
		case "title":
			g.Title, err = title(m, app.MaxSegmentTitle)
		case "description":
			g.Description, err = description(m, app.MaxSegmentDescription)
		case "rule":
			_, err = rule(m.Value)
			g.Rule = m.Value
		}
		if err != nil {
			return nil, err
		}
	}
	switch {
	case id == "" && g.Title == nil:
		return nil, app.Invalid("title", "is missing")
	case id == "" && g.Rule == nil:
		return nil, app.Invalid("rule", "is missing")
	}
	return g, nil
}

// rule reads one, within the limit of its length.
func rule(raw []byte) (*app.Rule, error) {
	if len(raw) > app.MaxRule {
		return nil, app.Invalid("rule", "has %d bytes; a rule can have %d", len(raw), app.MaxRule)
	}
	return app.ParseRule(raw)
}

// Preview reads the body of POST /segments/preview: a rule, and the id of the segment that
// it is to be the rule of, "" for a new one.
func Preview(body []byte) (r *app.Rule, segment string, err error) {
	parts, err := Object(body)
	if err != nil {
		return nil, "", err
	}
	for _, m := range parts {
		switch m.Name {
		case "rule":
			r, err = rule(m.Value)
		case "segment":
			segment, _, err = scalar(m.Name, m.Value)
		}
		if err != nil {
			return nil, "", err
		}
	}
	if r == nil {
		return nil, "", app.Invalid("rule", "is missing")
	}
	return r, segment, nil
}
