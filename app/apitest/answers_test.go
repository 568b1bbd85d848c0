package apitest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/apitest"
	"kith/app/demo"
	"kith/app/segment"
)

// answerRules are the questions of the reference answers as rules, by the answers' own
// words, and by data set.
var answerRules = map[string]map[string]string{
	"online_retail": {
		"customers with >=3 Order Line events":                                                         `{"event":"Order Line","count":{"op":"gte","value":3}}`,
		"customers with exactly 1 Order Line event":                                                    `{"event":"Order Line","count":{"op":"is","value":1}}`,
		"customers with >=1 Order Line in 2011-06-01T00:00:00Z <= ts < 2011-07-01T00:00:00Z (30 days)": `{"event":"Order Line","within":{"from":"2011-06-01","to":"2011-07-01"}}`,
		"customers with >=3 distinct invoices (not cancelled)":                                         `{"event":"Order Line","distinct":{"of":"invoice","op":"gte","value":3}}`,
		"customers with total Order Line quantity > 1000":                                              `{"event":"Order Line","sum":{"of":"quantity","op":"gt","value":1000}}`,
		"customers (any event ever) with no event of any name at or after 2011-09-10T00:00:00Z":        `{"all":[{"event":"*"},{"none":[{"event":"*","within":{"from":"2011-09-10T00:00:00Z"}}]}]}`,
		"customers with Order Line and never Order Cancelled":                                          `{"all":[{"event":"Order Line"},{"event":"Order Cancelled","count":{"op":"is","value":0}}]}`,
	},
	"cdnow_sample": {
		"customers with >=2 distinct purchase days up to 1997-09-30": `{"event":"Purchase","within":{"to":"1997-10-01"},"distinct":{"of":"@day","op":"gte","value":2}}`,
		"customers with no purchase after 1997-09-30":                `{"event":"Purchase","occurrence":"last","within":{"to":"1997-10-01"}}`,
	},
	"telco_churn": {
		"InternetService = Fiber optic and Contract = Month-to-month and tenure < 6": `{"all":[{"attribute":"InternetService","op":"is","value":"Fiber optic"},
			{"attribute":"Contract","op":"is","value":"Month-to-month"},{"attribute":"tenure","op":"lt","value":6}]}`,
		"MonthlyCharges > 100 (number compare, not string)": `{"attribute":"MonthlyCharges","op":"gt","value":100}`,
	},
	"adventureworks_sales": {
		"customers with >=10 order lines": `{"event":"Order Line","count":{"op":"gte","value":10}}`,
	},
	"chinook": {
		"customers with >=1 line of Genre Jazz in calendar year 2010..2012 (first 3 years present)": `{"event":"Line","where":[{"property":"genre","op":"is","value":"Jazz"}],"within":{"to":"2024-01-01"}}`,
	},
	"sepsis_log": {
		"cases with 'Return ER'":                  `{"event":"Return ER"}`,
		"cases with >=3 'CRP' and no 'Release A'": `{"all":[{"event":"CRP","count":{"op":"gte","value":3}},{"none":[{"event":"Release A"}]}]}`,
	},
}

// answerCounts are answers of which only the number is known, by data set and rule.
var answerCounts = map[string]map[string]int{
	"online_retail": {`{"event":"Order Line"}`: 4339, `{"event":"Order Cancelled"}`: 1589, `{"event":"*"}`: 4372},
	"cdnow_sample": { // days of purchase after the first, to the end of September 1997; published
		repeats(`"is","value":1`): 1411, repeats(`"is","value":2`): 439, repeats(`"is","value":3`): 214, repeats(`"is","value":4`): 100,
		repeats(`"is","value":5`): 62, repeats(`"is","value":6`): 38, repeats(`"is","value":7`): 29, repeats(`"gte","value":8`): 64,
	},
	"telco_churn": {
		`{"attribute":"Churn","op":"is","value":"yes"}`: 1869, `{"attribute":"TotalCharges","op":"not_exists"}`: 11, `{"attribute":"Contract","op":"is","value":"Month-to-month"}`: 3875,
		`{"attribute":"Contract","op":"in","value":["One year"]}`: 1473, `{"attribute":"Contract","op":"starts_with","value":"two"}`: 1695,
	},
	"adventureworks_sales": {`{"event":"*"}`: 17411},
	"sepsis_log":           {`{"event":"*"}`: 1050 - 1},
	"chinook":              {`{"event":"*"}`: 59},
}

func repeats(test string) string {
	return `{"event":"Purchase","within":{"to":"1997-10-01"},"distinct":{"of":"@day","op":` + test + `}}`
}

