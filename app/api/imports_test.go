package api_test

import (
	"bytes"
	"compress/gzip"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"kith/app/apitest"
)

const people = "id,First Name,email,plan,visits,joined\n" +
	"p1,Ada,ada@example.com,Fibre 50,3,2024-01-05\n" +
	"p2,Bo,not an address,Fibre 50,4,2024-01-06\n" +
	"p3,Cy,cy@example.com,Fibre 100,,2024-02-07\n" +
	"p4,Di,di@example.com\n"

// sendFile posts a file and returns the answer.
func sendFile(t *testing.T, s *apitest.Server, query, body string, header http.Header) apitest.Answer {
	t.Helper()
	if header == nil {
		header = http.Header{"Content-Type": {"text/csv"}}
	}
	return s.Send(t, apitest.Request{Method: "POST", Path: "/v1/imports" + query, Body: body, Header: header})
}

// importEnded waits for an import's end and returns it.
func importEnded(t *testing.T, s *apitest.Server, a apitest.Answer) []byte {
	t.Helper()
	if a.Status != http.StatusAccepted {
		t.Fatalf("got %d %s", a.Status, a.Body)
	}
	id := apitest.Text(a.Body, "id")
	for range 20_000 { // a machine that others use may take its time
		body := s.Do(t, "GET", "/v1/imports/"+id, "", 200)
		switch apitest.Text(body, "state") {
		case "queued", "running", "undoing":
			time.Sleep(5 * time.Millisecond)
		default:
			return body
		}
	}
	t.Fatal("the import does not end")
	return nil
}

func wantMembers(t *testing.T, body []byte, want map[string]string) {
	t.Helper()
	for name, w := range want {
		if got := string(apitest.Member(body, strings.Split(name, ".")...)); got != w {
			t.Errorf("%s is %s, want %s", name, got, w)
		}
	}
}

func TestImports_aFileIsDryRunStartedReportedAndUndone(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	s.Do(t, "PUT", "/v1/users/p1", `{"first_name":"Ada","meta":{"plan":"Fibre 20"}}`, 200)

	dry := importEnded(t, s, sendFile(t, s, "?dry_run=true&file=people.csv", people, nil))
	wantMembers(t, dry, map[string]string{"state": `"done"`, "dry_run": "true", "file": `"people.csv"`, "rows": "4", "done": "4", "created": "1", "updated": "1",
		"unchanged": "0", "skipped": "0", "failed": "2", "encoding": `"UTF-8"`, "delimiter": `"comma"`, "columns.0.to": `"uid"`, "columns.4.type": `"number"`,
		"columns.5.type": `"date"`, "columns.3.samples.0": `"Fibre 50"`, "error": "null"})
	if a := s.Send(t, apitest.Request{Method: "GET", Path: "/v1/users/p3"}); a.Status != 404 {
		t.Errorf("the dry run made p3: %s", a.Body)
	}
	id := apitest.Text(dry, "id")

	done := importEnded(t, s, s.Send(t, apitest.Request{Method: "POST", Path: "/v1/imports/" + id + "/start?map=" + url.QueryEscape(`{"visits":null}`)}))
	wantMembers(t, done, map[string]string{"id": `"` + id + `"`, "state": `"done"`, "dry_run": "false", "created": "1", "updated": "1", "failed": "2", "columns.4.to": "null"})
	user := s.Do(t, "GET", "/v1/users/p3", "", 200)
	wantMembers(t, user, map[string]string{"first_name": `"Cy"`, "email": `"cy@example.com"`, "meta.plan": `"Fibre 100"`, "created_at": `"2024-02-07T00:00:00.000Z"`})

	report := s.Send(t, apitest.Request{Method: "GET", Path: "/v1/imports/" + id + "/errors.csv"})
	lines := strings.Split(strings.TrimSpace(string(report.Body)), "\r\n")
	if len(lines) != 3 || lines[0] != "kith_line,kith_reason,id,First Name,email,plan,visits,joined" ||
		!strings.HasPrefix(lines[1], "3,") || !strings.HasSuffix(lines[1], ",p2,Bo,not an address,Fibre 50,4,2024-01-06") || lines[2] != "5,it has 3 cells where the header has 6,p4,Di,di@example.com" {
		t.Errorf("the report is\n%s", report.Body)
	}
	first := s.Do(t, "GET", "/v1/imports/"+id+"/errors?limit=1", "", 200)
	wantMembers(t, first, map[string]string{"data.0.line": "3", "data.0.row": `"p2,Bo,not an address,Fibre 50,4,2024-01-06"`})
	if reason := apitest.Text(first, "data", "0", "reason"); !strings.HasPrefix(reason, "email: not an address") || apitest.Member(first, "data", "1") != nil {
		t.Errorf("the first refused row: %s", first)
	}
	if a := s.Send(t, apitest.Request{Method: "GET", Path: "/v1/imports/nothing/errors"}); a.Status != 404 {
		t.Errorf("errors of no import: %d %s", a.Status, a.Body)
	}
	if a := s.Send(t, apitest.Request{Method: "POST", Path: "/v1/imports/" + id + "/cancel"}); a.Status != 409 {
		t.Errorf("an ended import was cancelled: %d %s", a.Status, a.Body)
	}
	s.Do(t, "GET", "/v1/imports", "", 200)

	a := s.Send(t, apitest.Request{Method: "POST", Path: "/v1/imports/" + id + "/undo"})
	a.Status = http.StatusAccepted
	undone := importEnded(t, s, a)
	wantMembers(t, undone, map[string]string{"state": `"undone"`, "removed": "1", "restored": "1", "kept": "0"})
	wantMembers(t, s.Do(t, "GET", "/v1/users/p1", "", 200), map[string]string{"meta": `{"plan":"Fibre 20"}`, "email": "null"})
	if a := s.Send(t, apitest.Request{Method: "GET", Path: "/v1/users/p3"}); a.Status != 404 {
		t.Errorf("p3 is still there: %s", a.Body)
	}
}

