package template

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A resolver works out CloudFormation's functions in a template.
type resolver struct {
	file       string
	parameters map[string]string
	resources  map[string]*yaml.Node
	conditions map[string]*yaml.Node
	mappings   *yaml.Node
	// deciding holds the conditions that are being worked out, against a circle of them.
	deciding map[string]bool
}

// place is where in the template something stands, such as Resources.Table.Properties.
type place string

func (p place) at(key string) place {
	if p == "" {
		return place(key)
	}
	return p + "." + place(key)
}

func (r *resolver) errorf(node *yaml.Node, p place, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s: %s", r.file, node.Line, p, fmt.Sprintf(format, args...))
}

// pseudo are AWS's pseudo parameters, for a stack called doorstep.
func pseudo() map[string]string {
	return map[string]string{
		"AWS::AccountId": "123456789012",
		"AWS::Partition": "aws",
		"AWS::Region":    "us-east-1",
		"AWS::StackName": "doorstep",
		"AWS::StackId":   "arn:aws:cloudformation:us-east-1:123456789012:stack/doorstep/local",
		"AWS::URLSuffix": "amazonaws.com",
	}
}

const noValue = "AWS::NoValue"

// resolve returns node with its functions worked out; nil stands for AWS::NoValue.
func (r *resolver) resolve(node *yaml.Node, p place) (*yaml.Node, error) {
	if node.Kind == yaml.AliasNode {
		return r.resolve(node.Alias, p)
	}
	if name, argument, ok := function(node); ok {
		return r.call(name, argument, p)
	}
	resolved := *node
	resolved.Content = nil
	if node.Kind == yaml.MappingNode {
		for _, entry := range entries(node) {
			value, err := r.resolve(entry.value, p.at(entry.name))
			if err != nil {
				return nil, err
			}
			if value != nil {
				resolved.Content = append(resolved.Content, entry.key, value)
			}
		}
		return &resolved, nil
	}
	for i, item := range node.Content {
		value, err := r.resolve(item, p.at(strconv.Itoa(i)))
		if err != nil {
			return nil, err
		}
		if value != nil {
			resolved.Content = append(resolved.Content, value)
		}
	}
	return &resolved, nil
}

// function tells whether node is a call of a CloudFormation function, written as a tag (!Sub …) or as a map ({Fn::Sub: …}). The name is the long one.
func function(node *yaml.Node) (name string, argument *yaml.Node, ok bool) {
	if strings.HasPrefix(node.Tag, "!") && !strings.HasPrefix(node.Tag, "!!") {
		plain := *node
		plain.Tag = ""
		if plain.Kind == yaml.ScalarNode {
			plain.Tag = "!!str"
		}
		return longName(node.Tag[1:]), &plain, true
	}
	if node.Kind != yaml.MappingNode || len(node.Content) != 2 {
		return "", nil, false
	}
	key := node.Content[0].Value
	if key == "Ref" || key == "Condition" || strings.HasPrefix(key, "Fn::") {
		return key, node.Content[1], true
	}
	return "", nil, false
}

func longName(tag string) string {
	if tag == "Ref" || tag == "Condition" {
		return tag
	}
	return "Fn::" + tag
}

func (r *resolver) call(name string, argument *yaml.Node, p place) (*yaml.Node, error) {
	switch name {
	case "Ref":
		return r.ref(argument, p)
	case "Fn::GetAtt":
		return r.getAtt(argument, p)
	case "Fn::Sub":
		return r.sub(argument, p)
	case "Fn::If":
		return r.choose(argument, p)
	case "Fn::Join":
		return r.join(argument, p)
	case "Fn::Select":
		return r.pick(argument, p)
	case "Fn::Split":
		return r.split(argument, p)
	case "Fn::FindInMap":
		return r.find(argument, p)
	case "Condition", "Fn::Equals", "Fn::Not", "Fn::And", "Fn::Or":
		truth, err := r.decide(name, argument, p)
		return scalar(argument, strconv.FormatBool(truth)), err
	}
	return nil, r.errorf(argument, p, "the local runner doesn't know the function %s", name)
}

