package api_test

import (
	"testing"

	"kith/app/apitest"
)

// TestBackfill_exportFilesOfServicesMeetTheirHooks imports what a service's dashboard
// exports, with the columns that the importer suggests by itself, and has the service
// report of one of the same customers: nobody is there twice.
func TestBackfill_exportFilesOfServicesMeetTheirHooks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file    string
		columns map[string]string // the importer's own suggestion
		kind    string
		hook    string
		uid     string
		want    map[string]string
	}{
		"stripe": {
			file: "id,Description,Email,Name,Created (UTC),Delinquent,Plan,Status,Total Spend,Payment Count,Refunded Volume,Dispute Losses,tier (metadata)\n" +
				"cus_NffrFeUfNV2Hib,,jenny@example.com,Jenny Rosen,2023-04-07 00:00,false,Fibre 50,active,120.50,3,0.00,0.00,gold\n" +
				"cus_PxYz0FeUfNV2Ab,,,No Mail,2023-05-01 10:30,true,,,0.00,0,0.00,0.00,\n",
			columns: map[string]string{"columns.0.to": `"uid"`, "columns.2.to": `"email"`, "columns.3.to": `"full_name"`, "columns.4.to": `"created_at"`},
			kind:    "stripe",
			hook:    `{"id":"evt_1","type":"charge.succeeded","created":1700000000,"data":{"object":{"id":"ch_1","object":"charge","customer":"cus_PxYz0FeUfNV2Ab","amount":1250,"currency":"usd"}}}`,
			uid:     "cus_PxYz0FeUfNV2Ab",
			want:    map[string]string{"first_name": `"No"`, "created_at": `"2023-05-01T10:30:00.000Z"`},
		},
		"paystack": {
			file: "Customer Code,First Name,Last Name,Email,Phone,Created At\n" +
				"CUS_xnxdt6s1zg1f4nx,Bojack,Horseman,bojack@example.com,+2348012345678,2023-01-02 03:04:05\n",
			columns: map[string]string{"columns.0.to": `"uid"`, "columns.1.to": `"first_name"`, "columns.3.to": `"email"`, "columns.4.to": `"number"`, "columns.5.to": `"created_at"`},
			kind:    "paystack",
			hook:    `{"event":"charge.success","data":{"id":1,"reference":"r1","amount":250000,"currency":"NGN","paid_at":"2024-01-01T00:00:00.000Z","plan":{},"customer":{"id":9387490384,"customer_code":"CUS_xnxdt6s1zg1f4nx","email":"other@example.com"}}}`,
			uid:     "CUS_xnxdt6s1zg1f4nx",
			want:    map[string]string{"first_name": `"Bojack"`, "email": `"bojack@example.com"`},
		},
		"mailchimp": {
			file: "\"Email Address\",\"First Name\",\"Last Name\",MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,LAST_CHANGED,LEID,EUID,NOTES,TAGS\n" +
				"ann@example.com,Ann,Lee,2,\"2020-01-02 03:04:05\",203.0.113.7,\"2020-01-02 03:05:05\",203.0.113.7,6.45,3.39,1,1,Africa/Lagos,ng,LA,\"2021-01-01 00:00:00\",123456,abcdef1234,,\"\"\"Loyal\"\",\"\"Lagos\"\"\"\n",
			columns: map[string]string{"columns.0.to": `"email"`, "columns.1.to": `"first_name"`, "columns.2.to": `"last_name"`, "columns.4.to": `"created_at"`},
			kind:    "mandrill",
			hook:    `[{"event":"open","ts":1700000000,"_id":"m1","msg":{"_id":"m1","email":"Ann@Example.com","subject":"Hello"}}]`,
			want:    map[string]string{"first_name": `"Ann"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := apitest.Start(t)
			done := importEnded(t, s, sendFile(t, s, "?file="+name+".csv", c.file, nil))
			wantMembers(t, done, map[string]string{"state": `"done"`, "failed": "0"})
			wantMembers(t, done, c.columns)
			before, err := s.DB.Totals(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_, path := connect(t, s, `{"kind":"`+c.kind+`","name":"Theirs"}`)
			if a := post(t, s, path, c.hook); a.Status != 200 {
				t.Fatalf("%d %s", a.Status, a.Body)
			}
			after, err := s.DB.Totals(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if after.Customers != before.Customers || after.Events != before.Events+1 {
				t.Errorf("the hook moved %+v to %+v, want one event and nobody new", before, after)
			}
			uid := c.uid
			if uid == "" {
				list := s.Do(t, "GET", "/v1/users", "", 200)
				uid = apitest.Text(list, "data", "0", "uid")
			}
			user := s.Do(t, "GET", "/v1/users/"+uid, "", 200)
			wantMembers(t, user, c.want)
			if events := s.Do(t, "GET", "/v1/users/"+uid+"/events", "", 200); apitest.Text(events, "data", "0", "source") != c.kind {
				t.Errorf("the event is not on %s: %s", uid, events)
			}
		})
	}
}
