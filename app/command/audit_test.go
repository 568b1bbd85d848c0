package command

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"kith/app"
)

// logged are the lines of the audit log from a number on, oldest first, and the newest number.
func (l *living) logged(after int64) (out []app.Audited, newest int64) {
	l.t.Helper()
	lines, more, err := l.h.db.AuditLog(l.t.Context(), app.AuditFilter{}, 1000)
	if err != nil || more {
		l.t.Fatal(err, more)
	}
	for i := len(lines) - 1; i >= 0; i-- {
		if newest = lines[i].Row; newest > after {
			out = append(out, lines[i])
		}
	}
	return out, newest
}

// as sends a request with a pair of keys.
func (l *living) as(public, private, method, path, kind, body string) (int, string) {
	l.t.Helper()
	req, err := http.NewRequestWithContext(l.t.Context(), method, l.url+path, strings.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	req.SetBasicAuth(public, private)
	res, answer := l.raw(method, path, kind, body, "Authorization", req.Header.Get("Authorization"))
	return res.StatusCode, answer
}

// TestAudit_whatAnAPIKeyDoes calls the API with a key as a team's own server would, and
// reads who did what, from where, to which thing; what only brings data leaves no line.
func TestAudit_whatAnAPIKeyDoes(t *testing.T) {
	t.Parallel()
	l := newLiving(t)
	key, private, err := l.h.db.CreateKey(t.Context(), "billing server")
	if err != nil {
		t.Fatal(err)
	}
	var row int64
	// call wants those lines after a call, each "action target"; * is any target.
	call := func(method, path, kind, body string, lines ...string) string {
		t.Helper()
		status, answer := l.as(key.Public, private, method, path, kind, body)
		if status >= 300 {
			t.Fatalf("%s %s is answered %d %s", method, path, status, answer)
		}
		var log []app.Audited
		log, row = l.logged(row)
		var got []string
		for i, line := range log {
			target := line.Target
			if i < len(lines) && strings.HasSuffix(lines[i], " *") && target != "" {
				target = "*"
			}
			got = append(got, strings.TrimSpace(line.Action+" "+target))
			if line.By != app.ByKey(key.Row) || line.Address != "127.0.0.1" || line.State != app.DeedDone {
				t.Errorf("%s %s: the line is %+v", method, path, line)
			}
		}
		if strings.Join(got, ", ") != strings.Join(lines, ", ") {
			t.Errorf("%s %s leaves %v in the log, want %v", method, path, got, lines)
		}
		return answer
	}
	post := func(method, path, body string, lines ...string) string {
		t.Helper()
		return call(method, path, "application/json", body, lines...)
	}
	id := func(uid string) string { return member(t, l.must("GET", "/v1/users/"+uid, ""), "id") }

	post("PUT", "/v1/users/u1", `{"email":"zqxv@example.com","first_name":"Zqxv"}`)
	for _, uid := range []string{"u2", "u3", "u4", "u5", "acme"} {
		post("PUT", "/v1/users/"+uid, `{}`)
	}
	post("POST", "/v1/users/u1/events", `{"event":"Seen"}`)
	post("POST", "/v1/batch", `{"data":[{"type":"event","id":"u1","event":"Seen"}]}`)
	list := member(t, post("POST", "/v1/lists", `{"title":"Friends of Zqxv"}`, "list.create *"), "id")
	post("PUT", "/v1/lists/"+list, `{"title":"Zqxv's"}`, "list.change "+list)
	post("POST", "/v1/users/u1/lists", `{"lists":["`+list+`"]}`)
	post("POST", "/v1/lists/"+list+"/subscribers", `{"email":"zqxv2@example.com"}`)
	post("DELETE", "/v1/lists/"+list, "", "list.archive "+list)
	segment := member(t, post("POST", "/v1/segments", `{"title":"S","rule":{"event":"Seen"}}`, "segment.create *"), "id")
	post("PUT", "/v1/segments/"+segment, `{"title":"T"}`, "segment.change "+segment)
	post("POST", "/v1/segments/preview", `{"rule":{"event":"Seen"}}`)
	post("GET", "/v1/segments/"+segment+"/export", "", "segment.export "+segment)
	post("DELETE", "/v1/segments/"+segment, "", "segment.delete "+segment)
	post("POST", "/v1/users/acme/convert", `{"type":"account"}`, "customer.convert "+id("acme"))
	account := id("acme")
	post("DELETE", "/v1/users/acme", "", "customer.delete "+account)
	u3 := id("u3")
	post("POST", "/v1/users/u3/archive", "", "customer.archive "+u3)
	post("POST", "/v1/users/u3/archive", "") // as it was
	post("POST", "/v1/users/u3/unarchive", "", "customer.unarchive "+u3)
	post("POST", "/v1/users/merge", `{"source":"u2","destination":"u3"}`, "customer.merge "+u3)
	post("GET", "/v1/users/u1/dossier", "", "customer.dossier "+id("u1"))
	post("GET", "/v1/export/customers", "", "customer.export")
	post("GET", "/v1/export/events?format=csv", "", "event.export")
	post("GET", "/v1/users", "")
	u1 := id("u1")
	post("DELETE", "/v1/users/u1?erase=true", "", "customer.erase "+u1)
	post("PUT", "/v1/users/u1?lift_erasure=true", `{"first_name":"Zqxv"}`, "customer.lift_erasure "+"*")
	in := member(t, post("POST", "/v1/integrations", `{"kind":"stripe","secret":"whsec_zqxv"}`, "integration.create *"), "id")
	post("PUT", "/v1/integrations/"+in, `{"kind":"stripe","secret":"whsec_zqxv2"}`, "integration.change "+in)
	post("GET", "/v1/integrations/"+in+"/deliveries", "")
	post("DELETE", "/v1/integrations/"+in, "", "integration.remove "+in)
	imp := member(t, call("POST", "/v1/imports?id=id&dry_run=true", "text/csv", "id,plan\nu4,Zqxv\n", "import.create *"), "id")
	await := func(state string) {
		l.eventually("the import", func() bool { return member(t, l.must("GET", "/v1/imports/"+imp, ""), "state") == state })
	}
	await("done")
	post("POST", "/v1/imports/"+imp+"/start?id=id", "", "import.start "+imp)
	await("done")
	post("POST", "/v1/imports/"+imp+"/undo", "", "import.undo "+imp)
	await("undone")

	// What is refused leaves no line, and nothing of a person or a secret stands in any.
	if status, _ := l.as(key.Public, private, "DELETE", "/v1/users/nobody", "", ""); status != 404 {
		t.Errorf("nobody is deleted with %d", status)
	}
	lines, newest := l.logged(0)
	if newest != row {
		t.Error("a refused call left a line")
	}
	text, _ := json.Marshal(lines)
	for _, secret := range []string{"zqxv", private, key.Public} {
		if strings.Contains(strings.ToLower(string(text)), strings.ToLower(secret)) {
			t.Errorf("the log holds %q: %s", secret, text)
		}
	}
}
