package api_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"kith/app"
	"kith/app/apitest"
)

func pathEscape(s string) string { return url.PathEscape(s) }

// jsonSuite returns the bodies of JSONTestSuite by file name.
func jsonSuite(t *testing.T) map[string][]byte {
	t.Helper()
	unzipped, err := gzip.NewReader(bytes.NewReader(apitest.Shared(t, "data", "evil", "jsontestsuite_parsing.tar.gz")))
	if err != nil {
		t.Fatal(err)
	}
	suite := map[string][]byte{}
	for files := tar.NewReader(unzipped); ; {
		head, err := files.Next()
		if err == io.EOF {
			return suite
		}
		if err != nil {
			t.Fatal(err)
		}
		if head.Typeflag != tar.TypeReg {
			continue
		}
		if suite[path.Base(head.Name)], err = io.ReadAll(files); err != nil {
			t.Fatal(err)
		}
	}
}

// bodied are the calls that read a JSON body.
func bodied(list string) []apitest.Request {
	return []apitest.Request{
		{Method: "POST", Path: "/v1/users"},
		{Method: "PUT", Path: "/v1/users/ada"},
		{Method: "POST", Path: "/v1/users/ada/events"},
		{Method: "POST", Path: "/v1/users/merge"},
		{Method: "POST", Path: "/v1/users/ada/lists"},
		{Method: "DELETE", Path: "/v1/users/ada/lists"},
		{Method: "POST", Path: "/v1/users/ada/convert"},
		{Method: "POST", Path: "/v1/users/ada/accounts"},
		{Method: "PUT", Path: "/v1/users/ada/accounts/acme"},
		{Method: "POST", Path: "/v1/batch"},
		{Method: "POST", Path: "/posthog"},
		{Method: "POST", Path: "/v1/lists"},
		{Method: "PUT", Path: "/v1/lists/" + list},
		{Method: "POST", Path: "/v1/lists/" + list + "/subscribers"},
		{Method: "PUT", Path: "/v1/lists/" + list + "/subscribers/ada"},
		{Method: "POST", Path: "/embed/" + list},
		{Method: "POST", Path: "/v1/messages/mobile/push/p:ada/track"},
	}
}

func TestBodies_ofJSONTestSuiteNeverBreakACall(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	s.Do(t, "PUT", "/v1/users/ada", "{}", 200)
	list := apitest.Text(s.Do(t, "POST", "/v1/lists", `{"title":"News"}`, 200), "id")
	counts := map[byte]int{}
	for name, body := range jsonSuite(t) {
		counts[name[0]]++
		valid := app.CheckJSON(body, app.MaxDepth) == nil
		for _, r := range bodied(list) {
			r.Body = string(body)
			if name == "n_structure_no_data.json" || len(bytes.TrimSpace(body)) == 0 {
				continue // an empty body is none: allowed where nothing is needed
			}
			a := s.Send(t, r)
			switch {
			case a.Status == 200 && name[0] == 'n', a.Status == 200 && app.JSONKind(body) != app.ObjectKind:
				t.Errorf("%s %s took %s %.80q", r.Method, r.Path, name, body)
			case a.Status == 200:
			case a.Status != 400:
				t.Errorf("%s %s answered %s %.80q with %d %s", r.Method, r.Path, name, body, a.Status, a.Body)
			default:
				text := apitest.CheckFailure(t, a)
				if name[0] == 'y' && valid && app.JSONKind(body) == app.ObjectKind && strings.Contains(text, "not valid JSON") {
					t.Errorf("%s %s cannot read %s %.80q: %s", r.Method, r.Path, name, body, text)
				}
			}
		}
	}
	if counts['y'] != 95 || counts['n'] != 188 || counts['i'] != 35 {
		t.Errorf("the suite has y %d, n %d, i %d bodies, want 95, 188, 35", counts['y'], counts['n'], counts['i'])
	}
}

func TestValues_ofJSONTestSuiteGoRoundAsAttributes(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	round := 0
	for name, value := range jsonSuite(t) {
		if name[0] == 'n' || app.CheckJSON(value, app.MaxDepth-2) != nil {
			continue
		}
		value = bytes.TrimSpace(value)
		uid := "put-" + name
		got := s.Do(t, "PUT", "/v1/users/"+pathEscape(uid), `{"meta":{"v":`+string(value)+`,"other":1}}`, 200)
		checkValue(t, name, value, apitest.Member(got, "meta", "v"))
		checkValue(t, name, value, apitest.Member(s.Do(t, "GET", "/v1/users/"+pathEscape(uid), "", 200), "meta", "v"))

		s.Do(t, "POST", "/v1/batch", `{"data":[{"type":"update","id":"batch-`+name+`","v":`+string(value)+
			`},{"type":"event","id":"batch-`+name+`","event":"e","value":`+string(value)+`,"properties":{"v":`+string(value)+`}}]}`, 200)
		checkValue(t, name, value, apitest.Member(s.Do(t, "GET", "/v1/users/batch-"+pathEscape(name), "", 200), "meta", "v"))
		events := s.Do(t, "GET", "/v1/users/batch-"+pathEscape(name)+"/events", "", 200)
		if app.JSONKind(value) != app.NullKind {
			checkValue(t, name, value, apitest.Member(events, "data", "0", "value"))
			checkValue(t, name, value, apitest.Member(events, "data", "0", "properties", "v"))
		}
		round++
	}
	if round < 100 {
		t.Errorf("only %d values went round", round)
	}
}

// checkValue holds what came back against what was sent; null removes.
func checkValue(t *testing.T, name string, sent, got []byte) {
	t.Helper()
	if app.JSONKind(sent) == app.NullKind {
		if got != nil {
			t.Errorf("%s: null came back as %q", name, got)
		}
		return
	}
	if !apitest.Same(sent, got) {
		t.Errorf("%s: %.200q came back as %.200q", name, sent, got)
	}
}