func TestImports_begunAfterADryRunAreAsItTriedThem(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	file := "no;who;plan;age\n0045;Ada;NULL;30\n0046;Bo;pro;NULL\n"
	dry := importEnded(t, s, sendFile(t, s, "?dry_run=true&id=no&nulls=blank&map="+url.QueryEscape(`{"who":"first_name"}`), file, nil))
	wantMembers(t, dry, map[string]string{"created": "2", "columns.0.to": `"uid"`, "columns.1.to": `"first_name"`, "columns.3.type": `"number"`, "options.nulls": `"blank"`})
	id := apitest.Text(dry, "id")
	done := importEnded(t, s, s.Send(t, apitest.Request{Method: "POST", Path: "/v1/imports/" + id + "/start?mode=create"}))
	wantMembers(t, done, map[string]string{"dry_run": "false", "created": "2", "mode": `"create"`, "columns.0.to": `"uid"`, "columns.1.to": `"first_name"`})
	wantMembers(t, s.Do(t, "GET", "/v1/users/0045", "", 200), map[string]string{"first_name": `"Ada"`, "meta": `{"age":30}`})
}

func TestImports_readWhatDatabasesEscape(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	file := "id,settings,city\n1,\"{\\\"plan\\\": \\\"pro\\\"}\",Lagos\n2,\\N,Accra\n"
	dry := importEnded(t, s, sendFile(t, s, "?dry_run=true", file, nil))
	wantMembers(t, dry, map[string]string{"created": "2", "failed": "0", "sniffed.escape.value": `"backslash"`})
	told := importEnded(t, s, sendFile(t, s, "?escape=doubled", file, nil))
	wantMembers(t, told, map[string]string{"created": "1", "failed": "1", "sniffed.escape.value": `"doubled"`, "options.escape": `"doubled"`})
	again := importEnded(t, s, sendFile(t, s, "?escape=backslash", file, nil))
	wantMembers(t, again, map[string]string{"failed": "0", "sniffed.escape.told": "true"})
	wantMembers(t, s.Do(t, "GET", "/v1/users/1", "", 200), map[string]string{"meta.settings": `"{\"plan\": \"pro\"}"`})
}

func TestImports_takeAFormAndPackedFiles(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, _ := w.CreateFormFile("file", "list of people.csv")
	_, _ = part.Write([]byte(people))
	w.Close()
	got := importEnded(t, s, sendFile(t, s, "", form.String(), http.Header{"Content-Type": {w.FormDataContentType()}}))
	wantMembers(t, got, map[string]string{"file": `"list of people.csv"`, "created": "2", "failed": "2"})

	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte(people))
	z.Close()
	for _, header := range []http.Header{{"Content-Type": {"text/csv"}}, {"Content-Type": {"text/csv"}, "Content-Encoding": {"gzip"}}} {
		got := importEnded(t, s, sendFile(t, s, "?file=people.csv.gz", packed.String(), header))
		wantMembers(t, got, map[string]string{"state": `"done"`, "unchanged": "2", "failed": "2"})
	}
}

func TestImports_areLargerThanAnyBody(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	var b bytes.Buffer
	b.WriteString("id,note\n")
	for i := range 40_000 {
		b.WriteString("customer number ")
		b.WriteString(strings.Repeat("x", i%50))
		b.WriteByte(byte('a' + i%26))
		b.WriteString(",some text that takes its room in the file\n")
	}
	got := importEnded(t, s, sendFile(t, s, "", b.String(), nil))
	wantMembers(t, got, map[string]string{"state": `"done"`, "rows": "40000", "created": "650", "unchanged": "39350", "duplicates": "39350"})
}

