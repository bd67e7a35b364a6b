// Package describetest holds a wire's description against its code, in the tests of
// the wire's own package.
package describetest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/describe"
)

// Complete fails if an operation that the wire declares isn't described, or the other
// way round, or if what a description refers to isn't there.
func Complete(t *testing.T, w describe.Wire) {
	t.Helper()
	var declared, described []string
	for _, op := range w.Declared {
		declared = append(declared, op.Name)
	}
	for _, op := range w.Operations {
		described = append(described, op.Name)
		checkOperation(t, w, op)
	}
	slices.Sort(declared)
	slices.Sort(described)
	if diff := cmp.Diff(declared, described); diff != "" {
		t.Errorf("operations (-declared +described):\n%s", diff)
	}
	for caller, credentials := range w.Callers {
		for _, name := range credentials.Schemes {
			if !slices.ContainsFunc(w.Schemes, func(s describe.Scheme) bool { return s.Name == name }) {
				t.Errorf("callers of kind %d come with %s, which isn't a scheme", caller, name)
			}
		}
	}
}

func checkOperation(t *testing.T, w describe.Wire, op describe.Operation) {
	t.Helper()
	if op.ID == "" || len(op.Answers)+len(op.Problems) == 0 {
		t.Errorf("%s has no ID, or no end", op.Name)
	}
	family, _, _ := strings.Cut(op.Name, "/")
	if !slices.ContainsFunc(w.Families, func(f describe.Family) bool { return f.Name == family }) {
		t.Errorf("the family %s isn't described", family)
	}
	if _, known := w.Callers[op.Caller]; !known && op.Caller != describe.Anybody {
		t.Errorf("%s has a kind of caller that isn't described", op.ID)
	}
	for _, next := range op.Next {
		if !slices.ContainsFunc(w.Operations, func(other describe.Operation) bool { return other.ID == next.ID }) {
			t.Errorf("%s goes on to %s, which isn't an operation", op.ID, next.ID)
		}
	}
}

// Records fails if a function's log, of a JSON record a line, has a problem that was
// told and isn't described of its operation.
func Records(t *testing.T, w describe.Wire, logged string) {
	t.Helper()
	described := map[string]string{}
	for _, op := range w.Operations {
		for _, route := range op.Routes {
			for _, p := range w.Refusals(op, route.Method) {
				described[op.Name] += p.Code + " "
			}
		}
	}
	for line := range strings.Lines(logged) {
		var record struct{ Operation, Problem string }
		if json.Unmarshal([]byte(line), &record) != nil || record.Operation == "" || record.Problem == "" {
			continue
		}
		for told := range strings.SplitSeq(record.Problem, ", ") {
			code, _, _ := strings.Cut(told, " ")
			if codes, operation := described[record.Operation]; operation && !strings.Contains(codes, code+" ") {
				t.Errorf("%s told %s, which isn't described", record.Operation, code)
			}
		}
	}
}
