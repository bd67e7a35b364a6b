package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/doorstep-auth/doorstep/shared/problem"
)

const errorsIntro = `# Errors

Every error that a caller can be told of, by its code. Codes are public contract: they don't change, their texts may. The codes are
those of the Clerk protocol; the other protocols write the same errors in their own form.

In a text, {param} stands for the field's name in words and {detail} for what this case adds. An error with a field
names it in ` + "`meta.param_name`" + `, as the request spells it; one request can be answered with several, one per field. The
accounts family tells code and field in ` + "`errors`" + `, and every status of a bad request (409, 413, 415, 422) as 400. Where
waiting helps, the answer has Retry-After, in seconds. What isn't declared here is a fault of the server: it is answered with
` + "`%s`" + ` and logged whole.

| Code | Status | Text | Field |
| --- | --- | --- | --- |
`

// errorsPage lists what package problem declares.
func errorsPage() ([]byte, error) {
	var page bytes.Buffer
	fmt.Fprintf(&page, errorsIntro, problem.Internal.Code)
	for _, p := range problem.All() {
		fmt.Fprintf(&page, "| `%s` | %d | %s | %s |\n", p.Code, p.Status, cell(p.Text), errorField(p))
	}
	return page.Bytes(), nil
}

// errorField says whether p is about a field: by its text, or by its code, whose prefix promises one.
func errorField(p *problem.Problem) string {
	if strings.Contains(p.Text, "{param}") || strings.HasPrefix(p.Code, "form_") {
		return "yes"
	}
	return "—"
}
