package example_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"kith/app/mock/example"
)

// mock is the address of the mock that the tests share; binary is the program.
var mock, binary string

// TestMain starts `kith mock` for all tests, on a free port. A team that has Kith installed
// starts "kith" instead of building it.
func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	folder, err := os.MkdirTemp("", "kith-example-")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer os.RemoveAll(folder)
	binary = filepath.Join(folder, "kith")
	if out, err := exec.Command("go", "build", "-o", binary, "kith").CombinedOutput(); err != nil {
		fmt.Printf("build kith: %v\n%s", err, out)
		return 1
	}
	cmd := exec.Command(binary, "mock", "--listen", "127.0.0.1:0")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer func() {
		_ = cmd.Process.Signal(os.Interrupt) // it removes its folder
		_ = cmd.Wait()
	}()
	lines := bufio.NewScanner(out)
	for mock == "" && lines.Scan() {
		if found := regexp.MustCompile(`control +(http://\S+)/mock`).FindStringSubmatch(lines.Text()); found != nil {
			mock = found[1]
		}
	}
	go func() {
		for lines.Scan() { // one line a request; print them to see what came
		}
	}()
	return m.Run()
}

// control calls the mock's control API and reads the answer into out, if it is not nil.
func control(t *testing.T, method, path, body string, out any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, mock+"/mock"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer json.RawMessage
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s %s (%v)", method, path, res.Status, answer, err)
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			t.Fatal(err)
		}
	}
}

// client is the team's client, led to the mock; any keys do.
func client() *example.Engage {
	return &example.Engage{BaseURL: mock + "/v1", Public: "pk", Private: "sk", HTTP: &http.Client{Timeout: 5 * time.Second}}
}

func TestSignUp_reachesEngage(t *testing.T) {
	control(t, "POST", "/reset", "", nil)
	if err := client().SignUp(t.Context(), "u1", "ada@example.com"); err != nil {
		t.Fatal(err)
	}
	var came struct {
		Data []struct {
			Body struct{ Event string }
		}
	}
	control(t, "GET", "/requests?path=/users/u1/events&wait=5s", "", &came)
	if got := came.Data[0].Body.Event; got != "Signed up" {
		t.Errorf("the event is %q", got)
	}
}

func TestSignUp_countsOnceThoughItsAnswerGotLost(t *testing.T) {
	control(t, "POST", "/reset", "", nil)
	control(t, "POST", "/failures", `{"path":"/users/*/events","drop":true,"applied":true}`, nil)
	if err := client().SignUp(t.Context(), "u2", "bo@example.com"); err != nil {
		t.Fatal(err)
	}
	var state struct{ Events int }
	control(t, "GET", "", "", &state)
	if state.Events != 1 {
		t.Errorf("there are %d events, want 1", state.Events)
	}
}

func TestSignUp_givesUpWhenEngageIsDown(t *testing.T) {
	control(t, "POST", "/reset", "", nil)
	control(t, "POST", "/failures", `{"status":503,"count":-1}`, nil)
	if err := client().SignUp(t.Context(), "u3", "cy@example.com"); err == nil {
		t.Error("nobody was told that Engage is down")
	}
}

// The same in Node: signup.test.js, run as its head says.
func TestNode(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		missing(t, "node is not installed")
	}
	sdk, err := filepath.Abs("../../api/sdktest/1.6.0/node_modules/@engage_so/node")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(sdk); err != nil {
		missing(t, "Engage's SDK is not installed: run npm ci in app/api/sdktest/1.6.0")
	}
	preload := exec.Command(binary, "mock", "preload", "--listen", strings.TrimPrefix(mock, "http://"))
	preload.Env = append(os.Environ(), "XDG_CACHE_HOME="+t.TempDir())
	path, err := preload.Output()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "--test", "signup.test.js")
	cmd.Env = append(os.Environ(), "NODE_OPTIONS=--require "+strings.TrimSpace(string(path)),
		"KITH_MOCK="+strings.TrimPrefix(mock, "http://"), "ENGAGE_SDK="+sdk)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// missing skips a test that needs what is not here, and fails it where CI=true.
func missing(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}
