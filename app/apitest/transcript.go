package apitest

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"kith/app"
)

// A transcript is a text file: what is sent, and below it what came back.
//
//	# a remark
//	> PUT /v1/users/ada public        method, path, keys (full when left out)
//	+ Idempotency-Key: k1             a header
//	{"first_name":"Ada"}              the body, up to the next line that begins with < or >
//	< 200
//	{"id":"<1>","uid":"ada"}
//	@ 24h                             the clock moves
//
// Internal ids are written <1>, <2>, … in the order in which they first came up; in a
// request they stand for the id. <next> and <previous> are the cursors of the answer
// before, <confirm:LIST:UID> is the confirmation link of a pending subscription.
// A User object is written without the members that have nothing to say, unless a
// remark "# whole" stands in the file.
type transcript struct {
	steps []*step
}

type step struct {
	remarks []string
	move    time.Duration
	request Request
	answer  string // as written
}

func readTranscript(t *testing.T, file string) (string, *transcript) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	tr, err := parseTranscript(string(text))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return string(text), tr
}

// Play runs a transcript against a server of its own and fails the test where an answer
// is another one. With update it writes the answers into the file instead. strip leaves
// /v1 out of every path: Engage's older SDKs do.
func Play(t *testing.T, file string, strip, update bool) {
	t.Helper()
	text, tr := readTranscript(t, file)
	p := &player{s: Start(t), names: map[string]string{}, whole: strings.Contains(text, "# whole\n")}
	var out strings.Builder
	for _, st := range tr.steps {
		for _, r := range st.remarks {
			out.WriteString(r + "\n")
		}
		if st.move != 0 {
			p.s.Clock.Move(st.move)
			fmt.Fprintf(&out, "@ %s\n", strings.TrimSuffix(st.move.String(), "0m0s"))
			continue
		}
		got := p.play(t, st, strip)
		if !update && bare(got, strip) != bare(st.answer, strip) {
			t.Errorf("%s: %s %s %s\n%s\ngot:\n%swant:\n%s", file, st.request.Method, st.request.Path, st.request.Auth, st.request.Body, got, st.answer)
		}
		out.WriteString(st.requestText())
		out.WriteString(got)
	}
	if update && !strip && out.String() != text {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Each plays a transcript and shows every request with its answer, whatever that says.
func Each(t *testing.T, file string, seen func(Request, Answer)) {
	t.Helper()
	_, tr := readTranscript(t, file)
	p := &player{s: Start(t), names: map[string]string{}, seen: seen}
	for _, st := range tr.steps {
		if st.move != 0 {
			p.s.Clock.Move(st.move)
			continue
		}
		p.play(t, st, false)
	}
}

// bare is an answer without the /v1 of paths that it repeats.
func bare(answer string, strip bool) string {
	if !strip {
		return answer
	}
	return strings.ReplaceAll(answer, "/v1/", "/")
}

func parseTranscript(text string) (*transcript, error) {
	tr := &transcript{}
	var at *step
	var remarks, answer []string
	inAnswer := false
	finish := func() {
		if at != nil && inAnswer {
			at.answer = strings.Join(answer, "\n") + "\n"
		}
		answer, inAnswer = nil, false
	}
	for n, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		switch {
		case strings.HasPrefix(line, "> "):
			finish()
			parts := strings.Fields(line)
			if len(parts) < 3 {
				return nil, fmt.Errorf("line %d: a request needs a method and a path", n+1)
			}
			at = &step{remarks: remarks, request: Request{Method: parts[1], Path: parts[2], Auth: Full, Header: http.Header{}}}
			if len(parts) > 3 {
				at.request.Auth = Auth(parts[3])
			}
			remarks = nil
			tr.steps = append(tr.steps, at)
		case strings.HasPrefix(line, "@ "):
			finish()
			d, err := time.ParseDuration(strings.TrimSpace(line[2:]))
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", n+1, err)
			}
			tr.steps = append(tr.steps, &step{remarks: remarks, move: d})
			remarks, at = nil, nil
		case strings.HasPrefix(line, "#") || line == "":
			finish()
			at = nil
			remarks = append(remarks, line)
		case at != nil && strings.HasPrefix(line, "+ ") && !inAnswer && at.request.Body == "":
			name, value, _ := strings.Cut(line[2:], ":")
			at.request.Header.Add(name, strings.TrimSpace(value))
		case at != nil && strings.HasPrefix(line, "< "):
			inAnswer = true
			answer = append(answer, line)
		case at != nil && inAnswer:
			answer = append(answer, line)
		case at != nil:
			if at.request.Body != "" {
				at.request.Body += "\n"
			}
			at.request.Body += line
		default:
			return nil, fmt.Errorf("line %d: %q belongs to no request", n+1, line)
		}
	}
	finish()
	return tr, nil
}

