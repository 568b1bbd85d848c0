package config

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestSecret_mayBeInAFileOrTheEnvironment(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "private")
	if err := os.WriteFile(file, []byte("sk_from_a_file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := func(name string) (string, bool) {
		v, ok := map[string]string{"KITH_ADMIN_PASSWORD": "env:ADMIN_PASSWORD", "ADMIN_PASSWORD": "a ledger well kept", "KITH_ADMIN_EMAIL": "ada@example.com"}[name]
		return v, ok
	}
	c, err := Load("", env, map[string]string{"keys.public": "pk_1", "keys.private": "file:" + file})
	if err != nil {
		t.Fatal(err)
	}
	if c.KeysPrivate != "sk_from_a_file" || c.AdminPassword != "a ledger well kept" {
		t.Errorf("got %q and %q", c.KeysPrivate, c.AdminPassword)
	}
	for _, wrong := range []string{"file:" + file + ".none", "env:NOT_THERE"} {
		if _, err := Load("", none, map[string]string{"keys.public": "pk_1", "keys.private": wrong}); err == nil || !strings.Contains(err.Error(), "keys.private (flag)") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
	if c, err := Load("", none, map[string]string{"workspace": "env:HOME"}); err != nil || c.Workspace != "env:HOME" {
		t.Errorf("what is no secret is read elsewhere: %v", err)
	}
}

func TestNetwork_settingsThatAreWrongSaySo(t *testing.T) {
	t.Parallel()
	for name, wrong := range map[string]map[string]string{
		"trusted_proxies":  {"trusted_proxies": "everybody"},
		"limits.key":       {"limits.key": "many"},
		"limits.address":   {"limits.address": "0/s"},
		"tls.certificate":  {"tls.certificate": "kith.crt"},
		"tls.autocert":     {"tls.autocert": "127.0.0.1"},
		"tls.http":         {"tls.http": ":80"},
		"tls.certificate ": {"tls.certificate": "not-there.crt", "tls.key": "not-there.key"},
		"tls.directory":    {"tls.directory": "https://ca.example.internal/directory"}, // and no names
		"tls.directory ":   {"tls.autocert": "kith.example.com", "tls.directory": "http://ca.example.internal/directory"},
		"tls.directory  ":  {"tls.autocert": "kith.example.com", "tls.directory": "ca.example.internal"},
		"tls.authority":    {"tls.authority": "network_test.go"}, // and no names
		"tls.authority ":   {"tls.autocert": "kith.example.com", "tls.authority": "not-there.pem"},
		"tls.authority  ":  {"tls.autocert": "kith.example.com", "tls.authority": "network_test.go"},
	} {
		if _, err := Load("", none, wrong); err == nil || !strings.HasPrefix(err.Error(), strings.TrimSpace(name)) {
			t.Errorf("%v: %v", wrong, err)
		}
	}
	file := filepath.Join(t.TempDir(), "kith.toml")
	if err := os.WriteFile(file, []byte("trust_proxy = true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(file, none, nil); err == nil || !strings.Contains(err.Error(), "trusted_proxies") {
		t.Errorf("the setting of before: %v", err)
	}
	c, err := Load("", none, map[string]string{"limits.key": "6000/m", "trusted_proxies": "10.0.0.1, 192.168.0.0/16"})
	if err != nil || c.KeyRate != (Rate{6000, time.Minute}) || !c.Proxies.Trusts("192.168.4.5:80") || c.Proxies.Trusts("10.0.0.2:80") || !c.Proxies.Trusts("[::ffff:10.0.0.1]:80") {
		t.Errorf("got %+v, %v", c, err)
	}
}

func TestProxies_aloneSayThatARequestWasSecure(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("X-Forwarded-Proto", "https")
	r.RemoteAddr = "10.0.0.1:7"
	p, _ := ParseProxies("10.0.0.1")
	if !p.Secure(r) || Proxies(nil).Secure(r) {
		t.Error("anybody may say so, or the proxy may not")
	}
}
