package service

import (
	"encoding/xml"
	"errors"
	"strings"
	"testing"
)

// plist reads what launchd would: the values of the outer dictionary as text, those of inner
// ones behind a dot, those of arrays with blanks between.
func plist(t *testing.T, text []byte) map[string]string {
	t.Helper()
	type node struct {
		XMLName xml.Name
		Text    string `xml:",chardata"`
		Nodes   []node `xml:",any"`
	}
	var top node
	d := xml.NewDecoder(strings.NewReader(string(text)))
	if err := d.Decode(&top); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if rest := strings.TrimSpace(string(text[d.InputOffset():])); rest != "" {
		t.Fatalf("behind the list there is %s", rest)
	}
	if top.XMLName.Local != "plist" || len(top.Nodes) != 1 || top.Nodes[0].XMLName.Local != "dict" {
		t.Fatalf("it is no property list of one dictionary: %s", text)
	}
	out := map[string]string{}
	var walk func(prefix string, dict node)
	walk = func(prefix string, dict node) {
		if len(dict.Nodes)%2 != 0 {
			t.Fatalf("a key of %q has no value", prefix)
		}
		for i := 0; i < len(dict.Nodes); i += 2 {
			key, value := dict.Nodes[i], dict.Nodes[i+1]
			name := prefix + key.Text
			if _, twice := out[name]; key.XMLName.Local != "key" || twice {
				t.Fatalf("%s stands for a key, or twice", name)
			}
			switch value.XMLName.Local {
			case "dict":
				walk(name+".", value)
			case "array":
				var words []string
				for _, n := range value.Nodes {
					words = append(words, n.Text)
				}
				out[name] = strings.Join(words, " ")
			case "true", "false":
				out[name] = value.XMLName.Local
			default:
				out[name] = value.Text
			}
		}
	}
	walk("", top.Nodes[0])
	return out
}

func TestLaunchd_startsKithAsItsAccount(t *testing.T) {
	m := &Manager{Kind: Launchd}
	s := Spec{Program: "/usr/local/bin/kith", Config: "/etc/kith/kith.toml", Data: "/var/lib/kith", User: "_kith"}
	text, err := m.Script(s)
	if err != nil {
		t.Fatal(err)
	}
	got := plist(t, text)
	for key, want := range map[string]string{
		"Label":            "kith",
		"ProgramArguments": "/usr/local/bin/kith serve --config /etc/kith/kith.toml --data /var/lib/kith",
		"UserName":         "_kith", "RunAtLoad": "true", "KeepAlive.SuccessfulExit": "false", "Umask": "63",
		"ExitTimeOut": "30", "SoftResourceLimits.NumberOfFiles": "65536", "StandardErrorPath": LogFile, "StandardOutPath": LogFile,
	} {
		if got[key] != want {
			t.Errorf("%s is %q, not %q", key, got[key], want)
		}
	}
	s.User = ""
	if _, err := m.Script(s); err == nil || !strings.Contains(err.Error(), "--user") {
		t.Errorf("without an account: %v", err)
	}
	image := t.TempDir()
	s.User = "_kith"
	for i, want := range []bool{true, false} {
		if changed, err := m.Install(s, image); err != nil || changed != want {
			t.Errorf("installed for the %dth time, it changed something: %v (%v)", i+1, changed, err)
		}
	}
	if err := m.Uninstall(image); err != nil {
		t.Error(err)
	}
	if err := m.Uninstall(image); !errors.Is(err, ErrNotInstalled) {
		t.Errorf("uninstalled again: %v", err)
	}
}
