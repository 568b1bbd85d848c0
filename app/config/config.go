// Package config gathers the settings: defaults, below the file, below the environment,
// below flags. It knows each key once, in the table of [Keys], checks the values, and
// can say where each came from. It never reads a setting anywhere else.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"kith/app"

	"github.com/knadh/koanf/parsers/toml/v2"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
)

// Config is every setting, checked.
type Config struct {
	Listen        string
	Data          string
	Workspace     string
	Timezone      string
	URL           string
	Proxies       Proxies
	KeysPublic    string
	KeysPrivate   string
	AdminEmail    string
	AdminPassword string
	LogLevel      string
	// LogFormat is LogText or LogJSON.
	LogFormat string
	// TLSCertificate and TLSKey are files, TLSHosts the names that certificates are got for;
	// TLSHTTP is where plain HTTP is sent on from.
	TLSCertificate, TLSKey, TLSEmail, TLSHTTP string
	TLSHosts                                  []string
	// TLSDirectory is the address of the authority that certificates are got from, "" for Let's
	// Encrypt; TLSAuthority is a file with who vouches for that address, "" for whom the machine trusts.
	TLSDirectory, TLSAuthority string
	// KeyRate and AddressRate bound how many requests come with one key, and from one address.
	KeyRate, AddressRate Rate
	// HooksKept is how long the bodies that services posted are kept.
	HooksKept time.Duration
	// HooksPrivate lets hooks be passed on to loopback and private networks.
	HooksPrivate bool
	// SegmentsMemory is how many bytes the columns that segments look at should take at the most.
	SegmentsMemory int64

	// EventsKept is how long events are kept, 0 for ever.
	EventsKept app.Age
	// DiskReserve is how many bytes of the disk are kept back.
	DiskReserve int64
	// Backups are made each BackupEvery (0: never), those of a day or more at BackupAt in Zone.
	BackupEvery, BackupAt time.Duration
	BackupKeep            int
	BackupDir             string
	BackupRecipients      string
	BackupPassphrase      string
	// Metrics is who may read /metrics: MetricsLocal, MetricsAll or MetricsOff.
	Metrics string

	// Zone is Timezone, loaded.
	Zone    *time.Location
	origins map[string]string
	values  map[string]string
}

// Key is one setting.
type Key struct {
	Name    string // in the file; the environment has it as KITH_NAME, with _ for a dot
	Default string
	Secret  bool // never printed
}

// The formats of the log.
const (
	LogText = "text"
	LogJSON = "json"
)

// DefaultWorkspace is the workspace's name when none is given.
const DefaultWorkspace = "Kith"

// Keys are all settings, in the order of config.example.toml, which explains them.
var Keys = []Key{
	{Name: "listen", Default: "127.0.0.1:5484"},
	{Name: "data", Default: "./kith-data"},
	{Name: "workspace", Default: DefaultWorkspace},
	{Name: "timezone", Default: "UTC"},
	{Name: "url", Default: ""},
	{Name: "trusted_proxies", Default: ""},
	{Name: "tls.certificate", Default: ""},
	{Name: "tls.key", Default: ""},
	{Name: "tls.autocert", Default: ""},
	{Name: "tls.directory", Default: ""},
	{Name: "tls.authority", Default: ""},
	{Name: "tls.email", Default: ""},
	{Name: "tls.http", Default: ""},
	{Name: "limits.key", Default: "off"},
	{Name: "limits.address", Default: "off"},
	{Name: "keys.public", Default: ""},
	{Name: "keys.private", Default: "", Secret: true},
	{Name: "admin.email", Default: ""},
	{Name: "admin.password", Default: "", Secret: true},
	{Name: "hooks.keep", Default: "30d"},
	{Name: "hooks.private", Default: "false"},
	{Name: "segments.memory", Default: "1GB"},
	{Name: "events.keep", Default: "forever"},
	{Name: "backup.every", Default: "24h"},
	{Name: "backup.at", Default: "03:00"},
	{Name: "backup.keep", Default: "7"},
	{Name: "backup.dir", Default: ""},
	{Name: "backup.recipients", Default: ""},
	{Name: "backup.passphrase", Default: "", Secret: true},
	{Name: "disk.reserve", Default: "200MB"},
	{Name: "metrics.access", Default: MetricsLocal},
	{Name: "log.level", Default: "info"},
	{Name: "log.format", Default: LogText},
}

// renamed are settings that were, with what to write instead.
var renamed = map[string]string{
	"trust_proxy": `trust_proxy = true is now trusted_proxies = "127.0.0.1", with the addresses of the proxies themselves`,
}

