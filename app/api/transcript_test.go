package api_test

import (
	"flag"
	"path/filepath"
	"strings"
	"testing"

	"kith/app/apitest"
)

var update = flag.Bool("update", false, "write the answers into testdata")

func TestTranscripts_areWhatTheWireSays(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 10 {
		t.Fatalf("there are %d transcripts", len(files))
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			apitest.Play(t, file, false, *update)
		})
		if *update {
			continue
		}
		t.Run(name+"_withoutV1", func(t *testing.T) {
			t.Parallel()
			apitest.Play(t, file, true, false)
		})
	}
}
