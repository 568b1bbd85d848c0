package importer_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/app/importer"
	"kith/storage/storagetest"

	"golang.org/x/text/encoding/unicode"
)

// ada is somebody who is to be forgotten.
var ada = importer.Person{UIDs: []string{"p7", "ada-old"}, Emails: []string{"Ada@Example.com"}, Numbers: []string{"2348030000007"}}

// adasRows are rows that are hers, in a file of uid,first_name,email,phone,score,note; the
// others only look like it.
var adasRows = []string{
	"p7,Ada,,,1,x", "ada-old,Ada,,,1,x", "p8,Ada,ADA@example.COM,,1,x", "p9,Ada,,+234 803 000 0007,1,x", "p10,Ada,,,1,+234-803-000-0007", "p11,A,,,1, ada@example.com ", ",,,,\"a\"b,ada@example.com",
}
var othersRows = []string{"p70,Bo,bo@example.com,+2348030000008,7,x", `p12,Cleo,cleo@example.com,,7,"two
lines, and ""quotes"""`, "p13,Dede,xada@example.com,,7,p7", "p14,Élodie,,,,7"}

func keptUploads(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	names, err := filepath.Glob(filepath.Join(folder, "imports", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(name)] = b
	}
	return out
}

func TestForget_takesAPersonOutOfFilesAndReports(t *testing.T) {
	t.Parallel()
	head := "uid,first_name,email,phone,score,note\r\n"
	var rows []string
	for i := range max(len(adasRows), len(othersRows)) {
		if i < len(othersRows) {
			rows = append(rows, othersRows[i])
		}
		if i < len(adasRows) {
			rows = append(rows, adasRows[i])
		}
	}
	plain := []byte(head + strings.Join(rows, "\r\n") + "\r\n")
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(plain)
	_ = z.Close()
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes(plain)
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{"plain": plain, "packed": packed.Bytes(), "UTF-16": wide} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := open(t)
			o := importer.Options{DryRun: true, Map: map[string]*importer.Target{"score": {Type: "number"}}}
			imp := b.run("people.csv", file, o)
			before := b.refusals(imp)
			if len(before) == 0 {
				t.Fatal("the test means some rows to be refused")
			}
			if err := b.r.Forget(bg, ada); err != nil {
				t.Fatal(err)
			}
			for _, r := range b.refusals(imp) {
				if strings.Contains(strings.ToLower(r.Raw), "ada@example.com") && !strings.Contains(r.Raw, "xada") {
					t.Errorf("the report still has %q", r.Raw)
				}
			}
			left := keptUploads(t, b.db.Folder())
			if len(left) != 1 {
				t.Fatalf("%d files are there", len(left))
			}
			text := unread(t, left[imp.ID+".upload"], name)
			for _, row := range adasRows {
				if strings.Contains(text, row) {
					t.Errorf("the file still has %q", row)
				}
			}
			for _, row := range othersRows {
				if !strings.Contains(text, row+"\r\n") {
					t.Errorf("the file has lost %q", row)
				}
			}
			// It is a file like any other: run for good, her rows are refused and say why.
			o.DryRun = false
			if _, err := b.r.Restart(bg, imp.ID, o); err != nil {
				t.Fatal(err)
			}
			done := b.await(imp)
			if done.State != app.ImportDone || done.Rows != int64(len(rows)) || done.Created != int64(len(othersRows)) {
				t.Errorf("afterwards: %s %s, %d rows, %d created", done.State, done.Error, done.Rows, done.Created)
			}
			erased := 0
			for _, r := range b.refusals(imp) {
				if strings.Contains(r.Reason, "was erased") {
					erased++
				}
			}
			if erased != len(adasRows) {
				t.Errorf("%d rows say that they were erased, want %d", erased, len(adasRows))
			}
		})
	}
}

