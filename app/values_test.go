package app

import "testing"

func TestLooksNumeric(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"79.5": true, "-3": true, "0": true, "0.5": true, "1709210096789": true,
		"": false, "08031234567": false, "1.2.3": false, ".5": false, "5.": false, "-": false, "12a": false, "+12": false, "12345678901234567": false, "1 000": false} {
		if got := LooksNumeric(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
