package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

const (
	appOrigin = "https://app.example.com"
	apiHost   = "api.example.com"
)

var testMoment = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// plainWire answers with the codes of the problems.
type plainWire struct{}

type problems struct {
	Codes   []string `json:"codes"`
	Texts   []string `json:"texts"`
	Request string   `json:"request"`
}

func (plainWire) Problem(r *Request, err error) *Response {
	body, status := problems{Request: r.ID}, 0
	faults := problem.List(err)
	if faults == nil {
		faults = problem.Errors{problem.Internal.New()}
	}
	for _, fault := range faults {
		body.Codes, body.Texts = append(body.Codes, fault.Code), append(body.Texts, fault.Message())
		status = max(status, fault.Status)
	}
	return &Response{Status: status, Body: body}
}

// server is a function under test, with what it logged.
type server struct {
	*Function
	logged *bytes.Buffer
	t      testing.TB
}

var (
	readThing  = Operation{Name: "things/get", Routes: []Route{{Method: "GET", Path: "/v1/things/{id}"}, {Method: "POST", Path: "/v1/things/{id}", Override: "GET"}}}
	writeThing = Operation{Name: "things/put", Routes: []Route{{Method: "POST", Path: "/v1/things/{id}"}, {Method: "PUT", Path: "/v1/things/{id}"}, {Method: "POST", Path: "/v1/things/{id}", Override: "PUT"}}}
	preflight  = Operation{Name: "things/preflight", Routes: []Route{{Method: "OPTIONS", Path: "/{proxy+}"}}}
)

// newServer answers both operations with handler; nil tells what was understood.
func newServer(t testing.TB, handler Handler) *server {
	t.Helper()
	s := settings.Default()
	s.AllowedOrigins = []string{appOrigin}
	s.PublicURL = "https://" + apiHost
	logged := &bytes.Buffer{}
	if handler == nil {
		handler = understood
	}
	named := func(name string) Handler {
		return func(ctx context.Context, r *Request) (*Response, error) {
			resp, err := handler(ctx, r)
			if resp != nil && resp.Header != nil {
				resp.Header["X-Operation"] = name
			}
			return resp, err
		}
	}
	return &server{t: t, logged: logged, Function: &Function{
		Settings: s, Wire: plainWire{}, Log: slog.New(slog.NewJSONHandler(logged, nil)), Now: func() time.Time { return testMoment },
		Endpoints: []Endpoint{
			{readThing, named("get")}, {writeThing, named("put")},
			{preflight, func(context.Context, *Request) (*Response, error) { return Preflight(), nil }},
		},
	}}
}

type understanding struct {
	Fields map[string]string `json:"fields"`
	Faults []string          `json:"faults"`
	ID     string            `json:"id"`
	Cookie string            `json:"cookie"`
}

// understood reads what a request says in every way that an operation can.
func understood(_ context.Context, r *Request) (*Response, error) {
	fields := r.Fields()
	out := understanding{Fields: map[string]string{}, ID: r.Params["id"], Cookie: r.Cookie("__client")}
	for _, name := range []string{"a", "b", "c", "password"} {
		if value := fields.Text(name, 100); value != "" {
			out.Fields[name] = value
		}
	}
	if fields.Bool("yes") {
		out.Fields["yes"] = "true"
	}
	for _, fault := range fields.Faults {
		out.Faults = append(out.Faults, fault.Error())
	}
	return &Response{Status: 200, Body: out, Header: map[string]string{}}, nil
}

// event is a request as an HTTP API sends it.
func event(method, path string, change ...func(*events.APIGatewayV2HTTPRequest)) events.APIGatewayV2HTTPRequest {
	e := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: method + " /v1/things/{id}", RawPath: path,
		Headers:        map[string]string{"host": apiHost, "x-forwarded-proto": "https"},
		PathParameters: map[string]string{"id": strings.TrimPrefix(path, "/v1/things/")},
	}
	if method == "OPTIONS" {
		e.RouteKey = "OPTIONS /{proxy+}"
	}
	e.RequestContext.HTTP = events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: method, Path: path, SourceIP: "192.0.2.7"}
	e.RequestContext.RequestID, e.RequestContext.RouteKey, e.RequestContext.DomainName = "req-1", e.RouteKey, apiHost
	for _, c := range change {
		c(&e)
	}
	return e
}

func header(name, value string) func(*events.APIGatewayV2HTTPRequest) {
	return func(e *events.APIGatewayV2HTTPRequest) {
		e.Headers = maps.Clone(e.Headers)
		e.Headers[name] = value
	}
}

func query(raw string) func(*events.APIGatewayV2HTTPRequest) {
	return func(e *events.APIGatewayV2HTTPRequest) { e.RawQueryString = raw }
}

func body(contentType, text string) func(*events.APIGatewayV2HTTPRequest) {
	return func(e *events.APIGatewayV2HTTPRequest) {
		header("content-type", contentType)(e)
		e.Body = text
	}
}

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

// send runs the function as Lambda does, from JSON to JSON.
func (s *server) send(e events.APIGatewayV2HTTPRequest) events.APIGatewayV2HTTPResponse {
	s.t.Helper()
	payload, err := json.Marshal(e)
	if err != nil {
		s.t.Fatal(err)
	}
	answer, err := s.Invoke(context.Background(), payload)
	if err != nil {
		s.t.Fatalf("the function failed: %v", err)
	}
	var out events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(answer, &out); err != nil {
		s.t.Fatalf("%v in %s", err, answer)
	}
	return out
}

// codes are the problems that an answer tells of.
func codes(t testing.TB, out events.APIGatewayV2HTTPResponse) []string {
	t.Helper()
	var told problems
	if err := json.Unmarshal([]byte(out.Body), &told); err != nil {
		t.Fatalf("%v in %q", err, out.Body)
	}
	return told.Codes
}

// records are the log's records since the last call.
func (s *server) records() []map[string]any {
	s.t.Helper()
	var all []map[string]any
	for decoder := json.NewDecoder(s.logged); decoder.More(); {
		var record map[string]any
		if err := decoder.Decode(&record); err != nil {
			s.t.Fatal(err)
		}
		all = append(all, record)
	}
	s.logged.Reset()
	return all
}
