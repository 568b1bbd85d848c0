package storage_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kith/app"
	"kith/storage"
	"kith/storage/storagetest"
)

// writeUntil writes until it is refused, and returns the refusal.
func writeUntil(t *testing.T, db *storage.DB) error {
	t.Helper()
	for i := range 200_000 {
		_, err := db.Apply(bg, app.Batch{Changes: []app.Change{set(fmt.Sprint("w", i), "note", `"`+strings.Repeat("a long note ", 400)+`"`)}})
		if err != nil {
			return err
		}
	}
	t.Fatal("the disk is never full")
	return nil
}

func TestDisk_nearlyFullTurnsWritingOffAndOnAgain(t *testing.T) {
	t.Parallel()
	disk := storagetest.SmallDisk(t, 24)
	const reserve = 8 << 20
	db, err := storage.Open(bg, filepath.Join(disk, "data"), storage.Options{DiskReserve: reserve})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	storagetest.Apply(t, db, set("ada", "plan", `"Fibre"`), set("bo", "plan", `"Fibre"`))
	away := storagetest.Ballast(t, disk, 9<<20, db.Disk().Free)
	err = writeUntil(t, db)
	if app.CodeOf(err) != app.CodeUnavailable || !strings.Contains(err.Error(), "nearly full") || !strings.Contains(err.Error(), "goes on by itself") {
		t.Errorf("got %v", err)
	}
	if d := db.Disk(); !d.Low || d.Free > reserve || d.Free < reserve/2 {
		t.Errorf("%+v", d)
	}
	if err := db.Ready(bg); app.CodeOf(err) != app.CodeUnavailable {
		t.Errorf("it is ready: %v", err)
	}
	if got := text(storagetest.Customer(t, db, "ada")); got != "plan=\"Fibre\"" {
		t.Errorf("read while writing is off: %s", got)
	}
	if _, _, err := db.CreateKey(bg, "while it is full"); err != nil { // people can still sign in, and look
		t.Errorf("what the reserve is for: %v", err)
	}
	storagetest.Apply(t, db, &app.Delete{UID: "bo"})
	away()
	if err := db.Ready(bg); err != nil {
		t.Errorf("there is space: %v", err)
	}
	storagetest.Apply(t, db, set("cy", "plan", `"Fibre"`))
	if err := db.Check(bg); err != nil {
		t.Error(err)
	}
}

// Where the reserve did not help, because another program took it at once, the disk itself
// refuses, and it goes on as soon as there is space.
func TestDisk_fullToTheLastByte(t *testing.T) {
	t.Parallel()
	disk := storagetest.SmallDisk(t, 24)
	db, err := storage.Open(bg, filepath.Join(disk, "data"), storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	storagetest.Apply(t, db, set("ada", "plan", `"Fibre"`))
	away := storagetest.Ballast(t, disk, 0, db.Disk().Free)
	err = writeUntil(t, db)
	if app.CodeOf(err) != app.CodeUnavailable || !strings.Contains(err.Error(), "The disk is full") {
		t.Errorf("got %v", err)
	}
	if err := db.Ready(bg); app.CodeOf(err) != app.CodeUnavailable {
		t.Errorf("it is ready: %v", err)
	}
	if err := db.Pulse(bg); err != nil { // a sign of life says nothing about the disk
		t.Error(err)
	}
	if err := db.Ready(bg); app.CodeOf(err) != app.CodeUnavailable {
		t.Errorf("after a pulse it is ready: %v", err)
	}
	if got := text(storagetest.Customer(t, db, "ada")); got != "plan=\"Fibre\"" {
		t.Errorf("read on a full disk: %s", got)
	}
	away()
	for range 60 { // the probe is once a second
		if err = db.Ready(bg); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err != nil {
		t.Errorf("there is space, nobody writes, and it does not find out: %v", err)
	}
	storagetest.Apply(t, db, set("cy", "plan", `"Fibre"`))
	if err := db.Check(bg); err != nil {
		t.Error(err)
	}
}

func TestCheckFile_findsADamagedPage(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	if err := db.CheckFile(bg); err != nil || db.FileCheck().Fault != "" || db.FileCheck().At == 0 {
		t.Errorf("%+v %v", db.FileCheck(), err)
	}
	if err := db.Ready(bg); err != nil {
		t.Error(err)
	}
	folder := damagedFolder(t)
	bad, err := storage.Open(bg, folder, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer bad.Close()
	if err := bad.CheckFile(bg); err != nil || bad.FileCheck().Fault == "" {
		t.Errorf("%+v %v", bad.FileCheck(), err)
	}
	if err := bad.Ready(bg); app.CodeOf(err) != app.CodeUnavailable || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("it is ready: %v", err)
	}
}

// damagedFolder is a data folder in which the last page of the events was overwritten.
func damagedFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	db, err := storage.Open(bg, folder, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var changes []app.Change
	for i := range 3000 {
		changes = append(changes, track(fmt.Sprint("u", i), "Seen", at(0)))
	}
	storagetest.Apply(t, db, changes...)
	page := db.LastPageOf(t, "events")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(folder, storage.FileName), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(bytes.Repeat([]byte{0xAA}, 2048), (page-1)*4096+1024); err != nil {
		t.Fatal(err)
	}
	return folder
}