func (r *resolver) ref(argument *yaml.Node, p place) (*yaml.Node, error) {
	if argument.Value == noValue {
		return nil, nil
	}
	value, err := r.named(argument.Value, argument, p)
	return scalar(argument, value), err
}

// named is what a name stands for in !Ref and ${…}: a parameter's value, or a resource's id.
func (r *resolver) named(name string, node *yaml.Node, p place) (string, error) {
	if value, ok := r.parameters[name]; ok {
		return value, nil
	}
	id, _, _ := strings.Cut(name, ".")
	if _, ok := r.resources[id]; ok {
		return name, nil
	}
	return "", r.errorf(node, p, "there is no parameter or resource %q", name)
}

func (r *resolver) getAtt(argument *yaml.Node, p place) (*yaml.Node, error) {
	name := argument.Value
	if argument.Kind == yaml.SequenceNode {
		parts := make([]string, len(argument.Content))
		for i, part := range argument.Content {
			parts[i] = part.Value
		}
		name = strings.Join(parts, ".")
	}
	id, attribute, _ := strings.Cut(name, ".")
	if _, ok := r.resources[id]; !ok || attribute == "" {
		return nil, r.errorf(argument, p, "%q is no attribute of a resource", name)
	}
	return scalar(argument, name), nil
}

