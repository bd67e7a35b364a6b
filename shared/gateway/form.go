package gateway

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/url"
	"unicode/utf8"

	"github.com/doorstep-auth/doorstep/shared/problem"
)

// Form is a request body as fields: a form, or a JSON object whose strings stand
// for themselves and whose other values stand for their JSON text. null and the
// empty string mean "not supplied".
type Form struct {
	values map[string][]string
	// untextual are the members of a JSON object that are neither strings nor null.
	untextual map[string]bool
	// members are those of a JSON object as they are.
	members map[string]json.RawMessage
}

func (f Form) first(name string) string {
	if len(f.values[name]) == 0 {
		return ""
	}
	return f.values[name][0]
}

// Fields reads a form field by field and gathers what is wrong with them.
type Fields struct {
	form   Form
	Faults problem.Errors
}

// Fields begins to read the form.
func (r *Request) Fields() *Fields { return &Fields{form: r.Form} }

// Text is the field called name, or "" if it isn't supplied or faulty. longest is in bytes.
func (f *Fields) Text(name string, longest int) string {
	given := f.form.values[name]
	switch {
	case len(given) == 0:
		return ""
	case len(given) > 1:
		f.fault(problem.ParamDuplicate.On(name))
	case len(given[0]) > longest:
		f.fault(problem.ParamTooLong.On(name).Detailed("At most %d bytes are accepted.", longest))
	case !utf8.ValidString(given[0]):
		f.fault(problem.ParamValueInvalid.On(name).Detailed("It isn't valid UTF-8."))
	default:
		return given[0]
	}
	return ""
}

// String is Text for a field that must be a string where the body is JSON.
func (f *Fields) String(name string, longest int) string {
	if f.form.untextual[name] {
		f.fault(problem.ParamTypeInvalid.On(name).Detailed("It must be a string."))
		return ""
	}
	return f.Text(name, longest)
}

// Members are all members of a JSON object, as they are; a repeated one is a fault.
func (f *Fields) Members() map[string]json.RawMessage {
	for name := range f.form.members {
		if len(f.form.values[name]) > 1 {
			f.fault(problem.ParamDuplicate.On(name))
		}
	}
	return f.form.members
}

// Has reports whether the field called name is supplied and not empty.
func (f *Fields) Has(name string) bool { return f.form.first(name) != "" }

// Bool is the field called name, false if it isn't supplied or faulty.
func (f *Fields) Bool(name string) bool {
	switch f.Text(name, len("false")) {
	case "true":
		return true
	case "", "false":
		return false
	}
	f.fault(problem.ParamTypeInvalid.On(name).Detailed("It must be true or false."))
	return false
}

func (f *Fields) fault(e *problem.Error) { f.Faults = append(f.Faults, e) }

// parseJSONOnly reads body as JSON whatever the content type says; null is an empty object.
func parseJSONOnly(body []byte) (Form, error) {
	if string(bytes.TrimSpace(body)) == "null" {
		return Form{}, nil
	}
	return parseJSONForm(body)
}

// parseForm reads body. A missing content type is taken for a form, as
// curl-like callers leave it out.
func parseForm(contentType string, body []byte) (Form, error) {
	mediaType, params, err := mime.ParseMediaType(contentType)
	if contentType == "" {
		mediaType, err = "application/x-www-form-urlencoded", nil
	}
	if charset := params["charset"]; err != nil || (charset != "" && !isUTF8(charset)) {
		return Form{}, problem.ContentType.New()
	}
	switch mediaType {
	case "application/x-www-form-urlencoded":
		values, err := url.ParseQuery(string(body))
		if err != nil {
			return Form{}, problem.BodyInvalid.New().Detailed("It isn't a well-formed form.")
		}
		return Form{values: values}, nil
	case "application/json":
		return parseJSONForm(body)
	}
	return Form{}, problem.ContentType.New()
}

func isUTF8(charset string) bool {
	return bytes.EqualFold([]byte(charset), []byte("utf-8")) || bytes.EqualFold([]byte(charset), []byte("utf8"))
}

// parseJSONForm reads a JSON object token by token, so that a repeated member is seen.
func parseJSONForm(body []byte) (Form, error) {
	if !utf8.Valid(body) { // else the decoder would put another character in place
		return Form{}, problem.BodyInvalid.New().Detailed("It isn't valid UTF-8.")
	}
	malformed := problem.BodyInvalid.New().Detailed("It isn't a JSON object.")
	decoder := json.NewDecoder(bytes.NewReader(body))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return Form{}, malformed
	}
	form := Form{values: map[string][]string{}, untextual: map[string]bool{}, members: map[string]json.RawMessage{}}
	for decoder.More() {
		name, err := decoder.Token()
		var value json.RawMessage
		if err != nil || decoder.Decode(&value) != nil {
			return Form{}, malformed
		}
		key := name.(string) // a member's name is a string in every object
		text, textual := fieldOf(value)
		form.values[key], form.members[key] = append(form.values[key], text), value
		if !textual {
			form.untextual[key] = true
		}
	}
	if _, err := decoder.Token(); err != nil {
		return Form{}, malformed
	}
	if _, err := decoder.Token(); err != io.EOF {
		return Form{}, malformed
	}
	return form, nil
}

func fieldOf(value json.RawMessage) (text string, textual bool) {
	if json.Unmarshal(value, &text) == nil { // null leaves it empty
		return text, true
	}
	return string(value), false
}

// Require notes a problem for each field of names that isn't there, and returns all that
// is wrong with the fields that were read so far.
func (f *Fields) Require(names ...string) error {
	for _, name := range names {
		if !f.Has(name) {
			f.Faults = append(f.Faults, problem.ParamMissing.On(name))
		}
	}
	return f.Faults.Err()
}
