package storage

import (
	"context"
	"database/sql"
	"encoding/json"
	"math"
	"strings"
	"time"

	"kith/app"
)

// Integrations returns every connection, oldest first.
func (db *DB) Integrations(ctx context.Context) ([]app.Integration, error) {
	var out []app.Integration
	err := db.queries.each(ctx, "integration_all", nil, func(rows *sql.Rows) error {
		var i app.Integration
		var tolerance int64
		var options []byte
		if err := rows.Scan(&i.Row, &i.Kind, &i.Name, &i.Token, &i.Secret, &i.Previous, &i.PreviousUntil, &tolerance, &options, &i.CreatedAt, &i.LastAt); err != nil {
			return err
		}
		i.ID = db.integrationIDs.encode(i.Row, i.CreatedAt)
		i.Tolerance = time.Duration(tolerance) * time.Millisecond
		out = append(out, i)
		return json.Unmarshal(options, &out[len(out)-1].Options)
	})
	return out, err
}

// FindIntegration returns a connection by its public id. It returns CodeNotFound if
// there is none.
func (db *DB) FindIntegration(ctx context.Context, id string) (*app.Integration, error) {
	return db.integrationBy(ctx, "There is no integration with this id.", func(i *app.Integration) bool { return i.ID == id })
}

// IntegrationByToken returns the connection that a hook's address names. It returns
// CodeNotFound if there is none.
func (db *DB) IntegrationByToken(ctx context.Context, token string) (*app.Integration, error) {
	if token == "" {
		return nil, app.NotFound("There is no integration at this address.")
	}
	return db.integrationBy(ctx, "There is no integration at this address.", func(i *app.Integration) bool { return i.Token == token })
}

// integrationBy looks through all: they are a handful.
func (db *DB) integrationBy(ctx context.Context, missing string, is func(*app.Integration) bool) (*app.Integration, error) {
	all, err := db.Integrations(ctx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if is(&all[i]) {
			return &all[i], nil
		}
	}
	return nil, app.NotFound("%s", missing)
}

// Tiles fills what a connection's tile shows: its days from a UTC day on, and its newest failure.
func (db *DB) Tiles(ctx context.Context, i *app.Integration, from int64) error {
	i.Days = nil
	err := db.queries.each(ctx, "integration_day_list", args(i.Row, from), func(rows *sql.Rows) error {
		var d app.IntegrationDay
		if err := rows.Scan(&d.Day, &d.States[app.Applied], &d.States[app.Ignored], &d.States[app.Failed], &d.States[app.Repeated]); err != nil {
			return err
		}
		i.Days = append(i.Days, d)
		return nil
	})
	if err != nil {
		return err
	}
	failed := app.Failed
	last, _, err := db.Deliveries(ctx, app.DeliveryFilter{Integration: i.Row, State: &failed}, 1)
	if err == nil && len(last) == 1 {
		i.LastFailure = &last[0]
	}
	return err
}

// CreateIntegration makes a connection and fills its row, id, token and instant.
func (db *DB) CreateIntegration(ctx context.Context, i *app.Integration) error {
	made := *i
	made.Token = randomText(24)
	err := db.Write(ctx, func(tx *Tx) error {
		made.CreatedAt = tx.Now()
		res, err := tx.t.w.q.exec("integration_insert", made.Kind, made.Name, made.Token, made.Secret,
			made.Tolerance.Milliseconds(), string(made.Options.Encode()), int64(made.CreatedAt))
		if err != nil {
			return err
		}
		if made.Row, err = res.LastInsertId(); err != nil {
			return err
		}
		made.ID = db.integrationIDs.encode(made.Row, made.CreatedAt)
		return tx.audit(ctx, "integration.create", made.ID, map[string]any{"kind": made.Kind})
	})
	if err != nil {
		return err
	}
	*i = made
	return nil
}

// NewIntegrationToken is a fresh unguessable part of an address.
func (db *DB) NewIntegrationToken() string { return randomText(24) }

// UpdateIntegration writes a connection's name, token, secrets, tolerance and options.
func (db *DB) UpdateIntegration(ctx context.Context, i *app.Integration) error {
	return db.Write(ctx, func(tx *Tx) error {
		err := tx.exec("integration_update", i.Name, i.Token, i.Secret, i.Previous, int64(i.PreviousUntil),
			i.Tolerance.Milliseconds(), string(i.Options.Encode()), i.Row)
		if err != nil {
			return err
		}
		return tx.audit(ctx, "integration.change", i.ID, map[string]any{"kind": i.Kind})
	})
}

// deleteStep is how many deliveries one transaction removes: so that nobody waits long.
const deleteStep = 500

// DeleteIntegration removes a connection, and then its deliveries in steps. What a crash
// leaves of those, [DB.KeepHouse] prunes.
func (db *DB) DeleteIntegration(ctx context.Context, i *app.Integration) error {
	err := db.Write(ctx, func(tx *Tx) error {
		for _, statement := range []string{"integration_delete", "integration_day_clear", "hook_key_clear"} {
			if err := tx.exec(statement, i.Row); err != nil {
				return err
			}
		}
		return tx.audit(ctx, "integration.remove", i.ID, map[string]any{"kind": i.Kind})
	})
	for n := deleteStep; err == nil && n == deleteStep; {
		err = db.Write(ctx, func(tx *Tx) error {
			var ids []int64
			err := tx.t.w.q.each(background, "delivery_of", args(i.Row, deleteStep), func(rows *sql.Rows) error {
				var id int64
				err := rows.Scan(&id)
				ids = append(ids, id)
				return err
			})
			n = len(ids)
			if err != nil {
				return err
			}
			return tx.t.dropDeliveries(ids)
		})
	}
	return err
}

