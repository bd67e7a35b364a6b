package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/doorstep-auth/doorstep/shared/describe"
	"github.com/doorstep-auth/doorstep/shared/problem"
)

// refusal is a problem as the wire tells it.
type refusal struct {
	*problem.Problem
	describe.Told
}

func (d *openAPIWire) refusalsOf(problems []*problem.Problem) []refusal {
	var all []refusal
	for _, p := range problems {
		for _, told := range d.Problems.Told(p) {
			all = append(all, refusal{p, told})
		}
	}
	return all
}

// refusal is the response of status, with at least one of its problems. One that is
// the only one, and comes alone, is described once for all operations.
func (d *openAPIWire) refusal(status int, refusals []refusal, page, head bool) ordered {
	codes := codesOf(refusals, func(r refusal) bool { return r.Told.Status == status })
	if head {
		return ordered{{"description", quoted(codes)}}
	}
	if len(codes) > 1 || mixed(status) || page {
		return d.refusalOf(status, refusals, page)
	}
	name := d.Prefix
	for _, word := range strings.Split(codes[0], "_") {
		name += capital(word)
	}
	d.responses[name] = d.refusalOf(status, refusals, false)
	return ordered{{"$ref", "#/components/responses/" + name}}
}

// mixed reports whether faults of several fields may meet in an answer of status:
// the status is then the highest of theirs.
func mixed(status int) bool {
	return slices.Contains([]int{http.StatusBadRequest, http.StatusForbidden, http.StatusUnprocessableEntity}, status)
}

func (d *openAPIWire) refusalOf(status int, refusals []refusal, page bool) ordered {
	isOf := func(r refusal) bool { return r.Told.Status == status }
	content := jsonContent(d.refusalBody(status, refusals))
	if page {
		content = append(content, htmlContent...)
	}
	o := ordered{{"description", quoted(codesOf(refusals, isOf))}}
	if status == http.StatusTooManyRequests {
		others := slices.ContainsFunc(refusals, func(r refusal) bool { return isOf(r) && r.Problem.Status != status })
		o.add("headers", ordered{
			{"Retry-After", header("Seconds to wait (RFC 9110 §10.2.3).", !others)},
			{"RateLimit-Policy", header("The limits that the request is under (draft-ietf-httpapi-ratelimit-headers-10).", false)},
			{"RateLimit", header("Those that are spent.", false)},
		})
	}
	o.add("content", content)
	return o
}

// refusalBody is the body of status: the wire's envelope, and in its list at least one
// of the status's problems, beside others that may meet it. Where one of them has no
// name, the list may hold anything.
func (d *openAPIWire) refusalBody(status int, refusals []refusal) any {
	var bodies []any
	var telling, beside []string
	named := true
	for _, r := range refusals {
		if r.Told.Status == status {
			bodies = appendNew(bodies, d.schemas.of(r.Body))
			telling = append(telling, r.Name)
		}
		if r.Told.Status == status || (mixed(status) && mixed(r.Told.Status) && r.Told.Status < status) {
			beside = append(beside, r.Name)
			named = named && r.Name != ""
		}
	}
	body := bodies[0]
	if len(bodies) > 1 {
		body = ordered{{"anyOf", bodies}}
	}
	if !named {
		return body
	}
	telling, beside = unique(telling), unique(beside)
	list := ordered{{"type", "array"}}
	if len(beside) > len(telling) {
		list.add("contains", d.faultAmong(telling))
	}
	list.add("items", d.faultAmong(beside))
	within := list
	for _, member := range slices.Backward(d.Problems.List) {
		within = ordered{{"type", "object"}, {"properties", ordered{{member, within}}}}
	}
	return ordered{{"allOf", []any{body, within}}}
}

// faultAmong is a fault of the wire's list that has one of the names.
func (d *openAPIWire) faultAmong(names []string) ordered {
	if d.Problems.Member == "" {
		return ordered{{"enum", names}}
	}
	return ordered{{"type", "object"}, {"properties", ordered{{d.Problems.Member, ordered{{"enum", names}}}}}}
}

// codesOf are the codes of those refusals that which reports, sorted. They are those
// of errors.md, whatever the wire calls them.
func codesOf(refusals []refusal, which func(refusal) bool) []string {
	var codes []string
	for _, r := range refusals {
		if which(r) {
			codes = append(codes, r.Code)
		}
	}
	return unique(codes)
}

func quoted(codes []string) string { return fmt.Sprintf("`%s`", strings.Join(codes, "`, `")) }

func unique(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

func statusesOf(refusals []refusal) []int {
	set := map[int]bool{}
	for _, r := range refusals {
		set[r.Told.Status] = true
	}
	return sortedKeys(set)
}

func sortedKeys[V any](m map[int]V) []int { return slices.Sorted(maps.Keys(m)) }
