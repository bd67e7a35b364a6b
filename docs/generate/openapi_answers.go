package main

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"

	"github.com/doorstep-auth/doorstep/shared/describe"
	"github.com/doorstep-auth/doorstep/shared/problem"
)

// responsesOf are the ends of the requests, by status.
func (d *openAPIWire) responsesOf(requests []request) ordered {
	var all ordered
	head := requests[0].route.Method == http.MethodHead
	answers, pages := map[int][]describe.Answer{}, []int{}
	var problems []*problem.Problem
	for _, r := range requests {
		for _, answer := range r.Answers {
			answers[answer.Status] = append(answers[answer.Status], answer)
		}
		pages = append(pages, r.Pages...)
		problems = append(problems, d.Refusals(r.Operation, r.route.Method)...)
	}
	refusals := d.refusalsOf(problems)
	for _, status := range sortedKeys(answers) {
		all.add(fmt.Sprint(status), d.success(requests, answers[status], head))
	}
	for _, status := range statusesOf(refusals) {
		if answers[status] != nil {
			continue // it says what it has
		}
		all.add(fmt.Sprint(status), d.refusal(status, refusals, slices.Contains(pages, status), head))
	}
	return all
}

func (d *openAPIWire) success(requests []request, answers []describe.Answer, head bool) ordered {
	first := answers[0]
	o := ordered{{"description", first.Text}}
	headers := ordered{}
	if first.Location {
		headers.add("Location", header("Where to go on.", true))
	}
	for _, field := range d.Callers[requests[0].Caller].Header {
		headers.add(field.Name, header(field.Text, field.Required))
	}
	o.add("headers", headers)
	if !head {
		o.add("content", d.content(answers))
	}
	if links := links(requests[0].Next); len(links) > 0 && first.Body != nil {
		o.add("links", links)
	}
	return o
}

// content is what answers of one status hold.
func (d *openAPIWire) content(answers []describe.Answer) ordered {
	var choices []any
	for _, answer := range answers {
		switch {
		case answer.HTML:
			return htmlContent
		case answer.Samples != nil:
			name := d.Prefix + answer.Name
			d.put(name, d.schemas.infer(answer.Name, answer.Samples()))
			choices = appendNew(choices, reference(name))
		case answer.Null:
			choices = appendNew(choices, ordered{{"type", "null"}})
		case answer.Body != nil:
			choices = appendNew(choices, d.schemas.of(answer.Body))
		}
	}
	switch len(choices) {
	case 0:
		return nil
	case 1:
		return jsonContent(choices[0])
	}
	return jsonContent(ordered{{"anyOf", choices}})
}

func appendNew(choices []any, choice any) []any {
	text, _ := encode(choice)
	for _, other := range choices {
		if same, _ := encode(other); bytes.Equal(same, text) {
			return choices
		}
	}
	return append(choices, choice)
}

func jsonContent(schema any) ordered {
	return ordered{{"application/json", ordered{{"schema", schema}}}}
}

var htmlContent = ordered{{"text/html", ordered{{"schema", ordered{{"type", "string"}}}}}}

func header(text string, required bool) ordered {
	o := ordered{{"description", text}}
	if required {
		o.add("required", true)
	}
	return append(o, member{"schema", ordered{{"type", "string"}}})
}

func links(next []describe.Next) ordered {
	links := ordered{}
	for _, n := range next {
		links.add(n.ID, ordered{
			{"operationId", n.ID}, {"parameters", ordered{{n.Parameter, "$response.body#" + n.Pointer}}},
		})
	}
	return links
}
