package storage

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"kith/app"
)

// findableStep is how many customers one step of reading everybody takes: a short read, so
// that the log can be checkpointed behind it.
const findableStep = 2_000

// EachFindable calls f for every customer, in the order of their rows, in steps that each
// see the latest state. f may keep what it is given, but for the Findable itself. It stops
// at f's first error and returns it.
func (db *DB) EachFindable(ctx context.Context, f func(*app.Findable) error) error {
	for after := int64(0); ; {
		n := 0
		err := db.findables(ctx, "findable_after", args(after, findableStep), func(c *app.Findable) error {
			after = c.Row
			n++
			return f(c)
		})
		if err != nil {
			return err
		}
		if n < findableStep {
			return nil
		}
	}
}

// Findables calls f for those of some customers that are there, in any order.
func (db *DB) Findables(ctx context.Context, rows []int64, f func(*app.Findable) error) error {
	return db.findables(ctx, "findable_of", args(jsonRows(rows)), f)
}

func (db *DB) findables(ctx context.Context, statement string, a []any, f func(*app.Findable) error) error {
	var members []app.Member
	return db.queries.each(ctx, statement, a, func(rows *sql.Rows) error {
		var c app.Findable
		var attributes, lists sql.RawBytes
		var aliases sql.NullString
		if err := rows.Scan(&c.Row, &c.UID, &c.FirstName, &c.LastName, &c.Number, &c.Email, &c.Account, &c.Archived, &attributes,
			&c.Device, &lists, &aliases); err != nil {
			return err
		}
		if len(lists) > 2 {
			if err := json.Unmarshal(lists, &c.Lists); err != nil {
				return fmt.Errorf("lists of customer %d: %w", c.Row, err)
			}
		}
		if aliases.Valid {
			c.Aliases = strings.Split(aliases.String, "\x00")
		}
		var err error
		if members, err = app.Members(bytes.Clone(attributes), members[:0]); err != nil {
			return fmt.Errorf("attributes of customer %d: %w", c.Row, err)
		}
		c.Attributes = make([]app.Attribute, len(members))
		for i, m := range members {
			c.Attributes[i] = app.Attribute{Name: m.Name, Value: m.Value}
		}
		return f(&c)
	})
}

// FindExact returns the rows of those whose id, internal id, former id, e-mail or number a
// text is; a hundred at most, where many share an e-mail or number.
func (db *DB) FindExact(ctx context.Context, text string) ([]int64, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, nil
	}
	var out []int64
	if row, err := db.FindID(ctx, text); err == nil {
		out = append(out, row)
	} else if app.CodeOf(err) != app.CodeNotFound {
		return nil, err
	}
	err := db.queries.each(ctx, "findable_exact", args(text, app.FoldEmail(text), onlyDigits(text)), func(rows *sql.Rows) error {
		var row int64
		if err := rows.Scan(&row); err != nil {
			return err
		}
		out = append(out, row)
		return nil
	})
	return out, err
}
