package zato_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/doorstep-auth/doorstep/local/stack"
)

// TestPublishedPythonClient runs drive.py under the profile that is the wire's documented behaviour. `make zato-check` installs the client and says where
// Python is.
func TestPublishedPythonClient(t *testing.T) {
	python := os.Getenv("PYTHON")
	if python == "" {
		t.Skip("needs zato-client: `make zato-check` installs it and runs this")
	}
	s, err := stack.Start(t.Context(), stack.Options{Data: t.TempDir(), Settings: "zato"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	cmd := exec.CommandContext(t.Context(), python, "drive.py")
	cmd.Env = append(os.Environ(), "API_URL="+s.APIURL, "PYTHONDONTWRITEBYTECODE=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
