package build_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/doorstep-auth/doorstep/local/build"
)

// module makes a module of two functions that the test may change.
func module(t *testing.T) (root string, o build.Options, told *[]string) {
	t.Helper()
	root = t.TempDir()
	if err := os.CopyFS(filepath.Join(root, "functions"), os.DirFS("testdata/functions")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, "go.mod"), "module example.test/m\n\ngo 1.26\n")
	told = &[]string{}
	o = build.Options{
		Root: root, Output: filepath.Join(root, ".local", "build"), Functions: []string{"things/one", "things/two"},
		Progress: func(line string) { *told = append(*told, line) },
	}
	return root, o, told
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, o build.Options, function string) string {
	t.Helper()
	output, err := exec.Command(build.Bootstrap(o.Output, function)).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(output))
}

func TestFunctionsAreBuiltWhenTheyChange(t *testing.T) {
	root, o, told := module(t)
	if err := build.Functions(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	if one, two := run(t, o, "things/one"), run(t, o, "things/two"); one != "one" || two != "two" {
		t.Errorf("they print %s and %s", one, two)
	}
	if last := (*told)[len(*told)-1]; last != "built 2 of 2 functions" {
		t.Errorf("the last progress is %q", last)
	}
	*told = nil
	if err := build.Functions(context.Background(), o); err != nil || len(*told) > 0 {
		t.Errorf("nothing has changed, and it did %q: %v", *told, err)
	}
	write(t, filepath.Join(root, "functions/things/one/main.go"), "package main\n\nfunc main() { println(); print(\"\") }\n")
	if err := build.Functions(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	if one, two := run(t, o, "things/one"), run(t, o, "things/two"); one != "" || two != "two" {
		t.Errorf("after a change they print %s and %s", one, two)
	}
}

func TestErrorsNameTheFunction(t *testing.T) {
	root, o, _ := module(t)
	write(t, filepath.Join(root, "functions/things/two/main.go"), "package main\n\nfunc main() { nonsense() }\n")
	if err := build.Functions(context.Background(), o); err == nil || !strings.Contains(err.Error(), "things/two doesn't build:") ||
		!strings.Contains(err.Error(), "undefined: nonsense") {
		t.Error(err)
	}
	o.Functions = []string{"things/three"}
	if err := build.Functions(context.Background(), o); err == nil || !strings.Contains(err.Error(), "there is no functions/things/three") {
		t.Error(err)
	}
}
