package main

import (
	"bytes"
	"fmt"

	"github.com/doorstep-auth/doorstep/shared/wire"
)

const operationsIntro = `# Operations

Each operation is declared once; template.yaml, functions/ and events/ are held against the declaration by a test. A
POST with ` + "`_method`" + ` (query or body) stands for another verb, as browsers' SDKs send it.

| operation | function | route | ` + "`_method`" + ` | what it does |
| --- | --- | --- | --- | --- |
`

func operationsPage() ([]byte, error) {
	var page bytes.Buffer
	page.WriteString(operationsIntro)
	for _, op := range wire.Operations() {
		for _, route := range op.Routes {
			fmt.Fprintf(&page, "| %s | %s | `%s` | %s | %s |\n", op.Name, route.ServedBy(op), route.Key(), route.Override, op.Summary)
		}
	}
	return page.Bytes(), nil
}
