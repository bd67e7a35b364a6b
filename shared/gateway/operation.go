package gateway

import (
	"context"
	"strings"

	"github.com/doorstep-auth/doorstep/shared/problem"
)

// Operation is one thing that a caller can ask for: declared once, by the wire
// that defines it, and held against the template, the functions and the events
// by a test.
type Operation struct {
	// Name is "<family>/<operation>"; it is also the function's folder unless a route says otherwise.
	Name string
	// Summary is one sentence for the documents.
	Summary string
	Routes  []Route
	// AnyOrigin takes changes that pages of any origin ask for. It is for what
	// carries its own proof in the request: a page that asks for no referrer posts
	// even to itself with the origin "null" (Fetch §3.2), as a page of a
	// stranger's may, so the origin tells them apart no more.
	AnyOrigin bool
	// Public lets pages of every origin read the answers, errors included, without
	// credentials. It is for what tells everybody the same, such as keys and programs.
	Public bool
	// Faulty hands requests whose query or body couldn't be read to the handler, too,
	// with the reason in Request.Fault: for what keeps a record of every call.
	Faulty bool
}

// Route is one way to ask for an operation.
type Route struct {
	Method string // "$default" for whatever no other route takes
	Path   string // as the template spells it, with {parameters}; empty for $default
	// Override is the _method that a POST must carry to mean this operation, or empty.
	Override string
	// Function is the function that serves the route if it isn't the operation's own.
	Function string
}

// Key is the route as API Gateway names it, such as "GET /v1/client".
func (r Route) Key() string {
	if r.Path == "" {
		return r.Method
	}
	return r.Method + " " + r.Path
}

// ServedBy is the function that serves the route of op.
func (r Route) ServedBy(op Operation) string {
	if r.Function != "" {
		return r.Function
	}
	return op.Name
}

// Handler serves one operation. A declared problem in the error is told to the
// caller; any other error is a fault of ours.
type Handler func(context.Context, *Request) (*Response, error)

// Endpoint binds an operation to what serves it.
type Endpoint struct {
	Operation Operation
	Handler   Handler
}

// Switched binds op to handler if its family is enabled, or else to an answer that there
// is nothing.
func Switched(enabled bool, op Operation, handler Handler) []Endpoint {
	if !enabled {
		handler = func(context.Context, *Request) (*Response, error) {
			return nil, problem.ResourceNotFound.New().Detailed("There is nothing at this address.")
		}
	}
	return []Endpoint{{Operation: op, Handler: handler}}
}

// takesFaulty reports whether r means an operation that is handed what couldn't be read.
func takesFaulty(endpoints []Endpoint, r *Request) bool {
	endpoint := find(endpoints, r)
	return endpoint != nil && endpoint.Operation.Faulty
}

// find returns the endpoint that the request means, or nil.
func find(endpoints []Endpoint, r *Request) *Endpoint {
	for i, endpoint := range endpoints {
		for _, route := range endpoint.Operation.Routes {
			if route.Key() == r.RouteKey && strings.EqualFold(route.Override, r.override()) {
				return &endpoints[i]
			}
		}
	}
	return nil
}
