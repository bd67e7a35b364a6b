package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/describe"
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/wire/clerk"
)

// told is a wire whose faults are in a list, by their codes alone.
type told struct{}

type toldBody struct {
	Errors toldErrors `json:"errors"`
}

type toldErrors struct {
	Codes []string `json:"codes"`
}

// Problem implements gateway.Wire: all is told as it is, but what is missing.
func (told) Problem(_ *gateway.Request, err error) *gateway.Response {
	p := problem.List(err)[0]
	if p.Problem == problem.ResourceNotFound {
		return &gateway.Response{Status: p.Status, Body: toldBody{}}
	}
	return &gateway.Response{Status: p.Status, Body: toldBody{Errors: toldErrors{[]string{p.Code}}}}
}

func newPart(w describe.Wire) *openAPIWire {
	d := newOpenAPI()
	return &openAPIWire{d, w, newSchemas(w, d.components)}
}

// A status has the highest of the problems that are told together.
func TestRefusalsOfOneAnswer(t *testing.T) {
	d := newPart(describe.Wire{Prefix: "Other", Problems: describe.Problems{Wire: clerk.Wire{}, List: []string{"errors"}, Member: "code"}})
	refusals := d.refusalsOf([]*problem.Problem{problem.ParamMissing, problem.ParamValueDisabled, problem.Unavailable, problem.ResourceNotFound})
	mixed, _ := encode(d.refusal(http.StatusUnprocessableEntity, refusals, false, false))
	for _, want := range []string{
		`{"$ref":"#/components/schemas/OtherErrorEnvelope"}`,
		`"errors":{"type":"array","contains":{"type":"object","properties":{"code":{"enum":["form_param_missing"]}}}`,
		`"items":{"type":"object","properties":{"code":{"enum":["form_param_missing","form_param_value_disabled"]}}}`,
	} {
		if !strings.Contains(string(mixed), want) {
			t.Errorf("%s isn't in %s", want, mixed)
		}
	}
	alone, _ := encode(d.refusal(http.StatusServiceUnavailable, refusals, false, false))
	if string(alone) != `{"$ref":"#/components/responses/OtherServiceUnavailable"}` {
		t.Errorf("got %s", alone)
	}
}

// Another wire has its list elsewhere, and problems that the list doesn't name.
func TestRefusalsOfAnotherEnvelope(t *testing.T) {
	d := newPart(describe.Wire{Problems: describe.Problems{Wire: told{}, List: []string{"errors", "codes"}}})
	refusals := d.refusalsOf([]*problem.Problem{problem.ParamMissing, problem.ResourceNotFound})
	const body = `{"$ref":"#/components/schemas/ToldBody"}`
	for status, want := range map[int]string{
		http.StatusNotFound: body,
		http.StatusUnprocessableEntity: `{"allOf":[` + body + `,{"type":"object","properties":{"errors":{"type":"object","properties":{"codes":` +
			`{"type":"array","items":{"enum":["form_param_missing"]}}}}}}]}`,
	} {
		if got, _ := encode(d.refusalBody(status, refusals)); string(got) != want {
			t.Errorf("%d: %s\n%s", status, got, want)
		}
	}
}

// What is told in several ways is described in each.
func TestProblemsThatAreToldInSeveralWays(t *testing.T) {
	d := newPart(describe.Wire{Problems: describe.Problems{Wire: told{}, List: []string{"errors", "codes"}, As: func(p *problem.Problem) []error {
		if p != problem.IdentifierExists {
			return nil
		}
		return []error{problem.ParamMissing.New(), problem.Unavailable.New()}
	}}})
	refusals := d.refusalsOf([]*problem.Problem{problem.IdentifierExists, problem.NotAllowed})
	if diff := cmp.Diff([]int{http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusServiceUnavailable}, statusesOf(refusals)); diff != "" {
		t.Error(diff)
	}
}
