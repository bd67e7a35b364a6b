// Package deskree_test drives the published JavaScript client of the passwords family's wire through its whole authentication module, over HTTP
// against the whole stack, with and without a link to open before there are tokens.
package deskree_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"github.com/doorstep-auth/doorstep/local/stack"
)

// TestPublishedClient runs drive.mjs under each of the settings.
func TestPublishedClient(t *testing.T) {
	if _, err := os.Stat("node_modules/@deskree/deskree-js"); err != nil {
		t.Fatal("@deskree/deskree-js isn't installed: `make test` installs it")
	}
	for name, settings := range map[string]string{
		"atOnce":    "deskree",
		"confirmed": `{"passwords": {"confirm_url": "https://app.example.com/confirm", "reset_url": "https://app.example.com/reset?step=2"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := t.TempDir()
			s, err := stack.Start(t.Context(), stack.Options{Data: data, Settings: settings})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(s.Stop)
			cmd := exec.CommandContext(t.Context(), "node", "drive.mjs", name)
			cmd.Env = append(os.Environ(), "API_URL="+s.APIURL, "INBOX_URL="+s.InboxURL, "OPERATOR_KEY="+operatorKey(t, s))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// operatorKey is what keys/operator shows.
func operatorKey(t *testing.T, s *stack.Stack) string {
	t.Helper()
	answer, err := s.Once(t.Context(), "keys/operator", []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	var shown struct {
		OperatorKey string `json:"operator_key"`
	}
	if err := json.Unmarshal(answer, &shown); err != nil || shown.OperatorKey == "" {
		t.Fatalf("no operator key: %v", err)
	}
	return shown.OperatorKey
}