// answerLoads put a data set in, through the API.
var answerLoads = map[string]func(*testing.T, *apitest.Server){
	"online_retail": func(t *testing.T, s *apitest.Server) {
		packed, err := gzip.NewReader(bytes.NewReader(apitest.Shared(t, "data", "events", "online_retail.csv.gz")))
		if err != nil {
			t.Fatal(err)
		}
		b := &batch{t: t, s: s}
		eachRow(t, packed, func(row map[string]string) {
			if row["CustomerID"] == "" {
				return
			}
			name := "Order Line"
			if strings.HasPrefix(row["InvoiceNo"], "C") {
				name = "Order Cancelled"
			}
			b.event(strings.TrimSuffix(row["CustomerID"], ".0"), name, row["InvoiceDate"], map[string]any{"invoice": row["InvoiceNo"], "sku": row["StockCode"],
				"description": row["Description"], "quantity": json.Number(row["Quantity"]), "price": json.Number(row["UnitPrice"]), "country": row["Country"]})
		})
		b.end(406_829)
	},
	"cdnow_sample": func(t *testing.T, s *apitest.Server) {
		b := &batch{t: t, s: s}
		for line := range strings.Lines(string(apitest.Shared(t, "data", "events", "cdnow_sample.txt"))) {
			f := strings.Fields(line)
			b.event(f[1], "Purchase", f[2], map[string]any{"cds": json.Number(f[3]), "dollars": json.Number(f[4])})
		}
		b.end(6919)
	},
	"telco_churn": func(t *testing.T, s *apitest.Server) {
		a := s.Send(t, apitest.Request{Method: "POST", Path: "/v1/imports", Body: string(apitest.Shared(t, "data", "customers", "telco_churn.csv")),
			Header: http.Header{"Content-Type": {"text/csv"}}})
		if a.Status != http.StatusAccepted {
			t.Fatalf("the import was answered with %d %s", a.Status, a.Body)
		}
		for ended := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
			body := s.Do(t, "GET", "/v1/imports/"+apitest.Text(a.Body, "id"), "", 200)
			if state := apitest.Text(body, "state"); state == "done" {
				if got := string(apitest.Member(body, "created")); got != "7043" {
					t.Fatalf("the import made %s customers: %s", got, body)
				}
				return
			}
			if time.Now().After(ended) {
				t.Fatalf("the import does not end: %s", body)
			}
		}
	},
	"adventureworks_sales": func(t *testing.T, s *apitest.Server) {
		b := &batch{t: t, s: s}
		for _, year := range []string{"2017", "2018", "2019"} {
			eachRow(t, bytes.NewReader(apitest.Shared(t, "data", "events", "adventureworks_sales_"+year+".csv")), func(row map[string]string) {
				b.event(row["CustomerKey"], "Order Line", row["OrderDate"], map[string]any{"order": row["OrderNumber"], "product": row["ProductKey"],
					"quantity": json.Number(row["OrderQuantity"])})
			})
		}
		b.end(56_046)
	},
	"chinook": func(t *testing.T, s *apitest.Server) {
		b := &batch{t: t, s: s}
		eachRow(t, bytes.NewReader(apitest.Shared(t, "data", "events", "chinook_invoice_lines.csv")), func(row map[string]string) {
			b.event(row["CustomerId"], "Line", row["InvoiceDate"], map[string]any{"invoice": row["InvoiceId"], "track": row["TrackName"], "genre": row["Genre"],
				"price": json.Number(row["UnitPrice"]), "quantity": json.Number(row["Quantity"])})
		})
		b.end(2240)
	},
	"sepsis_log": func(t *testing.T, s *apitest.Server) {
		b := &batch{t: t, s: s}
		eachRow(t, bytes.NewReader(apitest.Shared(t, "data", "events", "sepsis_log.csv")), func(row map[string]string) {
			if row["case_id"] == "" { // the case NA, lost on its way through R: it has no id
				return
			}
			properties := map[string]any{}
			for name, value := range row {
				switch {
				case name == "case_id" || name == "activity" || name == "timestamp" || value == "":
				case value == "TRUE" || value == "FALSE":
					properties[name] = value == "TRUE"
				default:
					properties[name] = value
				}
			}
			b.event(row["case_id"], row["activity"], row["timestamp"], properties)
		})
		b.end(15_214 - 24)
	},
}

// batch sends events as a client does that has many: thousands to a request.
type batch struct {
	t     *testing.T
	s     *apitest.Server
	body  bytes.Buffer
	items int
	sent  int
}

func (b *batch) event(uid, name, at string, properties map[string]any) {
	item, err := json.Marshal(map[string]any{"type": "event", "id": uid, "event": name, "timestamp": at, "properties": properties})
	if err != nil {
		b.t.Fatal(err)
	}
	if b.items > 0 {
		b.body.WriteByte(',')
	}
	b.body.Write(item)
	if b.items++; b.items == app.MaxBatchItems/2 {
		b.send()
	}
}