func TestImports_refuseWhatIsNoTableOrDoesNotFit(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	for _, c := range []struct{ query, body, says string }{
		{"", "PK\x03\x04 and so on", "spreadsheet"},
		{"", "\x89PNG\r\n\x1a\n", "image"},
		{"", "a,b\n\x00,2\n", "NUL"},
		{"", `[{"id":"p1"}]`, "JSON"},
		{"", "<!DOCTYPE html><html>", "web page"},
		{"", "id+|name\n1+|Ada\n2+|Bo\n", "+|"},
		{"", "", "empty"},
		{"?id=customer", people, `no column "customer"`},
		{"?match=phone", people, "match"},
		{"?mode=replace", people, "mode"},
		{"?list=000000000000000000000000", people, "list"},
		{"?status=unsubscribed", people, "status"},
		{"?escape=slash", people, "escape"},
		{"?map=%7B", people, "map"},
		{"?map=" + url.QueryEscape(`{"joined":{"to":"meta"}}`), people, "meta"},
		{"?delimiter=ab", people, "delimiter"},
		{"?encoding=klingon", people, "encoding"},
		{"?dry_run=perhaps", people, "dry_run"},
	} {
		a := sendFile(t, s, c.query, c.body, nil)
		if a.Status != 400 && a.Status != 404 {
			t.Errorf("%s %.20q: %d %s", c.query, c.body, a.Status, a.Body)
			continue
		}
		if text := apitest.CheckFailure(t, a); !strings.Contains(text, c.says) {
			t.Errorf("%s %.20q says %q, without %q", c.query, c.body, text, c.says)
		}
	}
	for _, auth := range []apitest.Auth{apitest.NoKeys, apitest.PublicOnly, apitest.WrongPrivate} {
		a := s.Send(t, apitest.Request{Method: "POST", Path: "/v1/imports", Body: people, Auth: auth})
		if a.Status != 401 && a.Status != 403 {
			t.Errorf("%s: %d %s", auth, a.Status, a.Body)
		}
	}
	if a := s.Send(t, apitest.Request{Method: "GET", Path: "/v1/imports/000000000000000000000000"}); a.Status != 404 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// A file of people who have left takes them off whatever list it names, and a dry run that
// is begun for good keeps how they are put on it.
func TestImports_putPeopleOnAListAsUnsubscribed(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	list := apitest.Text(s.Do(t, "POST", "/v1/lists", `{"title":"News"}`, 200), "id")
	for _, uid := range []string{"p1", "p3"} {
		s.Do(t, "PUT", "/v1/users/"+uid, `{}`, 200)
	}
	s.Do(t, "POST", "/v1/users/p1/lists", `{"lists":["`+list+`"]}`, 200)
	dry := importEnded(t, s, sendFile(t, s, "?dry_run=true&status=unsubscribed&list="+list, "uid\np1\np2\np3\n", nil))
	wantMembers(t, dry, map[string]string{"created": "1", "updated": "2", "list": `"` + list + `"`, "status": `"unsubscribed"`, "notes.0": `"1 customer who is on the list is unsubscribed from it."`})
	id := apitest.Text(dry, "id")
	importEnded(t, s, s.Send(t, apitest.Request{Method: "POST", Path: "/v1/imports/" + id + "/start"}))
	for _, uid := range []string{"p1", "p2", "p3"} {
		wantMembers(t, s.Do(t, "GET", "/v1/users/"+uid, "", 200), map[string]string{"lists.0.id": `"` + list + `"`, "lists.0.subscribed": "false"})
	}
	again := importEnded(t, s, sendFile(t, s, "?list="+list, "uid\np1\np2\n", nil))
	wantMembers(t, again, map[string]string{"unchanged": "2", "status": `"subscribed"`})
	wantMembers(t, s.Do(t, "GET", "/v1/users/p1", "", 200), map[string]string{"lists.0.subscribed": "false"})
}

// A segment follows an import in, over what was there, and its undoing out again.
func TestImports_segmentsFollowInAndOut(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	s.Do(t, "PUT", "/v1/users/p1", `{"meta":{"plan":"Fibre 20"}}`, 200)
	id := apitest.Text(s.Do(t, "POST", "/v1/segments", `{"title":"Fibre 100 or 50","rule":{"attribute":"plan","op":"in","value":["Fibre 50","Fibre 100"]}}`, 200), "id")
	count := func() string {
		s.Do(t, "GET", "/v1/status?wait=20s", "", 200)
		return string(apitest.Member(s.Do(t, "GET", "/v1/segments/"+id, "", 200), "count"))
	}
	if got := count(); got != "0" {
		t.Fatalf("at first %s", got)
	}
	done := importEnded(t, s, sendFile(t, s, "", people, nil))
	if got := count(); got != "2" { // p1 and p3; p2's address and p4's short row are refused
		t.Errorf("after the import %s: %s", got, done)
	}
	undone := importEnded(t, s, apitest.Answer{Status: 202, Body: s.Send(t, apitest.Request{Method: "POST", Path: "/v1/imports/" + apitest.Text(done, "id") + "/undo"}).Body})
	if got := count(); got != "0" || apitest.Text(undone, "state") != "undone" {
		t.Errorf("after the undoing %s: %s", got, undone)
	}
}
