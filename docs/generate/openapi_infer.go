package main

import (
	"reflect"
	"strings"
)

// infer is the schema that all samples follow: what some of them lack is optional,
// what is null in some of them may be null.
func (s *schemas) infer(name string, samples []any) ordered {
	var values []reflect.Value
	null := false
	for _, sample := range samples {
		value := reflect.ValueOf(sample)
		for value.IsValid() && value.Kind() == reflect.Pointer {
			value = value.Elem()
		}
		if value.IsValid() {
			values = append(values, value)
		} else {
			null = true
		}
	}
	if len(values) == 0 {
		return ordered{{"type", "null"}}
	}
	schema := s.inferPresent(name, values)
	if null {
		return nullable(schema)
	}
	return schema
}

func (s *schemas) inferPresent(name string, values []reflect.Value) ordered {
	t := values[0].Type()
	for _, value := range values {
		if value.Type() != t {
			s.fail("%s is a %s and a %s", name, t, value.Type())
		}
	}
	if t == reflect.TypeFor[[]any]() {
		var items []any
		for _, value := range values {
			items = append(items, value.Interface().([]any)...)
		}
		return ordered{{"type", "array"}, {"items", s.infer(name+"[]", items)}}
	}
	if t != reflect.TypeFor[map[string]any]() {
		schema := s.of(t)
		if strings.HasSuffix(name, ".object") {
			schema = append(schema, member{"enum", distinct(values)})
		}
		return schema
	}
	members := map[string][]any{}
	for _, value := range values {
		for key, member := range value.Interface().(map[string]any) {
			members[key] = append(members[key], member)
		}
	}
	properties, required := ordered{}, []any{}
	for _, key := range sortedNames(members) {
		properties.add(key, s.infer(name+"."+key, members[key]))
		if len(members[key]) == len(values) {
			required = append(required, key)
		}
	}
	schema := ordered{{"type", "object"}}
	schema.add("properties", properties)
	schema.add("required", required)
	return schema
}

func distinct(values []reflect.Value) []string {
	var all []string
	for _, value := range values {
		all = append(all, value.String())
	}
	return unique(all)
}