func (st *step) requestText() string {
	r := &st.request
	b := "> " + r.Method + " " + r.Path
	if r.Auth != Full {
		b += " " + string(r.Auth)
	}
	b += "\n"
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for _, v := range r.Header[name] {
			b += "+ " + name + ": " + v + "\n"
		}
	}
	if r.Body != "" {
		b += r.Body + "\n"
	}
	return b
}

// player holds what the placeholders of one run stand for.
type player struct {
	s              *Server
	names          map[string]string // id → <n>
	ids            []string
	next, previous string
	whole          bool
	seen           func(Request, Answer) // if set, is shown each request with its answer
}

func (p *player) play(t *testing.T, st *step, strip bool) string {
	t.Helper()
	r := st.request
	if strip && !strings.HasPrefix(r.Path, "/v1/events") { // Kith's own, under /v1 alone
		r.Path = strings.TrimPrefix(r.Path, "/v1")
	}
	r.Path, r.Body = p.fill(t, r.Path), p.fill(t, r.Body)
	a := p.s.Send(t, r)
	if p.seen != nil {
		p.seen(r, a)
	}
	p.next, p.previous = Text(a.Body, "next_cursor"), Text(a.Body, "previous_cursor")
	var b strings.Builder
	fmt.Fprintf(&b, "< %d\n", a.Status)
	for _, name := range []string{"Location", "Idempotent-Replayed", "Retry-After", "Content-Encoding", "Content-Disposition",
		"Access-Control-Allow-Methods", "Access-Control-Allow-Headers"} {
		if v := a.Header.Get(name); v != "" {
			fmt.Fprintf(&b, "< %s: %s\n", name, v)
		}
	}
	kind, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";")
	switch {
	case kind == "application/json":
		if err := app.CheckJSON(a.Body, 100); err != nil {
			t.Errorf("%s %s: the answer %q is no JSON: %v", r.Method, r.Path, a.Body, err)
		}
		b.WriteString(layOut(p.hide(a.Body), "", !p.whole))
	default:
		fmt.Fprintf(&b, "< Content-Type: %s\n", kind)
		body := string(p.hide(a.Body))
		if kind == "text/html" {
			body = readable(body)
		}
		b.WriteString(strings.TrimSuffix(body, "\n"))
	}
	b.WriteString("\n")
	return b.String()
}

var (
	placeholder = regexp.MustCompile(`<(\d+|next|previous|confirm:<\d+>:[^>]+)>`)
	internalID  = regexp.MustCompile(`\b[0-9a-f]{24}\b`)
	placeCursor = regexp.MustCompile(`("(?:next|previous)_cursor":)"[A-Za-z0-9_-]{22}"`)
)

// fill puts in what the placeholders of a request stand for.
func (p *player) fill(t *testing.T, text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(m string) string {
		switch inner := m[1 : len(m)-1]; {
		case inner == "next":
			return p.next
		case inner == "previous":
			return p.previous
		case strings.HasPrefix(inner, "confirm:"):
			list, uid, _ := strings.Cut(strings.TrimPrefix(inner, "confirm:"), ":")
			return p.confirmation(t, p.fill(t, list), p.fill(t, uid))
		}
		n := 0
		_, _ = fmt.Sscanf(m, "<%d>", &n)
		if n < 1 || n > len(p.ids) {
			t.Fatalf("%s stands for no id yet", m)
		}
		return p.ids[n-1]
	})
}

