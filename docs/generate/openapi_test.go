package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/describe"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/wire"
)

// An operationObject is what the tests read of an operation in the document.
type operationObject struct {
	OperationID string
	Parameters  []struct {
		Name, In, Ref string
		Schema        struct{ Enum []string }
	}
	Responses map[string]json.RawMessage
}

type documentObject struct {
	Paths    map[string]map[string]operationObject
	Fallback operationObject `json:"x-default-route"`
}

func readOpenAPI(t *testing.T) documentObject {
	t.Helper()
	text, err := openAPIDocument()
	if err != nil {
		t.Fatal(err)
	}
	var document documentObject
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	return document
}

// Every route is in the document, with the verbs that its POST stands for, and
// nothing else is.
func TestOpenAPIHasTheDeclaredRoutes(t *testing.T) {
	document := readOpenAPI(t)
	declared, written := map[string][]string{}, map[string][]string{}
	for _, op := range wire.Operations() {
		for _, route := range op.Routes {
			key := route.Method + " " + strings.ReplaceAll(route.Path, "+}", "}")
			declared[key] = append(declared[key], nonEmpty(route.Override)...)
			slices.Sort(declared[key])
		}
	}
	for path, item := range document.Paths {
		for method, operation := range item {
			key := strings.ToUpper(method) + " " + path
			written[key] = nil
			for _, parameter := range operation.Parameters {
				if parameter.Name == "_method" {
					written[key] = slices.Sorted(slices.Values(parameter.Schema.Enum))
				}
			}
		}
	}
	if document.Fallback.OperationID != "" {
		written["$default "] = nil
	}
	if diff := cmp.Diff(declared, written); diff != "" {
		t.Errorf("routes (-declared +docs/openapi.json):\n%s", diff)
	}
}

