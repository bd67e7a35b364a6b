package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/wire"
)

// operationsOverview is the README's table: every route, by wire and family.
func operationsOverview() ([]byte, error) {
	var page bytes.Buffer
	for _, w := range wire.All() {
		fmt.Fprintf(&page, "\n**%s**, for %s\n\n| what | request | function |\n| --- | --- | --- |\n", w.Title, w.SDKs)
		for _, op := range w.Declared {
			requests, functions := served(op)
			fmt.Fprintf(&page, "| %s | %s | %s |\n", cell(strings.TrimSuffix(op.Summary, ".")), strings.Join(requests, ", "), strings.Join(functions, ", "))
		}
	}
	page.WriteString("\n")
	return page.Bytes(), nil
}

// served are an operation's routes with their own verbs, and the functions behind them.
func served(op gateway.Operation) (requests, functions []string) {
	for _, route := range op.Routes {
		if route.Override != "" {
			continue
		}
		requests = append(requests, "`"+route.Key()+"`")
		if function := route.ServedBy(op); !slices.Contains(functions, function) {
			functions = append(functions, function)
		}
	}
	return requests, functions
}
