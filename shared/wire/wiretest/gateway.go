package wiretest

import (
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// Gateway is an HTTP API: the functions behind it, by route key.
type Gateway map[string]*gateway.Function

// NewGateway returns one with a function for each route of the operations. Each is f
// with the endpoint that the wire makes of the operation and the handler of its name.
func NewGateway(f gateway.Function, operations []gateway.Operation, handlers map[string]gateway.Handler,
	endpoint func(*settings.Settings, gateway.Operation, gateway.Handler) []gateway.Endpoint,
) Gateway {
	g := Gateway{}
	for _, op := range operations {
		for _, route := range op.Routes {
			function := f
			function.Endpoints = endpoint(f.Settings, op, handlers[op.Name])
			g[route.Key()] = &function
		}
	}
	return g
}

// Send hands an event to the function of its route. The answer's body must be JSON.
func (g Gateway) Send(t testing.TB, event events.APIGatewayV2HTTPRequest) Reply {
	t.Helper()
	return g.SendTo(t, event.RouteKey, event)
}

// SendTo is Send to the function of another route than the event's.
func (g Gateway) SendTo(t testing.TB, key string, event events.APIGatewayV2HTTPRequest) Reply {
	t.Helper()
	f := g[key]
	if f == nil {
		t.Fatalf("no operation takes %s %s", event.RequestContext.HTTP.Method, event.RawPath)
	}
	answer := Invoke(t, f, event)
	r := Reply{Status: answer.StatusCode, Header: answer.Headers, Text: answer.Body}
	if !json.Valid([]byte(r.Text)) {
		t.Errorf("%s answered %q, which isn't JSON", key, r.Text)
	}
	_ = json.Unmarshal([]byte(r.Text), &r.Body) // what isn't an object has no members
	return r
}

// Invoke runs a function as Lambda does, from JSON to JSON.
func Invoke(t testing.TB, f *gateway.Function, event events.APIGatewayV2HTTPRequest) (answer events.APIGatewayV2HTTPResponse) {
	t.Helper()
	payload, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	out, err := f.Invoke(t.Context(), payload)
	if err != nil {
		t.Fatalf("the function failed: %v", err)
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	return answer
}

// Event is a request to one of the operations, as an HTTP API hands it on. The body is
// sent as it is; headers are names in small letters, each with its value. The event has
// no route key if none of the operations has a route for the path.
func Event(operations []gateway.Operation, method, path, body string, headers ...string) events.APIGatewayV2HTTPRequest {
	e := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RawPath: path, Body: body, Headers: map[string]string{"host": Host, "x-forwarded-proto": "https"},
	}
	e.RouteKey, e.PathParameters = routeOf(operations, method, path)
	for i := 0; i+1 < len(headers); i += 2 {
		e.Headers[headers[i]] = headers[i+1]
	}
	e.RequestContext.RequestID = rand.Text()
	e.RequestContext.HTTP.Method, e.RequestContext.HTTP.Path, e.RequestContext.HTTP.SourceIP = method, path, "192.0.2.7"
	return e
}

// routeOf is the route that an HTTP API would choose, with its parameters. A wire with
// routes for any path, as {proxy+} and $default are, chooses those itself.
func routeOf(operations []gateway.Operation, method, path string) (key string, params map[string]string) {
	for _, op := range operations {
		for _, route := range op.Routes {
			if route.Method != method || strings.Contains(route.Path, "+") {
				continue
			}
			if params, matches := match(route.Path, path); matches {
				return route.Key(), params
			}
		}
	}
	return "", nil
}

func match(pattern, path string) (params map[string]string, matches bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	params = map[string]string{}
	for i, part := range want {
		if name, parameter := strings.CutPrefix(part, "{"); parameter {
			params[strings.TrimSuffix(name, "}")] = got[i]
		} else if part != got[i] {
			return nil, false
		}
	}
	return params, true
}

// Reply is an answer.
type Reply struct {
	Status int
	Header map[string]string
	Text   string         // the body
	Body   map[string]any // the body's members; nil unless it is an object
}

// At is the text that path names in the body's nested objects, or empty if there is
// none.
func (r Reply) At(path ...string) string {
	var value any = r.Body
	for _, name := range path {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	text, _ := value.(string)
	return text
}
