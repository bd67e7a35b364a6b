package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/doorstep-auth/doorstep/shared/describe"
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/wire"
)

const openAPIIntro = `The sign-up back end that you deploy into your own AWS account. It speaks several wires at once; each has its own
paths, credentials and error envelope.

In front of all this, API Gateway answers what it doesn't let through (413 above 10 MB, 429 and 503 when throttled) with a body
of its own.`

// openAPI is the document in the making.
type openAPI struct {
	*components
	paths      []string
	items      map[string]ordered // path items by path
	responses  map[string]ordered // responses of several operations
	parameters map[string]ordered // parameters of several operations
	fallback   ordered            // the operation of what no other route takes
	ids        map[string]bool    // operationIds that are taken
}

func newOpenAPI() *openAPI {
	return &openAPI{
		components: newComponents(), items: map[string]ordered{}, responses: map[string]ordered{}, parameters: map[string]ordered{},
		ids: map[string]bool{},
	}
}

// openAPIDocument is the OpenAPI 3.1 document of the operations of all wires.
func openAPIDocument() ([]byte, error) {
	d, wires := newOpenAPI(), wire.All()
	for _, w := range wires {
		if err := d.add(w); err != nil {
			return nil, fmt.Errorf("%s: %w", w.Name, err)
		}
	}
	if d.err != nil {
		return nil, d.err
	}
	return indented(d.document(wires))
}

// openAPIWire is the part of the document that describes one wire.
type openAPIWire struct {
	*openAPI
	describe.Wire
	schemas *schemas
}

// add puts the wire's operations into the document.
func (d *openAPI) add(w describe.Wire) error {
	part := openAPIWire{d, w, newSchemas(w, d.components)}
	for _, requests := range requestsByRoute(w) {
		operation, err := part.operation(requests)
		if err != nil {
			return fmt.Errorf("%s: %w", requests[0].route.Key(), err)
		}
		path := openAPIPath(requests[0].route.Path)
		if path == "" {
			d.fallback = operation
			continue
		}
		if _, begun := d.items[path]; !begun {
			d.paths = append(d.paths, path)
		}
		d.items[path] = append(d.items[path], member{strings.ToLower(requests[0].route.Method), operation})
	}
	return nil
}

func (d *openAPI) document(wires []describe.Wire) ordered {
	var paths, schemes ordered
	var tags []any
	intro := openAPIIntro
	for _, path := range d.paths {
		paths.add(path, d.items[path])
	}
	for _, w := range wires {
		intro += "\n\n## " + w.Title + "\n\n" + w.Text
		for _, family := range w.Families {
			tags = append(tags, ordered{{"name", family.Name}, {"description", family.Text}})
		}
		for _, scheme := range w.Schemes {
			schemes.add(scheme.Name, securityScheme(scheme))
		}
	}
	return ordered{
		{"openapi", "3.1.1"},
		{"info", ordered{
			{"title", "Doorstep"}, {"version", "1"}, {"description", intro},
			{"license", ordered{{"name", "Apache License 2.0"}, {"identifier", "Apache-2.0"}}},
		}},
		{"servers", []any{
			ordered{{"url", "http://localhost:8080"}, {"description", "`make run`"}},
			ordered{
				{"url", "https://{host}"}, {"description", "Deployed: the stack's output ApiUrl"},
				{"variables", ordered{{"host", ordered{{"default", "accounts.example.com"}}}}},
			},
		}},
		{"tags", tags},
		{"paths", paths},
		{"x-default-route", d.fallback},
		{"components", ordered{
			{"schemas", byName(d.byName)}, {"responses", byName(d.responses)}, {"parameters", byName(d.parameters)}, {"securitySchemes", schemes},
		}},
	}
}

func securityScheme(s describe.Scheme) ordered {
	if s.Bearer {
		return ordered{{"type", "http"}, {"scheme", "bearer"}, {"description", s.Text}}
	}
	return ordered{{"type", "apiKey"}, {"in", s.In}, {"name", s.Key}, {"description", s.Text}}
}

// request is one route of an operation.
type request struct {
	describe.Operation
	route gateway.Route
}

// requestsByRoute groups what shares a method and a path, in the order of the
// descriptions: a POST that stands for several operations, by _method.
func requestsByRoute(w describe.Wire) [][]request {
	var groups [][]request
	place := map[string]int{}
	for _, op := range w.Operations {
		for _, route := range op.Routes {
			at, begun := place[route.Key()]
			if !begun {
				at = len(groups)
				place[route.Key()] = at
				groups = append(groups, nil)
			}
			groups[at] = append(groups[at], request{op, route})
		}
	}
	for _, group := range groups { // what goes without _method comes first
		slices.SortStableFunc(group, func(a, b request) int { return len(a.route.Override) - len(b.route.Override) })
	}
	return groups
}

// openAPIPath is an HTTP API's path as OpenAPI writes it: a greedy parameter has no
// spelling of its own.
func openAPIPath(path string) string { return strings.ReplaceAll(path, "+}", "}") }

// operation is the operation object of requests that share a method and a path.
func (d *openAPIWire) operation(requests []request) (ordered, error) {
	first := requests[0]
	family, _, _ := strings.Cut(first.Name, "/")
	body, err := d.requestBody(first)
	if err != nil {
		return nil, err
	}
	o := ordered{
		{"operationId", d.operationID(first)},
		{"tags", []any{family}},
		{"summary", first.Summary},
	}
	o.add("description", operationText(requests))
	o.add("x-function", first.route.ServedBy(first.Operation.Operation))
	o.add("security", security(d.Callers[first.Caller]))
	o.add("parameters", d.parametersOf(requests))
	o.add("requestBody", body)
	o.add("responses", d.responsesOf(requests))
	return o, nil
}

// operationID is the description's ID for its first route of its own verb; for the
// others it says the method or, if that is the same, the end of the path.
func (d *openAPIWire) operationID(r request) string {
	id := r.ID
	own := slices.IndexFunc(r.Routes, func(route gateway.Route) bool { return route.Override == "" })
	switch {
	case own >= 0 && r.Routes[own] == r.route:
	case own >= 0 && r.Routes[own].Method == r.route.Method:
		last := r.route.Path[strings.LastIndex(r.route.Path, "/")+1:]
		id += "At" + capital(last)
	default:
		id += "By" + capital(strings.ToLower(r.route.Method))
	}
	if d.ids[id] {
		d.fail("the operationId %s is taken", id)
	}
	d.ids[id] = true
	return id
}

func operationText(requests []request) string {
	text := []string{}
	for _, r := range requests {
		switch {
		case r.route.Override == "" && r.Text != "":
			text = append(text, r.Text)
		case r.route.Override != "":
			text = append(text, fmt.Sprintf("With `_method=%s`: %s", r.route.Override, r.Summary))
		}
	}
	return strings.Join(text, "\n\n")
}

// capital is a word with a capital letter.
func capital(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

func byName(all map[string]ordered) ordered {
	o := ordered{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		o.add(name, all[name])
	}
	return o
}
