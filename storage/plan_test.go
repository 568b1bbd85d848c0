package storage

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"kith/app"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
)

// planOf is how SQLite would run a statement, one step a line.
func planOf(t *testing.T, db *DB, text string, args ...any) []string {
	t.Helper()
	rows, err := db.conn.QueryContext(context.Background(), "explain query plan "+text, args...)
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, detail)
	}
	return plan
}

// openFull opens a folder in which every table has rows, and statistics of them, as a
// folder has after it was closed once.
func openFull(t *testing.T) *DB {
	t.Helper()
	db, err := Open(context.Background(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	yes, title := true, "News"
	var lists []app.Change
	for range 40 {
		lists = append(lists, &app.SaveList{Title: &title})
	}
	results, err := db.Apply(context.Background(), app.Batch{Changes: lists})
	if err != nil {
		t.Fatal(err)
	}
	list, err := db.List(context.Background(), results[0].List)
	if err != nil {
		t.Fatal(err)
	}
	var changes []app.Change
	for i := range 2000 {
		uid := "u" + strconv.Itoa(i)
		p := app.Profile{Email: app.FieldOf(uid + "@example.com"), Number: app.FieldOf("23481600" + strconv.Itoa(10000+i)), IsAccount: &yes}
		changes = append(changes, &app.SetProfile{UID: uid, Trusted: true, Profile: p, Lists: []string{list.ID},
			Device: &app.Device{Token: uid, Platform: "ios"}, Accounts: []app.AccountRole{{UID: "acme"}}},
			&app.Track{UID: uid, Event: "Event " + strconv.Itoa(i%50), Source: strconv.Itoa(i % 50), At: app.Instant(i), MessageID: uid}, &app.Merge{From: "old " + uid, To: uid})
	}
	if _, err := db.Apply(context.Background(), app.Batch{Changes: changes}); err != nil {
		t.Fatal(err)
	}
	fillSegments(t, db)
	return db
}

// fillSegments makes forty segments that everybody enters.
func fillSegments(t *testing.T, db *DB) {
	t.Helper()
	members, err := roaring64.New().ToBytes()
	if err != nil {
		t.Fatal(err)
	}
	title := "Segment"
	var changes []app.Change
	for row := range int64(40) {
		moves := make([]app.Move, 2000)
		for i := range moves {
			moves[i] = app.Move{Customer: int64(i + 1), Entered: true}
		}
		changes = append(changes, &app.SaveSegment{Title: &title, Rule: []byte(`{"segment":"all"}`)},
			&app.BuildSegment{Segment: row + 1, Version: 1, Members: members}, &app.MoveMembers{Segment: row + 1, Version: 1, Moves: moves})
	}
	results, err := db.Apply(context.Background(), app.Batch{Changes: changes})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil || !r.Changed {
			t.Fatalf("%+v", r)
		}
	}
}

var (
	scanned = regexp.MustCompile(`^SCAN (\S+)$|^SCAN (\S+) (USING|LEFT)`)
	served  = regexp.MustCompile(`Served by (?:the )?([a-z_ ]+?)( alone)?[.']`)
)

func TestStatements_useTheIndexTheirCommentsName(t *testing.T) {
	t.Parallel()
	db := openFull(t)
	for _, analysed := range []bool{false, true} {
		if analysed {
			db.Exec(t, "analyze")
		}
		held := 0
		for name, q := range loadQueries() {
			comment := commentOf(t, name)
			marks := len(q.params)
			if q.order != nil {
				marks = len(q.order)
			}
			plan := planOf(t, db, q.text, make([]any, marks)...)
			all := strings.Join(plan, "\n")
			for _, step := range plan {
				if scanned.MatchString(step) && !strings.Contains(comment, "A scan on purpose") {
					t.Errorf("%s (analysed %v): %s", name, analysed, step)
				}
			}
			m := served.FindStringSubmatch(comment)
			if m == nil {
				continue
			}
			held++
			want := "INDEX " + m[1] + " "
			switch m[1] {
			case "row number":
				want = "USING INTEGER PRIMARY KEY"
			case "primary key":
				want = "USING PRIMARY KEY"
			case "unique index and the aliases":
				want = "sqlite_autoindex_customers_1"
			}
			if m[2] != "" {
				want = "USING COVERING " + want
			}
			if !strings.Contains(all+" ", want) {
				t.Errorf("%s (analysed %v) does not use %q:\n%s", name, analysed, want, all)
			}
			if strings.Contains(q.text, "limit") && strings.Contains(all, "TEMP B-TREE FOR ORDER BY") {
				t.Errorf("%s (analysed %v) sorts before it can give a page:\n%s", name, analysed, all)
			}
		}
		if held < 20 {
			t.Errorf("only %d statements name what serves them", held)
		}
	}
}

// commentOf is what stands between a statement's name and its text, on one line.
func commentOf(t *testing.T, name string) string {
	t.Helper()
	files, _ := fs.Glob(sqlFiles, "sql/*.sql")
	for _, file := range files {
		text, err := sqlFiles.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, found := strings.Cut(string(text), "-- name: "+name+"\n")
		if !found {
			continue
		}
		var comment []string
		for _, line := range strings.Split(rest, "\n") {
			if !strings.HasPrefix(line, "-- ") {
				break
			}
			comment = append(comment, line[3:])
		}
		return strings.Join(comment, " ")
	}
	t.Fatalf("no statement %s", name)
	return ""
}

func TestStatements_everyOneIsUsedAndEveryNameUsedExists(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	queries, used := loadQueries(), map[string]bool{}
	at := map[string]int{"exec": 0, "row": 1, "each": 1, "get": 0}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(syntax, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, _ := strconv.Unquote(lit.Value); queries[s] != nil {
					used[s] = true
				}
			}
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			i, ours := at[sel.Sel.Name]
			if !ours || len(call.Args) <= i {
				return true
			}
			if lit, ok := call.Args[i].(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, _ := strconv.Unquote(lit.Value); queries[s] == nil {
					t.Errorf("%s runs a statement %q, which is not there", file, s)
				}
			}
			return true
		})
	}
	for name := range queries {
		if !used[name] {
			t.Errorf("nothing uses the statement %s", name)
		}
	}
}

