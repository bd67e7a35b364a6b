package main

import (
	"github.com/doorstep-auth/doorstep/shared/describe"
)

func security(c describe.Credentials) []any {
	var all []any
	if c.Optional || len(c.Schemes) == 0 {
		all = append(all, emptyObject)
	}
	for _, scheme := range c.Schemes {
		all = append(all, ordered{{scheme, []any{}}})
	}
	return all
}

// emptyObject is {} in JSON.
var emptyObject = map[string]any{}

func (d *openAPIWire) parametersOf(requests []request) []any {
	first := requests[0]
	all := append(d.parametersIn("path", first.Path), d.parametersIn("query", first.Query)...)
	if overrides := overridesOf(requests); len(overrides) > 0 {
		all = append(all, parameterIn("query", describe.Field{
			Name: "_method", Text: "The verb that the POST stands for.", Required: first.route.Override != "", Property: describe.Property{Enum: overrides},
		}))
	}
	all = append(all, d.parametersIn("query", d.Callers[first.Caller].Query)...)
	return append(all, d.parametersIn("header", first.Header)...)
}

func overridesOf(requests []request) []string {
	var all []string
	for _, r := range requests {
		if r.route.Override != "" {
			all = append(all, r.route.Override)
		}
	}
	return all
}

func (d *openAPIWire) parametersIn(place string, fields []describe.Field) []any {
	var all []any
	for _, field := range fields {
		parameter := parameterIn(place, field)
		if field.Shared != "" {
			d.parameters[d.Prefix+field.Shared] = parameter
			parameter = ordered{{"$ref", "#/components/parameters/" + d.Prefix + field.Shared}}
		}
		all = append(all, parameter)
	}
	return all
}

func parameterIn(place string, field describe.Field) ordered {
	o := ordered{{"name", field.Name}, {"in", place}}
	o.add("description", field.Text)
	if field.Required {
		o.add("required", true)
	}
	o.add("schema", propertySchema(field.Property))
	o.add("example", field.Example)
	return o
}

// requestBody takes the fields in each of the wire's forms.
func (d *openAPIWire) requestBody(r request) (ordered, error) {
	if len(r.Body) == 0 && r.Members == "" {
		return nil, nil
	}
	properties, required := ordered{}, []any{}
	for _, field := range r.Body {
		schema := propertySchema(field.Property)
		schema.add("description", field.Text)
		if field.Example != "" {
			schema.add("examples", []any{field.Example})
		}
		properties.add(field.Name, schema)
		if field.Required {
			required = append(required, field.Name)
		}
	}
	name := capital(r.ID) + "Fields"
	schema := ordered{{"type", "object"}}
	schema.add("description", r.Members)
	schema.add("properties", properties)
	schema.add("required", required)
	d.put(name, schema)
	content := ordered{{"schema", reference(name)}}
	example, err := eventExample(r)
	if err != nil {
		return nil, err
	}
	content.add("example", example)
	o, contents := ordered{}, ordered{}
	if len(required) > 0 {
		o.add("required", true)
	}
	for _, mediaType := range d.MediaTypes {
		contents.add(mediaType, content)
	}
	o.add("content", contents)
	return o, nil
}
