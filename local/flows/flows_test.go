package flows_test

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestR13R59Flows runs the scripts, then judges what all of them left behind: what was logged, stored, called and mailed.
func TestR13R59Flows(t *testing.T) {
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
	t.Run("DynamoDB's faults are got over", r.checkFaults)
	t.Run("each mail is due once", r.checkDueOnce)
	t.Run("held-up mail", r.checkHeldUpMail)
	t.Run("nothing secret is logged", r.checkRedaction)
	t.Run("nothing secret is stored", r.checkTables)
	t.Run("permissions", r.checkPermissions)
	t.Run("native SDKs saw every resource", r.checkSeen)
}
