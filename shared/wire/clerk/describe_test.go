package clerk

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/problem"
)

func TestEveryOperationIsDescribed(t *testing.T) {
	var declared, described, families []string
	for _, op := range Operations() {
		declared = append(declared, op.Name)
	}
	for _, d := range Descriptions() {
		described = append(described, d.Operation.Name)
		if d.ID == "" || (len(d.Answers) == 0 && d.Operation.Name != NotFound.Name) {
			t.Errorf("%s has no ID, or no answer", d.Operation.Name)
		}
		for _, next := range d.Next {
			if !slices.ContainsFunc(Descriptions(), func(other Description) bool { return other.ID == next.ID }) {
				t.Errorf("%s goes on to %s, which isn't an operation", d.ID, next.ID)
			}
		}
	}
	slices.Sort(declared)
	slices.Sort(described)
	if diff := cmp.Diff(declared, described); diff != "" {
		t.Errorf("operations (-declared +described):\n%s", diff)
	}
	for _, family := range Families() {
		families = append(families, family.Name)
	}
	for _, name := range declared {
		if family, _, _ := strings.Cut(name, "/"); !slices.Contains(families, family) {
			t.Errorf("the family %s isn't described", family)
		}
	}
}

// toldOtherwise are problems that an operation's code reaches and never tells, with why.
var toldOtherwise = map[string]map[string]string{
	"removeSessions": {"authentication_invalid": "a caller without a client has nothing to end"},
	"getMe":          {"resource_not_found": notSignedIn, "signed_out": notSignedIn},
	"listMySessions": {"resource_not_found": notSignedIn, "signed_out": notSignedIn},
	"revokeSession":  {"signed_out": notSignedIn},
	"createSignUp":   {"sign_up_cannot_be_updated": "a new sign-up has no earlier addresses"},
	"confirmLink":    {"form_identifier_exists": onPage, "sign_up_cannot_be_updated": onPage},
}

const (
	notSignedIn = "it is told as authentication_invalid"
	onPage      = "it is told as a page or in the redirect"
)

// transportHeaders are read for every operation: they say who calls.
var transportHeaders = []string{"authorization", "origin", "referer"}

// The descriptions name the fields that the code reads and the problems that it
// makes, operation by operation: both are looked up in the source.
func TestDescriptionsSayWhatTheCodeDoes(t *testing.T) {
	s := readSource(t)
	variables := operationVariables(t)
	for _, d := range Descriptions() {
		handler := s.serves[variables[d.Operation.Name]]
		if handler == nil {
			t.Errorf("%s: no handler's comment says that it serves %s", d.Operation.Name, variables[d.Operation.Name])
			continue
		}
		reached := s.reach(handler)
		compare(t, d, "fields", namesOf(d.Body), reached.fields)
		delete(reached.query, "_is_native")
		compare(t, d, "query", namesOf(d.Query), reached.query)
		for _, name := range transportHeaders {
			delete(reached.headers, name)
		}
		compare(t, d, "headers", namesOf(d.Header), reached.headers)
		for code := range toldOtherwise[d.ID] {
			if !reached.problems[code] {
				t.Errorf("%s doesn't even reach %s: strike it from the test", d.ID, code)
			}
			delete(reached.problems, code)
		}
		compare(t, d, "problems", ownCodes(d), withoutCommon(reached.problems))
	}
}

func compare(t *testing.T, d Description, what string, described []string, found map[string]bool) {
	t.Helper()
	if diff := cmp.Diff(slices.Compact(slices.Sorted(slices.Values(described))), slices.Sorted(maps.Keys(found))); diff != "" {
		t.Errorf("%s, %s (-described +in the code):\n%s", d.ID, what, diff)
	}
}

func namesOf(fields []Field) (names []string) {
	for _, field := range fields {
		name := field.Name
		if http.CanonicalHeaderKey(name) == name && strings.Contains(name, "-") {
			name = strings.ToLower(name)
		}
		names = append(names, name)
	}
	return names
}

func ownCodes(d Description) (codes []string) {
	for _, p := range d.Problems {
		codes = append(codes, p.Code)
	}
	return codes
}

// withoutCommon leaves out what Refusals adds, and the error that a verification shows.
func withoutCommon(codes map[string]bool) map[string]bool {
	delete(codes, problem.MailRefused.Code)
	for _, p := range (Description{Caller: AnyCaller}).Refusals(http.MethodPost) {
		delete(codes, p.Code)
	}
	return codes
}

// checkDescribed holds the records of requests against the descriptions: no problem
// was told that isn't described.
func checkDescribed(t *testing.T, logged string) {
	t.Helper()
	described := map[string]string{}
	for _, d := range Descriptions() {
		for _, route := range d.Operation.Routes {
			for _, p := range d.Refusals(route.Method) {
				described[d.Operation.Name] += p.Code + " "
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
			if value, isText := pair.Value.(*ast.BasicLit); ok && isText && pair.Key.(*ast.Ident).Name == "Name" {
				name, _ := strconv.Unquote(value.Value)
				names[name] = spec.Names[0].Name
			}
		}
		return true
	})
	return names
}

// Every problem is described of some operation: one that isn't is told by nobody.
func TestEveryProblemIsDescribed(t *testing.T) {
	described := map[string]bool{
		problem.MailRefused.Code: true, // the error of a verification
		// Other wires' alone.
		problem.CredentialsInvalid.Code: true, problem.SignInRateLimit.Code: true, problem.UserHeld.Code: true,
	}
	for _, d := range Descriptions() {
		for _, route := range d.Operation.Routes {
			for _, p := range d.Refusals(route.Method) {
				described[p.Code] = true
			}
		}
	}
	for _, p := range problem.All() {
		if !described[p.Code] {
			t.Errorf("%s isn't described of any operation", p.Code)
		}
	}
}

// Enumerations lists every constant of its types.
func TestEnumerationsAreWhole(t *testing.T) {
	folders := map[string]string{"signup": "../../signup", "settings": "../../settings", "clerk": "."}
	for enumeration, values := range Enumerations() {
		owner := enumeration.PkgPath()[strings.LastIndex(enumeration.PkgPath(), "/")+1:]
		declared := constants(t, folders[owner], enumeration.Name())
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
