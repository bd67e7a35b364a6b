package functions

import (
	"encoding/json"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const (
	module = "github.com/doorstep-auth/doorstep/"
	sdk    = "github.com/aws/aws-sdk-go-v2/"
)

// mayImport is which packages of shared/ a package of shared/ may import. The
// house in CONTRIBUTING.md is drawn from it.
var mayImport = map[string][]string{
	"problem":            {},
	"secret":             {},
	"settings":           {},
	"keystore":           {},
	"disposable":         {},
	"identifier":         {"problem", "settings"},
	"password":           {"problem", "secret", "settings"},
	"complexity":         {"secret"},
	"token":              {"secret"},
	"rotation":           {"keystore", "secret", "token"},
	"signup":             {"identifier", "problem", "secret", "settings"},
	"callback":           {"identifier", "secret", "settings", "signup"},
	"callback/dispatch":  {"boot", "callback", "gateway", "secret", "signup", "table"},
	"table":              {"callback", "identifier", "secret", "signup"},
	"mail":               {"identifier", "secret", "settings", "signup"},
	"gateway":            {"problem", "settings"},
	"boot":               {"gateway", "keystore", "secret", "settings", "token"},
	"linkpage":           {"settings"},
	"describe":           {"gateway", "problem"},
	"wire/clerk":         {"describe", "gateway", "identifier", "linkpage", "problem", "secret", "settings", "signup", "token"},
	"wire/zato":          {"describe", "gateway", "identifier", "problem", "secret", "settings", "signup"},
	"wire/deskree":       {"describe", "gateway", "identifier", "problem", "secret", "settings", "signup", "token"},
	"wire/norman":        {"describe", "gateway", "identifier", "problem", "secret", "settings", "signup", "token"},
	"outbox":             {"boot", "gateway", "mail", "signup", "table"},
	"assembly":           {"boot", "signup", "table", "token"},
	"assembly/passwords": {"assembly", "boot", "disposable", "password", "signup", "token"},
}

// onlyIn is which packages alone may import an outside package.
var onlyIn = map[string][]string{
	sdk + "service/dynamodb":              {"table"},
	sdk + "service/sesv2":                 {"mail"},
	sdk + "config":                        {},
	"html/template":                       {"mail"},
	"github.com/aws/aws-lambda-go/events": {"gateway"},
	"github.com/aws/aws-lambda-go/lambda": {"boot"},
	"github.com/golang-jwt/jwt/v5":        {"token"},
	"github.com/ccojocar/zxcvbn-go":       {"complexity"},
	"regexp":                              {},
}

// forTests is which packages of the module a package that gives tests what they need
// may import. Nothing but tests, and one another, may import those.
var forTests = map[string][]string{
	"local/enginetest":             {"local/engine", "local/template"},
	"shared/describe/describetest": {"shared/describe", "shared/problem"},
	"shared/keystore/keystoretest": {"shared/keystore"},
	"shared/wire/wiretest": {
		"local/engine", "local/enginetest", "shared/gateway", "shared/password", "shared/secret", "shared/settings", "shared/table", "shared/token",
	},
}

type goPackage struct {
	ImportPath string
	Imports    []string
}

// TestDependencyDirection walks the imports of everything that is linked into functions.
func TestDependencyDirection(t *testing.T) {
	for _, p := range listed(t, "-deps", "./...") { // what the functions are built from
		name := strings.TrimPrefix(p.ImportPath, module)
		if !strings.HasPrefix(name, "shared/") {
			continue
		}
		name = strings.TrimPrefix(name, "shared/")
		owner := ownerOf(name)
		if owner == "" {
			t.Errorf("shared/%s isn't in the list of packages", name)
			continue
		}
		for _, imported := range p.Imports {
			checkImport(t, owner, imported)
		}
	}
}

// ownerOf is the listed package that name is or lies in, as an internal one does.
func ownerOf(name string) string {
	if _, listed := mayImport[name]; listed {
		return name
	}
	if before, _, found := strings.Cut(name, "/internal/"); found {
		return ownerOf(before)
	}
	return ""
}

func checkImport(t *testing.T, owner, imported string) {
	t.Helper()
	if rest, ours := strings.CutPrefix(imported, module); ours {
		target := ownerOf(strings.TrimPrefix(rest, "shared/"))
		if !strings.HasPrefix(rest, "shared/") || (target != owner && !slices.Contains(mayImport[owner], target)) {
			t.Errorf("shared/%s may not import %s", owner, rest)
		}
		return
	}
	for outside, users := range onlyIn {
		within := imported == outside || strings.HasPrefix(imported, outside+"/")
		if within && !slices.Contains(users, owner) {
			t.Errorf("shared/%s may not import %s", owner, imported)
		}
	}
}

// TestNoProgramLinksWhatIsForTests walks the imports of the whole module, those of test
// files apart.
func TestNoProgramLinksWhatIsForTests(t *testing.T) {
	found := map[string]bool{}
	for _, p := range listed(t, "../...") {
		name := strings.TrimPrefix(p.ImportPath, module)
		allowed, isForTests := forTests[name]
		if found[name] = true; strings.HasSuffix(name, "test") && !isForTests {
			t.Errorf("%s isn't in the list of packages for tests", name)
		}
		for _, imported := range p.Imports {
			target, ours := strings.CutPrefix(imported, module)
			if !ours {
				continue
			}
			if _, refused := forTests[target]; refused && !isForTests {
				t.Errorf("%s may not import %s, which is for tests", name, target)
			}
			if isForTests && !slices.Contains(allowed, target) {
				t.Errorf("%s may not import %s", name, target)
			}
		}
	}
	for name := range forTests {
		if !found[name] {
			t.Errorf("%s is in the list, and not in the module", name)
		}
	}
}

// listed lists packages as go list does.
func listed(t *testing.T, arguments ...string) []goPackage {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports"}, arguments...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var packages []goPackage
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := decoder.Decode(&p); err == io.EOF {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// TestOnlyBootReadsTheEnvironment keeps the settings in one place.
func TestOnlyBootReadsTheEnvironment(t *testing.T) {
	out, err := exec.Command("grep", "-rlE", `os\.(Getenv|LookupEnv|Environ)\b`, "--include=*.go", "--exclude=*_test.go", "../shared", ".").Output()
	if err != nil && len(out) > 0 {
		t.Fatal(err)
	}
	for _, file := range strings.Fields(string(out)) {
		if !strings.HasPrefix(file, "../shared/boot/") {
			t.Errorf("%s reads the environment", file)
		}
	}
}