func naughtyStrings(t *testing.T) []string {
	t.Helper()
	var out []string
	if err := json.Unmarshal(apitest.Shared(t, "data", "evil", "blns.json"), &out); err != nil {
		t.Fatal(err)
	}
	if len(out) != 515 {
		t.Errorf("there are %d naughty strings, want 515", len(out))
	}
	return out
}

func TestNaughtyStrings_comeBackByteForByte(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	for i, text := range naughtyStrings(t) {
		quoted := string(app.Quote(text))
		id := fmt.Sprintf("n%d", i)
		body := fmt.Sprintf(`{"first_name":%s,"last_name":%s,"meta":{"v":%s,"list":[%s]}}`, quoted, quoted, quoted, quoted)
		s.Do(t, "PUT", "/v1/users/"+id, body, 200)
		got := s.Do(t, "GET", "/v1/users/"+id, "", 200)
		for _, at := range [][]string{{"first_name"}, {"last_name"}, {"meta", "v"}, {"meta", "list", "0"}} {
			if back := apitest.Text(got, at...); back != text {
				t.Errorf("%v: %q came back as %q", at, text, back)
			}
		}
		if strings.TrimSpace(text) == "" {
			continue // an id or a name must say something
		}
		naughtyName(t, s, id, text, quoted)
		naughtyID(t, s, text)
	}
}

// naughtyName uses a text as the name of an attribute, an event and a property.
func naughtyName(t *testing.T, s *apitest.Server, id, text, quoted string) {
	t.Helper()
	status := 200
	if utf8.RuneCountInString(text) > app.MaxName {
		status = 400
	}
	s.Do(t, "PUT", "/v1/users/"+id, fmt.Sprintf(`{"meta":{%s:1}}`, quoted), status)
	s.Do(t, "POST", "/v1/users/"+id+"/events", fmt.Sprintf(`{"event":%s,"value":%s,"properties":{%s:%s}}`, quoted, quoted, quoted, quoted), status)
	if status != 200 {
		return
	}
	if got := s.Do(t, "GET", "/v1/users/"+id, "", 200); string(apitest.Member(got, "meta", text)) != "1" {
		t.Errorf("the attribute %q is not in %s", text, got)
	}
	events := s.Do(t, "GET", "/v1/users/"+id+"/events?event="+url.QueryEscape(text), "", 200)
	for _, at := range [][]string{{"event"}, {"value"}, {"properties", text}} {
		if back := apitest.Text(events, append([]string{"data", "0"}, at...)...); back != text {
			t.Errorf("event %v: %q came back as %q", at, text, back)
		}
	}
}

// naughtyID uses a text as a customer's id, in the path and in a body.
func naughtyID(t *testing.T, s *apitest.Server, text string) {
	t.Helper()
	status := 200
	if utf8.RuneCountInString(text) > app.MaxUID || strings.ContainsRune(text, 0) {
		status = 400
	}
	s.Do(t, "PUT", "/v1/users/"+pathEscape(text), `{"first_name":"by path"}`, status)
	got := s.Do(t, "POST", "/v1/users", fmt.Sprintf(`{"id":%s,"last_name":"by body"}`, app.Quote(text)), status)
	if status == 200 && (apitest.Text(got, "uid") != text || apitest.Text(got, "first_name") != "by path") {
		t.Errorf("the id %q is another one in the path: %s", text, got)
	}
}

func TestEmail_isTakenWhereAMailCouldGo(t *testing.T) {
	t.Parallel()
	var suite struct {
		Tests []struct {
			ID       string `xml:"id,attr"`
			Address  string `xml:"address"`
			Category string `xml:"category"`
		} `xml:"test"`
	}
	if err := xml.Unmarshal(apitest.Shared(t, "data", "evil", "isemail_tests_original.xml"), &suite); err != nil {
		t.Fatal(err)
	}
	if len(suite.Tests) != 279 {
		t.Errorf("the collection has %d addresses, want 279", len(suite.Tests))
	}
	control := func(r rune) rune { // the collection writes U+2400 + c for the control character c
		if r >= 0x2400 && r < 0x2420 {
			return r - 0x2400
		}
		return r
	}
	s := apitest.Start(t)
	taken := 0
	for _, tt := range suite.Tests {
		address := strings.Map(control, tt.Address)
		a := s.Send(t, apitest.Request{Method: "PUT", Path: "/v1/users/e" + tt.ID, Body: `{"email":` + string(app.Quote(address)) + `}`})
		trimmed := strings.TrimFunc(address, unicode.IsSpace)
		_, err := app.CheckEmail(address)
		switch {
		case trimmed == "": // removes
			if a.Status != 200 {
				t.Errorf("%s %q: got %d %s", tt.ID, address, a.Status, a.Body)
			}
		case err != nil:
			if a.Status != 400 || !strings.HasPrefix(apitest.CheckFailure(t, a), "email: ") {
				t.Errorf("%s %q: got %d %s, want 400 because %v", tt.ID, address, a.Status, a.Body, err)
			}
		default:
			taken++
			if got := apitest.Text(a.Body, "email"); a.Status != 200 || got != trimmed {
				t.Errorf("%s %q: got %d %q", tt.ID, address, a.Status, got)
			}
			found := s.Do(t, "GET", "/v1/users?limit=30&email="+url.QueryEscape(strings.ToUpper(trimmed)), "", 200)
			if !bytes.Contains(found, []byte(`"uid":"e`+tt.ID+`"`)) {
				t.Errorf("%s %q is not found by its e-mail", tt.ID, address)
			}
		}
	}
	if taken < 50 {
		t.Errorf("only %d addresses were taken", taken)
	}
}
