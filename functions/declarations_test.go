// Package functions holds the declared operations, template.yaml, the functions'
// folders and their events against each other: what is kept in several places
// can't disagree.
package functions

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/local/template"
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/wire/clerk"
	"github.com/doorstep-auth/doorstep/shared/wire/deskree"
	"github.com/doorstep-auth/doorstep/shared/wire/norman"
	"github.com/doorstep-auth/doorstep/shared/wire/zato"
)

// unrouted are the functions that no route of the HTTP API reaches: they run on
// the table's stream or on a schedule.
var unrouted = []string{"events/dispatch", "keys/operator", "keys/rotate", "mail/send", "sso/operator"}

func operations() []gateway.Operation {
	return slices.Concat(clerk.Operations(), norman.Operations(), deskree.Operations(), zato.Operations())
}

func readTemplate(t *testing.T) *template.Template {
	t.Helper()
	parsed, err := template.Read("../template.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// TestTemplateHasTheDeclaredRoutes compares routes and who serves them, both ways.
func TestTemplateHasTheDeclaredRoutes(t *testing.T) {
	declared, served := map[string]string{}, map[string]string{}
	for _, op := range operations() {
		for _, route := range op.Routes {
			if other, taken := declared[route.Key()]; taken && other != route.ServedBy(op) {
				t.Errorf("%s is declared for %s and for %s", route.Key(), other, route.ServedBy(op))
			}
			declared[route.Key()] = route.ServedBy(op)
		}
	}
	for _, function := range readTemplate(t).Functions {
		for _, route := range function.Routes {
			served[route.Key()] = function.Path
		}
	}
	if diff := cmp.Diff(declared, served); diff != "" {
		t.Errorf("routes (-declared +template.yaml):\n%s", diff)
	}
}

// TestEveryFunctionIsEverywhere compares the declared functions with the
// template's, the folders and the events.
func TestEveryFunctionIsEverywhere(t *testing.T) {
	declared := slices.Clone(unrouted)
	for _, op := range operations() {
		for _, route := range op.Routes {
			declared = append(declared, route.ServedBy(op))
		}
	}
	slices.Sort(declared)
	declared = slices.Compact(declared)
	var deployed []string
	for _, function := range readTemplate(t).Functions {
		deployed = append(deployed, function.Path)
	}
	slices.Sort(deployed)
	for place, found := range map[string][]string{
		"template.yaml": deployed, "functions/": find(t, "*/*/main.go", "/main.go"), "events/": find(t, "../events/*/*.json", ".json"),
	} {
		if diff := cmp.Diff(declared, found); diff != "" {
			t.Errorf("functions (-declared +%s):\n%s", place, diff)
		}
	}
}

// find lists <family>/<operation> of the files that match.
func find(t *testing.T, pattern, suffix string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		name := strings.TrimSuffix(filepath.ToSlash(file), suffix)
		names = append(names, strings.TrimPrefix(name, "../events/"))
	}
	slices.Sort(names)
	return names
}

// TestEventsMeanTheirFunction: an event's route is one that its function serves.
func TestEventsMeanTheirFunction(t *testing.T) {
	for _, function := range readTemplate(t).Functions {
		if len(function.Routes) == 0 {
			continue
		}
		text, err := os.ReadFile("../events/" + function.Path + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var event struct{ RouteKey string }
		if err := json.Unmarshal(text, &event); err != nil {
			t.Errorf("%s: %v", function.Path, err)
		}
		if !slices.ContainsFunc(function.Routes, func(r template.Route) bool { return r.Key() == event.RouteKey }) {
			t.Errorf("events/%s.json is for %q, which the function doesn't serve", function.Path, event.RouteKey)
		}
	}
}

// TestMainsOnlyConstruct: a main is wiring, short enough to see that it decides nothing.
func TestMainsOnlyConstruct(t *testing.T) {
	const longest = 35
	for _, name := range find(t, "*/*/main.go", "/main.go") {
		text, err := os.ReadFile(name + "/main.go")
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(string(text), "\n"); lines > longest {
			t.Errorf("functions/%s/main.go has %d lines, want at most %d", name, lines, longest)
		}
	}
}
