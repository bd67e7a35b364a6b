package gateway

import (
	"context"
	"log/slog"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// What is public may be read by pages of every origin, without credentials, whatever
// the answer; changes keep their protection.
func TestPublicAnswersAreForEveryOrigin(t *testing.T) {
	const foreign = "https://any.example"
	for name, c := range map[string]struct {
		handler Handler
		event   events.APIGatewayV2HTTPRequest
		status  int
	}{
		"success": {func(context.Context, *Request) (*Response, error) { return &Response{Status: 200, Body: 1}, nil }, event("GET", "/v1/things/7"), 200},
		"refused": {func(context.Context, *Request) (*Response, error) { return nil, problem.ResourceNotFound.New() }, event("GET", "/v1/things/7"), 404},
		"a fault": {func(context.Context, *Request) (*Response, error) { return nil, errSecret }, event("GET", "/v1/things/7"), 500},
		"a panic": {func(context.Context, *Request) (*Response, error) { panic("x") }, event("GET", "/v1/things/7"), 500},
	} {
		s := newServer(t, nil)
		public := readThing
		public.Public = true
		s.Endpoints = []Endpoint{{public, c.handler}}
		for _, origin := range []string{"", appOrigin, foreign, "null"} {
			e := c.event
			if origin != "" {
				header("origin", origin)(&e)
			}
			if out := s.send(e); out.StatusCode != c.status || cors(out) != "*|||" {
				t.Errorf("%s for %q: %d, %s", name, origin, out.StatusCode, cors(out))
			}
		}
	}
	public := writeThing
	public.Public = true
	s := newServer(t, nil)
	s.Endpoints = []Endpoint{{public, understood}}
	if out := s.send(event("POST", "/v1/things/7", header("origin", foreign))); out.StatusCode != 400 || codes(t, out)[0] != "origin_invalid" {
		t.Errorf("a foreign change: %d %s", out.StatusCode, out.Body)
	}
}

// An app's own pages, such as a browser extension's, carry a token as native clients
// do. They have an origin that no web site can have, and it must be allowed.
func TestAppsOwnPagesMayCarryATokenOfTheirs(t *testing.T) {
	const extension = "chrome-extension://abcdefghijklmnop"
	s := newServer(t, nil)
	s.Settings = settings.Default()
	s.Settings.AllowedOrigins = []string{appOrigin, extension, "http://localhost:*", "capacitor://localhost"}
	s.Log = slog.New(slog.DiscardHandler)
	for origin, allowed := range map[string]bool{
		extension: true, "capacitor://localhost": true,
		"chrome-extension://another": false, appOrigin: false, "http://localhost:3000": false, "null": false, "chrome-extension:": false, "": true,
	} {
		for _, method := range []string{"GET", "POST"} {
			e := event(method, "/v1/things/7", header("authorization", "token"))
			if origin != "" {
				header("origin", origin)(&e)
			}
			out := s.send(e)
			if refused := out.StatusCode == 400 && codes(t, out)[0] == "origin_authorization_headers_conflict"; refused == allowed {
				t.Errorf("%s from %q with a token: %d %s", method, origin, out.StatusCode, out.Body)
			}
			if readable := out.Headers["access-control-allow-origin"] == origin; allowed && origin != "" && !readable {
				t.Errorf("%q can't read its answer", origin)
			}
		}
	}
}
