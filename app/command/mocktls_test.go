//go:build linux

package command

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Clients that know nothing of the mock, set up by what it prints and by nothing else: a line
// in the hosts file, and trust in the authority, at the port that SDKs use.
func TestMock_otherLanguagesTrustWhatItPrints(t *testing.T) {
	if testing.Short() && os.Getenv("CI") != "true" {
		t.Skip("makes namespaces")
	}
	for _, program := range []string{"/usr/bin/python3", "php", "ruby"} {
		if _, err := exec.LookPath(program); err != nil {
			needed(t, "unmodified clients are tried in Python, PHP and Ruby, and there is no "+program)
		}
	}
	if exec.Command("php", "-r", "exit(function_exists('curl_init') ? 0 : 1);").Run() != nil {
		needed(t, "unmodified clients are tried with PHP's curl, which is not there")
	}
	if exec.Command("/usr/bin/python3", "-c", "import requests").Run() != nil {
		needed(t, "unmodified clients are tried with Python's requests, which is not there")
	}
	given := installable(t)
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(given+"/tests", self, 0o700); err != nil {
		t.Fatal(err)
	}
	m := boot(t, given, "none")
	m.run("ip", "link", "set", "lo", "up")
	go func() {
		_, _ = m.try("sh", "-c", "HOME=/tmp exec /given/kith mock --tls --data /tmp/mock >/tmp/said 2>&1")
	}()
	said := ""
	for end := time.Now().Add(10 * time.Second); !strings.Contains(said, "SSL_CERT_FILE="); time.Sleep(50 * time.Millisecond) {
		if said, _ = m.try("cat", "/tmp/said"); time.Now().After(end) {
			t.Fatalf("the mock says %s", said)
		}
	}
	value := func(name string) string {
		_, rest, found := strings.Cut(said, name)
		if !found {
			t.Fatalf("the mock does not print %s:\n%s", name, said)
		}
		line, _, _ := strings.Cut(rest, "\n")
		line, _, _ = strings.Cut(strings.TrimSpace(line), "   ")
		return line
	}
	m.run("sh", "-c", "echo '"+value("\n  hosts ")+"' >>/etc/hosts")
	const address = "https://api.engage.so/v1/users/u1"
	file := "env SSL_CERT_FILE=" + value("SSL_CERT_FILE=") + " "
	for name, c := range map[string]struct {
		program, trusting string
		args              []string
	}{
		"Python": {"/usr/bin/python3", "env REQUESTS_CA_BUNDLE=" + value("REQUESTS_CA_BUNDLE=") + " /usr/bin/python3", []string{"-c",
			`import requests; r = requests.put("` + address + `", json={"plan": "Python"}, auth=("any", "key")); print(r.status_code)`}},
		"PHP": {"php", value("\n  PHP "), []string{"-r",
			`file_get_contents("` + address + `", false, stream_context_create(["http" => ["method" => "PUT", "content" => '{"plan":"PHP"}', "header" => "Content-Type: application/json\r\nAuthorization: Basic " . base64_encode("any:key")]])); echo explode(" ", $http_response_header[0])[1];`}},
		"curl": {"php", value("\n  PHP "), []string{"-r",
			`$c = curl_init("` + address + `"); curl_setopt_array($c, [CURLOPT_CUSTOMREQUEST => "PUT", CURLOPT_POSTFIELDS => '{"plan":"curl"}', CURLOPT_HTTPHEADER => ["Content-Type: application/json"], CURLOPT_USERPWD => "any:key", CURLOPT_RETURNTRANSFER => true]); curl_exec($c); echo curl_getinfo($c, CURLINFO_RESPONSE_CODE);`}},
		"Ruby": {"ruby", file + "ruby", []string{"-rnet/http", "-e",
			`u = URI("` + address + `"); q = Net::HTTP::Put.new(u, "Content-Type" => "application/json"); q.basic_auth "any", "key"; q.body = '{"plan":"Ruby"}'; puts Net::HTTP.start(u.host, u.port, use_ssl: true) { |h| h.request(q) }.code`}},
		"Go": {"env", file, []string{clientOf + "=" + address, "/given/tests", "-test.run=^TestClient$", "-test.v"}},
	} {
		if out := m.run(append(strings.Fields(c.trusting), c.args...)...); !strings.Contains(out, "200") {
			t.Errorf("%s gets %s", name, out)
		}
		resp, err := m.client().Get("http://127.0.0.1:5485/mock/requests?path=/users/u1&contains=" + name)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if !strings.Contains(string(body), `"status":200`) {
			t.Errorf("%s: the mock recorded %s", name, body)
		}
		if out, _ := m.try(append([]string{c.program}, c.args...)...); strings.Contains(out, "200") {
			t.Errorf("%s takes the certificate without trusting the authority: %s", name, out)
		}
	}
}

const clientOf = "KITH_TEST_CLIENT"

// TestClient is the Go program of the test above, and nothing otherwise.
func TestClient(t *testing.T) {
	address := os.Getenv(clientOf)
	if address == "" {
		return
	}
	req, err := http.NewRequest("PUT", address, strings.NewReader(`{"plan":"Go"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.SetBasicAuth("any", "key")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	t.Log(resp.StatusCode)
}
