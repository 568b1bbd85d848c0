package search_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"kith/app"
	"kith/storage/storagetest"
)

// mapped is how much of the files of a folder's index is in this program's memory, in kB.
func mapped(t *testing.T, folder string) (kb int) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/smaps")
	if err != nil && os.Getenv("CI") != "true" {
		t.Skip("this system does not say what is mapped: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	inside := false
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		switch {
		case strings.Contains(name, "-") && strings.Contains(name, " "): // the head of a mapping
			inside = strings.Contains(line, folder) && strings.Contains(line, ".zap")
		case inside && name == "Rss":
			var n int
			_, _ = fmt.Sscanf(value, "%d kB", &n)
			kb += n
		}
	}
	return kb
}

// TestGiveBack: pages that are given back leave the program's memory, and what is found is
// the same while they are.
func TestGiveBack(t *testing.T) {
	db, _ := storagetest.Open(t)
	folder := t.TempDir()
	for from := 0; from < 20_000; from += 2_000 {
		var changes []app.Change
		for i := from; i < from+2_000; i++ {
			changes = append(changes, person(fmt.Sprint("p", i), fmt.Sprint("First", i%50), fmt.Sprint("Last", i), fmt.Sprintf("p%d@example.com", i), ""))
		}
		storagetest.Apply(t, db, changes...)
	}
	s := start(t, db, folder)
	s.settle()
	s.stop()
	s = start(t, db, folder) // whose files are all on the disk
	s.settle()
	find := func() { s.want("Last777 First27", "p7777 p777") }
	find()
	before := mapped(t, folder)
	if before == 0 {
		t.Fatal("nothing of the index is mapped")
	}
	s.GiveBack()
	if after := mapped(t, folder); after > before/4 {
		t.Errorf("%d kB of the index are in memory after all was given back, and were %d", after, before)
	}
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				s.GiveBack()
			}
		}
	}()
	for range 200 {
		find()
	}
	close(stop)
	<-done
}
