package integration

import (
	"crypto/sha1"
	"strings"

	"kith/app"
)

// segment and rudderstack speak the same language: their SDKs post it to
// /segment/v1/batch, their servers to a connection's own address.
var (
	segment = &Service{
		Kind: "segment", Name: "Segment", Group: Pipelines, Signs: true, Whole: true,
		Secret: "shared secret", Example: "identify",
		Where: "With Segment's SDKs: give this Kith as the host, and the write key below. From Segment itself: add the Webhooks destination with this address and a shared secret.",
		verify: func(r *Request, c *check) error {
			signature := r.Header.Get("X-Signature")
			if signature == "" {
				return password()(r, c)
			}
			return c.any(func(secret string) bool { return sameHex(mac(sha1.New, secret, r.Body), signature) })
		},
		read: readSegment,
	}
	rudderstack = &Service{
		Kind: "rudderstack", Name: "RudderStack", Group: Pipelines, Whole: true,
		Secret: "password", Example: "identify",
		Where:  "With RudderStack's SDKs: give this Kith as the data plane, and the write key below. RudderStack's own Engage destination works with Kith's API keys.",
		verify: password(), read: readSegment,
	}
)

// readSegment reads one call, or a batch of them.
func readSegment(r *Request, rd *reader) error {
	body, err := parseObject(r.Body)
	if err != nil {
		return err
	}
	calls := body.at("batch")
	if calls.kind() != app.ListKind {
		kind := strings.ToLower(strings.TrimPrefix(strings.TrimPrefix(r.Route, "POST "), "/"))
		rd.out.Event = segmentType(body, kind)
		return readCall(body, kind, rd)
	}
	list := calls.list()
	if len(list) > app.MaxBatchItems {
		return app.Invalid("batch", "has %d items; a batch can have %d", len(list), app.MaxBatchItems)
	}
	rd.out.Event = "batch"
	if len(list) == 1 {
		rd.out.Event = segmentType(list[0], "")
	}
	rd.items(list, func(call value) error { return readCall(call, "", rd) })
	return nil
}

// segmentType is what a call is; its own word wins over the path's.
func segmentType(call value, path string) string {
	if t := firstText([]value{call.at("type"), call.at("action")}); t != "" {
		return strings.ToLower(t)
	}
	return path
}

func readCall(call value, path string, rd *reader) error {
	if call.kind() != app.ObjectKind {
		return app.Invalid("", "a call must be an object, not a %s", call.kind())
	}
	user, visitor := call.first("userId", "user_id").scalar(), call.first("anonymousId", "anonymous_id").scalar()
	uid := user
	if uid == "" {
		uid = visitor
	}
	kind := segmentType(call, path)
	if uid == "" && kind != "" {
		return app.Invalid("userId", "is missing, and anonymousId too; one of them must say who it is")
	}
	timestamp := call.first("timestamp", "originalTimestamp", "sentAt")
	message := call.first("messageId", "message_id").scalar()
	switch kind {
	case "identify":
		if user != "" && visitor != "" && user != visitor {
			rd.add(&app.Merge{From: visitor, To: user, Source: rd.integration.Kind, Visitor: true})
		}
		p, err := rd.traits(uid, call.at("context", "traits"), call.at("traits"))
		if err != nil {
			return err
		}
		p.Device = segmentDevice(call)
		rd.add(p)
	case "track":
		return rd.track(uid, call.at("event").text(), call.at("properties"), timestamp, message)
	case "page", "screen":
		return rd.track(uid, viewed(call, kind), call.at("properties"), timestamp, message)
	case "group":
		return rd.group(uid, call)
	case "alias":
		from := call.first("previousId", "previous_id").scalar()
		if from == "" {
			from = visitor
		}
		if from == "" || user == "" {
			return app.Invalid("previousId", "is missing; it must be the id to fold in")
		}
		rd.add(&app.Merge{From: from, To: user, Source: rd.integration.Kind})
	case "":
		return app.Invalid("type", `is missing; it must be "identify", "track", "page", "screen", "group" or "alias"`)
	default:
		return app.Invalid("type", "%q is no call that is known here", cutText(kind))
	}
	return nil
}

func (r *reader) track(uid, name string, properties, timestamp value, message string) error {
	e, err := r.event(uid, name, properties, timestamp, message)
	if err != nil {
		return err
	}
	r.add(e)
	return nil
}

// viewed names the event of a page or a screen.
// Engage: RudderStack's destination writes "Viewed Help Contact Page".
func viewed(call value, kind string) string {
	words := []string{"Viewed"}
	for _, v := range []value{call.first("category"), call.first("name")} {
		if s := strings.TrimSpace(v.text()); s != "" {
			words = append(words, s)
		}
	}
	if len(words) == 1 {
		for _, name := range []string{"category", "name"} {
			if s := strings.TrimSpace(call.at("properties", name).text()); s != "" {
				words = append(words, s)
			}
		}
	}
	last := map[string]string{"page": "Page", "screen": "Screen"}[kind]
	if name := strings.Join(words, " "); len([]rune(name))+len(last) < app.MaxName {
		return name + " " + last
	}
	return "Viewed " + last
}

// group makes the account, and its member.
func (r *reader) group(uid string, call value) error {
	id := call.first("groupId", "group_id").scalar()
	if id == "" {
		return app.Invalid("groupId", "is missing; it must be your own id of the account")
	}
	account, err := r.traits(id, call.at("traits"))
	if err != nil {
		return err
	}
	yes := true
	account.Profile.IsAccount = &yes
	if account.Profile.FirstName.Given { // an account's name is one
		account.Profile.FirstName, account.Profile.LastName = app.Field{}, app.Field{}
		if name := call.at("traits", "name").text(); name != "" {
			account.Profile.FirstName = app.FieldOf(name)
		}
	}
	role := call.at("traits", "role").text()
	member := app.AccountRole{UID: id}
	if role != "" && len(role) <= app.MaxRole {
		member.Role = &role
	}
	r.add(account, &app.SetProfile{UID: uid, Trusted: true, Accounts: []app.AccountRole{member}, Source: r.integration.Kind})
	return nil
}

// segmentDevice is the push token of the device that a call came from.
func segmentDevice(call value) *app.Device {
	device := call.at("context", "device")
	token := device.at("token").text()
	platform := strings.ToLower(device.at("type").text())
	if token == "" || len(token) > app.MaxToken || platform != "ios" && platform != "android" {
		return nil
	}
	return &app.Device{Token: token, Platform: platform}
}
