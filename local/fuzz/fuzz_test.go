package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// module writes a module with the files and returns its root.
func module(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	files["go.mod"] = "module example.test/fuzzed\n\ngo 1.26\n"
	for name, text := range files {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

const targets = `package deep

import ("strings"; "testing")

func FuzzHolds(f *testing.F) { f.Add("a"); f.Fuzz(func(t *testing.T, s string) { _ = strings.ToUpper(s) }) }

// FuzzFails is found to fail by what is made of its seed.
func FuzzFails(f *testing.F) {
	f.Add("abc")
	f.Fuzz(func(t *testing.T, s string) { if s != "abc" { t.Error("other than abc") } })
}

func FuzzSeedless(f *testing.F) { f.Fuzz(func(t *testing.T, s string) {}) }

func FuzzFirst(f *testing.F) { f.Add("x"); f.Fuzz(func(t *testing.T, s string) { t.Error("even the seed") }) }
`

// Every target is found wherever it is, and run; a failure names its input, which is kept, and the command that runs it again.
func TestFuzz(t *testing.T) {
	root := module(t, map[string]string{"deep/deep_test.go": targets, "none/none_test.go": "package none\n"})
	var out bytes.Buffer
	err := fuzz(t.Context(), options{root: root, cache: t.TempDir(), each: "2000x", atOnce: 2, pattern: regexp.MustCompile("")}, &out)
	if err == nil || err.Error() != "3 of 4 fuzz targets failed" {
		t.Errorf("%v\n%s", err, out.String())
	}
	for _, want := range []string{
		`\n  deep.FuzzHolds +[1-9]\d* executions +[1-9]\d* inputs`,
		`\nFAILED deep.FuzzFails [^\n]*\n(    [^\n]*\n)*    +deep_test.go:\d+: other than abc\n(    [^\n]*\n)*` +
			`  the input: deep/testdata/fuzz/FuzzFails/\w+\n  again:     go test ./deep -run '\^FuzzFails\$/\^\w+\$'\n`,
		`\nFAILED deep.FuzzSeedless [^\n]*\n(    [^\n]*\n)*    warning: starting with empty corpus\n`,
		`\nFAILED deep.FuzzFirst [^\n]*\n(    [^\n]*\n)*    +deep_test.go:\d+: even the seed\n(    [^\n]*\n)*` +
			`  again:     go test ./deep -run '\^FuzzFirst\$/\^seed#0\$'\n`,
	} {
		if !regexp.MustCompile(want).Match(out.Bytes()) {
			t.Errorf("nothing matches %s in\n%s", want, out.String())
		}
	}
	if kept, err := filepath.Glob(filepath.Join(root, "deep/testdata/fuzz/FuzzFails/*")); err != nil || len(kept) != 1 {
		t.Errorf("%q %v", kept, err)
	}
}

// Some targets only, and none of them fails.
func TestFuzzChosen(t *testing.T) {
	root := module(t, map[string]string{"deep/deep_test.go": targets})
	var out bytes.Buffer
	err := fuzz(t.Context(), options{root: root, cache: t.TempDir(), each: "100x", atOnce: 2, pattern: regexp.MustCompile("^FuzzHo")}, &out)
	if err != nil || !strings.HasPrefix(out.String(), "Fuzz targets: 1, ") || !strings.Contains(out.String(), "All held") {
		t.Errorf("%v\n%s", err, out.String())
	}
	out.Reset()
	rest := options{root: root, cache: t.TempDir(), each: "100x", atOnce: 2, pattern: regexp.MustCompile("."), without: regexp.MustCompile("Fails|First|Seedless")}
	if err := fuzz(t.Context(), rest, &out); err != nil || !strings.Contains(out.String(), "FuzzHolds") || strings.Contains(out.String(), "FuzzFails") {
		t.Errorf("without one: %v\n%s", err, out.String())
	}
	err = fuzz(t.Context(), options{root: root, cache: t.TempDir(), each: "1s", atOnce: 2, pattern: regexp.MustCompile("Nothing")}, &out)
	if err == nil || err.Error() != "no fuzz target was found" {
		t.Error(err)
	}
}

func TestPackagesThatDoNotCompile(t *testing.T) {
	root := module(t, map[string]string{"deep/deep_test.go": "package deep\n\nfunc FuzzBroken(f *testing.F) {}\n"})
	err := fuzz(t.Context(), options{root: root, cache: t.TempDir(), each: "1s", atOnce: 1, pattern: regexp.MustCompile("")}, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "undefined: testing") {
		t.Error(err)
	}
}

func TestInterrupted(t *testing.T) {
	root := module(t, map[string]string{"deep/deep_test.go": targets})
	ctx, cancel := context.WithCancel(t.Context())
	out := &notice{cancel: cancel}
	began := time.Now()
	err := fuzz(ctx, options{root: root, cache: t.TempDir(), each: "1h", atOnce: 2, pattern: regexp.MustCompile("FuzzHolds")}, out)
	if err == nil || err.Error() != "interrupted" || time.Since(began) > time.Minute {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

// A notice cancels at the first word.
type notice struct{ cancel context.CancelFunc }

func (n *notice) Write(p []byte) (int, error) { n.cancel(); return len(p), nil }

func TestJudge(t *testing.T) {
	const line = "fuzz: elapsed: 1m0s, execs: 4711 (80/sec), new interesting: 3 (total: 12)\n"
	const deadline = "--- FAIL: FuzzA (60.11s)\n    context deadline exceeded\nFAIL\n"
	failure := errors.New("exit status 1")
	for name, test := range map[string]struct {
		output  string
		failure error
		want    result
	}{
		"held": {line + "PASS\n", nil, result{executions: "4711", inputs: "12"}},
		// go.dev/issue/75804
		"ended by its own time": {line + deadline, failure, result{executions: "4711", inputs: "12"}},
		"never began":           {"fuzz: elapsed: 1m0s, execs: 0 (0/sec), new interesting: 0 (total: 0)\n" + deadline, failure, result{failed: true, executions: "0", inputs: "0", output: deadline}},
		"failed and ended by its time": {
			line + "--- FAIL: FuzzA (60.11s)\n    --- FAIL: FuzzA (0.00s)\n        a_test.go:1: context deadline exceeded\n    \n    Failing input written to testdata/fuzz/FuzzA/12ab\n    To re-run:\n    go test -run=FuzzA/12ab\nFAIL\n", failure,
			result{failed: true, executions: "4711", inputs: "12", input: "testdata/fuzz/FuzzA/12ab",
				output: "--- FAIL: FuzzA (60.11s)\n    --- FAIL: FuzzA (0.00s)\n        a_test.go:1: context deadline exceeded\n    \n    Failing input written to testdata/fuzz/FuzzA/12ab\n    To re-run:\n    go test -run=FuzzA/12ab\nFAIL\n"}},
		"over before it varied anything": {
			"fuzz: elapsed: 0s, gathering baseline coverage: 0/265 completed\nfuzz: elapsed: 8s, gathering baseline coverage: 120/265 completed\nPASS\n", nil,
			result{executions: "120", inputs: "265"}},
		"killed":       {line, errors.New("signal: killed"), result{failed: true, executions: "4711", inputs: "12"}},
		"did nothing":  {"PASS\n", nil, result{failed: true, output: "PASS\n"}},
		"without seed": {noSeeds + "\n" + line + "PASS\n", nil, result{failed: true, executions: "4711", inputs: "12", output: noSeeds + "\nPASS\n"}},
	} {
		got := judge(target{}, test.output, test.failure, 0)
		if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(result{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"-time", "0s"}, {"-time", "0x"}, {"-time", "x"}, {"-at-once", "0"}, {"-run", "("}, {"more"}, {"-time", "soon"}} {
		if err := command(t.Context(), args, &bytes.Buffer{}); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}
