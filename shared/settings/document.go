package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// A node is one JSON value. It keeps what encoding/json would fold away: the
// order of members and their repetition.
type node struct {
	kind    nodeKind
	text    string // of a text, number, true or false
	items   []node
	members []member
}

type member struct {
	name  string
	value node
}

type nodeKind string

// The kinds of node, worded as a person is told of them.
const (
	kindNull    nodeKind = "null"
	kindFlag    nodeKind = "true or false"
	kindNumber  nodeKind = "a number"
	kindText    nodeKind = "text"
	kindList    nodeKind = "a list"
	kindSection nodeKind = "an object"
)

// readDocument returns the document, which must be an object, as a node.
func readDocument(document []byte) (node, Faults) {
	if !utf8.Valid(document) {
		return node{}, Faults{{Text: "the document isn't valid UTF-8"}}
	}
	if !json.Valid(document) {
		err := json.Unmarshal(document, new(any))
		return node{}, Faults{{Text: "the document isn't valid JSON" + position(document, err) + ": " + err.Error()}}
	}
	c := cursor{rest: document}
	root := c.value()
	if root.kind != kindSection {
		return node{}, Faults{{Text: "the document must be an object, not " + string(root.kind)}}
	}
	return root, nil
}

// position words where a fault of syntax is, as people count: from one.
func position(document []byte, err error) string {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return ""
	}
	before := document[:max(0, min(int(syntax.Offset)-1, len(document)))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return fmt.Sprintf(" at line %d, column %d", line, column)
}

// A cursor reads JSON that encoding/json has found valid, so it needs no checks
// of its own. The library's own tokens cost several times as much, at every
// start of a function.
type cursor struct{ rest []byte }

// peek is the next byte that isn't space, a comma or a colon.
func (c *cursor) peek() byte {
	c.rest = bytes.TrimLeft(c.rest, " \t\r\n,:")
	return c.rest[0]
}

// take cuts the first length bytes off.
func (c *cursor) take(length int) []byte {
	taken := c.rest[:length]
	c.rest = c.rest[length:]
	return taken
}

func (c *cursor) value() node {
	switch c.peek() {
	case '{':
		return c.section()
	case '[':
		return c.list()
	case '"':
		return node{kind: kindText, text: c.text()}
	case 'n':
		c.take(len("null"))
		return node{kind: kindNull}
	case 't':
		return node{kind: kindFlag, text: string(c.take(len("true")))}
	case 'f':
		return node{kind: kindFlag, text: string(c.take(len("false")))}
	}
	length := len(c.rest) - len(bytes.TrimLeft(c.rest, "+-.0123456789Ee"))
	return node{kind: kindNumber, text: string(c.take(length))}
}

func (c *cursor) section() node {
	section := node{kind: kindSection}
	c.take(1)
	for c.peek() != '}' {
		name := c.text()
		section.members = append(section.members, member{name, c.value()})
	}
	c.take(1)
	return section
}

func (c *cursor) list() node {
	list := node{kind: kindList}
	c.take(1)
	for c.peek() != ']' {
		list.items = append(list.items, c.value())
	}
	c.take(1)
	return list
}

func (c *cursor) text() string {
	end, escaped := 1, false
	for ; c.rest[end] != '"'; end++ {
		if c.rest[end] == '\\' {
			escaped = true
			end++
		}
	}
	quoted := c.take(end + 1)
	if !escaped {
		return string(quoted[1:end])
	}
	var text string
	if err := json.Unmarshal(quoted, &text); err != nil {
		panic("settings: " + err.Error())
	}
	return text
}
