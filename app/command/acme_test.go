package command

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// pebble is an authority for tests, by those who run Let's Encrypt. It is run as a program,
// not linked, and so is the name server that leads it to this machine.
const pebble = "github.com/letsencrypt/pebble/v2/cmd/"
const pebbleVersion = "@v2.10.1"

// lines is a log that is read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// wait waits until the log has a text.
func (l *lines) wait(t *testing.T, text string) {
	t.Helper()
	for end := time.Now().Add(40 * time.Second); !strings.Contains(l.String(), text); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the log has no %q:\n%s", text, l)
		}
	}
}

// begin starts a program; ended, by stop or with the test, it is awaited.
func begin(t *testing.T, env []string, name string, args ...string) (log *lines, stop func()) {
	t.Helper()
	cmd, log := exec.Command(name, args...), new(lines)
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), env...), log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		if cmd.Process.Signal(os.Interrupt) != nil {
			_ = cmd.Process.Kill()
		}
		hard := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		defer hard.Stop()
		_ = cmd.Wait()
	})
	t.Cleanup(stop)
	return log, stop
}

// freeAddress is one of this machine that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// vouched writes a root certificate, and one for 127.0.0.1 that it vouches for.
func vouched(t *testing.T, folder string) (root, certificate, key string) {
	t.Helper()
	root, certificate, key = filepath.Join(folder, "root.pem"), filepath.Join(folder, "ca.crt"), filepath.Join(folder, "ca.key")
	make := func(template, parent *x509.Certificate, signer *ecdsa.PrivateKey) ([]byte, *ecdsa.PrivateKey) {
		own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if signer == nil {
			signer = own
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, &own.PublicKey, signer)
		if err != nil {
			t.Fatal(err)
		}
		return der, own
	}
	write := func(file, kind string, der []byte) {
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	until := time.Now().Add(time.Hour)
	top := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Invented Root"}, NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, signer := make(top, top, nil)
	write(root, "CERTIFICATE", der)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "127.0.0.1"}, NotAfter: until, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, own := make(leaf, top, signer)
	write(certificate, "CERTIFICATE", der)
	raw, err := x509.MarshalPKCS8PrivateKey(own)
	if err != nil {
		t.Fatal(err)
	}
	write(key, "PRIVATE KEY", raw)
	return root, certificate, key
}

// acmeTest is a Kith, the authority that it gets certificates from, and what lies between.
type acmeTest struct {
	t                              *testing.T
	kith, programs                 string // the programs
	listen, ca, management         string // addresses
	root, certificate, key, config string // files
	data, kept                     string // folders
	names                          string // the name server's address
}

func newACMETest(t *testing.T) *acmeTest {
	t.Helper()
	folder := t.TempDir()
	a := &acmeTest{t: t, kith: buildKith(t), programs: filepath.Join(folder, "bin"), data: filepath.Join(folder, "data"),
		listen: freeAddress(t), ca: freeAddress(t), management: freeAddress(t), names: freeAddress(t), config: filepath.Join(folder, "kith.toml")}
	install := exec.Command("go", "install", pebble+"pebble"+pebbleVersion, pebble+"pebble-challtestsrv"+pebbleVersion)
	install.Env = append(os.Environ(), "GOBIN="+a.programs, "GOFLAGS=")
	if said, err := install.CombinedOutput(); err != nil {
		needed(t, fmt.Sprintf("certificates are got from Pebble, which cannot be built here: %v\n%s", err, said))
	}
	a.root, a.certificate, a.key = vouched(t, folder)
	a.kept = filepath.Join(a.data, "certificates", strings.NewReplacer(":", "_").Replace(a.ca)+"_dir")
	settings := fmt.Sprintf("data = %q\nlisten = %q\n[tls]\nautocert = \"Kith.example.com, elsewhere.example.com\"\ndirectory = \"https://%s/dir\"\nauthority = %q\n[disk]\nreserve = \"1MB\"\n",
		a.data, a.listen, a.ca, a.root)
	if err := os.WriteFile(a.config, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

// authority starts Pebble, whose certificates hold for 24 seconds, and a name server that
// leads every name here but one, at whose address nobody listens.
func (a *acmeTest) authority() (stop func()) {
	a.t.Helper()
	control := freeAddress(a.t)
	begin(a.t, nil, filepath.Join(a.programs, "pebble-challtestsrv"), "-http01=", "-https01=", "-tlsalpn01=", "-doh=", "-dnsserver="+a.names, "-defaultIPv6=", "-management="+control)
	_, port, _ := net.SplitHostPort(a.listen)
	config := filepath.Join(filepath.Dir(a.config), "pebble.json")
	text := fmt.Sprintf(`{"pebble": {"listenAddress": %q, "managementListenAddress": %q, "certificate": %q, "privateKey": %q, "httpPort": 1, "tlsPort": %s,
		"keyAlgorithm": "ecdsa", "retryAfter": {"authz": 1, "order": 1}, "profiles": {"default": {"description": "short", "validityPeriod": 24}}}}`,
		a.ca, a.management, a.certificate, a.key, port)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		a.t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		res, err := http.Post("http://"+control+"/add-a", "application/json", strings.NewReader(`{"host":"elsewhere.example.com","addresses":["127.0.0.2"]}`))
		if err == nil {
			res.Body.Close()
			break
		}
		if time.Now().After(end) {
			a.t.Fatal(err)
		}
	}
	log, stop := begin(a.t, []string{"PEBBLE_VA_NOSLEEP=1"}, filepath.Join(a.programs, "pebble"), "-config", config, "-dnsserver", a.names)
	log.wait(a.t, "Listening on")
	return stop
}

// roots are those of the authority that a client of Kith trusts.
func (a *acmeTest) roots() *x509.CertPool {
	a.t.Helper()
	text, err := os.ReadFile(a.root)
	if err != nil {
		a.t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(text)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}, DisableKeepAlives: true}}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		res, err := client.Get("https://" + a.management + "/roots/0")
		if err == nil {
			defer res.Body.Close()
			text, _ := io.ReadAll(res.Body)
			pool := x509.NewCertPool()
			if !pool.AppendCertsFromPEM(text) {
				a.t.Fatalf("the authority's root is %s", text)
			}
			return pool
		}
		if time.Now().After(end) {
			a.t.Fatal(err)
		}
	}
}

