package template

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Parse reads a template from text; name is what errors call the file.
func Parse(name string, text []byte, parameters Parameters) (*Template, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s: it must be a map with Resources", name)
	}
	p, err := newParser(name, document.Content[0], parameters)
	if err != nil {
		return nil, err
	}
	return p.template()
}

type parser struct {
	resolver
	globals *yaml.Node
	order   []entry // the resources
}

func newParser(name string, root *yaml.Node, given Parameters) (*parser, error) {
	p := &parser{globals: lookup(root, "Globals"), order: entries(lookup(root, "Resources"))}
	p.resolver = resolver{
		file: name, parameters: pseudo(), mappings: lookup(root, "Mappings"),
		resources: map[string]*yaml.Node{}, conditions: map[string]*yaml.Node{}, deciding: map[string]bool{},
	}
	declared := entries(lookup(root, "Parameters"))
	for _, parameter := range declared {
		p.parameters[parameter.name] = ""
		if value := lookup(parameter.value, "Default"); value != nil {
			p.parameters[parameter.name] = value.Value
		}
	}
	for parameter, value := range given {
		if lookup(root, "Parameters", parameter) == nil {
			return nil, fmt.Errorf("%s: Parameters: there is no %s", name, parameter)
		}
		p.parameters[parameter] = value
	}
	for _, resource := range p.order {
		p.resources[resource.name] = resource.value
	}
	for _, condition := range entries(lookup(root, "Conditions")) {
		p.conditions[condition.name] = condition.value
	}
	return p, nil
}

func (p *parser) template() (*Template, error) {
	t := &Template{}
	for _, resource := range p.order {
		at := place("Resources").at(resource.name)
		exists, err := p.exists(resource.value, at)
		if err != nil {
			return nil, err
		}
		if !exists {
			continue
		}
		if err := p.resource(t, resource, at); err != nil {
			return nil, err
		}
	}
	if len(t.Functions) == 0 {
		return nil, fmt.Errorf("%s: Resources: there is no AWS::Serverless::Function", p.file)
	}
	return t, p.unique(t)
}

func (p *parser) exists(resource *yaml.Node, at place) (bool, error) {
	condition := lookup(resource, "Condition")
	if condition == nil {
		return true, nil
	}
	return p.condition(condition.Value, condition, at)
}

func (p *parser) resource(t *Template, resource entry, at place) error {
	kind := lookup(resource.value, "Type")
	if kind == nil {
		return p.errorf(resource.key, at, "it has no Type")
	}
	switch kind.Value {
	case "AWS::Serverless::Function":
		f, err := p.function(resource, at)
		if err != nil {
			return err
		}
		t.Functions = append(t.Functions, f)
	case "AWS::DynamoDB::Table":
		table, err := p.table(resource, at.at("Properties"))
		if err != nil {
			return err
		}
		t.Tables = append(t.Tables, table)
	case "AWS::Serverless::HttpApi":
		return p.api(resource, at.at("Properties"))
	case "AWS::Serverless::Api":
		return p.errorf(kind, at, "the local runner serves HTTP APIs (AWS::Serverless::HttpApi) only")
	}
	return nil
}

// unique refuses a route that two functions claim: API Gateway has one target for each.
func (p *parser) unique(t *Template) error {
	owners := map[string]string{}
	for _, f := range t.Functions {
		for _, route := range f.Routes {
			if owner, taken := owners[route.Key()]; taken {
				return fmt.Errorf("%s: the route %s is both %s's and %s's", p.file, route.Key(), owner, f.LogicalID)
			}
			owners[route.Key()] = f.LogicalID
		}
	}
	return nil
}

// api refuses what changes an HTTP API's answers and what the runner doesn't imitate.
func (p *parser) api(resource entry, at place) error {
	for _, property := range slices.Concat(entries(lookup(p.globals, "HttpApi")), entries(lookup(resource.value, "Properties"))) {
		switch property.name {
		case "AccessLogSettings", "DefaultRouteSettings", "Description", "DisableExecuteApiEndpoint", "Domain", "FailOnWarnings", "Name",
			"PropagateTags", "RouteSettings", "StageVariables", "Tags":
		default:
			return p.errorf(property.key, at.at(property.name), "the local runner doesn't know this property of an HTTP API")
		}
	}
	return nil
}

