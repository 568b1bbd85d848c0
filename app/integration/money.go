package integration

import (
	"strings"

	"kith/app"
)

// Currencies whose amounts have no minor unit, or three decimal places. Stripe sends
// ISK and UGX with two places, though they have none: it always has.
var (
	noDecimals    = set("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF")
	threeDecimals = set("BHD JOD KWD OMR TND IQD LYD")
)

func set(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}

// decimals is how many places a currency's minor unit has.
func decimals(currency string) int {
	switch c := strings.ToUpper(currency); {
	case noDecimals[c]:
		return 0
	case threeDecimals[c]:
		return 3
	}
	return 2
}

// major is an amount in a currency's main unit, exactly: 1999 with two places is 19.99.
// What is no whole number is left as it is, but for a number as a text, which becomes a number.
func major(v value, places int) value {
	text := v.scalar()
	digits, negative := strings.CutPrefix(text, "-")
	if digits == "" || len(digits) > 30 || strings.Trim(digits, "0123456789") != "" {
		if v.kind() == app.TextKind && app.CheckJSON([]byte(text), 0) == nil && app.JSONKind([]byte(text)) == app.NumberKind {
			return value(text)
		}
		return v
	}
	digits = strings.TrimLeft(digits, "0")
	if len(digits) <= places {
		digits = strings.Repeat("0", places+1-len(digits)) + digits
	}
	whole, part := digits[:len(digits)-places], strings.TrimRight(digits[len(digits)-places:], "0")
	if part != "" {
		whole += "." + part
	}
	if negative && whole != "0" {
		whole = "-" + whole
	}
	return value(whole)
}
