package describetest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/doorstep-auth/doorstep/shared/describe"
	"github.com/doorstep-auth/doorstep/shared/problem"
)

// Exceptions are what the code does and a description needn't say.
type Exceptions struct {
	// Query and Header are read for every operation: they say who calls.
	Query, Header []string
	Untold        []Untold
}

// Untold are problems that operations' code reaches and never tells.
type Untold struct {
	// Of are the IDs of the operations; none is all that don't describe the problems.
	Of    []string
	Codes []string
	Why   string
}

// Code fails if the descriptions don't name the fields that the code of the package
// under test reads, or the problems that it makes, operation by operation: both are
// looked up in the source. The comment of a handler says that it serves an operation.
func Code(t *testing.T, w describe.Wire, but Exceptions) {
	t.Helper()
	s, variables := readSource(t, w.Name), operationVariables(t)
	reached := map[string]found{} // by the operation's ID
	for _, op := range w.Operations {
		if handler := s.serves[variables[op.Name]]; handler != nil {
			reached[op.ID] = s.reach(handler)
		} else {
			t.Errorf("%s: no handler's comment says that it serves %s", op.Name, variables[op.Name])
		}
	}
	for _, untold := range but.Untold {
		untold.take(t, w, reached)
	}
	for _, op := range w.Operations {
		code, found := reached[op.ID]
		if !found {
			continue
		}
		maps.DeleteFunc(code.query, func(name string, _ bool) bool { return slices.Contains(but.Query, name) })
		maps.DeleteFunc(code.headers, func(name string, _ bool) bool { return slices.Contains(but.Header, name) })
		fields := namesOf(op.Body)
		if op.Members != "" {
			fields = append(fields, anyMember)
		}
		compare(t, op, "fields", fields, code.fields)
		compare(t, op, "query", namesOf(op.Query), code.query)
		compare(t, op, "headers", namesOf(op.Header), code.headers)
		compare(t, op, "problems", ownCodes(op), withoutCommon(w, op, code.problems))
	}
}

// take takes the problems out of what operations reach, which they must.
func (u Untold) take(t *testing.T, w describe.Wire, reached map[string]found) {
	t.Helper()
	for _, code := range u.Codes {
		anywhere := false
		for _, op := range w.Operations {
			if len(u.Of) == 0 && slices.Contains(ownCodes(op), code) || len(u.Of) > 0 && !slices.Contains(u.Of, op.ID) {
				continue
			}
			anywhere = anywhere || reached[op.ID].problems[code]
			if len(u.Of) > 0 && !reached[op.ID].problems[code] {
				t.Errorf("%s doesn't even reach %s: strike it from the test", op.ID, code)
			}
			delete(reached[op.ID].problems, code)
		}
		if !anywhere {
			t.Errorf("no operation reaches %s: strike it from the test", code)
		}
	}
}

func compare(t *testing.T, op describe.Operation, what string, described []string, found map[string]bool) {
	t.Helper()
	for _, name := range described {
		if !found[name] {
			t.Errorf("%s: its %s have %s, which isn't in the code", op.ID, what, name)
		}
	}
	var missing []string
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if !slices.Contains(described, name) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		t.Errorf("%s: its %s lack what the code has: %s", op.ID, what, strings.Join(missing, " "))
	}
}

func namesOf(fields []describe.Field) (names []string) {
	for _, field := range fields {
		name := field.Name
		if http.CanonicalHeaderKey(name) == name && strings.Contains(name, "-") {
			name = strings.ToLower(name)
		}
		names = append(names, name)
	}
	return names
}

func ownCodes(op describe.Operation) (codes []string) {
	for _, p := range op.Problems {
		codes = append(codes, p.Code)
	}
	return codes
}

// withoutCommon leaves out what every request of such a caller can be told, and the
// error that a verification shows.
func withoutCommon(w describe.Wire, op describe.Operation, codes map[string]bool) map[string]bool {
	delete(codes, problem.MailRefused.Code)
	for _, p := range w.Refusals(describe.Operation{Caller: op.Caller}, http.MethodPost) {
		if !slices.Contains(op.Problems, p) {
			delete(codes, p.Code)
		}
	}
	return codes
}

// operationVariables are the names of the variables that hold operations, by the operation's name.
func operationVariables(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "operations.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		literal, ok := spec.Values[0].(*ast.CompositeLit)
		if !ok {
			return true
		}
		for _, element := range literal.Elts {
			pair, ok := element.(*ast.KeyValueExpr)
			if !ok {
				continue
			}
			if value, isText := pair.Value.(*ast.BasicLit); isText && pair.Key.(*ast.Ident).Name == "Name" {
				name, _ := strconv.Unquote(value.Value)
				names[name] = spec.Names[0].Name
			}
		}
		return true
	})
	return names
}
