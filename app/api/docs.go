package api

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html"
	"html/template"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
	"github.com/goccy/go-yaml"
)

// openAPI is the description of everything under /v1, written by hand. Tests hold it
// against the routes and against real answers.
//
//go:embed pages/openapi.yaml
var openAPI []byte

var docsTemplate = template.Must(template.New("docs.html").Funcs(template.FuncMap{"words": words}).ParseFS(pageFiles, "pages/docs.html"))

// docsPolicy lets the page have its own style and links, and nothing from elsewhere.
const docsPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// mountDocs mounts the description, and the page that is made of it when it is first asked for.
func (a *API) mountDocs(engine *gin.Engine) {
	render := sync.OnceValue(func() []byte {
		page, err := renderDocs(openAPI, a.o.Look)
		if err != nil {
			panic("api: the description of the API is part of the program: " + err.Error())
		}
		return page
	})
	engine.GET("/openapi.yaml", func(c *gin.Context) {
		c.Header("Access-Control-Allow-Origin", "*")
		Send(c.Writer, c.Request, http.StatusOK, "application/yaml; charset=utf-8", openAPI)
	})
	engine.GET("/docs", func(c *gin.Context) {
		c.Header("Content-Security-Policy", docsPolicy)
		Send(c.Writer, c.Request, http.StatusOK, "text/html; charset=utf-8", render())
	})
}

// docsPage is what docs.html shows.
type docsPage struct {
	Look   template.CSS
	Title  string
	Intro  string
	Groups []docsGroup
}

type docsGroup struct {
	ID, Name, Says string
	Calls          []docsCall
}

type docsCall struct {
	ID, Method, Path, Summary, Says, Curl string
	Public, Open                          bool
	Parameters                            []docsField
	Body                                  []docsField
	BodySays                              string
	Answers                               []docsAnswer
}

type docsField struct {
	Name, In, Type, Says string
	Required             bool
}

type docsAnswer struct {
	Status, Says string
	Fields       []docsField
}

// spec reads the description as it is written, in its order.
type spec struct{ root yaml.MapSlice }

// at returns a member of a mapping, nil if there is none.
func at(v any, keys ...string) any {
	for _, key := range keys {
		m, ok := v.(yaml.MapSlice)
		if !ok {
			return nil
		}
		v = nil
		for _, item := range m {
			if fmt.Sprint(item.Key) == key {
				v = item.Value
			}
		}
	}
	return v
}

