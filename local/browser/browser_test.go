// Package browser_test drives the try-it page in a real browser against the whole stack: tryit.test.mjs is the test, run by Node with playwright-core
// and axe-core, and this package starts what it needs.
package browser_test

import (
	"bytes"
	"cmp"
	"context"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/local/process"
	"github.com/doorstep-auth/doorstep/local/stack"
	"github.com/doorstep-auth/doorstep/local/tryit"
)

// settings ask for something of every kind that the page can show, and let a code be sent again soon enough to wait for it.
const settings = `{
	"app_name": "Acme",
	"sign_up": {"legal_consent": true, "terms_url": "https://acme.example/terms", "privacy_url": "https://acme.example/privacy"},
	"attributes": {
		"username": {"requirement": "optional"}, "phone_number": {"requirement": "optional"}, "web3_wallet": {"requirement": "optional"},
		"birthday": {"requirement": "optional"}, "gender": {"requirement": "optional"}
	},
	"verification": {"resend_after": "20s"}
}`

// testLimit is how long Node may take; with a machine to itself it takes some ten seconds.
const testLimit = 2 * time.Minute

func TestTryItPage(t *testing.T) {
	browser := chromium(t)
	installed(t, ".")
	s, err := stack.Start(t.Context(), stack.Options{
		Settings: settings,
		Page:     func(inboxURL string) http.Handler { return tryit.Handler(tryit.Config{InboxURL: inboxURL}) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	node(t, []string{"API_URL=" + s.APIURL, "INBOX_URL=" + s.InboxURL, "CHROMIUM=" + browser, "SCREENSHOTS=" + screenshots(t)})
}

// chromium is the browser's path: CHROMIUM's, or where Debian has it.
func chromium(t *testing.T) string {
	t.Helper()
	path := cmp.Or(os.Getenv("CHROMIUM"), "/usr/bin/chromium")
	if _, err := exec.LookPath(path); err != nil {
		t.Fatalf("there is no Chromium at %s: `make test` installs it; CHROMIUM=<path> names another one", path)
	}
	return path
}

// screenshots is where the pictures go. They are kept when the test fails, and always where SCREENSHOTS says.
func screenshots(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("SCREENSHOTS"); dir != "" {
		return dir
	}
	dir, err := os.MkdirTemp("", "doorstep-screenshots-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the page's pictures are in %s", dir)
			return
		}
		_ = os.RemoveAll(dir)
	})
	return dir
}

// node runs tryit.test.mjs. It passes SIGTERM on to the browser, so that nothing is left of a run that took too long.
func node(t *testing.T, environment []string) {
	t.Helper()
	var output bytes.Buffer
	cmd := exec.Command("node", "--test-reporter=spec", "tryit.test.mjs")
	cmd.Env = append(os.Environ(), environment...)
	cmd.Stdout, cmd.Stderr = &output, &output
	p, err := process.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), testLimit)
	defer cancel()
	select {
	case <-p.Done():
	case <-ctx.Done():
		_ = p.Signal(syscall.SIGTERM)
		p.Stop(5 * time.Second)
		t.Errorf("it took more than %v", testLimit)
	}
	if err := p.Err(); err != nil {
		t.Errorf("node: %v", err)
	}
	if strings.Contains(output.String(), "tests 0") {
		t.Error("no scene was played")
	}
	t.Logf("\n%s", output.String())
}
