package wire

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/doorstep-auth/doorstep/shared/problem"
)

// Every problem is described of some operation: one that isn't is told by nobody.
func TestEveryProblemIsDescribed(t *testing.T) {
	described := map[*problem.Problem]bool{problem.MailRefused: true} // the error of a verification
	for _, w := range All() {
		for _, op := range w.Operations {
			for _, route := range op.Routes {
				for _, p := range w.Refusals(op, route.Method) {
					described[p] = true
				}
			}
		}
	}
	for _, p := range problem.All() {
		if !described[p] {
			t.Errorf("%s isn't described of any operation", p.Code)
		}
	}
}

// Wires don't meet in what the document names once.
func TestWiresDoNotMeet(t *testing.T) {
	names, prefixes, families := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, w := range All() {
		if names[w.Name] || prefixes[w.Prefix] {
			t.Errorf("the name %q or the prefix %q is another wire's", w.Name, w.Prefix)
		}
		names[w.Name], prefixes[w.Prefix] = true, true
		for _, family := range w.Families {
			if families[family.Name] {
				t.Errorf("the family %s is of two wires", family.Name)
			}
			families[family.Name] = true
		}
	}
}

// The linker leaves descriptions out of the functions.
func TestFunctionsHaveNoDescriptions(t *testing.T) {
	for _, function := range []string{"signups/create", "accounts/key"} {
		program := filepath.Join(t.TempDir(), "bootstrap")
		build := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc", "-o", program, "../../functions/"+function)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", function, err, out)
		}
		symbols, err := exec.Command("go", "tool", "nm", program).Output()
		if err != nil || !strings.Contains(string(symbols), "doorstep/shared/wire/") {
			t.Fatalf("%s has no symbols of its wire: %v", function, err)
		}
		for symbol := range strings.Lines(string(symbols)) {
			if strings.Contains(symbol, "doorstep/shared/describe") || strings.Contains(symbol, "escriptions") {
				t.Errorf("%s holds %s", function, symbol)
			}
		}
	}
}