func (r *resolver) sub(argument *yaml.Node, p place) (*yaml.Node, error) {
	text, own := argument, map[string]string{}
	if argument.Kind == yaml.SequenceNode && len(argument.Content) == 2 {
		text = argument.Content[0]
		for _, entry := range entries(argument.Content[1]) {
			value, err := r.text(entry.value, p.at(entry.name))
			if err != nil {
				return nil, err
			}
			own[entry.name] = value
		}
	}
	var out strings.Builder
	rest := text.Value
	for {
		before, after, found := strings.Cut(rest, "${")
		out.WriteString(before)
		if !found {
			return scalar(argument, out.String()), nil
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed {
			return nil, r.errorf(text, p, "${ without }")
		}
		value, err := r.substitute(name, own, text, p)
		if err != nil {
			return nil, err
		}
		out.WriteString(value)
		rest = tail
	}
}

func (r *resolver) substitute(name string, own map[string]string, node *yaml.Node, p place) (string, error) {
	if literal, ok := strings.CutPrefix(name, "!"); ok {
		return "${" + literal + "}", nil
	}
	if value, ok := own[name]; ok {
		return value, nil
	}
	return r.named(name, node, p)
}

func (r *resolver) choose(argument *yaml.Node, p place) (*yaml.Node, error) {
	if argument.Kind != yaml.SequenceNode || len(argument.Content) != 3 {
		return nil, r.errorf(argument, p, "Fn::If wants a condition and two values")
	}
	truth, err := r.condition(argument.Content[0].Value, argument, p)
	if err != nil {
		return nil, err
	}
	if truth {
		return r.resolve(argument.Content[1], p)
	}
	return r.resolve(argument.Content[2], p)
}

func (r *resolver) join(argument *yaml.Node, p place) (*yaml.Node, error) {
	list, err := r.arguments("Fn::Join", argument, 2, p)
	if err != nil {
		return nil, err
	}
	parts := make([]string, len(list[1].Content))
	for i, part := range list[1].Content {
		parts[i] = part.Value
	}
	return scalar(argument, strings.Join(parts, list[0].Value)), nil
}

func (r *resolver) pick(argument *yaml.Node, p place) (*yaml.Node, error) {
	list, err := r.arguments("Fn::Select", argument, 2, p)
	if err != nil {
		return nil, err
	}
	index, err := strconv.Atoi(list[0].Value)
	if err != nil || index < 0 || index >= len(list[1].Content) {
		return nil, r.errorf(argument, p, "Fn::Select has no item %q", list[0].Value)
	}
	return list[1].Content[index], nil
}

func (r *resolver) split(argument *yaml.Node, p place) (*yaml.Node, error) {
	list, err := r.arguments("Fn::Split", argument, 2, p)
	if err != nil {
		return nil, err
	}
	out := &yaml.Node{Kind: yaml.SequenceNode, Line: argument.Line}
	for part := range strings.SplitSeq(list[1].Value, list[0].Value) {
		out.Content = append(out.Content, scalar(argument, part))
	}
	return out, nil
}

func (r *resolver) find(argument *yaml.Node, p place) (*yaml.Node, error) {
	list, err := r.arguments("Fn::FindInMap", argument, 3, p)
	if err != nil {
		return nil, err
	}
	node := r.mappings
	for _, key := range list {
		if node = lookup(node, key.Value); node == nil {
			return nil, r.errorf(argument, p, "Fn::FindInMap: there is no %q", key.Value)
		}
	}
	return node, nil
}

// arguments resolves a function's list of n arguments.
func (r *resolver) arguments(name string, argument *yaml.Node, n int, p place) ([]*yaml.Node, error) {
	list, err := r.resolve(argument, p)
	if err != nil {
		return nil, err
	}
	if list == nil || list.Kind != yaml.SequenceNode || len(list.Content) != n {
		return nil, r.errorf(argument, p, "%s wants a list of %d", name, n)
	}
	return list.Content, nil
}

// condition says whether the named condition of the template holds.
func (r *resolver) condition(name string, node *yaml.Node, p place) (bool, error) {
	definition, ok := r.conditions[name]
	if !ok {
		return false, r.errorf(node, p, "there is no condition %q", name)
	}
	if r.deciding[name] {
		return false, r.errorf(definition, place("Conditions").at(name), "it depends on itself")
	}
	r.deciding[name] = true
	defer delete(r.deciding, name)
	at := place("Conditions").at(name)
	function, argument, ok := function(definition)
	if !ok {
		return false, r.errorf(definition, at, "a condition is Fn::Equals, Fn::Not, Fn::And, Fn::Or or Condition")
	}
	return r.decide(function, argument, at)
}

func (r *resolver) decide(name string, argument *yaml.Node, p place) (bool, error) {
	if name == "Condition" {
		return r.condition(argument.Value, argument, p)
	}
	list, err := r.resolve(argument, p)
	if err != nil {
		return false, err
	}
	values := list.Content
	switch {
	case name == "Fn::Equals" && len(values) == 2:
		return values[0].Value == values[1].Value, nil
	case name == "Fn::Not" && len(values) == 1:
		return values[0].Value == "false", nil
	case name == "Fn::And" || name == "Fn::Or":
		// Both stop at the first value that settles it.
		settles := strconv.FormatBool(name == "Fn::Or")
		for _, value := range values {
			if value.Value == settles {
				return name == "Fn::Or", nil
			}
		}
		return name == "Fn::And", nil
	}
	return false, r.errorf(argument, p, "the local runner can't tell whether this %s holds", name)
}

// text resolves node to a scalar's text.
func (r *resolver) text(node *yaml.Node, p place) (string, error) {
	value, err := r.resolve(node, p)
	if err != nil {
		return "", err
	}
	if value == nil {
		return "", nil
	}
	if value.Kind != yaml.ScalarNode {
		return "", r.errorf(node, p, "it must be a single value")
	}
	return value.Value, nil
}

func scalar(at *yaml.Node, value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value, Line: at.Line, Column: at.Column}
}

// An entry is one key of a YAML map with its value.
type entry struct {
	name       string
	key, value *yaml.Node
}

func entries(node *yaml.Node) []entry {
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	list := make([]entry, 0, len(node.Content)/2)
	for i := 0; i+1 < len(node.Content); i += 2 {
		list = append(list, entry{node.Content[i].Value, node.Content[i], node.Content[i+1]})
	}
	return list
}

// lookup returns the value at a path of keys, or nil.
func lookup(node *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		var found *yaml.Node
		for _, entry := range entries(node) {
			if entry.name == key {
				found = entry.value
			}
		}
		if found == nil {
			return nil
		}
		node = found
	}
	return node
}
