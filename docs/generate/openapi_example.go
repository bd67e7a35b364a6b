package main

import (
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/doorstep-auth/doorstep/shared/wire/clerk"
)

// eventExample is the form in the event of the request's function, or nil if that
// event is of another operation or has none. What an event leaves to be filled in
// is filled in with the field's own example.
func eventExample(r request) (any, error) {
	root, err := repositoryRoot()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(root, "events", filepath.FromSlash(r.route.ServedBy(r.Operation))+".json"))
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
	form, err := url.ParseQuery(event.Body)
	if err != nil || len(form) == 0 {
		return nil, err
	}
	for _, route := range r.Operation.Routes {
		if route.Key() == event.RouteKey {
			return exampleOf(r.Body, form), nil
		}
	}
	return nil, nil
}

func exampleOf(fields []clerk.Field, form url.Values) ordered {
	example := ordered{}
	for _, field := range fields {
		value := form.Get(field.Name)
		if strings.Contains(value, "{{") {
			value = field.Example
		}
		if field.Type == "boolean" && value != "" {
			example.add(field.Name, value == "true")
			continue
		}
		example.add(field.Name, value)
	}
	return example
}
