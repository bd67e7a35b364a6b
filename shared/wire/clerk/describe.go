package clerk

import (
	"reflect"
	"slices"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// Description is what the documents say of an operation beside its declaration.
// Only documents and tests read descriptions, and they are made by functions, so
// the linker leaves them out of the programs.
type Description struct {
	Operation gateway.Operation
	// ID is OpenAPI's operationId: public contract, since generated clients name
	// their methods after it.
	ID string
	// Text says more than the operation's summary, in Markdown; it may be empty.
	Text   string
	Caller CallerNeed
	// Path, Query and Header are parameters, Body the fields of the form.
	Path, Query, Header, Body []Field
	// Answers are the ends without a problem.
	Answers []Answer
	// Problems are what the operation itself can be refused with; Refusals adds
	// those of every request.
	Problems []*problem.Problem
	// Pages are statuses, beside Answers, that are told as an HTML page.
	Pages []int
	// Next are the operations that go on from the answer.
	Next []Next
}

// CallerNeed is what an operation needs to know of who calls.
type CallerNeed int

// What operations need of the caller.
const (
	NoCaller   CallerNeed = iota // nothing
	AnyBrowser                   // the client, if the caller is a browser's, by its cookie
	AnyCaller                    // the client, if the caller is one
	OnlyOwner                    // the client, or there is nothing to be found
)

// Field is a parameter or a field of a form.
type Field struct {
	Name, Text string
	Required   bool
	Property
	Example string
}

// Property is what the type alone doesn't say of a value, in the terms of JSON
// Schema. The zero value of Type is what the Go type says, for a Field a string.
type Property struct {
	Type, Format, Pattern string
	Enum                  []string
	Text                  string
}

// Answer is one way in which an operation ends without a problem.
type Answer struct {
	Status int
	Text   string
	// Body is the type of the JSON body; nil for none, or for what Samples or HTML say.
	Body reflect.Type
	// Name and Samples stand for a body without a Go type of its own: the members
	// and their types are those of the samples.
	Name    string
	Samples func() []any
	// HTML is a page in place of JSON; Location a redirect.
	HTML, Location bool
}

// Next is an operation that takes, as its parameter, what an answer holds at a
// JSON pointer (RFC 6901).
type Next struct{ ID, Parameter, Pointer string }

// envelopeOf is the envelope of an answer whose response is an R (§2.1).
type envelopeOf[R any] struct {
	Response R       `json:"response"`
	Client   *client `json:"client"`
}

// Descriptions returns one for each of Operations, family by family.
func Descriptions() []Description {
	return slices.Concat(clientDescriptions(), keyDescriptions(), sessionDescriptions(), signUpDescriptions())
}

// Family is the first part of operations' names.
type Family struct{ Name, Text string }

// Families returns those of Operations.
func Families() []Family {
	return []Family{
		{"client", "Who is calling, and what the instance asks for."},
		{"keys", "What others verify session tokens with."},
		{"sessions", "What a completed sign-up leaves: sessions, their tokens, and the user who is signed in."},
		{"signups", "The progressive sign-up: any fields in any order, until none is missing."},
	}
}

// Refusals are all problems that a request of method for the operation can be
// answered with, in the order of their declaration.
func (d Description) Refusals(method string) []*problem.Problem {
	all := append(slices.Clone(d.Problems),
		problem.ParametersMalformed, problem.BodyInvalid, problem.BodyTooLarge, problem.ContentType,
		problem.OriginAuthorization, problem.Internal)
	if changes(method) && !d.Operation.AnyOrigin {
		all = append(all, problem.OriginInvalid)
	}
	if d.TakesNative() {
		all = append(all, problem.NativeDisabled)
	}
	for _, route := range d.Operation.Routes {
		if route.Method == method && route.Override != "" {
			all = append(all, problem.ResourceNotFound) // of another _method
		}
	}
	return slices.DeleteFunc(problem.All(), func(p *problem.Problem) bool { return !slices.Contains(all, p) })
}

// TakesNative reports whether the operation knows clients without cookies.
func (d Description) TakesNative() bool { return d.Caller == AnyCaller || d.Caller == OnlyOwner }

// changes reports whether a request of method is held to the allowed origins.
func changes(method string) bool {
	return !slices.Contains([]string{"GET", "HEAD", "OPTIONS"}, method)
}

// ErrorBody is the type of the body beside every problem.
func ErrorBody() reflect.Type { return reflect.TypeFor[errorEnvelope]() }

// Enumerations are all values of the types whose values are fixed.
func Enumerations() map[reflect.Type][]string {
	return map[reflect.Type][]string{
		reflect.TypeFor[signup.Status]():             texts(signup.MissingRequirements, signup.Complete, signup.Abandoned),
		reflect.TypeFor[signup.VerificationStatus](): texts(signup.Unverified, signup.Verified, signup.Failed, signup.Expired),
		reflect.TypeFor[sessionStatus]():             texts(sessionActive, sessionEnded, sessionRemoved, sessionRevoked),
		reflect.TypeFor[settings.Mode]():             texts(settings.Public, settings.Restricted),
	}
}

func texts[T ~string](values ...T) []string {
	all := make([]string, len(values))
	for i, value := range values {
		all[i] = string(value)
	}
	return all
}

// idPattern is how an id with prefix is written.
func idPattern(prefix string) string { return "^" + prefix + "[0-9A-Za-z]{22}$" }
