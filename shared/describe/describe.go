// Package describe has the terms in which a wire describes its operations, for the
// OpenAPI document and for what holds it against the code and the running system.
// Only documents and tests read descriptions, and they are made by functions, so
// the linker leaves them out of the programs.
package describe

import (
	"reflect"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/problem"
)

// Wire is all that the documents say of a wire.
type Wire struct {
	// Name is that of its package, below shared/wire.
	Name string
	// Title and Text are its part of the document's introduction; Text is Markdown.
	Title, Text string
	// SDKs are whose calls it serves, in Markdown.
	SDKs string
	// Prefix begins the names of its schemas and responses, so that those of two wires
	// differ. It is public contract: generated clients name their types after it.
	Prefix string
	// Declared are the operations that Operations describe.
	Declared   []gateway.Operation
	Families   []Family
	Operations []Operation
	// Schemes are the ways in which callers say who they are; Callers is what each kind of
	// caller comes with. A kind without an entry is Anybody.
	Schemes []Scheme
	Callers map[Caller]Credentials
	// MediaTypes are those of a body.
	MediaTypes []string
	Problems   Problems
	// Properties say what Go types don't of the members of answers, by the schema's name
	// in the document and the member's, such as "SignUp.id". "*.id" is of every schema of
	// the wire that has no entry of its own.
	Properties map[string]Property
	// Enumerations are all values of the types whose values are fixed.
	Enumerations map[reflect.Type][]string
}

// Family is the first part of operations' names.
type Family struct{ Name, Text string }

// Operation is what the documents say of an operation beside its declaration.
type Operation struct {
	gateway.Operation
	// ID is OpenAPI's operationId: public contract, since generated clients name
	// their methods after it.
	ID string
	// Text says more than the operation's summary, in Markdown; it may be empty.
	Text   string
	Caller Caller
	// Path, Query and Header are parameters, Body the fields of the form.
	Path, Query, Header, Body []Field
	// Members says what other members of the body are, where they are the caller's to name.
	Members string
	// Answers are the ends without a problem, and problems that are told with the status of one.
	Answers []Answer
	// Problems are what the operation itself can be refused with; Wire.Refusals adds
	// those of every request.
	Problems []*problem.Problem
	// Pages are statuses, beside Answers, that are told as an HTML page.
	Pages []int
	// Next are the operations that go on from the answer.
	Next []Next
}

// Caller is a kind of caller, as an operation needs it. Each wire has its own.
type Caller int

// Anybody is whoever asks: the operation needs to know nothing of who calls.
const Anybody Caller = 0

// Credentials are what a kind of caller comes with.
type Credentials struct {
	// Schemes name those of which one is enough; Optional ones may be missing.
	Schemes  []string
	Optional bool
	// Query are the parameters that go with them, Header those of the answers.
	Query, Header []Field
	// Problems are what they can be refused with before the operation has them.
	Problems []*problem.Problem
}

// Scheme is a way to say who calls.
type Scheme struct {
	Name, Text string
	// Bearer is a token in Authorization (RFC 6750); else Key is what is sent, In "cookie" or "header".
	Bearer  bool
	In, Key string
}

// Problems is how a wire tells problems. Statuses and bodies are what Wire makes of
// each problem.
type Problems struct {
	Wire gateway.Wire
	// As are the errors as which a problem is told where its bare self isn't all of them,
	// such as those of fields that have statuses or names of their own; nil for none.
	As func(*problem.Problem) []error
	// List leads, member by member, to the list of faults in the body; Member is that of
	// a fault which says which it is, empty if the fault is that text itself.
	List   []string
	Member string
}

// Field is a parameter or a field of a form.
type Field struct {
	Name, Text string
	Required   bool
	Property
	Example string
	// Shared names the parameter among those of several operations.
	Shared string
}

// Property is what the type alone doesn't say of a value, in the terms of JSON
// Schema. The zero value of Type is what the Go type says, for a Field a string.
type Property struct {
	Type, Format, Pattern string
	Enum                  []string
	// Nullable lets a Field be null.
	Nullable bool
	Text     string
}

// Answer is one way in which an operation ends without a problem.
type Answer struct {
	Status int
	Text   string
	// Body is the type of the JSON body; nil for none, or for what Null, Samples or HTML say.
	Body reflect.Type
	// Null is a body that is JSON's null.
	Null bool
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

// Texts are values of a text type as texts, for Enumerations.
func Texts[T ~string](values ...T) []string {
	all := make([]string, len(values))
	for i, value := range values {
		all[i] = string(value)
	}
	return all
}

// Only is the property of a member that always has this value.
func Only(value string) Property { return Property{Enum: []string{value}} }
