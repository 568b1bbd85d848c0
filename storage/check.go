package storage

import (
	"context"
	"fmt"
	"strings"
)

// Check holds the file against its own invariants: SQLite's integrity_check, every
// counter against a scan, every reference against what it names, every cursor within
// the feed. It reads everything and may take minutes on a large file.
func (db *DB) Check(ctx context.Context) error {
	var faults []string
	var verdict string
	if err := db.read.QueryRowContext(ctx, "pragma integrity_check").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		faults = append(faults, "integrity_check: "+verdict)
	}
	for _, c := range checks {
		var n int64
		if err := db.read.QueryRowContext(ctx, c.query).Scan(&n); err != nil {
			return fmt.Errorf("check %s: %w", c.what, err)
		}
		if n != 0 {
			faults = append(faults, fmt.Sprintf("%s: %d", c.what, n))
		}
	}
	more, err := db.checkSegments(ctx)
	if err != nil {
		return fmt.Errorf("check segments: %w", err)
	}
	if faults = append(faults, more...); len(faults) > 0 {
		return fmt.Errorf("the data is not as it should be: %s", strings.Join(faults, "; "))
	}
	return nil
}

// checks count what is wrong; each must find nothing.
var checks = []struct{ what, query string }{
	{"total of customers", `select coalesce((select n from totals where name = 'customers'), 0) - (select count(*) from customers)`},
	{"total of accounts", `select coalesce((select n from totals where name = 'accounts'), 0) - (select count(*) from customers where is_account = 1)`},
	{"total of archived", `select coalesce((select n from totals where name = 'archived'), 0) - (select count(*) from customers where archived_at is not null)`},
	{"total of provisional", `select coalesce((select n from totals where name = 'provisional'), 0) - (select count(*) from customers where provisional = 1)`},
	{"total of events", `select coalesce((select n from totals where name = 'events'), 0) - (select count(*) from events)`},
	{"event names whose count is off", `select count(*) from event_names n
		left join (select name_id, count(*) c, count(distinct customer_id) d from events group by name_id) e on e.name_id = n.id
		where n.events <> coalesce(e.c, 0) or n.customers <> coalesce(e.d, 0)`},
	{"days whose count is off", `select count(*) from (
		select name_id, day, sum(n) from (
			select name_id, day, events n from event_days
			union all
			select name_id, cast(floor(at / 86400000.0) as integer), -1 from events)
		group by name_id, day having sum(n) <> 0)`},
	{"days of the workspace whose counts are off", `select count(*) from (
		select day, sum(e), sum(c) from (
			select day, events e, customers c from days
			union all
			select cast(floor(at / 86400000.0) as integer), -1, 0 from events
			union all
			select cast(floor(created_at / 86400000.0) as integer), 0, -1 from customers)
		group by day having sum(e) <> 0 or sum(c) <> 0)`},
	{"hours whose counts are off", `select count(*) from (
		select hour, sum(e), sum(c) from (
			select hour, events e, customers c from hours
			union all
			select cast(floor(at / 3600000.0) as integer), -1, 0 from events
			union all
			select cast(floor(created_at / 3600000.0) as integer), 0, -1 from customers)
		where hour > (select max(at) / 3600000 - 48 from feed)
		group by hour having sum(e) <> 0 or sum(c) <> 0)`},
	{"event_customers without events", `select count(*) from event_customers ec
		where not exists (select 1 from events e where e.customer_id = ec.customer_id and e.name_id = ec.name_id)`},
	{"events of nobody", `select count(*) from events where customer_id not in (select id from customers)`},
	{"event keys of no event", `select count(*) from event_keys where event_id not in (select id from events)`},
	{"history of nobody", `select count(*) from history where customer_id not in (select id from customers)`},
	{"aliases of nobody", `select count(*) from aliases where customer_id not in (select id from customers)`},
	{"aliases that are a customer's id", `select count(*) from aliases where uid in (select uid from customers)`},
	{"lists whose counts are off", `select count(*) from lists l where
		pending <> (select count(*) from subscriptions s where s.list_id = l.id and status = 0) or
		subscribed <> (select count(*) from subscriptions s where s.list_id = l.id and status = 1) or
		unsubscribed <> (select count(*) from subscriptions s where s.list_id = l.id and status = 2)`},
	{"customers with more than five devices", `select count(*) from (select 1 from devices group by customer_id having count(*) > 5)`},
	{"attributes whose count is off", `select count(*) from attribute_names a
		left join (select key, count(*) c from customers, json_each(customers.attributes) group by key) k on k.key = a.name
		where a.standard = 0 and coalesce(k.c, 0) <> (select sum(value) from json_each(a.counts))`},
	{"changes that imports keep of nobody", `select count(*) from import_changes where customer_id not in (select id from customers)`},
	{"imports whose counts are off", `select count(*) from imports where done <> created + updated + unchanged + skipped + failed
		or state not in (5, 6) and dry_run = 0 and created <> (select coalesce(sum(count), 0) from import_created c where c.import_id = imports.id)`},
	{"what tasks keep of no task", `select count(*) from task_items where task_id not in (select id from tasks)`},
	{"deleted customers that are there", `select count(*) from kept_customers where customer_id in (select id from customers)`},
	{"deleted customers that nothing will let go", `select count(*) from kept_customers k
		where not exists (select 1 from timers t where t.kind = 'forget task' and t.ref = cast(k.task_id as text))`},
	{"events, history and ids of no deleted customer", `select (select count(*) from kept_events where customer_id not in (select customer_id from kept_customers))
		+ (select count(*) from kept_history where customer_id not in (select customer_id from kept_customers))
		+ (select count(*) from kept_ids where customer_id not in (select customer_id from kept_customers))`},
	{"entries of no segment", `select count(*) from segment_entries where segment_id not in (select id from segments)`},
	{"deleted segments that nothing will remove", `select count(*) from segments s where deleted_at is not null
		and not exists (select 1 from timers t where t.kind = 'prune segment' and t.ref = cast(s.id as text))`},
	{"bitmaps of no segment", `select count(*) from segment_members where segment_id not in (select id from segments)`},
	{"segments whose bitmap is further than what stands behind it", `select count(*) from segments s where
		deleted_at is null and behind <> (select count(*) from segment_entries e where e.segment_id = s.id and e.id > s.entry)`},
	{"days of segments whose counts are off", `select count(*) from (
		select segment_id, day, sum(i), sum(o) from (
			select segment_id, day, entered i, left o from segment_days
			where segment_id in (select id from segments where deleted_at is null)
			union all
			select segment_id, cast(floor(at / 86400000.0) as integer), -entered, entered - 1 from segment_entries
			where segment_id in (select id from segments where deleted_at is null))
		group by segment_id, day having sum(i) <> 0 or sum(o) <> 0)`},
	{"segments whose last day has another size", `select count(*) from segments s where built > 0 and deleted_at is null and
		count <> (select size from segment_days d where d.segment_id = s.id order by day desc limit 1)`},
	{"entries past the total", `select coalesce(max(id), 0) > coalesce((select n from totals where name = 'last_segment_entry'), 0) from segment_entries`},
	{"gaps in the feed", `select coalesce(max(seq) - min(seq) + 1 - count(*), 0) from feed`},
	{"cursors past the feed", `select count(*) from cursors where seq > (select coalesce(max(seq), 0) from feed)`},
}

// checkSegments holds each segment's count against its membership, which SQL cannot read.
func (db *DB) checkSegments(ctx context.Context) (faults []string, err error) {
	segments, err := db.Segments(ctx)
	if err != nil {
		return nil, err
	}
	for _, g := range segments {
		members, built, err := db.Membership(ctx, g.Row)
		if err != nil {
			return nil, err
		}
		if n := int64(members.GetCardinality()); built == g.Built && n != g.Count {
			faults = append(faults, fmt.Sprintf("segment %d counts %d and has %d members", g.Row, g.Count, n))
		}
	}
	return faults, nil
}