func (p *parser) function(resource entry, at place) (Function, error) {
	path, err := PathOf(resource.name)
	if err != nil {
		return Function{}, p.errorf(resource.key, at, "%v", err)
	}
	f := Function{LogicalID: resource.name, Path: path, Environment: map[string]string{}}
	reader := properties{p: p, own: lookup(resource.value, "Properties"), globals: lookup(p.globals, "Function"), at: at.at("Properties")}
	if runtime := reader.text("provided.al2023", "Runtime"); runtime != "provided.al2023" && reader.err == nil {
		return Function{}, p.errorf(resource.key, at, "the local runner runs provided.al2023 only, not %s", runtime)
	}
	f.Timeout = time.Duration(reader.number(3, "Timeout")) * time.Second
	f.MemoryMB = reader.number(128, "MemorySize")
	f.LogFormat = reader.text("", "LoggingConfig", "LogFormat")
	f.LogLevel = reader.text("", "LoggingConfig", "ApplicationLogLevel")
	reader.variables(f.Environment)
	if reader.err != nil {
		return Function{}, reader.err
	}
	return f, p.events(&f, lookup(resource.value, "Properties", "Events"), at.at("Properties").at("Events"))
}

// properties reads a function's own properties and, where it has none, those of Globals. The first error stays.
type properties struct {
	p            *parser
	own, globals *yaml.Node
	at           place
	err          error
}

func (r *properties) find(keys ...string) (*yaml.Node, place) {
	if node := lookup(r.own, keys...); node != nil {
		return node, r.at.at(strings.Join(keys, "."))
	}
	return lookup(r.globals, keys...), place("Globals.Function").at(strings.Join(keys, "."))
}

func (r *properties) text(otherwise string, keys ...string) string {
	node, at := r.find(keys...)
	if node == nil || r.err != nil {
		return otherwise
	}
	value, err := r.p.text(node, at)
	r.err = errors.Join(r.err, err)
	return value
}

func (r *properties) number(otherwise int, keys ...string) int {
	value := r.text(strconv.Itoa(otherwise), keys...)
	n, err := strconv.Atoi(value)
	if r.err == nil && (err != nil || n <= 0) {
		node, at := r.find(keys...)
		r.err = r.p.errorf(node, at, "%q isn't a positive whole number", value)
	}
	return n
}

// variables adds Environment.Variables: those of Globals, overlaid by the function's own.
func (r *properties) variables(into map[string]string) {
	for _, source := range []struct {
		node *yaml.Node
		at   place
	}{{r.globals, "Globals.Function"}, {r.own, r.at}} {
		at := source.at.at("Environment.Variables")
		for _, variable := range entries(lookup(source.node, "Environment", "Variables")) {
			value, err := r.p.text(variable.value, at.at(variable.name))
			r.err = errors.Join(r.err, err)
			into[variable.name] = value
		}
	}
}

