// Package problem declares every error that a caller can be told of, once, with
// its code, its HTTP status and its text. What isn't declared here is a fault of
// ours: the gateway answers it with Internal and logs it whole.
package problem

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Problem is a declared error. The code is public contract: a test pins it.
type Problem struct {
	Code   string
	Status int
	// Text is one sentence for a person; {param} stands for the field's name in words, {detail} for Error.Detail.
	Text string
}

// Error is a Problem that happened, with the field it is about.
type Error struct {
	*Problem
	Param  string         // snake_case field name, or empty
	Detail string         // replaces {detail} in the text
	Meta   map[string]any // more for the caller, never a secret
	// RetryAfter is seconds to wait before another try, 0 if waiting doesn't help.
	RetryAfter int
	// Quotas are the rate limits that the request is under, if it ran into one.
	Quotas []Quota
}

// Errors are several faults of one request, one per field.
type Errors []*Error

var declared []*Problem

func define(status int, code, text string) *Problem {
	p := &Problem{Code: code, Status: status, Text: text}
	declared = append(declared, p)
	return p
}

// All returns every declared problem, sorted by code.
func All() []*Problem {
	return slices.SortedFunc(slices.Values(declared), func(a, b *Problem) int { return strings.Compare(a.Code, b.Code) })
}

// New is the problem without a field.
func (p *Problem) New() *Error { return &Error{Problem: p} }

// On is the problem with the field param.
func (p *Problem) On(param string) *Error { return &Error{Problem: p, Param: param} }

// Detailed sets the detail of the text.
func (e *Error) Detailed(format string, args ...any) *Error {
	e.Detail = fmt.Sprintf(format, args...)
	return e
}

// With adds one entry to Meta.
func (e *Error) With(key string, value any) *Error {
	if e.Meta == nil {
		e.Meta = map[string]any{}
	}
	e.Meta[key] = value
	return e
}

// After sets RetryAfter, in whole seconds, at least one.
func (e *Error) After(seconds int) *Error {
	e.RetryAfter = max(1, seconds)
	return e
}

// Error names the code and field for logs.
func (e *Error) Error() string {
	if e.Param == "" {
		return e.Code
	}
	return e.Code + " (" + e.Param + ")"
}

// Error names every fault for logs.
func (es Errors) Error() string {
	text := ""
	for i, e := range es {
		if i > 0 {
			text += ", "
		}
		text += e.Error()
	}
	return text
}

// Err is nil when there are no faults.
func (es Errors) Err() error {
	if len(es) == 0 {
		return nil
	}
	return es
}

// List returns the declared errors in err, or nil if it is a fault of ours.
func List(err error) Errors {
	var several Errors
	if errors.As(err, &several) {
		return several
	}
	var one *Error
	if errors.As(err, &one) {
		return Errors{one}
	}
	return nil
}

// Has reports whether err holds p.
func Has(err error, p *Problem) bool {
	for _, e := range List(err) {
		if e.Problem == p {
			return true
		}
	}
	return false
}

// Message is the text for a person, with the field in words.
func (e *Error) Message() string {
	words := strings.ReplaceAll(e.Param, "_", " ")
	if words == "" {
		words = "the value"
	}
	text := strings.NewReplacer("{param}", words, "{detail}", e.Detail).Replace(e.Text)
	text = strings.TrimSpace(text)
	if text == "" {
		return e.Code // a text that is all detail, without one
	}
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}
