package gateway

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// codeWire says the code and nothing else.
type codeWire struct{}

func (codeWire) Problem(_ *Request, err error) *Response {
	for _, fault := range problem.List(err) {
		return &Response{Status: fault.Status, Body: fault.Code}
	}
	return &Response{Status: http.StatusInternalServerError, Body: "internal"}
}

// pageFunction serves a page at GET, HEAD and POST /page; anyOrigin is its operation's.
func pageFunction(anyOrigin bool, handler Handler) *Function {
	s := settings.Default()
	s.AllowedOrigins = []string{"https://app.example"}
	op := Operation{Name: "things/page", AnyOrigin: anyOrigin, Routes: []Route{
		{Method: "GET", Path: "/page"}, {Method: "HEAD", Path: "/page"}, {Method: "POST", Path: "/page"},
	}}
	return &Function{
		Settings: s, Wire: codeWire{}, Endpoints: []Endpoint{{op, handler}}, Now: time.Now,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

func servePage(context.Context, *Request) (*Response, error) {
	return &Response{Status: http.StatusOK, Page: []byte("<p>hello"), Header: map[string]string{"Referrer-Policy": "no-referrer"}}, nil
}

func (f *Function) ask(t *testing.T, method string, headers map[string]string) events.APIGatewayV2HTTPResponse {
	t.Helper()
	event := events.APIGatewayV2HTTPRequest{RouteKey: method + " /page", RawPath: "/page", Headers: map[string]string{"host": "api.example", "x-forwarded-proto": "https"}}
	event.RequestContext.HTTP.Method, event.RequestContext.DomainName = method, "real.example"
	for name, value := range headers {
		event.Headers[name] = value
	}
	payload, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := f.Invoke(t.Context(), payload)
	if err != nil {
		t.Fatal(err)
	}
	var out events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(answer, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// A page goes out as it is, never cached; to HEAD all but the page (RFC 9110 §9.3.2).
func TestPage(t *testing.T) {
	for method, want := range map[string]string{"GET": "<p>hello", "HEAD": "", "POST": "<p>hello"} {
		got := pageFunction(false, servePage).ask(t, method, nil)
		if got.StatusCode != http.StatusOK || got.Body != want {
			t.Errorf("%s: %d %q", method, got.StatusCode, got.Body)
		}
		for name, value := range map[string]string{
			"content-type": "text/html; charset=utf-8", "cache-control": "no-store", "x-content-type-options": "nosniff",
			"referrer-policy": "no-referrer", "vary": "Origin",
		} {
			if got.Headers[name] != value {
				t.Errorf("%s: %s is %q", method, name, got.Headers[name])
			}
		}
	}
}

// A change that a foreign page asks for is refused, unless the operation brings its
// own proof; even then a page can't use a native client's token.
func TestAnyOrigin(t *testing.T) {
	for _, c := range []struct {
		anyOrigin bool
		method    string
		headers   map[string]string
		status    int
	}{
		{false, "POST", nil, 200},
		{false, "POST", map[string]string{"origin": "https://app.example"}, 200},
		{false, "POST", map[string]string{"origin": "https://api.example"}, 200},
		{false, "POST", map[string]string{"origin": "null"}, 400},
		{false, "POST", map[string]string{"origin": "https://evil.example"}, 400},
		{false, "GET", map[string]string{"origin": "https://evil.example"}, 200},
		{true, "POST", map[string]string{"origin": "null"}, 200},
		{true, "POST", map[string]string{"origin": "https://evil.example"}, 200},
		{true, "POST", map[string]string{"origin": "null", "authorization": "x"}, 400},
	} {
		got := pageFunction(c.anyOrigin, servePage).ask(t, c.method, c.headers)
		if got.StatusCode != c.status {
			t.Errorf("%+v: %d %s", c, got.StatusCode, got.Body)
		}
		if origin := got.Headers["access-control-allow-origin"]; origin != "" && origin != "https://app.example" {
			t.Errorf("%+v: %s may read the answer", c, origin)
		}
	}
}

// The API's own host is what the gateway says, whatever the caller does.
func TestR17DomainIsTheGateways(t *testing.T) {
	domain := ""
	f := pageFunction(false, func(_ context.Context, r *Request) (*Response, error) {
		domain = r.Domain
		return &Response{Status: http.StatusNoContent}, nil
	})
	f.ask(t, "GET", map[string]string{"host": "evil.example", "x-forwarded-host": "evil.example", "forwarded": "host=evil.example", "x-original-host": "evil.example"})
	if domain != "real.example" {
		t.Errorf("the domain is %q", domain)
	}
}
