package app

import "testing"

func TestMentions_howeverItIsWritten(t *testing.T) {
	t.Parallel()
	who := (&Traces{UIDs: []string{"José/1", "42"}, Emails: []string{"Ada+x@example.com"}, Numbers: []string{"+2347000000000"}}).Texts()
	for text, want := range map[string]bool{
		`{"id":"josé/1"}`:                         true,
		`{"id":"jos\u00E9\/1"}`:                   true,
		`{"id":"\u006a\u006f\u0073\u00e9\u002f1"`: true, // and it is cut
		"/v1/users/jos%C3%A9%2F1/events":          true,
		"email=ADA%2Bx%40example.com":             true,
		"email=ada+x@example.com":                 true,
		"number=%2B2347000000000":                 true,
		`{"uid":"42"}`:                            true,
		"/v1/users/42/":                           true,
		`{"uid":"1425"}`:                          false,
		`{"price":42}`:                            false,
		"":                                        false,
		"josé/":                                   false,
		"a cut character \xc3":                    false,
		"a\x00d\x00a\x00":                         true, // cannot be looked through
		"\x1f\x8b\x08":                            true,
		`a lone surrogate \ud83d and an end \`:    false,
	} {
		if got := Mentions(who, text); got != want {
			t.Errorf("%q mentions them: %v", text, got)
		}
	}
}