func (t *txn) dropDeliveries(ids []int64) error {
	for _, id := range ids {
		for _, statement := range []string{"delivery_customer_drop", "outgoing_drop", "delivery_delete"} {
			if _, err := t.w.q.exec(statement, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// Deliveries returns a connection's log, newest first, without the bodies, and whether
// there are older ones.
func (db *DB) Deliveries(ctx context.Context, f app.DeliveryFilter, limit int) (_ []app.Delivery, more bool, err error) {
	before := f.Before
	if before == 0 {
		before = math.MaxInt64
	}
	statement, arguments := "delivery_page", args(f.Integration, before, limit+1)
	if f.State != nil {
		statement, arguments = "delivery_page_state", args(f.Integration, int64(*f.State), before, limit+1)
	}
	var out []app.Delivery
	err = db.queries.each(ctx, statement, arguments, func(rows *sql.Rows) error {
		d, err := db.scanDelivery(rows.Scan)
		out = append(out, d)
		return err
	})
	if more = len(out) > limit; more {
		out = out[:limit]
	}
	return out, more, err
}

func (db *DB) scanDelivery(scan func(...any) error) (d app.Delivery, err error) {
	err = scan(&d.Row, &d.Integration, &d.ReceivedAt, &d.State, &d.Error, &d.Event, &d.Verified, &d.Body, &d.Mended,
		&d.Bytes, &d.Header, &d.Became, &d.Removed, &d.ReplayedAt)
	d.ID = db.deliveryIDs.encode(d.Row, d.ReceivedAt)
	return d, err
}

// DeliveryRow is the row that a delivery's public id names. It returns CodeNotFound for
// what is no such id.
func (db *DB) DeliveryRow(id string) (int64, error) {
	row, _, ok := db.deliveryIDs.decode(id)
	if !ok {
		return 0, app.NotFound("There is no delivery with this id.")
	}
	return row, nil
}

// Delivery returns one in full. It returns CodeNotFound if there is none, or it is no
// longer kept.
func (db *DB) Delivery(ctx context.Context, id string) (*app.Delivery, error) {
	row, err := db.DeliveryRow(id)
	if err != nil {
		return nil, err
	}
	var d *app.Delivery
	err = db.queries.each(ctx, "delivery_row", args(row), func(rows *sql.Rows) error {
		one, err := db.scanDelivery(rows.Scan)
		d = &one
		return err
	})
	if err == nil && (d == nil || d.ID != id) {
		return nil, app.NotFound("There is no delivery with this id, or it is no longer kept.")
	}
	return d, err
}

// ExternalIDs returns the services' own ids of a customer, as "service" and "id" in turn.
func (db *DB) ExternalIDs(ctx context.Context, customer int64) ([][2]string, error) {
	var out [][2]string
	err := db.queries.each(ctx, "external_list", args(customer), func(rows *sql.Rows) error {
		var pair [2]string
		err := rows.Scan(&pair[0], &pair[1])
		out = append(out, pair)
		return err
	})
	return out, err
}

// erasedServices returns what else stands for a customer who is erased, and takes the
// bodies that hold the address or a service's id though they became nothing.
func (t *txn) erasedServices(rec *record) ([]string, error) {
	var marks, texts []string
	err := t.w.q.each(background, "external_list", args(rec.id), func(rows *sql.Rows) error {
		var service, external string
		if err := rows.Scan(&service, &external); err != nil {
			return err
		}
		marks, texts = append(marks, erasedExternal(service, external)), append(texts, external)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if email := rec.text[colEmail]; email != nil {
		marks, texts = append(marks, erasedEmail(*email)), append(texts, *email)
		if _, err := t.w.q.exec("suppressed_delete", app.FoldEmail(*email)); err != nil {
			return nil, err
		}
	}
	if number := rec.text[colNumber]; number != nil {
		marks, texts = append(marks, erasedNumber(*number)), append(texts, *number)
	}
	if !rec.provisional {
		texts = append(texts, rec.uid)
	}
	for _, text := range texts {
		if len(text) < shortestMark {
			continue
		}
		if _, err := t.w.q.exec("delivery_erase_like", strings.ToLower(text)); err != nil {
			return nil, err
		}
	}
	return marks, nil
}

// shortestMark is how long a text must be to be taken for somebody's: an id such as "42"
// is in nearly every body.
const shortestMark = 6

// customersWith returns the customers that have an address, by its folded form.
func (t *txn) customersWith(key string) (out []int64, err error) {
	err = t.w.q.each(background, "customer_by_email", args(key), func(rows *sql.Rows) error {
		var row int64
		var provisional bool
		err := rows.Scan(&row, &provisional)
		out = append(out, row)
		return err
	})
	return out, err
}
