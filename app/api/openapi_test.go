package api

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"kith/app/hook"
	"kith/app/importer"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"
)

func described(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openAPI)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return doc
}

var pathParameter = regexp.MustCompile(`[:*](\w+)`)

// Whatever answers under /v1 is described, and whatever is described answers.
func TestOpenAPI_describesTheRoutesAndNoOthers(t *testing.T) {
	t.Parallel()
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	a := &API{o: Options{Hooks: &hook.Desk{}, Imports: &importer.Runner{}}}
	a.Mount(engine)
	var have []string
	for _, r := range engine.Routes() {
		if strings.HasPrefix(r.Path, "/v1/") && !strings.HasPrefix(r.Path, "/v1/users") {
			have = append(have, r.Method+" "+pathParameter.ReplaceAllString(r.Path, "{$1}"))
		}
	}
	have = append(have, "GET /v1/users", "POST /v1/users", "POST /v1/users/merge")
	args := map[string]string{"attributes": "{name}", "tokens": "{token}", "accounts": "{account}"}
	for _, r := range userRoutes {
		path := "/v1/users/{uid}"
		if r.ending != "" {
			path += "/" + r.ending
		}
		if r.arg {
			path += "/" + args[r.ending]
		}
		have = append(have, r.method+" "+path)
	}
	var want []string
	for path, item := range described(t).Paths.Map() {
		for method := range item.Operations() {
			want = append(want, method+" "+path)
		}
	}
	for _, r := range have {
		if !slices.Contains(want, r) {
			t.Errorf("%s answers and is not described", r)
		}
	}
	for _, r := range want {
		if !slices.Contains(have, r) {
			t.Errorf("%s is described and does not answer", r)
		}
	}
	if len(have) < 60 {
		t.Errorf("only %d routes were compared", len(have))
	}
}

// Calls that take the public key say so, and no others do.
func TestOpenAPI_saysWhichKeyIsEnough(t *testing.T) {
	t.Parallel()
	doc := described(t)
	for _, r := range userRoutes {
		if r.arg {
			continue
		}
		path := strings.TrimSuffix("/v1/users/{uid}/"+r.ending, "/")
		op := doc.Paths.Find(path).GetOperation(r.method)
		if _, says := op.Extensions["x-public"]; says != (r.need == public) {
			t.Errorf("%s %s: x-public is %v", r.method, path, says)
		}
	}
}
