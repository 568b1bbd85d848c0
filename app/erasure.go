package app

import (
	"encoding/json"
	"strings"
)

// Traces is what somebody who is to be erased is, and was, known by. It is what the parts
// of Kith that keep bodies look for.
type Traces struct {
	// UIDs are the ids of the team's own application, the present one first, and Kith's.
	UIDs    []string
	Emails  []string // as written, former ones too
	Numbers []string
	// Other are tokens of devices, and the services' own ids.
	Other []string
}

// shortTrace is how long a text must be to be taken for somebody's wherever it stands: an
// id such as "42" is in nearly every body.
const shortTrace = 6

// Texts are what bodies are looked through for, in small letters: what is long enough as it
// is, and short ids as JSON and a path would have them.
func (t *Traces) Texts() []string {
	var out []string
	for _, list := range [][]string{t.UIDs, t.Emails, t.Numbers, t.Other} {
		for _, text := range list {
			switch {
			case text == "":
			case len(text) >= shortTrace:
				out = append(out, strings.ToLower(text))
			default:
				out = append(out, strings.ToLower(`"`+text+`"`), strings.ToLower("/"+text+"/"))
			}
		}
	}
	return out
}

// DossierDelivery is a body that a service posted in which a customer is.
type DossierDelivery struct {
	ID         string          `json:"id"`
	Service    string          `json:"service"`
	ReceivedAt Instant         `json:"received_at"`
	Event      string          `json:"event"`
	Body       *string         `json:"body"` // nil once it was let go
	Became     json.RawMessage `json:"became"`
}
