package api

import (
	"strings"

	"kith/app"
	"kith/app/ingest"

	"github.com/gin-gonic/gin"
)

// mountWidgets mounts what the browser widget and the mobile SDKs call beside the
// documented API. Kith has no chat and no banners; these are the answers with which
// the SDKs show none. Engage: see each SDK's source.
func (a *API) mountWidgets(g gin.IRoutes) {
	fixed := func(body string) handler {
		return func(*call) ([]byte, error) { return []byte(body), nil }
	}
	a.route(g, "GET", "/account", public, a.account)
	a.route(g, "GET", "/messages/chat", public, a.chat)
	a.route(g, "GET", "/messages/chat/:thread", public, fixed(`{"messages":[]}`))
	a.route(g, "POST", "/messages/chat", public, noChat)
	a.route(g, "POST", "/messages/chat/ack", public, fixed(`{"status":"ok"}`))
	a.route(g, "GET", "/messages/push/latest", public, fixed(`{}`))
	a.route(g, "GET", "/campaigns/banners/active", public, fixed(`null`))
	a.route(g, "GET", "/campaigns/banners/:id/track", public, fixed(`{"status":"ok"}`))
	a.route(g, "POST", "/messages/mobile/push/:id/track", public, a.pushTrack)
}

func (a *API) account(*call) ([]byte, error) {
	b := append([]byte(`{"id":`), app.Quote(a.o.OrgID)...)
	return append(b, `,"features":{}}`...), nil
}

// chat answers the two generations of SDKs: the browser wants an object, the mobile
// ones a bare array.
func (a *API) chat(c *call) ([]byte, error) {
	agent := strings.ToLower(c.Request.UserAgent())
	for _, mobile := range []string{"okhttp", "cfnetwork", "dalvik", "darwin"} {
		if strings.Contains(agent, mobile) {
			return []byte(`[]`), nil
		}
	}
	return []byte(`{"messages":[]}`), nil
}

func noChat(*call) ([]byte, error) {
	return nil, app.NotFound("Kith has no chat: the message was not stored.")
}

// pushTrack makes an event of what a phone says about a push. The SDKs name the push
// alone, so its id says whose it is: "anything:uid", as the sender put it into
// engage_msg_id; or uid comes beside it.
func (a *API) pushTrack(c *call) ([]byte, error) {
	parts, err := ingest.Object(c.body)
	if err != nil {
		return nil, err
	}
	id := c.Param("id")
	uid, what := c.Query("uid"), ""
	for _, m := range parts {
		text, _ := app.Text(m.Value)
		switch m.Name {
		case "event":
			what = text
		case "uid":
			uid = text
		}
	}
	if what != "delivered" && what != "opened" {
		return nil, app.Invalid("event", `must be "delivered" or "opened", not %q`, shorten(what))
	}
	if uid == "" {
		if _, rest, ok := strings.Cut(id, ":"); ok {
			uid = rest
		}
	}
	if uid == "" {
		return nil, app.NotFound(`It is not known whose push %q is: send engage_msg_id as "anything:uid", or add ?uid=.`, shorten(id))
	}
	if uid, err = ingest.UID("uid", uid); err != nil {
		return nil, err
	}
	e := &app.Track{
		UID: uid, Event: "push." + what, At: c.context().Now, Source: c.source(),
		Properties:    append(append([]byte(`{"message_id":`), app.Quote(id)...), '}'),
		PropertyTypes: []app.PropertyType{{Name: "message_id", Type: app.TypeText}},
	}
	return c.one(e, answerOK)
}

// mountSending answers the calls that send messages: honestly.
func (a *API) mountSending(g gin.IRoutes) {
	notYet := func(c *call) ([]byte, error) {
		c.final = true
		return nil, app.Fail(app.CodeUnavailable, "Kith does not send messages yet: nothing was sent. Keep sending through your provider.")
	}
	for _, kind := range []string{"email", "sms", "push"} {
		a.route(g, "POST", "/send/"+kind, full, notYet)
	}
}
