// Package app is the vocabulary of Kith: one file per noun (customer, attribute,
// event, list, account, change, feed, clock, error, limit …), small pure methods
// on them, and nothing else. It imports the standard library only, so that
// whoever opens it reads the product itself, and so that rules and parsers can be
// tested without SQLite.
//
// # The house
//
//	main.go            calls app/command, nothing else
//	app                the words (this package)
//	app/command        one file per command, and the wiring of everything
//	app/config         defaults < file < environment < flags; says where each value came from
//	app/api            the Engage wire surface, and Kith's extensions under /v1
//	app/admin          the dashboard's own JSON API under /api
//	app/server         gin engine, middleware, mounting, listening, stopping
//	app/column         what rules look at of everybody, in memory and by column; derived data
//	app/keeper         who enters and leaves segments, and when: follows the feed, owns the columns
//	app/requestlog     the newest requests that came over the API, in memory, for people to look at
//	app/backup         backups: the file's form, its encryption and checksum, and who makes one at each appointed time
//	app/ingest         request bodies → []Change; pure
//	app/integration    one file a service outside: check its signature, its body → []Change; pure
//	app/hook           the desk where services hand in: find, check, read, store, try again
//	app/outward        what Kith sends by itself: hooks passed on, confirmations, certificates
//	app/privacy        a customer's whole dossier, and erasure from everywhere
//	app/metrics        /metrics: how many requests, how long, the writer, the feed, the disk
//	app/mock           `kith mock`: the record, failures and clock in front of a throw-away workspace
//	app/mock/example   how a team tests its own code against it, in Go and in Node
//	app/release        builds what is given out: programs, archives, packages; the same bytes each time
//	app/service        Kith as a service of the machine: units, installing, readiness, the watchdog
//	app/importer       a file of customers, as it is: sniffed, read whole for its types, mapped, tried, written, undone
//	app/segment        who a rule holds for: what operators mean, one customer at a time, explained, in words
//	app/segment/segmenttest  random rules, customers and histories, for tests
//	app/bench          `kith bench`: each figure beside its floor
//	app/demo           MInt, the example company, from a fixed seed
//	app/apitest        the whole HTTP surface on loopback, for tests, and its transcripts
//	storage            SQLite: the writer, the feed, cursors, timers; one file per noun
//	storage/sql        schema/0001_….sql, and one file of named statements per noun
//	search             Bleve: customers by what one types; follows the feed; derived data, may be deleted at any time
//	ui                 the dashboard's source as the browser runs it
//	assets             bytes we ship but do not write: browser libraries, fonts, icons; and public pages
//
// Rooms that come with what they hold: app/automation,
// app/broadcast, app/delivery, app/channel.
//
// Who may import whom is a table in house_test.go, held against the code.
//
// # The flow
//
// Everything that happens to a customer is a [Change]. The API, files and
// integrations only produce Changes; only storage applies them, in one writer
// goroutine that takes all that waits into one transaction (group commit,
// synchronous=FULL) and answers after the commit: what is answered is on the disk.
//
//	POST /v1/users/:uid/events ─ api: decode, authenticate
//	  └ ingest → Change                     pure: types, limits, timestamps, idempotency key
//	      └ storage.Apply                   rows + feed rows in one transaction; commit; answer; wake the readers
//	readers, each: the feed after my cursor → act → move the cursor in the same transaction as the effect
//	  └ keeper.Keeper                       columns ← the rows; rules that the window touches → entered, left
//	  └ search.Engine                       its cursor is inside the index, in the batch of its documents
//
// Each Change is applied whole or not at all: its checks (does the list exist, may
// this key set that e-mail) are made inside the writer before its first row is
// written, so two requests can never both win a race. A faulty Change of a batch is
// left out and the others stay.
//
// The feed has one row per Change, but for events: consecutive events of one commit
// share one row that names their range of ids, because the events table is itself
// append-only and a second row per event would cost a third of the write rate.
package app
