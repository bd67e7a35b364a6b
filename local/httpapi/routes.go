package httpapi

import (
	"net/url"
	"slices"
	"strings"

	"github.com/doorstep-auth/doorstep/local/template"
)

// A Target is a route with the function that serves it.
type Target struct {
	Route template.Route
	// Function is the function's path, such as signups/create, for the record of the request.
	Function string
	Invoker  Invoker
}

// segment kinds, the more specific the greater.
const (
	greedySegment = iota
	parameterSegment
	literalSegment
)

// a pattern is a route's path cut into segments.
type pattern struct {
	target   Target
	segments []segment
	greedy   bool
}

type segment struct {
	kind int
	text string // the literal, or the parameter's name
}

// routes chooses among an HTTP API's routes.
type routes struct {
	patterns []pattern
	fallback *Target
}

func newRoutes(targets []Target) routes {
	var r routes
	for _, target := range targets {
		if target.Route.Path == template.DefaultPath {
			r.fallback = &target
			continue
		}
		p := pattern{target: target}
		for text := range strings.SplitSeq(strings.TrimPrefix(target.Route.Path, "/"), "/") {
			p.segments = append(p.segments, newSegment(text))
		}
		p.greedy = p.segments[len(p.segments)-1].kind == greedySegment
		r.patterns = append(r.patterns, p)
	}
	// The most specific is first, so the first that fits is the one: a whole match before a greedy one, then segment by segment from the left, then a
	// route of the method before one of ANY.
	slices.SortStableFunc(r.patterns, func(a, b pattern) int { return b.compare(a) })
	return r
}

func newSegment(text string) segment {
	name, ok := strings.CutPrefix(text, "{")
	if !ok {
		return segment{literalSegment, text}
	}
	name = strings.TrimSuffix(name, "}")
	if name, greedy := strings.CutSuffix(name, "+"); greedy {
		return segment{greedySegment, name}
	}
	return segment{parameterSegment, name}
}

func (p pattern) compare(q pattern) int {
	if p.greedy != q.greedy {
		return truth(q.greedy) - truth(p.greedy)
	}
	for i := range min(len(p.segments), len(q.segments)) {
		if difference := p.segments[i].kind - q.segments[i].kind; difference != 0 {
			return difference
		}
	}
	return truth(q.target.Route.Method == "ANY") - truth(p.target.Route.Method == "ANY")
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

// find returns the target of a request and its path parameters, decoded. path is still percent-encoded, so that an encoded slash is no border.
func (r routes) find(method, path string) (Target, map[string]string, bool) {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for _, p := range r.patterns {
		if p.target.Route.Method != method && p.target.Route.Method != "ANY" {
			continue
		}
		if parameters, ok := p.match(parts); ok {
			return p.target, parameters, true
		}
	}
	if r.fallback != nil {
		return *r.fallback, nil, true
	}
	return Target{}, nil, false
}

func (p pattern) match(parts []string) (map[string]string, bool) {
	if len(parts) < len(p.segments) || (len(parts) > len(p.segments) && !p.greedy) {
		return nil, false
	}
	var parameters map[string]string
	for i, s := range p.segments {
		part := parts[i]
		if s.kind == greedySegment {
			part = strings.Join(parts[i:], "/")
		}
		if s.kind == literalSegment {
			if decode(part) != s.text {
				return nil, false
			}
			continue
		}
		if part == "" {
			return nil, false
		}
		if parameters == nil {
			parameters = map[string]string{}
		}
		parameters[s.text] = decode(part)
	}
	return parameters, true
}

// decode undoes percent-encoding; what isn't encoded rightly stays as it is.
func decode(s string) string {
	if decoded, err := url.PathUnescape(s); err == nil {
		return decoded
	}
	return s
}
