package links_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/local/process"
)

// strictCookies is sameClient with the cookie that is hardest to keep: a link in a web mail is opened across sites, so the page's GET doesn't carry it.
const strictCookies = `{"app_name": "Acme", "attributes": {"password": {"requirement": "off"}, "email_address": {"strategies": ["email_code", "email_link"]}},
	"redirect_urls": ["http://localhost:*", "pies://callback"], "verification": {"resend_after": "1s"}, "cookie": {"same_site": "strict"}}`

// browserLimit is how long Node may take; with a machine to itself it takes some ten seconds.
const browserLimit = 2 * time.Minute

// TestR17PagesInABrowser plays links.test.mjs: people click through the page in Chromium, to an app on another port.
func TestR17PagesInABrowser(t *testing.T) {
	h := at(t, strictCookies)
	var output bytes.Buffer
	cmd := exec.Command("node", "--test-reporter=spec", "links.test.mjs")
	cmd.Env = append(os.Environ(), "API_URL="+h.APIURL, "INBOX_URL="+h.InboxURL, "CHROMIUM="+chromium(t), "SCREENSHOTS="+screenshots(t))
	cmd.Stdout, cmd.Stderr = &output, &output
	p, err := process.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), browserLimit)
	defer cancel()
	select {
	case <-p.Done():
	case <-ctx.Done():
		_ = p.Signal(syscall.SIGTERM) // Node passes it on to the browser
		p.Stop(5 * time.Second)
		t.Errorf("it took more than %v", browserLimit)
	}
	if err := p.Err(); err != nil {
		t.Errorf("node: %v", err)
	}
	if strings.Contains(output.String(), "tests 0") {
		t.Error("no scene was played")
	}
	t.Logf("\n%s", output.String())
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
			t.Logf("the pages' pictures are in %s", dir)
			return
		}
		_ = os.RemoveAll(dir)
	})
	return dir
}