// unread decodes a file of the test.
func unread(t *testing.T, file []byte, how string) string {
	t.Helper()
	var err error
	switch how {
	case "packed":
		z, zerr := gzip.NewReader(bytes.NewReader(file))
		if zerr != nil {
			t.Fatal(zerr)
		}
		file, err = io.ReadAll(z)
	case "UTF-16":
		file, err = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(file)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(file)
}

func TestForget_anImportInTheMiddleGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	db, _ := storagetest.Open(t)
	b := start(t, db)
	var file bytes.Buffer
	const rows = 60_000
	file.WriteString("uid,email,n\n")
	for i := range rows {
		fmt.Fprintf(&file, "p%d,p%d@example.com,%d\n", i, i, i)
	}
	imp := b.send("many.csv", file.Bytes(), importer.Options{})
	for {
		now, err := db.ImportRow(bg, imp.Row)
		if err != nil {
			t.Fatal(err)
		}
		if now.Done > 0 {
			break
		}
	}
	last := importer.Person{UIDs: []string{fmt.Sprint("p", rows-1)}, Emails: []string{fmt.Sprintf("p%d@example.com", rows-1)}}
	if err := b.r.Forget(bg, last); err != nil {
		t.Fatal(err)
	}
	done := b.await(imp)
	if _, err := db.Find(bg, fmt.Sprint("p", rows-1)); app.CodeOf(err) != app.CodeNotFound {
		t.Errorf("the erased customer came: %v", err)
	}
	wantCounts(t, done, rows-1, 0, 0, 0, 1)
	left := keptUploads(t, db.Folder())
	for end := time.Now().Add(5 * time.Second); len(left) != 0 && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		left = keptUploads(t, db.Folder()) // an import is done just before its file goes
	}
	if len(left) != 0 {
		t.Errorf("files are left: %d", len(left))
	}
}

func TestForget_whoWasErasedIsNotInALaterReport(t *testing.T) {
	t.Parallel()
	b := open(t)
	apply(t, b.db, set("p7"), &app.Delete{UID: "p7", Erase: true})
	cy := set("p9")
	cy.Profile.Email = app.FieldOf("cy@example.com")
	apply(t, b.db, cy, &app.Delete{UID: "p9", Erase: true})
	mails := b.run("mails.csv", []byte("email,plan\nCY@example.com,Fibre\ndi@example.com,Fibre\n"), importer.Options{})
	wantCounts(t, mails, 1, 0, 0, 0, 1)
	imp := b.run("again.csv", []byte("uid,email,plan\np7,ada@example.com,Fibre\np8,bo@example.com,Fibre\n"), importer.Options{})
	wantCounts(t, imp, 1, 0, 0, 0, 1)
	got := b.refusals(imp)
	if len(got) != 1 || got[0].Raw != "" || got[0].Line != 2 || strings.Contains(got[0].Reason, "p7") || !strings.Contains(got[0].Reason, "erased") {
		t.Errorf("the report has %+v", got)
	}
	other := b.run("other.csv", []byte("uid,email,plan\np8,cy@example.com,Radio\np8,bo@example.com,Cable\n"), importer.Options{})
	if got := b.refusals(other); len(got) != 1 || got[0].Raw != "" || got[0].Line != 2 {
		t.Errorf("the address of an erased person went to somebody else: %+v", got)
	}
}

func TestForget_nobodyTouchesNothing(t *testing.T) {
	t.Parallel()
	b := open(t)
	imp := b.run("one.csv", []byte("uid,n\np1,1\n"), importer.Options{DryRun: true})
	before := keptUploads(t, b.db.Folder())
	ctx, stop := context.WithCancel(bg)
	defer stop()
	for _, who := range []importer.Person{{}, {UIDs: []string{""}, Emails: []string{""}}, {UIDs: []string{"1"}, Numbers: []string{"1"}}} {
		if err := b.r.Forget(ctx, who); err != nil {
			t.Fatal(err)
		}
	}
	if after := keptUploads(t, b.db.Folder()); !bytes.Equal(after[imp.ID+".upload"], before[imp.ID+".upload"]) {
		t.Errorf("the file became %q", after[imp.ID+".upload"])
	}
}