func (p *player) confirmation(t *testing.T, list, uid string) string {
	ctx := context.Background()
	l, err := p.s.DB.FindList(ctx, list)
	if err != nil {
		t.Fatal(err)
	}
	customer, err := p.s.DB.Find(ctx, uid)
	if err != nil {
		t.Fatal(err)
	}
	return p.s.DB.ConfirmationToken(l.Row, customer)
}

// hide replaces what differs from run to run.
func (p *player) hide(body []byte) []byte {
	body = bytes.ReplaceAll(body, []byte(p.s.DB.OrgID()), []byte("<org>"))
	body = internalID.ReplaceAllFunc(body, func(id []byte) []byte {
		name, ok := p.names[string(id)]
		if !ok {
			p.ids = append(p.ids, string(id))
			name = fmt.Sprintf("<%d>", len(p.ids))
			p.names[string(id)] = name
		}
		return []byte(name)
	})
	return placeCursor.ReplaceAll(body, []byte(`$1"<cursor>"`))
}

// silent are the members of a User object that say nothing.
var silent = []string{
	`"uid_updateable":false`, `"first_name":null`, `"last_name":null`, `"number":null`, `"email":null`, `"devices":[]`, `"accounts":[]`,
	`"is_account":false`, `"member_count":null`, `"archived":false`, `"lists":[]`, `"segments":[]`, `"meta":{}`,
	`"created_at":"2026-03-01T12:00:00.000Z"`, `"last_interaction":null`,
	`"stats":{"delivered":0,"failed":0,"opened":0,"clicked":0,"unique_opens":0,"unique_clicks":0}`,
}

// withoutDefaults shortens a User object, and leaves anything else as it is.
func withoutDefaults(raw []byte) []byte {
	if app.JSONKind(raw) != app.ObjectKind || Member(raw, "stats") == nil {
		return raw
	}
	members, _ := app.Members(raw, nil)
	b := []byte{'{'}
	for _, m := range members {
		text := string(app.Quote(m.Name)) + ":" + string(m.Value)
		if slices.Contains(silent, text) {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(b, text...)
	}
	return append(b, '}')
}

// lineWidth is how wide a JSON value may be before its parts get lines of their own.
const lineWidth = 140

// layOut breaks a JSON value into lines without touching a value.
func layOut(raw []byte, indent string, brief bool) string {
	if brief {
		raw = withoutDefaults(raw)
	}
	if len(indent)+len(raw) <= lineWidth {
		return string(raw)
	}
	var b strings.Builder
	deeper := indent + " "
	switch app.JSONKind(raw) {
	case app.ObjectKind:
		members, err := app.Members(raw, nil)
		if err != nil {
			return string(raw)
		}
		b.WriteString("{")
		width := 0
		for i, m := range members {
			text := string(app.Quote(m.Name)) + ":" + layOut(m.Value, deeper, brief)
			if i > 0 {
				b.WriteString(",")
			}
			if i > 0 && (width+len(text) > lineWidth-len(deeper) || strings.Contains(text, "\n")) {
				b.WriteString("\n" + deeper)
				width = 0
			}
			b.WriteString(text)
			width += len(text)
		}
		b.WriteString("}")
	case app.ListKind:
		items, err := app.Elements(raw, nil)
		if err != nil {
			return string(raw)
		}
		b.WriteString("[")
		for i, item := range items {
			if i > 0 {
				b.WriteString(",")
			}
			b.WriteString("\n" + deeper + layOut(item, deeper, brief))
		}
		b.WriteString("]")
	default:
		return string(raw)
	}
	return b.String()
}

var (
	tags   = regexp.MustCompile(`<[^>]*>`)
	styles = regexp.MustCompile(`(?s)<(style|title)>.*?</(style|title)>`)
	inputs = regexp.MustCompile(`<input name="([^"]*)"[^>]*>`)
)

// readable is what a person reads of a page.
func readable(page string) string {
	page = inputs.ReplaceAllString(styles.ReplaceAllString(page, ""), "[$1]")
	var lines []string
	for _, line := range strings.Split(tags.ReplaceAllString(page, ""), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}
