package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// lint is what the linter says of the document in a file, and whether it accepts it.
func lint(t *testing.T, file string) (string, bool) {
	t.Helper()
	cmd := exec.Command("node", filepath.Join("node_modules", "@redocly", "cli", "bin", "cli.js"), "lint", "--config=redocly.yaml", "--format=stylish", file)
	cmd.Env = append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
	output, err := cmd.CombinedOutput()
	if _, failed := err.(*exec.ExitError); err != nil && !failed {
		t.Fatal(err)
	}
	if strings.Contains(string(output), "MODULE_NOT_FOUND") {
		t.Fatal("the linter isn't installed: `make setup` installs it")
	}
	return string(output), err == nil
}

func TestDocumentPassesTheLinter(t *testing.T) {
	if output, accepted := lint(t, filepath.Join("..", "..", "docs", "openapi.json")); !accepted {
		t.Error(output)
	}
}

// The linter does look: it refuses a reference into the void and an example that its schema refuses.
func TestLinterRefusesFaults(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	for fault, change := range map[string][2]string{
		"no-unresolved-refs":             {`"#/components/schemas/SignUp"`, `"#/components/schemas/SignIn"`},
		"no-invalid-media-type-examples": {`"strategy": "email_code"`, `"strategy": "pigeon"`},
	} {
		broken := strings.Replace(string(text), change[0], change[1], 1)
		if broken == string(text) {
			t.Fatalf("%s: the document has no %s", fault, change[0])
		}
		file := filepath.Join(t.TempDir(), "openapi.json")
		if err := os.WriteFile(file, []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		if output, accepted := lint(t, file); accepted || !strings.Contains(output, fault) {
			t.Errorf("%s: accepted %v\n%s", fault, accepted, output)
		}
	}
}
