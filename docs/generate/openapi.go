package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/wire/clerk"
)

const openAPIIntro = `The sign-up back end that you deploy into your own AWS account. It speaks the wire of Clerk's front-end API.
The accounts family (` + "`" + `/v0/authenticate` + "`" + `) isn't in this document; docs/wires.md says what it serves.

**Who calls.** A browser is known by the cookie ` + "`__client`" + `. An app without cookies sends ` + "`_is_native=1`" + ` and the token in ` + "`Authorization`" + `;
each answer that has an ` + "`Authorization`" + ` header carries the token to send from then on.

**Verbs.** A POST with ` + "`_method`" + ` (in the query or the body) stands for another verb, as browsers' SDKs send it.

**Fields.** A form or a JSON object; null and the empty string mean "not supplied", unknown fields are ignored.

**Problems.** One envelope for all, with one entry per fault; the status is the highest of them. What no route takes is 404
` + "`resource_not_found`" + `. In front of all this, API Gateway answers what it doesn't let through (413 above 10 MB, 429 and 503 when
throttled) with a body of its own.`

// An ordered is a JSON object whose members keep their order.
type ordered []member

type member struct {
	name  string
	value any
}

// MarshalJSON writes the members in their order.
func (o ordered) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			out.WriteByte(',')
		}
		name, err := encode(m.name)
		if err != nil {
			return nil, err
		}
		value, err := encode(m.value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		out.Write(name)
		out.WriteByte(':')
		out.Write(value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

func encode(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSpace(out.Bytes()), err
}

// add appends a member unless its value is empty.
func (o *ordered) add(name string, value any) {
	switch v := value.(type) {
	case nil:
		return
	case string:
		if v == "" {
			return
		}
	case ordered:
		if len(v) == 0 {
			return
		}
	case []any:
		if len(v) == 0 {
			return
		}
	}
	*o = append(*o, member{name, value})
}

// openAPI is the document in the making.
type openAPI struct {
	schemas *schemas
	paths   []string
	items   map[string]ordered // path items by path
	shared  map[string]ordered // responses of several operations
	ids     map[string]bool    // operationIds that are taken
}

// openAPIDocument is the OpenAPI 3.1 document of the operations on Clerk's wire. The
// accounts family isn't described yet: its routes are in operations.md and wires.md.
func openAPIDocument() ([]byte, error) {
	d := &openAPI{schemas: newSchemas(), items: map[string]ordered{}, shared: map[string]ordered{}, ids: map[string]bool{}}
	var fallback ordered
	for _, requests := range requestsByRoute() {
		operation, err := d.operation(requests)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", requests[0].route.Key(), err)
		}
		path := openAPIPath(requests[0].route.Path)
		if path == "" {
			fallback = operation
			continue
		}
		if _, begun := d.items[path]; !begun {
			d.paths = append(d.paths, path)
		}
		d.items[path] = append(d.items[path], member{strings.ToLower(requests[0].route.Method), operation})
	}
	if d.schemas.err != nil {
		return nil, d.schemas.err
	}
	text, err := encode(d.document(fallback))
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	err = json.Indent(&page, text, "", "  ")
	page.WriteByte('\n')
	return listOfScalars.ReplaceAllFunc(page.Bytes(), func(list []byte) []byte {
		return indentation.ReplaceAll(list, []byte(" "))
	}), err
}

// A list of texts stands on one line.
var (
	listOfScalars = regexp.MustCompile(`\[(\n *("([^"\\]|\\.)*"|null|\d+),?)+\n *\]`)
	indentation   = regexp.MustCompile(`\n *`)
)

func (d *openAPI) document(fallback ordered) ordered {
	var paths ordered
	for _, path := range d.paths {
		paths.add(path, d.items[path])
	}
	var tags []any
	for _, family := range clerk.Families() {
		tags = append(tags, ordered{{"name", family.Name}, {"description", family.Text}})
	}
	return ordered{
		{"openapi", "3.1.1"},
		{"info", ordered{
			{"title", "Doorstep"}, {"version", "1"}, {"description", openAPIIntro},
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
		{"x-default-route", fallback},
		{"components", ordered{
			{"schemas", d.schemas.components()}, {"responses", byName(d.shared)},
			{"parameters", sharedParameters()}, {"securitySchemes", securitySchemes()},
		}},
	}
}

const (
	cookieScheme = "client"
	nativeScheme = "nativeClient"
)

func securitySchemes() ordered {
	return ordered{
		{cookieScheme, ordered{
			{"type", "apiKey"}, {"in", "cookie"}, {"name", "__client"},
			{"description", "A browser's client, as Set-Cookie gave it. Pages of other sites can't use it: CSRF is refused by origin and by SameSite."},
		}},
		{nativeScheme, ordered{
			{"type", "apiKey"}, {"in", "header"}, {"name", "Authorization"},
			{"description", "An app's client, as the Authorization header of the last answer that had one gave it; with `_is_native=1`."},
		}},
	}
}

func sharedParameters() ordered {
	return ordered{{"native", ordered{
		{"name", "_is_native"}, {"in", "query"}, {"description", "Says that the caller has no cookies."},
		{"schema", ordered{{"type", "string"}, {"enum", []any{"1", "true"}}}},
	}}}
}

// request is one route of an operation.
type request struct {
	clerk.Description
	route gateway.Route
}

// requestsByRoute groups what shares a method and a path, in the order of the
// descriptions: a POST that stands for several operations, by _method.
func requestsByRoute() [][]request {
	var groups [][]request
	place := map[string]int{}
	for _, d := range clerk.Descriptions() {
		for _, route := range d.Operation.Routes {
			at, begun := place[route.Key()]
			if !begun {
				at = len(groups)
				place[route.Key()] = at
				groups = append(groups, nil)
			}
			groups[at] = append(groups[at], request{d, route})
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
func (d *openAPI) operation(requests []request) (ordered, error) {
	first := requests[0]
	family, _, _ := strings.Cut(first.Operation.Name, "/")
	body, err := d.requestBody(first)
	if err != nil {
		return nil, err
	}
	o := ordered{
		{"operationId", d.operationID(first)},
		{"tags", []any{family}},
		{"summary", first.Operation.Summary},
	}
	o.add("description", operationText(requests))
	o.add("x-function", first.route.ServedBy(first.Operation))
	o.add("security", security(first.Caller))
	o.add("parameters", parameters(requests))
	o.add("requestBody", body)
	o.add("responses", d.responses(requests))
	return o, nil
}

// operationID is the description's ID for its first route of its own verb; for the
// others it says the method or, if that is the same, the end of the path.
func (d *openAPI) operationID(r request) string {
	id := r.ID
	own := slices.IndexFunc(r.Operation.Routes, func(route gateway.Route) bool { return route.Override == "" })
	switch {
	case own >= 0 && r.Operation.Routes[own] == r.route:
	case own >= 0 && r.Operation.Routes[own].Method == r.route.Method:
		last := r.route.Path[strings.LastIndex(r.route.Path, "/")+1:]
		id += "At" + strings.ToUpper(last[:1]) + last[1:]
	default:
		id += "By" + r.route.Method[:1] + strings.ToLower(r.route.Method[1:])
	}
	if d.ids[id] {
		d.schemas.fail("the operationId %s is taken", id)
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
			text = append(text, fmt.Sprintf("With `_method=%s`: %s", r.route.Override, r.Operation.Summary))
		}
	}
	return strings.Join(text, "\n\n")
}

func security(need clerk.CallerNeed) []any {
	known := []any{ordered{{cookieScheme, []any{}}}, ordered{{nativeScheme, []any{}}}}
	switch need {
	case clerk.AnyBrowser:
		return []any{emptyObject, known[0]}
	case clerk.AnyCaller:
		return append([]any{emptyObject}, known...)
	case clerk.OnlyOwner:
		return known
	}
	return []any{emptyObject}
}

// emptyObject is {} in JSON.
var emptyObject = map[string]any{}

func parameters(requests []request) []any {
	first := requests[0]
	all := append(parametersIn("path", first.Path), parametersIn("query", first.Query)...)
	if overrides := overridesOf(requests); len(overrides) > 0 {
		all = append(all, parameterIn("query", clerk.Field{
			Name: "_method", Text: "The verb that the POST stands for.", Required: first.route.Override != "", Property: clerk.Property{Enum: overrides},
		}))
	}
	if first.TakesNative() {
		all = append(all, ordered{{"$ref", "#/components/parameters/native"}})
	}
	return append(all, parametersIn("header", first.Header)...)
}

func overridesOf(requests []request) []string {
	var all []string
	for _, r := range requests {
		if r.route.Override != "" {
			all = append(all, r.route.Override)
		}
	}
	return all
}

func parametersIn(place string, fields []clerk.Field) []any {
	var all []any
	for _, field := range fields {
		all = append(all, parameterIn(place, field))
	}
	return all
}

func parameterIn(place string, field clerk.Field) ordered {
	o := ordered{{"name", field.Name}, {"in", place}}
	o.add("description", field.Text)
	if field.Required {
		o.add("required", true)
	}
	o.add("schema", propertySchema(field.Property))
	o.add("example", field.Example)
	return o
}

// requestBody takes the fields as a form or as JSON.
func (d *openAPI) requestBody(r request) (ordered, error) {
	if len(r.Body) == 0 {
		return nil, nil
	}
	properties, required := ordered{}, []any{}
	for _, field := range r.Body {
		schema := propertySchema(field.Property)
		schema.add("description", field.Text)
		if field.Example != "" {
			schema.add("examples", []any{field.Example})
		}
		properties.add(field.Name, schema)
		if field.Required {
			required = append(required, field.Name)
		}
	}
	name := strings.ToUpper(r.ID[:1]) + r.ID[1:] + "Fields"
	schema := ordered{{"type", "object"}}
	schema.add("properties", properties)
	schema.add("required", required)
	d.schemas.put(name, schema)
	content := ordered{{"schema", reference(name)}}
	example, err := eventExample(r)
	if err != nil {
		return nil, err
	}
	content.add("example", example)
	o := ordered{}
	if len(required) > 0 {
		o.add("required", true)
	}
	o.add("content", ordered{{"application/x-www-form-urlencoded", content}, {"application/json", content}})
	return o, nil
}

// responses are the ends of the requests, by status.
func (d *openAPI) responses(requests []request) ordered {
	var all ordered
	head := requests[0].route.Method == http.MethodHead
	answers, pages := map[int][]clerk.Answer{}, []int{}
	var refusals []*problem.Problem
	for _, r := range requests {
		for _, answer := range r.Answers {
			answers[answer.Status] = append(answers[answer.Status], answer)
		}
		pages = append(pages, r.Pages...)
		refusals = append(refusals, r.Refusals(r.route.Method)...)
	}
	for _, status := range sortedKeys(answers) {
		all.add(fmt.Sprint(status), d.success(requests, answers[status], head))
	}
	for _, status := range statusesOf(refusals) {
		all.add(fmt.Sprint(status), d.refusal(status, refusals, slices.Contains(pages, status), head))
	}
	return all
}

func (d *openAPI) success(requests []request, answers []clerk.Answer, head bool) ordered {
	first := answers[0]
	o := ordered{{"description", first.Text}}
	headers := ordered{}
	if first.Location {
		headers.add("Location", header("Where to go on.", true))
	}
	if requests[0].Caller != clerk.NoCaller {
		headers.add("Set-Cookie", header("A browser's new token in the cookie `__client`; when it signed in or out in `__client_uat`.", false))
	}
	if requests[0].TakesNative() {
		headers.add("Authorization", header("An app's new token; empty when it has none any more.", false))
	}
	o.add("headers", headers)
	if !head {
		o.add("content", d.content(answers))
	}
	if links := d.links(requests[0].Next); len(links) > 0 && first.Body != nil {
		o.add("links", links)
	}
	return o
}

// content is what answers of one status hold.
func (d *openAPI) content(answers []clerk.Answer) ordered {
	var choices []any
	for _, answer := range answers {
		switch {
		case answer.HTML:
			return htmlContent
		case answer.Samples != nil:
			d.schemas.put(answer.Name, d.schemas.infer(answer.Name, answer.Samples()))
			choices = appendNew(choices, reference(answer.Name))
		case answer.Body != nil:
			choices = appendNew(choices, d.schemas.of(answer.Body))
		}
	}
	switch len(choices) {
	case 0:
		return nil
	case 1:
		return jsonContent(choices[0])
	}
	return jsonContent(ordered{{"anyOf", choices}})
}

func appendNew(choices []any, choice any) []any {
	text, _ := encode(choice)
	for _, other := range choices {
		if same, _ := encode(other); bytes.Equal(same, text) {
			return choices
		}
	}
	return append(choices, choice)
}

func jsonContent(schema any) ordered {
	return ordered{{"application/json", ordered{{"schema", schema}}}}
}

var htmlContent = ordered{{"text/html", ordered{{"schema", ordered{{"type", "string"}}}}}}

func header(text string, required bool) ordered {
	o := ordered{{"description", text}}
	if required {
		o.add("required", true)
	}
	return append(o, member{"schema", ordered{{"type", "string"}}})
}

func (d *openAPI) links(next []clerk.Next) ordered {
	links := ordered{}
	for _, n := range next {
		links.add(n.ID, ordered{
			{"operationId", n.ID}, {"parameters", ordered{{n.Parameter, "$response.body#" + n.Pointer}}},
		})
	}
	return links
}

// refusal is the response of status, with at least one of its problems. One that is
// the only one, and comes alone, is described once for all operations.
func (d *openAPI) refusal(status int, refusals []*problem.Problem, page, head bool) ordered {
	telling := codesOf(refusals, func(p *problem.Problem) bool { return p.Status == status })
	if head {
		return ordered{{"description", "`" + strings.Join(telling, "`, `") + "`"}}
	}
	if len(telling) > 1 || mixed(status) || page {
		return d.refusalOf(status, telling, refusals, page)
	}
	words := strings.Split(telling[0], "_")
	for i, word := range words {
		words[i] = strings.ToUpper(word[:1]) + word[1:]
	}
	name := strings.Join(words, "")
	d.shared[name] = d.refusalOf(status, telling, refusals, false)
	return ordered{{"$ref", "#/components/responses/" + name}}
}

// mixed reports whether faults of several fields may meet in an answer of status:
// the status is then the highest of theirs.
func mixed(status int) bool {
	return slices.Contains([]int{http.StatusBadRequest, http.StatusForbidden, http.StatusUnprocessableEntity}, status)
}

func (d *openAPI) refusalOf(status int, telling []string, refusals []*problem.Problem, page bool) ordered {
	errors := ordered{{"type", "array"}}
	beside := codesOf(refusals, func(p *problem.Problem) bool {
		return p.Status == status || (mixed(status) && mixed(p.Status) && p.Status < status)
	})
	if len(beside) > len(telling) {
		errors.add("contains", codeAmong(telling))
	}
	errors.add("items", codeAmong(beside))
	content := jsonContent(ordered{{"allOf", []any{
		d.schemas.of(clerk.ErrorBody()), ordered{{"type", "object"}, {"properties", ordered{{"errors", errors}}}},
	}}})
	if page {
		content = append(content, htmlContent...)
	}
	o := ordered{{"description", "`" + strings.Join(telling, "`, `") + "`"}}
	if status == http.StatusTooManyRequests {
		o.add("headers", ordered{
			{"Retry-After", header("Seconds to wait (RFC 9110 §10.2.3).", true)},
			{"RateLimit-Policy", header("The limits that the request is under (draft-ietf-httpapi-ratelimit-headers-10).", false)},
			{"RateLimit", header("Those that are spent.", false)},
		})
	}
	o.add("content", content)
	return o
}

// codesOf are the codes of those problems that which reports, sorted.
func codesOf(problems []*problem.Problem, which func(*problem.Problem) bool) []string {
	var codes []string
	for _, p := range problems {
		if which(p) {
			codes = append(codes, p.Code)
		}
	}
	return unique(codes)
}

func codeAmong(codes []string) ordered {
	return ordered{{"type", "object"}, {"properties", ordered{{"code", ordered{{"enum", codes}}}}}}
}

func byName(all map[string]ordered) ordered {
	o := ordered{}
	for _, name := range sortedNames(all) {
		o.add(name, all[name])
	}
	return o
}

func unique(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

func statusesOf(problems []*problem.Problem) []int {
	set := map[int]bool{}
	for _, p := range problems {
		set[p.Status] = true
	}
	return sortedKeys(set)
}

func sortedKeys[V any](m map[int]V) []int {
	var keys []int
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