func (b *batch) send() {
	answer := b.s.Do(b.t, "POST", "/v1/batch?report=true", `{"data":[`+b.body.String()+`]}`, 200)
	if got := string(apitest.Member(answer, "accepted")); got != fmt.Sprint(b.items) {
		b.t.Fatalf("%s of %d were taken: %.500s", got, b.items, answer)
	}
	b.sent += b.items
	b.items = 0
	b.body.Reset()
}

func (b *batch) end(want int) {
	b.send()
	if b.sent != want {
		b.t.Fatalf("%d events were sent, want %d", b.sent, want)
	}
}

// eachRow calls visit for each row of a CSV file, its cells by the header's names.
func eachRow(t *testing.T, file io.Reader, visit func(map[string]string)) {
	t.Helper()
	r := csv.NewReader(file)
	r.ReuseRecord = true
	first, err := r.Read()
	if err != nil {
		t.Fatal(err)
	}
	header := slices.Clone(first)
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	row := map[string]string{}
	for {
		cells, err := r.Read()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		for i, name := range header {
			row[name] = cells[i]
		}
		visit(row)
	}
}

// Every membership that was computed elsewhere, from public data, comes out the same:
// count and all.
func TestSegments_haveTheMembersOfTheReferenceAnswers(t *testing.T) {
	t.Parallel()
	var file struct {
		Answers []struct {
			Dataset, Question string
			Count             int
			Members           string `json:"members_sha256"`
		}
	}
	if err := json.Unmarshal(apitest.Shared(t, "data", "answers.json"), &file); err != nil {
		t.Fatal(err)
	}
	type answer struct {
		rule    string
		count   int
		members string // "" if only the number is known
	}
	answers := map[string][]answer{}
	asked := 0
	for _, a := range file.Answers {
		if a.Members == "" || strings.Contains(a.Question, "WRONG") {
			continue
		}
		asked++
		rule, ok := answerRules[a.Dataset][a.Question]
		if !ok {
			t.Errorf("%s: %q is not asked", a.Dataset, a.Question)
		}
		answers[a.Dataset] = append(answers[a.Dataset], answer{rule, a.Count, a.Members})
	}
	if asked != 15 {
		t.Errorf("%d answers have members, not 15", asked)
	}
	for dataset, load := range answerLoads {
		t.Run(dataset, func(t *testing.T) {
			s := apitest.Start(t)
			answers := answers[dataset]
			for rule, count := range answerCounts[dataset] {
				answers = append(answers, answer{rule, count, ""})
			}
			// One segment is there before its members come, another is built when they all are.
			var live []string
			for _, a := range answers {
				live = append(live, saveSegment(t, s, a.rule))
			}
			load(t, s)
			settle(t, s)
			everybody := factsOf(t, s)
			for i, a := range answers {
				for how, uids := range map[string][]string{
					"grown with the data": membersOf(t, s, live[i]), "built from it": membersOf(t, s, saveSegment(t, s, a.rule)), "one by one": matching(t, s, everybody, a.rule),
				} {
					if hash := hashOf(uids); len(uids) != a.count || a.members != "" && hash != a.members {
						t.Errorf("%s, %s: %d members with the hash %s, want %d with %s", a.rule, how, len(uids), hash, a.count, a.members)
					}
				}
			}
		})
	}
}

