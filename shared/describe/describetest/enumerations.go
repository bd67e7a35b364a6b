package describetest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/describe"
)

// Enumerations fails if the wire doesn't list every constant of an enumeration's type.
func Enumerations(t *testing.T, w describe.Wire) {
	t.Helper()
	for enumeration, values := range w.Enumerations {
		folder, err := exec.Command("go", "list", "-f", "{{.Dir}}", enumeration.PkgPath()).Output()
		if err != nil {
			t.Fatal(err)
		}
		declared := constants(t, strings.TrimSpace(string(folder)), enumeration.Name())
		if diff := cmp.Diff(declared, slices.Sorted(slices.Values(values))); diff != "" {
			t.Errorf("%s (-declared +listed):\n%s", enumeration, diff)
		}
	}
}

// constants are the values of a folder's constants of the type called name, sorted.
func constants(t *testing.T, folder, name string) (values []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			spec, ok := node.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			kind, typed := spec.Type.(*ast.Ident)
			if literal, isText := spec.Values[0].(*ast.BasicLit); typed && isText && kind.Name == name {
				value, _ := strconv.Unquote(literal.Value)
				values = append(values, value)
			}
			return true
		})
	}
	slices.Sort(values)
	return values
}
