package norman

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"github.com/doorstep-auth/doorstep/shared/gateway"
)

// documented is what a route may answer: statuses, and codes of problems.
type documented struct {
	route    gateway.Route
	statuses []int
	codes    []string
}

// documentedRoutes are all routes, in the order of the documents.
func documentedRoutes() (all []documented) {
	w := Description()
	for _, op := range w.Operations {
		for _, route := range op.Routes {
			d := documented{route: route}
			for _, answer := range op.Answers {
				d.statuses = append(d.statuses, answer.Status)
			}
			for _, p := range w.Refusals(op, route.Method) {
				for _, told := range w.Problems.Told(p) {
					d.statuses, d.codes = append(d.statuses, told.Status), append(d.codes, told.Name)
				}
			}
			all = append(all, d)
		}
	}
	return all
}

// known is an account that the fuzzed requests may name: {id}, {token}, {key} and
// {anonymous} stand for its.
type known struct{ *strings.Replacer }

func newKnown(s *site) known {
	s.ok("PUT", base+"/signup/password", "", `{"name": "ada", "password": "`+passphrase+`"}`)
	own := s.ok("POST", base+"/login/password/name", "", `{"name": "ada", "password": "`+passphrase+`"}`)
	key := s.ok("PUT", base+"/signup/key", "", `{"name": "machine"}`).At("api_key")
	anonymous := s.ok("PUT", base+"/signup/default", "", "").At("account", "id")
	return known{strings.NewReplacer("{id}", own.At("account", "id"), "{token}", own.At("access_token"), "{key}", key, "{anonymous}", anonymous)}
}

// Whatever stands in a method, path, query, token or body is answered as documented,
// in JSON, and never with a fault of ours. The table is a real engine's.
func FuzzRequests(f *testing.F) {
	routes := documentedRoutes()
	for n := range routes {
		f.Add(uint(n), routes[n].route.Method, "{id}", "123456", "", "Bearer {token}", `{"account_id": "{id}", "second_token": null}`)
		f.Add(uint(n), routes[n].route.Method, "name", "", "", "", `{"name": "ada", "password": "`+passphrase+`"}`)
		f.Add(uint(n), routes[n].route.Method, "a@example.com", "000000", "", "Bearer {token}", `{"account_id": "{id}", "email": "a@example.com", "code": "000000", "device_id": "d"}`)
		f.Add(uint(n), routes[n].route.Method, "{anonymous}", "\xff", "a=%", "bearer x.y.z", `{"api_key": "{key}", "password": "p\u0000", "name": 7, "name": []}`)
		f.Add(uint(n), "PATCH", "%zz", "/", "_method=PUT", "Basic e30=", "null")
		f.Add(uint(n), routes[n].route.Method, "", strings.Repeat("9", 60), "", "", "\xff\xfe[")
	}
	s := newSite(f, nil)
	who := newKnown(s)
	f.Fuzz(func(t *testing.T, n uint, method, first, second, query, authorization, body string) {
		d := routes[n%uint(len(routes))]
		if method != d.route.Method { // no route has it
			d.statuses, d.codes = append(slices.Clip(d.statuses), 404), append(slices.Clip(d.codes), "resource_not_found")
		}
		in := *s
		in.t = t
		got := in.gateway.SendTo(t, d.route.Key(), eventOf(d.route, method, who.Replace(first), who.Replace(second), query, who.Replace(authorization), who.Replace(body)))
		faults, _ := got.Body["errors"].([]any)
		if got.Status >= 500 || !slices.Contains(d.statuses, got.Status) || (got.Status == 200) != (len(faults) == 0) {
			t.Errorf("%s: %d %s", d.route.Key(), got.Status, got.Text)
		}
		for _, fault := range faults {
			told, _ := fault.(map[string]any)
			if code, _ := told["code"].(string); !slices.Contains(d.codes, code) {
				t.Errorf("%s told %q, which isn't documented", d.route.Key(), code)
			}
		}
	})
}

// eventOf is a request for the route, with its path's parameters in order. An answer to
// HEAD has no body to be judged, so that it is left out.
func eventOf(route gateway.Route, method, first, second, query, authorization, body string) events.APIGatewayV2HTTPRequest {
	e := events.APIGatewayV2HTTPRequest{
		RouteKey: route.Key(), RawPath: route.Path, RawQueryString: query, PathParameters: map[string]string{}, Body: body,
		Headers: map[string]string{"host": "api.example.com", "x-forwarded-proto": "https", "authorization": authorization},
	}
	if method == "HEAD" {
		method = route.Method
	}
	if method != route.Method {
		e.RouteKey = method + " " + route.Path
	}
	e.RequestContext.HTTP.Method, e.RequestContext.HTTP.SourceIP = method, "192.0.2.7"
	values := []string{first, second}
	for part := range strings.SplitSeq(route.Path, "/") {
		if name, isParameter := strings.CutPrefix(part, "{"); isParameter {
			e.PathParameters[strings.TrimSuffix(name, "}")], values = values[0], values[1:]
		}
	}
	if !utf8.ValidString(body) {
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(body)), true
	}
	return e
}
