// Package sdk_test runs the real SDKs, unmodified, against the whole stack: @clerk/clerk-js of two majors in Node and in Chromium, and their prebuilt
// pages. matrix.test.mjs plays the scenarios; this package starts what they need and is told what became of each.
package sdk_test

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/local/process"
	"github.com/doorstep-auth/doorstep/local/stack"
)

// testLimit is how long Node may take; with a machine to itself it takes about a minute.
const testLimit = 12 * time.Minute

// settings are those of the stacks, by the name under which the scenarios know them. A prebuilt page waits for a code or for a link, by what is listed.
var settings = map[string]string{
	"codes": `{"app_name": "Acme"}`,
	"links": `{"app_name": "Acme", "attributes": {"email_address": {"strategies": ["email_code", "email_link"]}},
		"verification": {"resend_after": "1s"}}`,
	"links from any client": `{"app_name": "Acme", "attributes": {"email_address": {"strategies": ["email_code", "email_link"]}},
		"verification": {"resend_after": "1s", "require_same_client": false}}`,
}

// A world is a stack and an application in front of it, as the scenarios see them.
type world struct {
	App   string `json:"app"`   // origin of the pages
	API   string `json:"api"`   // base URL of the API
	Inbox string `json:"inbox"` // base URL of the mails
}

func TestClerkJS(t *testing.T) {
	for _, name := range []string{"clerk-js-5", "clerk-js-6", "clerk-ui", "../../browser/node_modules/playwright-core"} {
		if _, err := os.Stat(filepath.Join("node_modules", name)); err != nil {
			t.Fatalf("%s isn't installed: `make test` installs it", name)
		}
	}
	browser := cmp.Or(os.Getenv("CHROMIUM"), "/usr/bin/chromium")
	if _, err := exec.LookPath(browser); err != nil {
		t.Fatalf("there is no Chromium at %s: `make test` installs it; CHROMIUM=<path> names another one", browser)
	}
	worlds, err := json.Marshal(startWorlds(t))
	if err != nil {
		t.Fatal(err)
	}
	play(t, append(screenshots(t), "KEY="+key, "WORLDS="+string(worlds), "CHROMIUM="+browser))
}

// startWorlds starts a world for each of the settings, all at once.
func startWorlds(t *testing.T) map[string]world {
	t.Helper()
	var (
		starting sync.WaitGroup
		mu       sync.Mutex
		worlds   = map[string]world{}
	)
	for name, document := range settings {
		a := newApp(t)
		starting.Go(func() {
			s, err := stack.Start(context.Background(), stack.Options{Settings: withProxy(document, a.url+"/__clerk")})
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(s.Stop)
			if err := a.serve(s.APIURL); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			worlds[name] = world{App: a.url, API: s.APIURL, Inbox: s.InboxURL}
		})
	}
	starting.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return worlds
}

// withProxy adds the app's own address of the API to the document.
func withProxy(document, proxyURL string) string {
	return `{"proxy_urls": ["` + proxyURL + `"],` + strings.TrimPrefix(document, "{")
}

// screenshots tells Node where the pictures of failed scenarios go; SCREENSHOTS chooses another place, and pictures of all.
func screenshots(t *testing.T) []string {
	t.Helper()
	chosen := os.Getenv("SCREENSHOTS")
	dir, err := filepath.Abs(cmp.Or(chosen, "../../.local/screenshots/sdk"))
	if err == nil && chosen == "" {
		err = os.RemoveAll(dir)
	}
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the pictures are in %s", dir)
		}
	})
	return []string{"SCREENSHOTS=" + dir, "LOOK=" + chosen}
}

// A verdict is a line of reporter.mjs.
type verdict struct {
	Test    string  // its path
	Seconds float64 // that it took
	Failure string  // why, empty for none
	Output  string  // anything that was printed
}

// play runs the scenarios, each a sub-test. It passes SIGTERM on to the browser, so that nothing is left of a run that took too long.
func play(t *testing.T, environment []string) {
	t.Helper()
	cmd := exec.Command("node", "--test-reporter=./reporter.mjs", "--test-force-exit", "matrix.test.mjs")
	cmd.Env = append(os.Environ(), environment...)
	output, input := io.Pipe()
	cmd.Stdout, cmd.Stderr = input, input
	p, err := process.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	limit := time.AfterFunc(testLimit, func() {
		t.Errorf("it took more than %v", testLimit)
		_ = p.Signal(syscall.SIGTERM)
		p.Stop(5 * time.Second)
	})
	defer limit.Stop()
	go func() {
		<-p.Done()
		_ = input.Close()
	}()
	if judge(t, output) == 0 {
		t.Error("no scenario was played")
	}
	if err := p.Err(); err != nil {
		t.Errorf("node: %v", err)
	}
}

// judge makes a sub-test of each verdict, and returns how many there were.
func judge(t *testing.T, output io.Reader) (scenarios int) {
	t.Helper()
	for lines := bufio.NewScanner(output); lines.Scan(); {
		var v verdict
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil || v.Test == "" {
			t.Log(cmp.Or(strings.TrimSpace(v.Output), lines.Text()))
			continue
		}
		scenarios++
		t.Run(v.Test, func(t *testing.T) {
			t.Logf("%.1f s", v.Seconds)
			if v.Failure != "" {
				t.Error(v.Failure)
			}
		})
	}
	return scenarios
}
