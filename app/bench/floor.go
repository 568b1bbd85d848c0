package bench

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/gin-gonic/gin"
	_ "modernc.org/sqlite" // the engine that the product uses too
)

// event is the body of a single event as the floors decode it.
type event struct {
	Event      string          `json:"event"`
	Value      json.RawMessage `json:"value"`
	Properties json.RawMessage `json:"properties"`
	Timestamp  string          `json:"timestamp"`
}

// ServeFloorHTTP answers single events by decoding them, and nothing else.
func ServeFloorHTTP(l net.Listener) error {
	return serveFloor(l, func(c *gin.Context, _ *event) error { return nil })
}

// ServeFloorTx answers single events after a transaction of their own, with the same
// durability as the product.
func ServeFloorTx(l net.Listener, folder string) error {
	db, err := openFloor(filepath.Join(folder, "floor-tx.db"))
	if err != nil {
		return err
	}
	defer db.Close()
	insert, err := db.Prepare(floorInsert)
	if err != nil {
		return err
	}
	return serveFloor(l, func(c *gin.Context, e *event) error {
		at, err := time.Parse(time.RFC3339, e.Timestamp)
		if err != nil {
			return err
		}
		var n int64
		if _, err := fmt.Sscanf(c.Param("uid"), "c%d", &n); err != nil {
			return err
		}
		_, err = insert.Exec(n, 1, at.UnixMilli(), 1, nil, string(e.Properties))
		return err
	})
}

func serveFloor(l net.Listener, do func(*gin.Context, *event) error) error {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.POST("/v1/users/:uid/events", func(c *gin.Context) {
		var e event
		err := json.NewDecoder(c.Request.Body).Decode(&e)
		if err == nil {
			err = do(c, &e)
		}
		if err != nil {
			c.String(http.StatusInternalServerError, "%v", err)
			return
		}
		c.Data(http.StatusOK, "application/json", []byte(`{"status":"ok"}`))
	})
	return http.Serve(l, engine)
}

const floorInsert = "insert into events (customer_id, name_id, at, source_id, value, properties) values (?, ?, ?, ?, ?, ?)"

// openFloor opens a bare database with the product's settings and its events table.
func openFloor(file string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(file)+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(wal)"+
		"&_pragma=synchronous(full)&_pragma=cache_size(-64000)&_pragma=wal_autocheckpoint(16000)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	_, err = db.Exec(`create table if not exists events (id integer primary key, customer_id integer not null, name_id integer not null,
		at integer not null, source_id integer not null, value text, properties text) strict;
		create index if not exists events_customer on events (customer_id, at)`)
	return db, err
}

// floorRows inserts the rows of the batch test in a bare loop, 8,000 to a transaction,
// for d, and returns the rows per second.
func floorRows(db *sql.DB, d time.Duration, customers int64) (float64, error) {
	rows := 0
	start := time.Now()
	n := uint32(start.UnixNano())
	for time.Since(start) < d {
		tx, err := db.Begin()
		if err != nil {
			return 0, err
		}
		insert, err := tx.Prepare(floorInsert)
		if err != nil {
			return 0, err
		}
		for range 8000 {
			n = n*1664525 + 1013904223
			if _, err := insert.Exec(int64(n)%customers, int64(1), eventTime(n), int64(1), nil, eventProperties); err != nil {
				return 0, err
			}
		}
		if err := tx.Commit(); err != nil {
			return 0, err
		}
		rows += 8000
	}
	return float64(rows) / time.Since(start).Seconds(), nil
}

// eventProperties are those of every event here.
const eventProperties = `{"amount":2500,"gb":50,"currency":"NGN","channel":"app"}`

// eventTime is some instant of the year before 2026-06.
func eventTime(n uint32) int64 { return 1_748_736_000_000 + int64(n)*7 }