func (p *parser) events(f *Function, events *yaml.Node, at place) error {
	for _, event := range entries(events) {
		here := at.at(event.name)
		kind := lookup(event.value, "Type")
		if kind == nil {
			return p.errorf(event.key, here, "it has no Type")
		}
		body, err := p.resolve(orEmpty(lookup(event.value, "Properties")), here)
		if err != nil {
			return err
		}
		if err := p.event(f, event, kind.Value, body, here.at("Properties")); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) event(f *Function, event entry, kind string, body *yaml.Node, at place) error {
	switch kind {
	case "HttpApi":
		route, err := p.route(event, body, at)
		f.Routes = append(f.Routes, route)
		return err
	case "DynamoDB":
		stream, err := p.stream(event, body, at)
		f.Streams = append(f.Streams, stream)
		return err
	case "Schedule", "ScheduleV2":
		schedule, err := p.schedule(event, body, at)
		f.Schedules = append(f.Schedules, schedule)
		return err
	}
	return p.errorf(event.key, at, "the local runner doesn't know events of type %s", kind)
}

func (p *parser) route(event entry, body *yaml.Node, at place) (Route, error) {
	route := Route{Event: event.name, Path: DefaultPath}
	for _, property := range entries(body) {
		switch property.name {
		case "Path":
			route.Path = property.value.Value
		case "Method":
			route.Method = strings.ToUpper(property.value.Value)
		case "ApiId", "TimeoutInMillis", "RouteSettings":
		case "PayloadFormatVersion":
			if property.value.Value != "2.0" {
				return route, p.errorf(property.value, at.at(property.name), "the local runner speaks payload format 2.0 only")
			}
		default:
			return route, p.errorf(property.key, at.at(property.name), "the local runner doesn't know this property of an HttpApi event")
		}
	}
	if route.Path == DefaultPath {
		route.Method = ""
		return route, nil
	}
	if !slices.Contains(strings.Fields("ANY DELETE GET HEAD OPTIONS PATCH POST PUT"), route.Method) {
		return route, p.errorf(event.key, at, "%q is no Method of a route", route.Method)
	}
	return route, p.checkPath(route.Path, event.key, at)
}

// checkPath holds a route's path to what API Gateway takes: parameters are whole segments, and {proxy+} is the last one.
func (p *parser) checkPath(path string, node *yaml.Node, at place) error {
	rest, ok := strings.CutPrefix(path, "/")
	if !ok {
		return p.errorf(node, at, "the path %q doesn't begin with /", path)
	}
	segments := strings.Split(rest, "/")
	for i, segment := range segments {
		inner, opened := strings.CutPrefix(segment, "{")
		inner, closed := strings.CutSuffix(inner, "}")
		greedy := strings.HasSuffix(inner, "+")
		if opened != closed || strings.ContainsAny(inner, "{}") || (greedy && opened && i != len(segments)-1) {
			return p.errorf(node, at, "the path %q isn't one that API Gateway takes", path)
		}
	}
	return nil
}

func (p *parser) stream(event entry, body *yaml.Node, at place) (Stream, error) {
	s := Stream{Event: event.name, BatchSize: 100, MaximumRetryAttempts: -1}
	for _, property := range entries(body) {
		if err := p.streamProperty(&s, property, at.at(property.name)); err != nil {
			return s, err
		}
	}
	if s.Table == "" || s.StartingPosition == "" {
		return s, p.errorf(event.key, at, "it needs a Stream and a StartingPosition")
	}
	return s, nil
}

func (p *parser) streamProperty(s *Stream, property entry, at place) error {
	value := property.value.Value
	var err error
	switch property.name {
	case "Stream":
		id, attribute, _ := strings.Cut(value, ".")
		if attribute != "StreamArn" {
			return p.errorf(property.value, at, "it must be !GetAtt of a table's StreamArn")
		}
		s.Table = id
	case "StartingPosition":
		s.StartingPosition = value
	case "BatchSize":
		s.BatchSize, err = strconv.Atoi(value)
	case "MaximumRetryAttempts":
		s.MaximumRetryAttempts, err = strconv.Atoi(value)
	case "MaximumRecordAgeInSeconds":
		var seconds int
		seconds, err = strconv.Atoi(value)
		s.MaximumRecordAge = time.Duration(max(seconds, 0)) * time.Second
	case "BisectBatchOnFunctionError":
		s.BisectBatchOnFunctionError, err = strconv.ParseBool(value)
	case "FunctionResponseTypes":
		for _, item := range property.value.Content {
			s.ReportBatchItemFailures = s.ReportBatchItemFailures || item.Value == "ReportBatchItemFailures"
		}
	case "FilterCriteria":
		for _, filter := range orEmpty(lookup(property.value, "Filters")).Content {
			s.Filters = append(s.Filters, orEmpty(lookup(filter, "Pattern")).Value)
		}
	case "DestinationConfig", "MaximumBatchingWindowInSeconds", "ParallelizationFactor", "MetricsConfig":
		// Dead letters go to a file here, batches don't wait, and one batch at a time is in work.
	default:
		return p.errorf(property.key, at, "the local runner doesn't know this property of a DynamoDB event")
	}
	if err != nil {
		return p.errorf(property.value, at, "%q isn't a valid value", value)
	}
	return nil
}

func orEmpty(node *yaml.Node) *yaml.Node {
	if node == nil {
		return &yaml.Node{Kind: yaml.MappingNode}
	}
	return node
}