func TestCustomerQuery_usesAnIndexForEachFilter(t *testing.T) {
	t.Parallel()
	db := openFull(t)
	lists, _, err := db.Lists(context.Background(), app.Page{Limit: 2})
	if err != nil || len(lists) != 2 {
		t.Fatal(lists, err)
	}
	yes, no := true, false
	rows := []struct {
		name   string
		filter app.CustomerFilter
		want   []string // each must be a part of the plan
		walks  bool     // may walk the customers from the newest on, for a page is soon full
		sorts  bool     // may sort what it found: a handful
	}{
		{"none", app.CustomerFilter{}, nil, true, false},
		{"e-mail", app.CustomerFilter{Email: "u1@example.com"}, []string{"INDEX customers_email (email_key=?"}, false, false},
		{"number", app.CustomerFilter{Number: "2348160010001"}, []string{"INDEX customers_number (number=?"}, false, false},
		{"e-mail and number", app.CustomerFilter{Email: "u1@example.com", Number: "2348160010001"}, []string{"INDEX customers_"}, false, false},
		{"a list", app.CustomerFilter{Lists: []string{lists[0].ID}}, []string{"SEARCH s USING PRIMARY KEY (list_id=?", "SEARCH c USING INTEGER PRIMARY KEY"}, false, false},
		{"two lists", app.CustomerFilter{Lists: []string{lists[0].ID, lists[1].ID}}, []string{"subscriptions USING PRIMARY KEY (list_id=?"}, false, false},
		{"accounts", app.CustomerFilter{IsAccount: &yes}, nil, true, false},
		{"people", app.CustomerFilter{IsAccount: &no}, nil, true, false},
		{"archived", app.CustomerFilter{Archived: &yes}, []string{"INDEX customers_archived"}, true, false},
		{"not archived", app.CustomerFilter{Archived: &no}, nil, true, false},
		{"members", app.CustomerFilter{MemberOf: 1}, []string{"memberships USING COVERING INDEX memberships_account (account_id=?"}, false, false},
		{"typed letters", app.CustomerFilter{Prefix: "u1"}, []string{"sqlite_autoindex_customers_1 (uid>? AND uid<?)", "customers_email (email_key>? AND email_key<?)"}, false, true},
		{"typed digits", app.CustomerFilter{Prefix: "+234 816"}, []string{"customers_number (number>? AND number<?)"}, false, true},
	}
	for _, analysed := range []bool{false, true} {
		if analysed {
			db.Exec(t, "analyze")
		}
		for _, row := range rows {
			for _, page := range []struct{ condition, order string }{{"", " desc"}, {"c.id < ?", " desc"}, {"c.id > ?", ""}} {
				q, ok := db.customerQuery(row.filter)
				if !ok {
					t.Fatalf("%s: nothing can match", row.name)
				}
				if page.condition != "" {
					q.and(page.condition, int64(100))
				}
				plan := planOf(t, db, q.text(page.order), append(slices.Clone(q.args), 10)...)
				all := strings.Join(plan, "\n")
				for _, want := range row.want {
					if !strings.Contains(all, want) {
						t.Errorf("%s, %q (analysed %v) does not use %q:\n%s", row.name, page.condition, analysed, want, all)
					}
				}
				for _, step := range plan {
					if scanned.MatchString(step) && !(row.walks && strings.HasPrefix(step, "SCAN c")) {
						t.Errorf("%s, %q (analysed %v): %s", row.name, page.condition, analysed, all)
					}
				}
				if !row.sorts && strings.Contains(all, "TEMP B-TREE") {
					t.Errorf("%s, %q (analysed %v) sorts:\n%s", row.name, page.condition, analysed, all)
				}
			}
		}
	}
}