// Env is the key's name in the environment.
func (k Key) Env() string {
	return "KITH_" + strings.ToUpper(strings.ReplaceAll(k.Name, ".", "_"))
}

// Load gathers the settings. path "" means no file; flags holds those that were given,
// by key. Its errors name the key, the value and where it came from.
func Load(path string, environ func(string) (string, bool), flags map[string]string) (*Config, error) {
	merged := koanf.New(".")
	origins := map[string]string{}
	add := func(origin string, values map[string]any) error {
		for name := range values {
			origins[name] = origin
		}
		return merged.Load(confmap.Provider(values, "."), nil)
	}
	defaults, env, given := map[string]any{}, map[string]any{}, map[string]any{}
	for _, k := range Keys {
		defaults[k.Name] = k.Default
		if v, ok := environ(k.Env()); ok {
			env[k.Name] = v
		}
		if v, ok := flags[k.Name]; ok {
			given[k.Name] = v
		}
	}
	fromFile, err := readFile(path)
	if err != nil {
		return nil, err
	}
	for _, layer := range []struct {
		origin string
		values map[string]any
	}{{"default", defaults}, {path, fromFile}, {"environment", env}, {"flag", given}} {
		if err := add(layer.origin, layer.values); err != nil {
			return nil, err
		}
	}
	c := &Config{origins: origins, values: map[string]string{}}
	for _, k := range Keys {
		c.values[k.Name] = merged.String(k.Name)
		if k.Secret {
			if c.values[k.Name], err = secret(c.values[k.Name], environ); err != nil {
				return nil, fmt.Errorf("%s (%s): %w", k.Name, origins[k.Name], err)
			}
		}
	}
	return c, c.check()
}

// readFile reads a TOML file into flat keys and refuses keys that do not exist.
func readFile(path string) (map[string]any, error) {
	values := map[string]any{}
	if path == "" {
		return values, nil
	}
	k := koanf.New(".")
	if err := k.Load(file.Provider(path), toml.Parser()); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no configuration %s; `kith init` writes one, with every setting and its default", path)
		}
		return nil, fmt.Errorf("read the configuration %s: %w; mend that line, or compare it with what `kith init` writes", path, err)
	}
	known := map[string]bool{}
	for _, key := range Keys {
		known[key.Name] = true
	}
	for name, v := range k.All() {
		if now := renamed[name]; now != "" {
			return nil, fmt.Errorf("%s: the setting %s", path, now)
		}
		if !known[name] {
			return nil, fmt.Errorf("%s: there is no setting %q%s", path, name, like(name))
		}
		values[name] = fmt.Sprint(v)
	}
	return values, nil
}

// Strays are the variables of an environment ("NAME=value") that look like settings and
// are none, each with the one that was probably meant: one that is misspelt would otherwise
// do nothing, in silence. What Kubernetes sets for a service called kith is left out.
func Strays(environ []string) []string {
	known := map[string]bool{"KITH_MOCK": true} // where the mock's clients look for it
	for _, k := range Keys {
		known[k.Env()] = true
	}
	var out []string
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		rest, ours := strings.CutPrefix(name, "KITH_")
		if !ours || known[name] || strings.HasPrefix(rest, "SERVICE_") || rest == "PORT" && strings.Contains(value, "://") || strings.HasPrefix(rest, "PORT_") {
			continue
		}
		meant, least := "", 4
		for _, k := range Keys {
			if strings.HasPrefix(k.Env(), name+"_") && least > 0 { // the name of a section
				meant, least = k.Env(), 0
			}
			if d := app.EditDistance(name, k.Env()); d < least {
				meant, least = k.Env(), d
			}
		}
		if meant != "" {
			meant = "; did you mean " + meant + "?"
		}
		out = append(out, name+" is no setting"+meant)
	}
	slices.Sort(out)
	return out
}

// like names the setting that was probably meant, or where all are.
func like(name string) string {
	best, least := "", 4
	for _, k := range Keys {
		if d := app.EditDistance(name, k.Name); d < least {
			best, least = k.Name, d
		}
	}
	if best != "" {
		return "; did you mean " + best + "?"
	}
	return "; config.example.toml, which `kith init` writes, has all there are"
}

