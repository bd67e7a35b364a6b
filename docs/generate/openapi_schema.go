package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/doorstep-auth/doorstep/shared/wire/clerk"
)

// schemas are the JSON Schemas of Go types, as OpenAPI 3.1 writes them.
type schemas struct {
	names        []string
	byName       map[string]ordered
	properties   map[string]clerk.Property
	enumerations map[reflect.Type][]string
	used         map[string]bool // keys of properties that named something
	err          error
}

func newSchemas() *schemas {
	return &schemas{
		byName: map[string]ordered{}, properties: clerk.Properties(), enumerations: clerk.Enumerations(), used: map[string]bool{},
	}
}

func (s *schemas) fail(format string, args ...any) {
	s.err = errors.Join(s.err, fmt.Errorf(format, args...))
}

// put names a schema; the same name twice must be the same schema.
func (s *schemas) put(name string, schema ordered) {
	if written, taken := s.byName[name]; taken {
		before, _ := encode(written)
		now, _ := encode(schema)
		if len(written) > 0 && string(before) != string(now) {
			s.fail("two schemas are called %s", name)
		}
	} else {
		s.names = append(s.names, name)
	}
	s.byName[name] = schema
}

func (s *schemas) components() ordered {
	all := ordered{}
	for _, name := range slices.Sorted(slices.Values(s.names)) {
		all.add(name, s.byName[name])
	}
	return all
}

func reference(name string) ordered { return ordered{{"$ref", "#/components/schemas/" + name}} }

var rawMessage = reflect.TypeFor[json.RawMessage]()

// of is the schema of values of type t as encoding/json writes them.
func (s *schemas) of(t reflect.Type) ordered {
	if values := s.enumerations[t]; values != nil {
		return ordered{{"type", "string"}, {"enum", values}}
	}
	if t == rawMessage {
		return ordered{{"type", "object"}}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return nullable(s.of(t.Elem()))
	case reflect.String:
		return ordered{{"type", "string"}}
	case reflect.Bool:
		return ordered{{"type", "boolean"}}
	case reflect.Int, reflect.Int32, reflect.Int64:
		return ordered{{"type", "integer"}}
	case reflect.Float64:
		return ordered{{"type", "number"}}
	case reflect.Slice:
		return ordered{{"type", "array"}, {"items", s.of(t.Elem())}}
	case reflect.Array:
		return ordered{{"type", "array"}, {"items", s.of(t.Elem())}, {"minItems", t.Len()}, {"maxItems", t.Len()}}
	case reflect.Map:
		return ordered{{"type", "object"}}
	case reflect.Interface:
		return ordered{}
	case reflect.Struct:
		return s.ofStruct(t)
	}
	s.fail("there is no schema for a %s", t)
	return nil
}

func (s *schemas) ofStruct(t reflect.Type) ordered {
	if t.Name() == "" {
		s.fail("a struct without a name can't be a component: %s", t)
		return nil
	}
	name := componentName(t)
	if _, known := s.byName[name]; known {
		return reference(name)
	}
	s.put(name, ordered{}) // a type may hold itself
	properties, required := ordered{}, []any{}
	for _, field := range reflect.VisibleFields(t) {
		tag, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Anonymous || !field.IsExported() || tag == "-" {
			continue
		}
		if tag == "" {
			s.fail("%s.%s has no name in JSON", t, field.Name)
			continue
		}
		properties.add(tag, s.refine(name, tag, field.Type))
		if !strings.Contains(options, "omit") {
			required = append(required, tag)
		}
	}
	schema := ordered{{"type", "object"}}
	schema.add("properties", properties)
	schema.add("required", required)
	s.put(name, schema)
	return reference(name)
}

// refine adds to the schema of a member what its type doesn't say.
func (s *schemas) refine(component, name string, t reflect.Type) ordered {
	schema := s.of(t)
	key := component + "." + name
	property, found := s.properties[key]
	if !found {
		key = "*." + name
		property, found = s.properties[key]
	}
	if !found && strings.HasSuffix(name, "_at") {
		property.Text = "In milliseconds of Unix time."
	}
	s.used[key] = s.used[key] || found
	if name == "object" && len(property.Enum) == 0 {
		s.fail("%s: say in Properties which object it is", component+"."+name)
	}
	if property.Type != "" {
		schema = ordered{{"type", property.Type}}
	}
	for i, m := range schema {
		if m.name == "type" && len(property.Enum) > 0 {
			schema = withEnum(schema, i, property.Enum)
			break
		}
	}
	schema.add("format", property.Format)
	schema.add("pattern", property.Pattern)
	schema.add("description", property.Text)
	if len(schema) == 0 {
		s.fail("%s.%s has no type: say in Properties what it is", component, name)
	}
	return schema
}

// withEnum adds values to a schema whose type stands at i; one that may be null lists it.
func withEnum(schema ordered, i int, values []string) ordered {
	all := []any{}
	for _, value := range values {
		all = append(all, value)
	}
	if _, several := schema[i].value.([]any); several {
		all = append(all, nil)
	}
	return append(schema, member{"enum", all})
}

// nullable is schema, or null.
func nullable(schema ordered) ordered {
	for i, m := range schema {
		kind, one := m.value.(string)
		if m.name != "type" || !one {
			continue
		}
		schema = slices.Clone(schema)
		schema[i].value = []any{kind, "null"}
		for j, other := range schema {
			if values, enum := other.value.([]string); enum && other.name == "enum" {
				all := []any{}
				for _, value := range values {
					all = append(all, value)
				}
				schema[j].value = append(all, nil)
			}
		}
		return schema
	}
	return ordered{{"anyOf", []any{schema, ordered{{"type", "null"}}}}}
}

// componentName is what the documents call the Go type t, such as SignUp, or
// SignUpEnvelope for an envelope.
func componentName(t reflect.Type) string {
	name, argument, generic := strings.Cut(t.Name(), "[")
	if !generic {
		return strings.ToUpper(name[:1]) + name[1:]
	}
	argument = strings.TrimSuffix(argument, "]")
	bare := argument[strings.LastIndex(argument, ".")+1:]
	bare = strings.ToUpper(bare[:1]) + bare[1:]
	if strings.HasPrefix(argument, "[]") {
		bare += "List"
	}
	if strings.HasPrefix(argument, "*") {
		bare += "OrNull"
	}
	return bare + "Envelope"
}

// propertySchema is the schema of a parameter or a form's field.
func propertySchema(p clerk.Property) ordered {
	kind := p.Type
	if kind == "" {
		kind = "string"
	}
	schema := ordered{{"type", kind}}
	if len(p.Enum) > 0 {
		schema.add("enum", p.Enum)
	}
	schema.add("format", p.Format)
	schema.add("pattern", p.Pattern)
	return schema
}

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

func sortedNames[V any](m map[string]V) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
