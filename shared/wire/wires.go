// Package wire lists the wires, for documents and tests. A function imports its own alone.
package wire

import (
	"slices"

	"github.com/doorstep-auth/doorstep/shared/describe"
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/wire/clerk"
	"github.com/doorstep-auth/doorstep/shared/wire/deskree"
	"github.com/doorstep-auth/doorstep/shared/wire/norman"
	"github.com/doorstep-auth/doorstep/shared/wire/zato"
)

// All returns the descriptions of all wires, in the order of the documents.
func All() []describe.Wire {
	return []describe.Wire{
		clerk.Description(),
		norman.Description(),
		deskree.Description(),
		zato.Description(),
	}
}

// Operations returns those of all wires.
func Operations() []gateway.Operation {
	var all []gateway.Operation
	for _, w := range All() {
		all = slices.Concat(all, w.Declared)
	}
	return all
}
