package flows_test

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestFlows runs the scripts, then judges what all of them left behind.
func TestFlows(t *testing.T) {
	r := newRun(t)
	scripts, err := filepath.Glob("scripts/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	whole := t.Run("scripts", func(t *testing.T) {
		testscript.Run(t, testscript.Params{Files: scripts, Setup: r.setup, Cmds: commands(), RequireUniqueNames: true})
	})
	if !whole {
		return
	}
	t.Run("each mail is due once", r.checkDueOnce)
	t.Run("held-up mail", r.checkHeldUpMail)
	t.Run("R59 nothing secret is logged", r.checkRedaction)
	t.Run("permissions", r.checkPermissions)
}
