package app

// ValueCount is a raw JSON value and how many customers have it.
type ValueCount struct {
	Value []byte
	Count int64
}

// Values is what an attribute's values look like over all customers.
type Values struct {
	// Distinct is how many different ones there are; 0 when there are too many to be kept
	// apart, and then Top is empty.
	Distinct int
	Top      []ValueCount // the most common, first
	// Texts is how many values are texts, Numeric how many of those say a number.
	Texts, Numeric int64
	// Low and High are the smallest and largest of the numbers, nil without any.
	Low, High *float64
}

// LooksNumeric reports whether a text is a number that somebody quoted: digits, perhaps with
// a sign and a point; no leading zero, which means something in a telephone number or a code.
func LooksNumeric(text string) bool {
	digits, points := 0, 0
	for i := range len(text) {
		switch b := text[i]; {
		case b >= '0' && b <= '9':
			digits++
		case b == '.':
			points++
		case b == '-' && i == 0:
		default:
			return false
		}
	}
	if digits == 0 || digits > 15 || points > 1 {
		return false
	}
	if text[0] == '-' {
		text = text[1:]
	}
	return text[0] != '.' && text[len(text)-1] != '.' && (text[0] != '0' || len(text) == 1 || text[1] == '.')
}
