package command

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf16"
)

// sendAs is send with a content type and headers.
func (m *mockUnderTest) sendAs(method, path, body string, header ...string) int {
	m.t.Helper()
	req, err := http.NewRequestWithContext(m.t.Context(), method, m.url+path, strings.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	req.SetBasicAuth("any public key", "any private key")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := m.client.Do(req)
	if err != nil {
		return 0
	}
	res.Body.Close()
	return res.StatusCode
}

func gzipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(text))
	z.Close()
	return b.String()
}

// wide is a text in UTF-16, as spreadsheets save it.
func wide(text string) string {
	b := []byte{0xFF, 0xFE}
	for _, u := range utf16.Encode([]rune(text)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

// TestMock_keepsNothingOfWhomWasErased sends a person to the mock in every form in which a
// request can hold one, erases them, and looks through what the mock tells and keeps.
func TestMock_keepsNothingOfWhomWasErased(t *testing.T) {
	t.Parallel()
	m := startMock(t, t.TempDir())
	const person = `{"email":"zqxv@example.com","number":"+2347741887741","first_name":"Zqxvna"}`
	m.do("PUT", "/v1/users/u1", `{"email":"someone@example.com"}`)
	m.do("PUT", "/v1/users/zqxv-1", person)
	m.do("POST", "/v1/users/zqxv-1/events", `{"event":"Bought","properties":{"to":"Zqxv road"}}`)
	for _, r := range [][]string{
		{"POST", "/v1/batch", `{"data":[{"type":"event","id":"\u007aqxv\u002d1","event":"Seen"}]}`},
		{"PUT", "/v1/users/" + url.PathEscape("zqxv-1"), person, "Content-Encoding", "none"},
		{"PUT", "/v1/users/zqxv-1", gzipped(person), "Content-Encoding", "gzip"},
		{"GET", "/v1/users?email=zqxv%40example.com", ""},
		{"GET", "/v1/users?number=%2B2347741887741", ""},
		{"GET", "/v1/users/%7Aqxv-1", ""},
		{"GET", "/v1/users?query=zqxv%40example.com", "", "X-Visitor", "zqxv-1"},
		{"POST", "/v1/imports?id=id&dry_run=true", "id,email\nzqxv-1,zqxv@example.com\nu2,two@example.com\n", "Content-Type", "text/csv"},
		{"POST", "/v1/imports?id=id&dry_run=true", gzipped("id,email\nzqxv-1,zqxv@example.com\n"), "Content-Type", "text/csv"},
		{"POST", "/v1/imports?id=id&dry_run=true", wide("id,email\nzqxv-1,zqxv@example.com\n"), "Content-Type", "text/csv"},
		{"POST", "/capture/", "data=" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(`{"event":"Seen","distinct_id":"zqxv-1","api_key":"any"}`))), "Content-Type", "application/x-www-form-urlencoded"},
		{"POST", "/capture/?compression=gzip-js", gzipped(`{"event":"Seen","distinct_id":"zqxv-1","api_key":"any"}`), "Content-Type", "text/plain"},
	} {
		h := append([]string{"Content-Type", "application/json"}, r[3:]...)
		if status := m.sendAs(r[0], r[1], r[2], h...); status >= 500 {
			t.Errorf("%s %s is answered %d", r[0], r[1], status)
		}
	}
	m.do("POST", "/mock/drain", "")
	before := m.do("GET", "/mock/requests", "")
	if len(holds([]byte(before))) == 0 || len(filesThatHold(t, m.folder)) == 0 {
		t.Fatalf("nothing holds the person: the test looks for the wrong thing in %s", m.folder)
	}
	m.do("DELETE", "/v1/users/zqxv-1?erase=true", "")
	m.do("POST", "/mock/drain", "")

	after := m.do("GET", "/mock/requests", "")
	if found := holds([]byte(after)); len(found) > 0 {
		t.Errorf("the record has %v", found)
	}
	for _, encoded := range []string{base64.StdEncoding.EncodeToString([]byte("zqxv-1"))[:6], base64.StdEncoding.EncodeToString([]byte(`{"event":"Seen","distinct_id":"zqxv`))[:40], "z\\u0000q", "%7aqxv"} {
		if strings.Contains(strings.ToLower(after), strings.ToLower(encoded)) {
			t.Errorf("the record has %q: %s", encoded, after)
		}
	}
	for file, found := range filesThatHold(t, m.folder) {
		t.Errorf("%s holds %v", file, found)
	}
	// That it was asked for can be looked for, and what is about others stays.
	if asked := m.requests("?method=DELETE&path=/users/*").Data; len(asked) != 1 || asked[0].Path != "/v1/users/…" || asked[0].Query != "erase=true" {
		t.Errorf("the erasure is recorded as %+v", asked)
	}
	if others := m.requests("?path=/users/u1").Data; len(others) != 1 {
		t.Errorf("of the others' requests there are %+v", others)
	}
}
