package describe

import (
	"encoding/json"
	"reflect"
	"slices"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/problem"
)

// Refusals are all problems that a request of method for the operation can be
// answered with, in the order of their codes: the operation's own, its callers', and
// those of the gateway.
func (w Wire) Refusals(op Operation, method string) []*problem.Problem {
	all := slices.Concat(op.Problems, w.Callers[op.Caller].Problems, []*problem.Problem{
		problem.ParametersMalformed, problem.BodyInvalid, problem.BodyTooLarge, problem.Internal,
	})
	if _, jsonOnly := w.Problems.Wire.(gateway.JSONOnly); !jsonOnly {
		all = append(all, problem.ContentType, problem.OriginAuthorization)
		if changes(method) && !op.AnyOrigin {
			all = append(all, problem.OriginInvalid)
		}
	}
	for _, route := range op.Routes {
		if route.Method == method && route.Override != "" {
			all = append(all, problem.ResourceNotFound) // of another _method
		}
	}
	return slices.DeleteFunc(problem.All(), func(p *problem.Problem) bool { return !slices.Contains(all, p) })
}

// changes reports whether a request of method is held to the allowed origins.
func changes(method string) bool {
	return !slices.Contains([]string{"GET", "HEAD", "OPTIONS"}, method)
}

// Told is a way in which a problem is told to a caller.
type Told struct {
	Status int
	Name   string // in the body's list; empty where it has none
	Body   reflect.Type
}

// Told are the ways in which of is told.
func (p Problems) Told(of *problem.Problem) []Told {
	errs := []error{of.New()}
	if p.As != nil {
		if own := p.As(of); len(own) > 0 {
			errs = own
		}
	}
	var all []Told
	for _, err := range errs {
		resp := p.Wire.Problem(&gateway.Request{}, err)
		all = append(all, Told{resp.Status, p.nameIn(resp.Body), reflect.TypeOf(resp.Body)})
	}
	return all
}

// nameIn is what the first fault in a body's list is called.
func (p Problems) nameIn(body any) string {
	text, err := json.Marshal(body)
	var value any
	if err != nil || json.Unmarshal(text, &value) != nil {
		return ""
	}
	for _, member := range p.List {
		object, _ := value.(map[string]any)
		value = object[member]
	}
	faults, _ := value.([]any)
	if len(faults) == 0 {
		return ""
	}
	if fault, isObject := faults[0].(map[string]any); isObject {
		faults[0] = fault[p.Member]
	}
	name, _ := faults[0].(string)
	return name
}
