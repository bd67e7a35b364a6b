package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/doorstep-auth/doorstep/shared/describe"
)

// components are the named schemas of all wires.
type components struct {
	byName map[string]ordered
	types  map[string]reflect.Type // of those that are made from a type
	err    error
}

func newComponents() *components {
	return &components{byName: map[string]ordered{}, types: map[string]reflect.Type{}}
}

func (c *components) fail(format string, args ...any) {
	c.err = errors.Join(c.err, fmt.Errorf(format, args...))
}

// put names a schema; the same name twice must be the same schema.
func (c *components) put(name string, schema ordered) {
	before, _ := encode(c.byName[name])
	now, _ := encode(schema)
	if len(c.byName[name]) > 0 && string(before) != string(now) {
		c.fail("two schemas are called %s: give one of the wires another prefix", name)
	}
	c.byName[name] = schema
}

// schemas are the JSON Schemas of one wire's Go types, as OpenAPI 3.1 writes them.
type schemas struct {
	*components
	prefix       string
	properties   map[string]describe.Property
	enumerations map[reflect.Type][]string
	used         map[string]bool // keys of properties that named something
}

func newSchemas(w describe.Wire, c *components) *schemas {
	return &schemas{components: c, prefix: w.Prefix, properties: w.Properties, enumerations: w.Enumerations, used: map[string]bool{}}
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
	bare := componentName(t)
	name := s.prefix + bare
	if known := s.types[name]; known == t {
		return reference(name)
	} else if known != nil {
		s.fail("%s and %s are both called %s", known, t, name)
	}
	s.types[name] = t // it may hold itself
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
		properties.add(tag, s.refine(bare, tag, field.Type))
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
	if strings.HasPrefix(argument, "map[") {
		return "ObjectEnvelope"
	}
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
func propertySchema(p describe.Property) ordered {
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
	if p.Nullable {
		return nullable(schema)
	}
	return schema
}

func sortedNames[V any](m map[string]V) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
