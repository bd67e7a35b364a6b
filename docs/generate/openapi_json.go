package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
)

// An ordered is a JSON object whose members keep their order.
type ordered []member

type member struct {
	name  string
	value any
}

// MarshalJSON writes the members in their order.
func (o ordered) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			out.WriteByte(',')
		}
		name, err := encode(m.name)
		if err != nil {
			return nil, err
		}
		value, err := encode(m.value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		out.Write(name)
		out.WriteByte(':')
		out.Write(value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

func encode(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSpace(out.Bytes()), err
}

// add appends a member unless its value is empty.
func (o *ordered) add(name string, value any) {
	switch v := value.(type) {
	case nil:
		return
	case string:
		if v == "" {
			return
		}
	case ordered:
		if len(v) == 0 {
			return
		}
	case []any:
		if len(v) == 0 {
			return
		}
	}
	*o = append(*o, member{name, value})
}

// indented is the text of a document.
func indented(value any) ([]byte, error) {
	text, err := encode(value)
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	err = json.Indent(&page, text, "", "  ")
	page.WriteByte('\n')
	return listOfScalars.ReplaceAllFunc(page.Bytes(), func(list []byte) []byte {
		return indentation.ReplaceAll(list, []byte(" "))
	}), err
}

// A list of texts stands on one line.
var (
	listOfScalars = regexp.MustCompile(`\[(\n *("([^"\\]|\\.)*"|null|\d+),?)+\n *\]`)
	indentation   = regexp.MustCompile(`\n *`)
)
