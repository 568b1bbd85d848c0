package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const example = "../../config.example.toml"

func none(string) (string, bool) { return "", false }

func TestExample_equalsTheDefaults(t *testing.T) {
	fromFile, err := Load(example, none, nil)
	if err != nil {
		t.Fatal(err)
	}
	defaults, err := Load("", none, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range Keys {
		if fromFile.values[k.Name] != defaults.values[k.Name] {
			t.Errorf("%s: the example says %q, the default is %q", k.Name, fromFile.values[k.Name], defaults.values[k.Name])
		}
		if fromFile.origins[k.Name] != example {
			t.Errorf("%s is missing in the example", k.Name)
		}
	}
}

func TestExample_explainsEveryKey(t *testing.T) {
	text, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		if strings.Contains(line, " = ") && !strings.HasPrefix(line, "#") && i > 0 && lines[i-1] == "" {
			t.Errorf("line %d has no comment above it: %s", i+1, line)
		}
	}
}

func TestLoad_laterLayersWin(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kith.toml")
	if err := os.WriteFile(file, []byte("listen = \"127.0.0.1:1\"\nworkspace = \"File\"\ntimezone = \"Africa/Lagos\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := func(name string) (string, bool) {
		v, ok := map[string]string{"KITH_LISTEN": "127.0.0.1:2", "KITH_WORKSPACE": "Env"}[name]
		return v, ok
	}
	c, err := Load(file, env, map[string]string{"listen": "127.0.0.1:3"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:3" || c.Workspace != "Env" || c.Zone.String() != "Africa/Lagos" || c.Data != "./kith-data" {
		t.Errorf("got listen %s, workspace %s, zone %s, data %s", c.Listen, c.Workspace, c.Zone, c.Data)
	}
	want := map[string]string{"listen": "flag", "workspace": "environment", "timezone": file, "data": "default"}
	for key, origin := range want {
		if c.origins[key] != origin {
			t.Errorf("%s came from %s, want %s", key, c.origins[key], origin)
		}
	}
}

func TestLoad_saysWhatIsWrongAndWhere(t *testing.T) {
	cases := map[string]struct {
		env  map[string]string
		want string
	}{
		"address":      {map[string]string{"KITH_LISTEN": "nowhere"}, `listen (environment): "nowhere" is no address`},
		"zone":         {map[string]string{"KITH_TIMEZONE": "Mars/Olympus"}, `timezone (environment): "Mars/Olympus" is no time zone`},
		"half a key":   {map[string]string{"KITH_KEYS_PUBLIC": "pk"}, "go together"},
		"half a user":  {map[string]string{"KITH_ADMIN_EMAIL": "ada@example.com"}, "go together"},
		"level":        {map[string]string{"KITH_LOG_LEVEL": "loud"}, `must be debug, info, warn or error, not "loud"`},
		"memory":       {map[string]string{"KITH_SEGMENTS_MEMORY": "much"}, `segments.memory (environment): must be a size such as "350MB"`},
		"address kind": {map[string]string{"KITH_URL": "ftp://x"}, "is no web address"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := Load("", func(k string) (string, bool) { v, ok := c.env[k]; return v, ok }, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestLoad_refusesAKeyThatDoesNotExist(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kith.toml")
	if err := os.WriteFile(file, []byte("lisen = \":1\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(file, none, nil); err == nil || !strings.Contains(err.Error(), `no setting "lisen"`) {
		t.Errorf("got %v", err)
	}
}

func TestPrint_hidesSecrets(t *testing.T) {
	c, err := Load("", none, map[string]string{"keys.public": "pk_x", "keys.private": "sk_hidden"})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := c.Print(&b); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "sk_hidden") || !strings.Contains(b.String(), "pk_x") || !strings.Contains(b.String(), "flag") {
		t.Errorf("printed:\n%s", b.String())
	}
}

func TestStrays_areNamedWithWhatWasMeant(t *testing.T) {
	t.Parallel()
	got := Strays([]string{"KITH_LISTEM=:1", "KITH_METRICS=off", "KITH_DATA=x", "KITH_MOCK=127.0.0.1:1", "PATH=/", "KITH_ZZZZZZZZZ=1",
		"KITH_PORT=tcp://10.0.0.1:5484", "KITH_PORT_5484_TCP_ADDR=10.0.0.1", "KITH_SERVICE_HOST=10.0.0.1"})
	want := []string{"KITH_LISTEM is no setting; did you mean KITH_LISTEN?", "KITH_METRICS is no setting; did you mean KITH_METRICS_ACCESS?", "KITH_ZZZZZZZZZ is no setting"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
