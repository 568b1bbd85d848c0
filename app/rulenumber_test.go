package app

import (
	"math"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

func TestParseNumber_isStrconvsOnJSONNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`-?[0-9]{0,4}[0-9.]{0,14}([eE][+-]?[0-9]{1,3})?`).Draw(t, "s")
		got, ok := ParseNumber(s)
		if CheckJSON([]byte(s), 1) != nil {
			if ok {
				t.Fatalf("%q is no JSON, but gave %v", s, got)
			}
			return
		}
		want, _ := strconv.ParseFloat(s, 64)
		if !ok || math.Float64bits(got) != math.Float64bits(want) {
			t.Fatalf("%q gave %v %v, want %v", s, got, ok, want)
		}
	})
}
