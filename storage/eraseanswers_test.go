package storage_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"kith/app"
)

// The answers of a day may be hundreds of thousands. Who is erased is looked for in them
// beside the writer, and in those since by it: it is held for the newest alone.
func TestErase_looksThroughStoredAnswersBesideTheWriter(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	for _, uid := range []string{"JosÉ/1", "other"} {
		one(t, db, set(uid))
	}
	answer := func(scope byte, text string) {
		t.Helper()
		once := &app.Once{Scope: [32]byte{scope}, Encode: func(app.Reader, []app.Result) (int, []byte, error) { return 200, []byte(text), nil }}
		if _, err := db.Apply(bg, app.Batch{Changes: []app.Change{set(fmt.Sprint("u", scope))}, Once: once}); err != nil {
			t.Fatal(err)
		}
	}
	quoted, _ := json.Marshal("JosÉ/1")
	answer(1, `{"uid":`+string(quoted)+`}`)
	answer(2, `{"uid":"JOSÉ/1"}`)
	answer(3, `{"uid":"jos\u00e9\/1"}`)
	answer(4, `{"uid":"other"}`)
	db.Exec(t, "update idempotency set at = at - 3600000") // so that the writer does not look at them again
	traces, err := db.Traces(bg, "JosÉ/1")
	if err != nil {
		t.Fatal(err)
	}
	answer(5, `{"uid":"JosÉ/1","since":true}`)
	kept := func() int64 { return db.Number(t, "select count(*) from idempotency") }
	if n := kept(); n != 5 || len(traces.Answers) != 3 {
		t.Fatalf("there are %d answers, and %d are found", n, len(traces.Answers))
	}
	many(t, db, 100_000)
	began := time.Now()
	res(t, db, &app.Delete{UID: "JosÉ/1", Erase: true, Answers: traces.Answers, AnswersUntil: traces.AnswersUntil})
	took := time.Since(began)
	t.Logf("beside 100,000 answers the writer was held for %v", took)
	if took > time.Second {
		t.Errorf("the writer was held for %v", took)
	}
	if n := kept(); n != 1+100_000 {
		t.Errorf("there are %d answers left, want the one of somebody else and those beside", n)
	}
}

// many keeps so many answers of an hour ago.
func many(t *testing.T, db interface {
	Exec(testing.TB, string, ...any)
	Now() app.Instant
}, n int) {
	t.Helper()
	db.Exec(t, `with recursive n (i) as (select 1 union all select i + 1 from n where i < ?)
		insert into idempotency (scope, body, status, answer, at)
		select randomblob(32), randomblob(32), 200, cast('{"uid":"customer ' || i || '","pad":"' || hex(randomblob(200)) || '"}' as blob), ? from n`, n, int64(db.Now())-3_600_000)
}
