// Package norman_test drives the published Python client of the accounts family's wire through its whole authentication
// module, over HTTP against the whole stack.
package norman_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/doorstep-auth/doorstep/local/stack"
)

// TestPublishedPythonClient runs drive.py under the profile that is the wire's documented behaviour. `make norman-check`
// installs the client and says where Python is.
func TestPublishedPythonClient(t *testing.T) {
	python := os.Getenv("PYTHON")
	if python == "" {
		t.Skip("needs norman-core: `make norman-check` installs it and runs this")
	}
	s, err := stack.Start(t.Context(), stack.Options{Data: t.TempDir(), Settings: "norman"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	cmd := exec.CommandContext(t.Context(), python, "drive.py")
	cmd.Env = append(os.Environ(), "API_URL="+s.APIURL, "INBOX_URL="+s.InboxURL, "PYTHONDONTWRITEBYTECODE=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
