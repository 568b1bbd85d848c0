package api_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"kith/app/apitest"

	"github.com/getkin/kin-openapi/openapi3"
)

// callOf is a described path as it is matched against a real one.
type callOf struct {
	shape *regexp.Regexp
	fixed int // letters that are not a parameter's
	item  *openapi3.PathItem
}

func callsOf(doc *openapi3.T) []callOf {
	parameter := regexp.MustCompile(`\\\{(\w+)\\\}`)
	var out []callOf
	for path, item := range doc.Paths.Map() {
		shape := parameter.ReplaceAllStringFunc(regexp.QuoteMeta(path), func(m string) string {
			if m == `\{uid\}` {
				return `.+` // ids may hold a slash
			}
			return `[^/]+`
		})
		fixed := len(regexp.MustCompile(`\{\w+\}`).ReplaceAllString(path, ""))
		out = append(out, callOf{regexp.MustCompile("^" + shape + "$"), fixed, item})
	}
	slices.SortFunc(out, func(a, b callOf) int { return b.fixed - a.fixed })
	return out
}

// Every answer of the transcripts, right or refused, has the shape that is described.
func TestOpenAPI_realAnswersHaveTheDescribedShape(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	text := s.Send(t, apitest.Request{Method: "GET", Path: "/openapi.yaml", Auth: apitest.NoKeys})
	doc, err := openapi3.NewLoader().LoadFromData(text.Body)
	if err != nil {
		t.Fatal(err)
	}
	calls := callsOf(doc)
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d transcripts (%v)", len(files), err)
	}
	held, refused := 0, 0
	check := func(file string, r apitest.Request, a apitest.Answer) {
		kind, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";")
		where, err := url.Parse(r.Path)
		if err != nil || kind != "application/json" || r.Method == "OPTIONS" {
			return
		}
		path := where.EscapedPath()
		if !strings.HasPrefix(path, "/v1/") {
			path = "/v1" + path
		}
		for _, c := range calls {
			op := c.item.GetOperation(r.Method)
			if op == nil || !c.shape.MatchString(path) {
				continue
			}
			response := op.Responses.Value(strconv.Itoa(a.Status))
			if response == nil && a.Status >= 400 {
				response = op.Responses.Default()
				refused++
			}
			if response == nil {
				t.Errorf("%s: %s %s answers %d, which is not described", file, r.Method, r.Path, a.Status)
				return
			}
			media := response.Value.Content.Get("application/json")
			if media == nil || media.Schema == nil {
				return
			}
			var value any
			d := json.NewDecoder(bytes.NewReader(a.Body))
			if err := d.Decode(&value); err != nil {
				t.Errorf("%s: %s %s: %v", file, r.Method, r.Path, err)
				return
			}
			if err := media.Schema.Value.VisitJSON(value); err != nil {
				t.Errorf("%s: %s %s answers %s\nwhich is not as described: %v", file, r.Method, r.Path, a.Body, err)
			}
			held++
			return
		}
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			apitest.Each(t, file, func(r apitest.Request, a apitest.Answer) { check(file, r, a) })
		})
	}
	if held < 200 || refused < 50 {
		t.Errorf("only %d answers were held against the description, %d of them refusals", held, refused)
	}
}

func TestDocs_isReadableWithoutAScriptAndFetchesNothing(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	a := s.Send(t, apitest.Request{Method: "GET", Path: "/docs", Auth: apitest.NoKeys})
	if a.Status != 200 || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
		t.Fatalf("%d %s", a.Status, a.Header.Get("Content-Type"))
	}
	page := string(a.Body)
	for _, want := range []string{`<article id="post-v1-users-uid-events">`, `curl &#34;$KITH/v1/users/u13345/events&#34; -u &#34;$PUBLIC:$PRIVATE&#34;`,
		`{&#34;event&#34;:&#34;Purchased bandwidth&#34;,&#34;value&#34;:50,`, "public key is enough", "Idempotency-Key"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, not := range []string{"<script", "src=", "@import", "url(", "$ref", "ZgotmplZ", "%!"} {
		if strings.Contains(page, not) {
			t.Errorf("the page holds %s", not)
		}
	}
	if policy := a.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("the page's policy is %q", policy)
	}
}