func nonEmpty(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// Each status of an answer or a problem is in the document, and no other.
func TestOpenAPIHasTheDescribedStatuses(t *testing.T) {
	document := readOpenAPI(t)
	for _, w := range wire.All() {
		for _, requests := range requestsByRoute(w) {
			operation := document.Fallback
			if route := requests[0].route; route.Path != "" {
				operation = document.Paths[openAPIPath(route.Path)][strings.ToLower(route.Method)]
			}
			if diff := cmp.Diff(statusesOfAll(w, requests), sortedNames(operation.Responses)); diff != "" {
				t.Errorf("%s (-described +docs/openapi.json):\n%s", requests[0].route.Key(), diff)
			}
		}
	}
}

func statusesOfAll(w describe.Wire, requests []request) []string {
	statuses := map[string]bool{}
	for _, r := range requests {
		for _, answer := range r.Answers {
			statuses[fmt.Sprint(answer.Status)] = true
		}
		for _, p := range w.Refusals(r.Operation, r.route.Method) {
			for _, told := range w.Problems.Told(p) {
				statuses[fmt.Sprint(told.Status)] = true
			}
		}
	}
	return sortedNames(statuses)
}

// What Properties says is said of something.
func TestEveryPropertyNamesAMember(t *testing.T) {
	for _, w := range wire.All() {
		s := newSchemas(w, newComponents())
		for _, op := range w.Operations {
			for _, answer := range op.Answers {
				if answer.Body != nil {
					s.of(answer.Body)
				}
			}
		}
		for _, p := range problem.All() {
			for _, told := range w.Problems.Told(p) {
				s.of(told.Body)
			}
		}
		for _, key := range sortedNames(w.Properties) {
			if !s.used[key] {
				t.Errorf("%s: there is no member %s", w.Name, key)
			}
		}
	}
}

type leaf struct {
	Object  string          `json:"object"`
	Text    *string         `json:"text"`
	Raw     json.RawMessage `json:"raw"`
	Absent  int             `json:"absent,omitempty"`
	Pair    [2]int          `json:"pair"`
	Itself  *leaf           `json:"itself"`
	MadeAt  int64           `json:"made_at"`
	private bool            // not in JSON
}

type tree struct {
	leaf
	Leaves []leaf         `json:"leaves"`
	Any    map[string]any `json:"any"`
}

func TestSchemaOfATypeIsWhatItsJSONIs(t *testing.T) {
	s := newSchemas(describe.Wire{
		Properties: map[string]describe.Property{"*.object": {Enum: []string{"leaf"}}, "Tree.text": {Pattern: "^x$"}},
	}, newComponents())
	got, err := encode(s.of(reflect.TypeFor[*tree]()))
	if err != nil || s.err != nil {
		t.Fatal(err, s.err)
	}
	if want := `{"anyOf":[{"$ref":"#/components/schemas/Tree"},{"type":"null"}]}`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	members := `"object":{"type":"string","enum":["leaf"]},"text":{"type":["string","null"]%s},"raw":{"type":"object"},"absent":{"type":"integer"},` +
		`"pair":{"type":"array","items":{"type":"integer"},"minItems":2,"maxItems":2},` +
		`"itself":{"anyOf":[{"$ref":"#/components/schemas/Leaf"},{"type":"null"}]},` +
		`"made_at":{"type":"integer","description":"In milliseconds of Unix time."}`
	const required = `"object","text","raw","pair","itself","made_at"`
	want := map[string]string{
		"Leaf": fmt.Sprintf(`{"type":"object","properties":{`+members+`},"required":[`+required+`]}`, ""),
		"Tree": fmt.Sprintf(`{"type":"object","properties":{`+members+`,"leaves":{"type":"array","items":{"$ref":"#/components/schemas/Leaf"}},"any":{"type":"object"}},`+
			`"required":[`+required+`,"leaves","any"]}`, `,"pattern":"^x$"`),
	}
	for name, schema := range want {
		if got, _ := encode(s.byName[name]); string(got) != schema {
			t.Errorf("%s:\n%s\n%s", name, got, schema)
		}
	}
	_ = leaf{private: true}
}

type (
	vague struct {
		Sign any `json:"sign"`
	}
	unnamed struct{ Sign string }
	unkind  struct {
		Object string `json:"object"`
	}
)

func TestUntoldTypesAreFaults(t *testing.T) {
	for _, value := range []any{vague{}, unnamed{}, unkind{}, make(chan int), struct{}{}} {
		s := newSchemas(describe.Wire{}, newComponents())
		if s.of(reflect.TypeOf(value)); s.err == nil {
			t.Errorf("%T is accepted", value)
		}
	}
}

func TestInferredSchemas(t *testing.T) {
	s := newSchemas(describe.Wire{}, newComponents())
	text := "x"
	got, err := encode(s.infer("E", []any{
		map[string]any{"both": 1, "some": "x", "maybe": nil, "never": nil, "list": []string{}, "in": map[string]any{"a": true}},
		map[string]any{"both": 2, "maybe": &text, "never": nil, "list": []string{}, "in": map[string]any{}},
	}))
	want := `{"type":"object","properties":{"both":{"type":"integer"},"in":{"type":"object","properties":{"a":{"type":"boolean"}}},` +
		`"list":{"type":"array","items":{"type":"string"}},"maybe":{"type":["string","null"]},"never":{"type":"null"},"some":{"type":"string"}},` +
		`"required":["both","in","list","maybe","never"]}`
	if err != nil || s.err != nil || string(got) != want {
		t.Errorf("%v %v\n%s\n%s", err, s.err, got, want)
	}
	if s.infer("E", []any{1, "x"}); s.err == nil {
		t.Error("two types of one member are accepted")
	}
}

// A body whose members the caller names is an object of any.
func TestBodyOfAnyMembers(t *testing.T) {
	d := newPart(describe.Wire{MediaTypes: []string{"application/json"}})
	body, err := d.requestBody(request{Operation: describe.Operation{ID: "update", Members: "Attributes."}})
	want := `{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/UpdateFields"}}}}`
	if got, _ := encode(body); err != nil || string(got) != want {
		t.Errorf("%v %s", err, got)
	}
	if got, _ := encode(d.byName["UpdateFields"]); string(got) != `{"type":"object","description":"Attributes."}` {
		t.Errorf("%s", got)
	}
}

// Two wires' types of one name are told apart by prefix, or refused.
func TestTypesOfOneName(t *testing.T) {
	type Leaf struct {
		Other string `json:"other"`
	}
	named := map[string]describe.Property{"*.object": {Enum: []string{"leaf"}}}
	for prefix, fails := range map[string]bool{"": true, "Other": false} {
		c := newComponents()
		newSchemas(describe.Wire{Properties: named}, c).of(reflect.TypeFor[leaf]())
		newSchemas(describe.Wire{Prefix: prefix}, c).of(reflect.TypeFor[Leaf]())
		if (c.err != nil) != fails {
			t.Errorf("%q: %v", prefix, c.err)
		}
	}
}
