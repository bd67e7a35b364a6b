// Package sdk_test runs real SDKs, unmodified, against the whole stack.
package sdk_test

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/local/stack"
)

// TestClerkJS runs signup.test.mjs, in which @clerk/clerk-js signs people up.
func TestClerkJS(t *testing.T) {
	if _, err := os.Stat("node_modules/@clerk/clerk-js"); err != nil {
		t.Fatal("@clerk/clerk-js isn't installed: `make test` installs it")
	}
	s, err := stack.Start(t.Context(), stack.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "--test", "--test-force-exit", "signup.test.mjs")
	cmd.Env = append(os.Environ(), "API_URL="+s.APIURL, "INBOX_URL="+s.InboxURL)
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}
