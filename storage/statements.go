package storage

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed sql/*.sql sql/schema/*.sql
var sqlFiles embed.FS

// namedQuery is one statement of storage/sql. Its :names were turned into plain
// question marks, which the driver binds without looking names up; order says which
// argument each mark takes.
type namedQuery struct {
	name, text string
	params     []string // distinct names in the order of their first appearance
	order      []int    // nil when every name appears once
}

// loadQueries reads every named statement. It panics on a malformed file: the files
// are part of the program.
func loadQueries() map[string]*namedQuery {
	queries := map[string]*namedQuery{}
	files, err := fs.Glob(sqlFiles, "sql/*.sql")
	if err != nil {
		panic(err)
	}
	for _, file := range files {
		text, err := sqlFiles.ReadFile(file)
		if err != nil {
			panic(err)
		}
		for _, part := range strings.Split("\n"+string(text), "\n-- name: ")[1:] {
			name, body, _ := strings.Cut(part, "\n")
			name = strings.TrimSpace(name)
			if queries[name] != nil {
				panic("storage: two statements named " + name)
			}
			queries[name] = parseQuery(name, body)
		}
	}
	return queries
}

func parseQuery(name, body string) *namedQuery {
	q := &namedQuery{name: name}
	var out strings.Builder
	for _, line := range strings.Split(body, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "--") {
			continue
		}
		for i := 0; i < len(line); i++ {
			if line[i] != ':' || i+1 >= len(line) || !isWord(line[i+1]) {
				out.WriteByte(line[i])
				continue
			}
			end := i + 1
			for end < len(line) && isWord(line[end]) {
				end++
			}
			q.addParam(line[i+1 : end])
			out.WriteByte('?')
			i = end - 1
		}
		out.WriteByte('\n')
	}
	q.text = strings.TrimSpace(out.String())
	if len(q.order) == len(q.params) {
		q.order = nil
	}
	return q
}

func (q *namedQuery) addParam(name string) {
	for i, have := range q.params {
		if have == name {
			q.order = append(q.order, i)
			return
		}
	}
	q.params = append(q.params, name)
	q.order = append(q.order, len(q.params)-1)
}

func isWord(b byte) bool {
	return b == '_' || b >= 'a' && b <= 'z' || b >= '0' && b <= '9'
}

// statement is a prepared namedQuery. Arguments go in the order in which the names
// first appear in its text.
type statement struct {
	*namedQuery
	stmt *sql.Stmt
}

// statements are the prepared statements of one handle.
type statements map[string]*statement

type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// prepareAll prepares every statement, so that a faulty one fails at start.
func prepareAll(ctx context.Context, db preparer, keep func(*namedQuery) bool) (statements, error) {
	all := statements{}
	for name, q := range loadQueries() {
		if !keep(q) {
			continue
		}
		stmt, err := db.PrepareContext(ctx, q.text)
		if err != nil {
			return nil, fmt.Errorf("prepare %s: %w", name, err)
		}
		all[name] = &statement{namedQuery: q, stmt: stmt}
	}
	return all, nil
}

func (s statements) close() (errs []error) {
	for _, st := range s {
		errs = append(errs, st.stmt.Close())
	}
	return errs
}

func isRead(q *namedQuery) bool { return strings.HasPrefix(q.text, "select") }

func (s statements) get(name string) *statement {
	st := s[name]
	if st == nil {
		panic("storage: no statement named " + name)
	}
	return st
}

func (st *statement) spread(args []any) []any {
	if len(args) != len(st.params) {
		panic(fmt.Sprintf("storage: %s takes %d arguments (%s), not %d", st.name, len(st.params), strings.Join(st.params, ", "), len(args)))
	}
	if st.order == nil {
		return args
	}
	out := make([]any, len(st.order))
	for i, at := range st.order {
		out[i] = args[at]
	}
	return out
}

// exec runs a writing statement. It has no context of its own: inside the writer
// nothing may be given up half-way.
func (s statements) exec(name string, args ...any) (sql.Result, error) {
	st := s.get(name)
	res, err := st.stmt.Exec(st.spread(args)...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return res, nil
}

// Reads take no cancellation with them into the driver: it would start a goroutine per
// statement to watch for it, which costs more than most of the reads; all are short.

// row scans the first row into dest and reports whether there was one.
func (s statements) row(ctx context.Context, name string, args []any, dest ...any) (bool, error) {
	st := s.get(name)
	err := st.stmt.QueryRowContext(context.WithoutCancel(ctx), st.spread(args)...).Scan(dest...)
	if err == sql.ErrNoRows {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", name, err)
	}
	return true, nil
}

// each calls scan for every row.
func (s statements) each(ctx context.Context, name string, args []any, scan func(*sql.Rows) error) error {
	st := s.get(name)
	rows, err := st.stmt.QueryContext(context.WithoutCancel(ctx), st.spread(args)...)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func args(a ...any) []any { return a }
