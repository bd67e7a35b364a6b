package main

import (
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/doorstep-auth/doorstep/shared/describe"
	"github.com/doorstep-auth/doorstep/shared/gateway"
)

// eventExample are the fields in the event of the request's function, or nil if that
// event is of another operation or has none. What an event leaves to be filled in
// is filled in with the field's own example.
func eventExample(r request) (any, error) {
	root, err := repositoryRoot()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(root, "events", filepath.FromSlash(r.route.ServedBy(r.Operation.Operation))+".json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil // the test of package functions tells
	}
	if err != nil {
		return nil, err
	}
	var event struct{ RouteKey, Body string }
	if err := json.Unmarshal(text, &event); err != nil {
		return nil, err
	}
	isOwn := func(route gateway.Route) bool { return route.Key() == event.RouteKey }
	if event.Body == "" || !slices.ContainsFunc(r.Routes, isOwn) {
		return nil, nil
	}
	values, err := sentFields(event.Body)
	if err != nil {
		return nil, err
	}
	if len(r.Body) == 0 {
		return values, nil
	}
	return exampleOf(r.Body, values), nil
}

// sentFields are the fields of a form or a JSON object.
func sentFields(body string) (map[string]any, error) {
	values := map[string]any{}
	if strings.HasPrefix(body, "{") {
		return values, json.Unmarshal([]byte(body), &values)
	}
	form, err := url.ParseQuery(body)
	for name := range form {
		values[name] = form.Get(name)
	}
	return values, err
}

func exampleOf(fields []describe.Field, values map[string]any) ordered {
	example := ordered{}
	for _, field := range fields {
		value, sent := values[field.Name]
		text, _ := value.(string)
		switch {
		case strings.Contains(text, "{{"):
			example.add(field.Name, field.Example)
		case field.Type == "boolean" && text != "":
			example.add(field.Name, text == "true")
		case sent && value == nil:
			example = append(example, member{field.Name, nil})
		default:
			example.add(field.Name, value)
		}
	}
	return example
}
