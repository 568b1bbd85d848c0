package integration

import (
	"strings"

	"kith/app"
	"kith/app/ingest"
)

// posthog takes what PostHog's SDKs capture, and what PostHog itself forwards.
var posthog = &Service{
	Kind: "posthog", Name: "PostHog", Group: Pipelines, Whole: true,
	Secret: "password", Example: "$identify",
	Where:  "With PostHog's SDKs: give this Kith as the host, and the project key below. PostHog's own Engage destination works with Kith's API keys.",
	verify: password(), read: readPostHog,
}

func readPostHog(r *Request, rd *reader) error {
	body, err := parse(r.Body)
	if err != nil {
		return err
	}
	list := body.list()
	if batch := body.at("batch"); batch.kind() == app.ListKind {
		list = batch.list()
	} else if body.kind() == app.ObjectKind {
		list = []value{body}
	} else if body.kind() != app.ListKind {
		return app.Invalid("", "the body must be an event, or a batch of them")
	}
	if len(list) > app.MaxBatchItems {
		return app.Invalid("batch", "has %d items; a batch can have %d", len(list), app.MaxBatchItems)
	}
	rd.out.Event = "batch"
	if len(list) == 1 {
		rd.out.Event = list[0].at("event").text()
	}
	if len(list) == 1 && body.kind() == app.ObjectKind && body.at("batch").missing() {
		return readCaptured(list[0], rd)
	}
	rd.items(list, func(e value) error { return readCaptured(e, rd) })
	return nil
}

func readCaptured(e value, rd *reader) error {
	if e.kind() != app.ObjectKind {
		return app.Invalid("", "an event must be an object, not a %s", e.kind())
	}
	name, properties := e.at("event").text(), e.at("properties")
	uid := firstScalar(e.at("distinct_id"), properties.at("distinct_id"))
	switch name {
	case "$pageview", "$screen":
		return rd.captureView(name, uid, e, properties)
	case "$identify":
		if visitor := properties.at("$anon_distinct_id").scalar(); visitor != "" && uid != "" && visitor != uid {
			rd.add(&app.Merge{From: visitor, To: uid, Source: rd.integration.Kind, Visitor: true})
		}
	}
	c := rd.context()
	out, err := ingest.PostHog(e, c)
	if err != nil {
		return err
	}
	rd.add(out.Changes...)
	if len(out.Changes) == 0 {
		rd.skip(name)
	}
	return nil
}

func firstScalar(values ...value) string {
	for _, v := range values {
		if s := v.scalar(); s != "" {
			return s
		}
	}
	return ""
}

// captureView keeps what PostHog's SDKs record of pages and screens: the parts of it
// that say which.
func (r *reader) captureView(name, uid string, e, from value) error {
	if uid == "" {
		return app.Invalid("distinct_id", "is missing; it must be your own id of the customer")
	}
	p := &properties{}
	p.add("url", from.at("$current_url"))
	p.add("path", from.at("$pathname"))
	p.add("title", from.first("title", "$title"))
	p.add("screen", from.at("$screen_name"))
	p.add("referrer", from.at("$referrer"))
	for _, m := range from.members() {
		if !strings.HasPrefix(m.Name, "$") && m.Name != "distinct_id" && m.Name != "token" && !p.has(m.Name) {
			p.add(m.Name, m.Value)
		}
	}
	event := map[string]string{"$pageview": "Viewed Page", "$screen": "Viewed Screen"}[name]
	return r.track(uid, event, app.JoinMembers(p.members), e.at("timestamp"), e.at("uuid").text())
}