func (a *acmeTest) serve() (log *lines, stop func()) {
	a.t.Helper()
	log, stop = begin(a.t, nil, a.kith, "serve", "--config", a.config)
	log.wait(a.t, "Kith "+Version+" serves")
	return log, stop
}

// visit asks Kith under a name, and returns the serial number of its certificate.
func (a *acmeTest) visit(name string, trusted *x509.CertPool) (serial string, err error) {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}, DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", a.listen)
	}}
	res, err := (&http.Client{Transport: transport, Timeout: 30 * time.Second}).Get("https://" + name + "/v1/status")
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized && res.StatusCode != http.StatusOK {
		return "", fmt.Errorf("answered %s", res.Status)
	}
	return res.TLS.PeerCertificates[0].SerialNumber.String(), nil
}

func (a *acmeTest) doctor() string {
	out, _ := exec.Command(a.kith, "doctor", "--config", a.config).CombinedOutput()
	return string(out)
}

// A certificate of an authority of one's own: asked for, served, kept, renewed, and used
// after a restart without asking again; and what is said when it cannot be got.
func TestACME_withAnAuthorityOfOnesOwn(t *testing.T) {
	if testing.Short() && os.Getenv("CI") != "true" {
		t.Skip("builds and runs programs")
	}
	t.Parallel()
	a := newACMETest(t)

	// Nobody is there to give one.
	log, stop := a.serve()
	log.wait(t, "no certificate could be got")
	wantSaid(t, log.String(), `level=ERROR msg="no certificate could be got; who connects is refused" host=kith.example.com authority=https://`+a.ca+`/dir error=.*refused`)
	wantSaid(t, a.doctor(), `FAIL +certificate +https://\S+/dir cannot be asked: .*refused`, `→ See that this machine reaches it; tls.directory`,
		`warn +certificate +there is none yet for kith.example.com`, `ok +port +Kith answers on|FAIL +port`)
	stop()

	// It is there. One of the names does not lead here.
	gone := a.authority()
	trusted := a.roots()
	log, stop = a.serve()
	log.wait(t, `msg="a certificate is there" host=kith.example.com`)
	serial, err := a.visit("kith.example.com", trusted)
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	wantSaid(t, a.doctor(), `ok +certificate +kith.example.com holds until`, `warn +certificate +there is none yet for elsewhere.example.com`, `ok +port +Kith answers on \S+ and is ready`)
	log.wait(t, "host=elsewhere.example.com")
	wantSaid(t, log.String(), `level=ERROR msg="no certificate could be got; who connects is refused" host=elsewhere.example.com .*error="the authority did not find this Kith under that name: tls-alpn-01: .*127\.0\.0\.2`)
	if _, err := a.visit("elsewhere.example.com", trusted); err == nil {
		t.Error("a name without a certificate is answered")
	}
	if _, err := a.visit("stranger.example.org", trusted); err == nil || strings.Contains(log.String(), "stranger") {
		t.Errorf("a stranger's name: %v\n%s", err, log)
	}
	a.keptPrivately()

	// It runs out, and is renewed meanwhile.
	renewed := serial
	for end := time.Now().Add(40 * time.Second); renewed == serial; time.Sleep(200 * time.Millisecond) {
		if renewed, err = a.visit("kith.example.com", trusted); err != nil || time.Now().After(end) {
			t.Fatalf("it was not renewed: %v\n%s", err, log)
		}
	}
	stop()

	// The authority is gone, and Kith starts anew.
	gone()
	log, stop = a.serve()
	if again, err := a.visit("kith.example.com", trusted); err != nil || again != renewed {
		t.Errorf("started anew, it serves %s (%v), not %s\n%s", again, err, renewed, log)
	}
	stop()
}

// keptPrivately looks at what is kept of an account and its certificates.
func (a *acmeTest) keptPrivately() {
	a.t.Helper()
	if runtime.GOOS == "windows" {
		return
	}
	for name, want := range map[string]os.FileMode{"": 0o700, "kith.example.com": 0o600, "acme_account+key": 0o600} {
		info, err := os.Stat(filepath.Join(a.kept, name))
		if err != nil || info.Mode().Perm() != want {
			list, _ := json.Marshal(filesBelow(a.data))
			a.t.Errorf("%s: %v, %v; there is %s", name, info, err, list)
		}
	}
}

func filesBelow(folder string) (out []string) {
	_ = filepath.Walk(folder, func(p string, _ os.FileInfo, _ error) error { out = append(out, p); return nil })
	return out
}
