package httpapi

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/local/template"
)

func targets(keys ...string) []Target {
	var list []Target
	for _, key := range keys {
		method, path, _ := strings.Cut(key, " ")
		if key == template.DefaultPath {
			method, path = "", key
		}
		list = append(list, Target{Route: template.Route{Method: method, Path: path}})
	}
	return list
}

func TestRouteSelection(t *testing.T) {
	r := newRoutes(targets(
		"ANY /{proxy+}", "GET /pets/{proxy+}", "GET /pets/dog/{id}", "ANY /pets/dog/{id}", "GET /pets/dog/1", "GET /pets/{kind}/{id}/toys",
		"POST /", "$default",
	))
	for _, test := range []struct {
		method, path, want string
		parameters         map[string]string
	}{
		{"GET", "/pets/dog/1", "GET /pets/dog/1", nil},
		{"GET", "/pets/dog/2", "GET /pets/dog/{id}", map[string]string{"id": "2"}},
		{"PUT", "/pets/dog/1", "ANY /pets/dog/{id}", map[string]string{"id": "1"}},
		{"GET", "/pets/dog/a%2Fb%20c", "GET /pets/dog/{id}", map[string]string{"id": "a/b c"}},
		{"GET", "/pets/dog/%zz", "GET /pets/dog/{id}", map[string]string{"id": "%zz"}},
		{"GET", "/pets/%64og/1", "GET /pets/dog/1", nil},
		{"GET", "/pets/cat/3/toys", "GET /pets/{kind}/{id}/toys", map[string]string{"kind": "cat", "id": "3"}},
		{"GET", "/pets/cat/3", "GET /pets/{proxy+}", map[string]string{"proxy": "cat/3"}},
		{"GET", "/pets/dog/", "GET /pets/{proxy+}", map[string]string{"proxy": "dog/"}},
		{"POST", "/pets/cat/3", "ANY /{proxy+}", map[string]string{"proxy": "pets/cat/3"}},
		{"POST", "/", "POST /", nil},
		{"GET", "/", "$default", nil},
	} {
		target, parameters, ok := r.find(test.method, test.path)
		if !ok || target.Route.Key() != test.want {
			t.Errorf("%s %s: %s, not %s", test.method, test.path, target.Route.Key(), test.want)
		}
		if diff := cmp.Diff(test.parameters, parameters); diff != "" {
			t.Errorf("%s %s: %s", test.method, test.path, diff)
		}
	}
}

func TestNoRoute(t *testing.T) {
	r := newRoutes(targets("GET /pets", "OPTIONS /{proxy+}"))
	for _, request := range []string{"POST /pets", "GET /pets/", "GET /", "OPTIONS /", "get /pets"} {
		method, path, _ := strings.Cut(request, " ")
		if target, _, ok := r.find(method, path); ok {
			t.Errorf("%s goes to %s", request, target.Route.Key())
		}
	}
}