// factsOf reads everybody, for the evaluator of one customer.
func factsOf(t *testing.T, s *apitest.Server) (all []*segment.Facts) {
	t.Helper()
	byRow := map[int64]*segment.Facts{}
	err := s.DB.EachCustomer(t.Context(), func(c *app.Customer) error {
		kept := *c
		byRow[c.Row] = &segment.Facts{Customer: &kept}
		all = append(all, byRow[c.Row])
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.DB.EachEvent(t.Context(), app.EventFilter{}, func(e *app.Event) error {
		byRow[e.Customer].Events = append(byRow[e.Customer].Events, *e)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// noNames is for rules that name nothing.
type noNames struct{}

func (noNames) Segment(string) (string, *app.Rule, bool) { return "", nil, false }
func (noNames) List(string) (int64, string, bool)        { return 0, "", false }
func (noNames) Account(string) (int64, string, bool)     { return 0, "", false }

// settle waits until the segments have followed all that was written.
func settle(t *testing.T, s *apitest.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if err := s.Segments.Settle(ctx); err != nil {
		t.Fatal(err)
	}
}

// saveSegment saves a segment with a rule and returns its id.
func saveSegment(t *testing.T, s *apitest.Server, rule string) string {
	t.Helper()
	return apitest.Text(s.Do(t, "POST", "/v1/segments", `{"title":"Answer","rule":`+rule+`}`, 200), "id")
}

// membersOf returns the ids of a segment's members, in order, as they are exported.
func membersOf(t *testing.T, s *apitest.Server, id string) []string {
	t.Helper()
	settle(t, s)
	body := s.Do(t, "GET", "/v1/segments/"+id, "", 200)
	if state := apitest.Text(body, "state"); state != "ready" {
		t.Fatalf("a settled segment is %q: %s", state, body)
	}
	uids := []string{}
	eachRow(t, bytes.NewReader(s.Do(t, "GET", "/v1/segments/"+id+"/export", "", 200)), func(row map[string]string) { uids = append(uids, row["uid"]) })
	if count := string(apitest.Member(body, "count")); count != strconv.Itoa(len(uids)) {
		t.Errorf("a segment of %s has %d members: %s", count, len(uids), body)
	}
	slices.Sort(uids)
	return uids
}

// matching returns the ids of those for whom a rule holds, asked one by one.
func matching(t *testing.T, s *apitest.Server, everybody []*segment.Facts, rule string) []string {
	t.Helper()
	parsed, err := app.ParseRule([]byte(rule))
	if err != nil {
		t.Fatal(err)
	}
	uids := []string{}
	for _, f := range everybody {
		if segment.Match(parsed, f, noNames{}, segment.Moment{Now: app.InstantOf(s.Clock.Now()), Zone: time.UTC}) {
			uids = append(uids, f.Customer.UID)
		}
	}
	slices.Sort(uids)
	return uids
}

func hashOf(uids []string) string {
	hash := sha256.Sum256([]byte(strings.Join(uids, "\n")))
	return hex.EncodeToString(hash[:])
}

// What MInt asks of its customers, answered by the segments and by going over everybody.
func TestSegments_answerWhatMIntAsks(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	if _, err := demo.Fill(t.Context(), s.DB, s.DB.Now(), 800); err != nil {
		t.Fatal(err)
	}
	everybody := factsOf(t, s)
	now := s.Clock.Now()
	week, month := now.AddDate(0, 0, -7), now.AddDate(0, 0, -30)
	text := func(f *segment.Facts, name string) string {
		v, _ := app.Text(f.Customer.Attribute(name))
		return v
	}
	// usage is a number, or here and there a text that is one.
	usage := func(f *segment.Facts) float64 {
		v, err := strconv.ParseFloat(strings.Trim(string(f.Customer.Attribute("usage_gb")), `" `), 64)
		if err != nil {
			return math.NaN()
		}
		return v
	}
	bought := func(f *segment.Facts) (n int) {
		for _, e := range f.Events {
			if e.Name == "Purchased bandwidth" && e.At.Time().After(month) {
				n++
			}
		}
		return n
	}
	for rule, holds := range map[string]func(*segment.Facts) bool{
		`{"attribute":"usage_gb","op":"gt","value":200}`:                                         func(f *segment.Facts) bool { return usage(f) > 200 },
		`{"attribute":"plan","op":"is","value":"fibre 100"}`:                                     func(f *segment.Facts) bool { return strings.EqualFold(text(f, "plan"), "Fibre 100") },
		`{"attribute":"address","op":"contains","value":"ikeja"}`:                                func(f *segment.Facts) bool { return strings.Contains(strings.ToLower(text(f, "address")), "ikeja") },
		`{"attribute":"created_at","op":"within_last","value":"1w"}`:                             func(f *segment.Facts) bool { return f.Customer.CreatedAt.Time().After(week) },
		`{"event":"Purchased bandwidth","within":{"last":"30d"},"count":{"op":"gte","value":2}}`: func(f *segment.Facts) bool { return bought(f) >= 2 },
		`{"event":"Added family member"}`: func(f *segment.Facts) bool {
			return slices.ContainsFunc(f.Events, func(e app.Event) bool { return e.Name == "Added family member" })
		},
		`{"all":[{"attribute":"created_at","op":"more_than_ago","value":"1w"},{"attribute":"usage_gb","op":"lt","value":20}]}`: func(f *segment.Facts) bool {
			return !f.Customer.CreatedAt.Time().After(week) && usage(f) < 20
		},
	} {
		var want []string
		for _, f := range everybody {
			if f.Customer.ArchivedAt == nil && holds(f) {
				want = append(want, f.Customer.UID)
			}
		}
		slices.Sort(want)
		if len(want) == 0 || len(want) == len(everybody) {
			t.Errorf("%s is true of %d of %d: that asks nothing", rule, len(want), len(everybody))
		}
		if got := membersOf(t, s, saveSegment(t, s, rule)); !slices.Equal(got, want) {
			t.Errorf("%s: %d members, want %d", rule, len(got), len(want))
		}
		if got := matching(t, s, everybody, rule); !slices.Equal(got, want) {
			t.Errorf("%s: it holds for %d, want %d", rule, len(got), len(want))
		}
	}
}
