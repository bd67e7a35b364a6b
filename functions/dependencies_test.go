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
	"token":              {"secret"},
	"rotation":           {"keystore", "secret", "token"},
	"signup":             {"identifier", "problem", "secret", "settings"},
	"table":              {"identifier", "secret", "signup"},
	"mail":               {"identifier", "secret", "settings", "signup"},
	"gateway":            {"problem", "settings"},
	"boot":               {"gateway", "keystore", "secret", "settings", "token"},
	"linkpage":           {"settings"},
	"wire/clerk":         {"gateway", "identifier", "linkpage", "problem", "secret", "settings", "signup", "token"},
	"wire/norman":        {"gateway", "identifier", "problem", "secret", "settings", "signup", "token"},
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
	"regexp":                              {},
}

type goPackage struct {
	ImportPath string
	Imports    []string
}

// TestDependencyDirection walks the imports of everything that is linked into functions.
func TestDependencyDirection(t *testing.T) {
	for _, p := range linked(t) {
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

// linked lists the packages that the functions are built from.
func linked(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports", "./...").Output()
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