func (c *Config) check() (err error) {
	v := func(name string) string { return c.values[name] }
	fail := func(name, format string, args ...any) error {
		return fmt.Errorf("%s (%s): %s", name, c.origins[name], fmt.Sprintf(format, args...))
	}
	c.Listen, c.Data, c.Workspace, c.URL = v("listen"), v("data"), v("workspace"), strings.TrimRight(v("url"), "/")
	c.Timezone, c.LogLevel = v("timezone"), v("log.level")
	c.KeysPublic, c.KeysPrivate = v("keys.public"), v("keys.private")
	c.AdminEmail, c.AdminPassword = v("admin.email"), v("admin.password")
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fail("listen", "%q is no address; write host:port, such as 127.0.0.1:5484 or :5484", c.Listen)
	}
	if c.Data == "" {
		return fail("data", "is empty; it must be a folder")
	}
	if c.Zone, err = time.LoadLocation(c.Timezone); err != nil || c.Timezone == "" {
		return fail("timezone", "%q is no time zone; write one such as Africa/Lagos or UTC", c.Timezone)
	}
	if name, err := c.checkNetwork(); err != nil {
		return fail(name, "%v", err)
	}
	if u, err := url.Parse(c.URL); c.URL != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		return fail("url", "%q is no web address; write one such as https://kith.example.com", c.URL)
	}
	if (c.KeysPublic == "") != (c.KeysPrivate == "") {
		return fail("keys.public", "keys.public and keys.private go together")
	}
	if strings.Contains(c.KeysPublic, ":") {
		return fail("keys.public", "a key cannot contain a colon")
	}
	if (c.AdminEmail == "") != (c.AdminPassword == "") {
		return fail("admin.email", "admin.email and admin.password go together")
	}
	if c.HooksKept, err = days(v("hooks.keep")); err != nil {
		return fail("hooks.keep", `must be a number of days from "1d" to "3650d", not %q`, v("hooks.keep"))
	}
	if c.HooksPrivate, err = strconv.ParseBool(v("hooks.private")); err != nil {
		return fail("hooks.private", "must be true or false, not %q", v("hooks.private"))
	}
	if c.SegmentsMemory, err = megabytes(v("segments.memory")); err != nil {
		return fail("segments.memory", `must be a size such as "350MB" or "2GB", not %q`, v("segments.memory"))
	}
	if err := c.checkKeeping(v, fail); err != nil {
		return err
	}
	switch c.LogLevel {
	case "debug", "info", "warn", "error":
	default:
		return fail("log.level", "must be debug, info, warn or error, not %q", c.LogLevel)
	}
	if c.LogFormat = v("log.format"); c.LogFormat != LogText && c.LogFormat != LogJSON {
		return fail("log.format", "must be text or json, not %q", c.LogFormat)
	}
	return nil
}

// days reads a time such as "30d".
func days(text string) (time.Duration, error) {
	n, err := strconv.Atoi(strings.TrimSuffix(text, "d"))
	if err != nil || !strings.HasSuffix(text, "d") || n < 1 || n > 3650 {
		return 0, fmt.Errorf("%q is no number of days", text)
	}
	return time.Duration(n) * 24 * time.Hour, nil
}

// megabytes reads a size such as "350MB" or "2GB".
func megabytes(text string) (int64, error) {
	for unit, bytes := range map[string]int64{"MB": 1 << 20, "GB": 1 << 30} {
		if digits, ok := strings.CutSuffix(text, unit); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 32)
			if err == nil && n > 0 {
				return n * bytes, nil
			}
		}
	}
	return 0, fmt.Errorf("%q is no size", text)
}

// Print writes each value and where it came from; secrets are only said to be set.
func (c *Config) Print(w io.Writer) error {
	for _, k := range Keys {
		value := c.values[k.Name]
		if k.Secret && value != "" {
			value = "(set)"
		}
		if _, err := fmt.Fprintf(w, "%-16s %-28s %s\n", k.Name, strconv.Quote(value), c.origins[k.Name]); err != nil {
			return err
		}
	}
	return nil
}

// Origin says where a key's value came from: "default", the file's path, "environment" or "flag".
func (c *Config) Origin(name string) string { return c.origins[name] }

// WithSetting returns the commented configuration with another value for a key of its top.
func WithSetting(example []byte, key, value string) []byte {
	lines := bytes.Split(example, []byte("\n"))
	for i, line := range lines {
		if bytes.HasPrefix(line, []byte(key+" = ")) {
			lines[i] = []byte(key + " = " + strconv.Quote(value))
			break
		}
	}
	return bytes.Join(lines, []byte("\n"))
}

// Environ reads the process's environment.
func Environ(name string) (string, bool) { return os.LookupEnv(name) }
