// Package uitest drives the dashboard in a real browser against the real program: what
// a person sees, types and presses, at the widths and in the colours that people have.
// It owns nothing: each test has a data folder, a server and a tab of its own, and all
// share one browser.
//
// The invariant: whatever a test does, a script error, a failed request, a violation of
// the content security policy or a page wider than its window fails it, unless the test
// said that it expects that.
//
// Without Chromium the tests skip themselves; with CI=true they fail instead.
package uitest

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// shared is what all tests use.
var shared struct {
	browser  context.Context // nil without a browser
	missing  string          // why there is none
	program  string          // the built kith
	problems error
}

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	folder, err := os.MkdirTemp("", "kith-uitest-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	if stop, err := startBrowser(folder); err != nil {
		shared.missing = err.Error()
	} else {
		defer stop()
		shared.program = filepath.Join(folder, "kith")
		build := exec.Command("go", "build", "-o", shared.program, "kith")
		if out, err := build.CombinedOutput(); err != nil {
			shared.problems = fmt.Errorf("build the program: %w\n%s", err, out)
		}
	}
	return m.Run()
}

func startBrowser(folder string) (stop func(), err error) {
	var program string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if program, err = exec.LookPath(name); err == nil {
			break
		}
	}
	if program == "" {
		return nil, fmt.Errorf("these tests need Chromium, and there is none in the path")
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(program), chromedp.UserDataDir(filepath.Join(folder, "profile")),
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
	}
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	browser, cancel := chromedp.NewContext(allocator)
	if err := chromedp.Do(browser); err != nil {
		cancel()
		end()
		return nil, fmt.Errorf("these tests need Chromium, and %s does not start: %w", program, err)
	}
	shared.browser = browser
	return func() {
		cancel()
		end()
	}, nil
}

// needsBrowser skips a test where there is no browser, and fails it in CI.
func needsBrowser(t *testing.T) {
	t.Helper()
	if shared.browser == nil {
		missing(t, shared.missing)
	}
	if shared.problems != nil {
		t.Fatal(shared.problems)
	}
}

// missing skips, or fails where everything has to be there.
func missing(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}