func text(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// follow returns what a $ref names, or v itself.
func (s *spec) follow(v any) any {
	ref := text(at(v, "$ref"))
	if ref == "" {
		return v
	}
	return at(s.root, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
}

// renderDocs makes the page; look is the style sheet of colours and sizes to go by.
func renderDocs(description []byte, look string) ([]byte, error) {
	var root yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(description, &root, yaml.UseOrderedMap()); err != nil {
		return nil, err
	}
	s := &spec{root}
	page := docsPage{Look: template.CSS(look), Title: text(at(root, "info", "title")), Intro: text(at(root, "info", "description"))}
	for _, tag := range list(at(root, "tags")) {
		name := text(at(tag, "name"))
		page.Groups = append(page.Groups, docsGroup{ID: strings.ToLower(name), Name: name, Says: text(at(tag, "description"))})
	}
	paths, _ := at(root, "paths").(yaml.MapSlice)
	for _, p := range paths {
		shared := list(at(p.Value, "parameters"))
		operations, _ := p.Value.(yaml.MapSlice)
		for _, op := range operations {
			if text(op.Key) == "parameters" {
				continue
			}
			call := s.call(strings.ToUpper(text(op.Key)), text(p.Key), op.Value, shared)
			tag := text(list(at(op.Value, "tags"))[0])
			i := slices.IndexFunc(page.Groups, func(g docsGroup) bool { return g.Name == tag })
			if i < 0 {
				return nil, fmt.Errorf("%s %s has the tag %q, which is none", call.Method, call.Path, tag)
			}
			page.Groups[i].Calls = append(page.Groups[i].Calls, call)
		}
	}
	var out bytes.Buffer
	err := docsTemplate.Execute(&out, page)
	return out.Bytes(), err
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func (s *spec) call(method, path string, op any, shared []any) docsCall {
	c := docsCall{Method: method, Path: path, Summary: text(at(op, "summary")), Says: text(at(op, "description")),
		Public: at(op, "x-public") != nil, ID: strings.ToLower(method) + strings.NewReplacer("/", "-", "{", "", "}", "").Replace(path)}
	if security, ok := at(op, "security").([]any); ok && len(security) == 0 {
		c.Open = true
	}
	for _, p := range append(slices.Clone(shared), list(at(op, "parameters"))...) {
		p = s.follow(p)
		c.Parameters = append(c.Parameters, docsField{Name: text(at(p, "name")), In: text(at(p, "in")), Type: s.typeOf(at(p, "schema")),
			Says: text(at(p, "description")), Required: at(p, "required") == true})
	}
	content, _ := at(op, "requestBody", "content").(yaml.MapSlice)
	var example any
	kind := ""
	for i, k := range content {
		if i == 0 {
			kind, example = text(k.Key), at(k.Value, "example")
			c.Body, c.BodySays = s.fields(at(k.Value, "schema")), kind
		} else {
			c.BodySays += ", or " + text(k.Key)
		}
	}
	answers, _ := at(op, "responses").(yaml.MapSlice)
	for _, r := range answers {
		if text(r.Key) == "default" {
			continue
		}
		answer := s.follow(r.Value)
		c.Answers = append(c.Answers, docsAnswer{Status: text(r.Key), Says: text(at(answer, "description")),
			Fields: s.fields(at(answer, "content", "application/json", "schema"))})
	}
	c.Curl = curlOf(&c, kind, example)
	return c
}

// typeOf is a schema's type in a word or two.
func (s *spec) typeOf(schema any) string {
	if ref := text(at(schema, "$ref")); ref != "" {
		name := ref[strings.LastIndex(ref, "/")+1:]
		if kind := text(at(s.follow(schema), "type")); kind != "object" && kind != "" {
			return kind
		}
		return name
	}
	kind := text(at(schema, "type"))
	switch {
	case kind == "array":
		return "list of " + s.typeOf(at(schema, "items"))
	case at(schema, "enum") != nil:
		var values []string
		for _, v := range list(at(schema, "enum")) {
			values = append(values, text(v))
		}
		kind = strings.Join(values, " | ")
	case text(at(schema, "format")) == "date-time":
		kind = "instant"
	case kind == "":
		kind = "anything"
	}
	if at(schema, "nullable") == true && kind != "anything" {
		kind += " or null"
	}
	return kind
}

// fields are the members of an object's schema, those of its parts included.
func (s *spec) fields(schema any) []docsField {
	schema = s.follow(schema)
	if text(at(schema, "type")) == "array" {
		return s.fields(at(schema, "items"))
	}
	var out []docsField
	for _, part := range list(at(schema, "allOf")) {
		for _, f := range s.fields(part) {
			out = slices.DeleteFunc(out, func(o docsField) bool { return o.Name == f.Name })
			out = append(out, f)
		}
	}
	required := list(at(schema, "required"))
	properties, _ := at(schema, "properties").(yaml.MapSlice)
	for _, p := range properties {
		says := text(at(p.Value, "description"))
		if says == "" {
			says = text(at(s.follow(p.Value), "description"))
		}
		out = append(out, docsField{Name: text(p.Key), Type: s.typeOf(p.Value), Says: says, Required: slices.Contains(required, p.Key)})
	}
	return out
}

var placeholder = regexp.MustCompile(`\{(\w+)\}`)

// curlOf is a call as one types it.
func curlOf(c *docsCall, kind string, example any) string {
	samples := map[string]string{"uid": "u13345", "name": "plan", "token": "TOKEN", "account": "acme"}
	path := placeholder.ReplaceAllStringFunc(c.Path, func(m string) string {
		if v := samples[m[1:len(m)-1]]; v != "" {
			return v
		}
		return strings.ToUpper(m[1 : len(m)-1])
	})
	for _, p := range c.Parameters {
		if p.In == "query" && p.Required {
			path += "?" + p.Name + "=u13345"
		}
	}
	b := "curl"
	if c.Method != http.MethodGet && (c.Method != http.MethodPost || c.BodySays == "") {
		b += " -X " + c.Method
	}
	b += ` "$KITH` + path + `"`
	if !c.Open {
		b += ` -u "$PUBLIC:$PRIVATE"`
	}
	switch {
	case kind == "text/csv":
		b += " \\\n  -H 'Content-Type: text/csv' --data-binary @customers.csv"
	case kind == "application/x-www-form-urlencoded":
		b += " \\\n  -d email=ada@example.com"
	case kind != "":
		body, err := json.Marshal(plainOf(example))
		if example == nil || err != nil {
			body = []byte(sampleOf(c.Body))
		}
		b += " \\\n  -H 'Content-Type: application/json' \\\n  -d '" + string(body) + "'"
	}
	return b
}

// sampleOf is a body made of the members that must be there.
func sampleOf(fields []docsField) string {
	var parts []string
	for _, f := range fields {
		if !f.Required && len(fields) > 1 {
			continue
		}
		value := `"…"`
		switch first, _, _ := strings.Cut(f.Type, " | "); {
		case strings.HasPrefix(f.Type, "list"):
			value = `["…"]`
		case f.Type == "boolean":
			value = "true"
		case f.Type == "Rule":
			value = `{"attribute":"plan","op":"is","value":"pro"}`
		case first != f.Type:
			value = `"` + first + `"`
		}
		parts = append(parts, `"`+f.Name+`":`+value)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// ordered is a mapping whose members keep their order as JSON.
type ordered yaml.MapSlice

func (o ordered) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, item := range o {
		if i > 0 {
			b = append(b, ',')
		}
		key, err := json.Marshal(text(item.Key))
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(plainOf(item.Value))
		if err != nil {
			return nil, err
		}
		b = append(append(append(b, key...), ':'), value...)
	}
	return append(b, '}'), nil
}

func plainOf(v any) any {
	switch v := v.(type) {
	case yaml.MapSlice:
		return ordered(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = plainOf(v[i])
		}
		return out
	}
	return v
}

var (
	bold = regexp.MustCompile(`\*\*([^*]+)\*\*`)
	lean = regexp.MustCompile(`\*([^*]+)\*`)
	code = regexp.MustCompile("`([^`]+)`")
)

// words turns the little that descriptions use of Markdown into HTML.
func words(s string) template.HTML {
	var out strings.Builder
	for _, paragraph := range strings.Split(strings.TrimSpace(s), "\n\n") {
		if paragraph == "" {
			continue
		}
		p := html.EscapeString(paragraph)
		p = bold.ReplaceAllString(p, "<b>$1</b>")
		p = lean.ReplaceAllString(p, "<i>$1</i>")
		p = code.ReplaceAllString(p, "<code>$1</code>")
		out.WriteString("<p>" + p + "</p>")
	}
	return template.HTML(out.String())
}
