package app

import (
	"testing"
	"time"
)

func TestAge(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 31, 23, 30, 0, 0, time.FixedZone("", 3*3600))
	for text, want := range map[string]string{"1d": "2026-03-30", "90d": "2025-12-31", "1m": "2026-02-28", "18m": "2024-09-30", "2y": "2024-03-31"} {
		a, err := ParseAge(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := a.Before(now).Format(time.DateOnly); got != want {
			t.Errorf("%s before %s is %s, want %s", text, now, got, want)
		}
	}
	if a, err := ParseAge("forever"); err != nil || a != (Age{}) {
		t.Errorf("%v %v", a, err)
	}
	for _, text := range []string{"0d", "-1d", "d", "2", "2w", "101y", "1.5y", "y2", "forever2d"} {
		if _, err := ParseAge(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func TestBytes(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 999_949: "1.0 MB", 999_400: "999 kB", 1_234_567: "1.2 MB", 150_000_000: "150 MB", 2_000_000_000_000: "2.0 TB"} {
		if got := Bytes(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}
