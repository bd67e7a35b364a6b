// Package nativesdk knows what the models of the Kotlin and Swift SDKs need of an answer. Those SDKs can't run here; a member that is missing, null or
// of another kind makes them drop the whole answer.
package nativesdk

import (
	_ "embed" // required.txt
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// required.txt has a row for each member that a model decodes, in the SDKs of August 2026; its first line says how to read it.
//
//go:embed required.txt
var required string

type row struct{ sdk, resource, path, kind string }

// rows has the table by resource.
var rows = sync.OnceValue(func() map[string][]row {
	all := map[string][]row{}
	for line := range strings.Lines(required) {
		columns := strings.Fields(line)
		if strings.HasPrefix(line, "#") {
			continue
		}
		if len(columns) != 4 {
			panic("nativesdk: not a row: " + line)
		}
		r := row{columns[0], columns[1], columns[2], columns[3]}
		all[r.resource] = append(all[r.resource], r)
	}
	return all
})

// Resources are those of the table.
func Resources() []string { return slices.Sorted(maps.Keys(rows())) }

// Check walks a decoded JSON answer and holds each resource in it against the table. native says that a native SDK asked: the envelope is then checked, too.
// faults are what such an SDK couldn't decode; seen counts the resources.
func Check(body any, native bool) (faults []string, seen map[string]int) {
	w := walk{native: native, seen: map[string]int{}}
	w.value("", "", body)
	return w.faults, w.seen
}

type walk struct {
	native bool
	faults []string
	seen   map[string]int
}

// value looks at a value that is the member called name, or in the list of that name.
func (w *walk) value(where, name string, value any) {
	switch value := value.(type) {
	case []any:
		for i, element := range value {
			w.value(fmt.Sprintf("%s.%d", where, i), name, element)
		}
	case map[string]any:
		if strings.HasSuffix(name, "_metadata") {
			return // people's own
		}
		if resource := w.resource(name, value); resource != "" {
			w.seen[resource]++
			for _, r := range rows()[resource] {
				w.member(r, where, value, strings.Split(r.path, "."))
			}
		}
		for _, member := range slices.Sorted(maps.Keys(value)) {
			w.value(where+"."+member, member, value[member])
		}
	}
}

// byObject are the resources that say what they are.
var byObject = map[string]string{
	"sign_up_attempt": "signup", "client": "client", "session": "session", "user": "user", "token": "token",
	"email_address": "email_address", "phone_number": "phone_number",
}

// resource is the table's name of the resource that object is, or "".
func (w *walk) resource(name string, object map[string]any) string {
	kind, _ := object["object"].(string)
	_, isEnvelope := object["response"]
	_, isErrors := object["errors"]
	_, isEnvironment := object["user_settings"]
	switch {
	case byObject[kind] != "":
		return byObject[kind]
	case strings.HasPrefix(kind, "verification_"):
		return "verification"
	case name == "public_user_data":
		return name
	case name == "errors", name == "error":
		return "error"
	case name != "":
		return ""
	case isErrors:
		return "errors"
	case isEnvironment:
		return "environment"
	case isEnvelope && w.native:
		return "envelope"
	}
	return ""
}

// member holds the members under path against the row.
func (w *walk) member(r row, where string, value any, path []string) {
	if len(path) == 0 {
		if kind := strings.TrimRight(r.kind, "?~"); !is(value, kind) && (value != nil || kind == r.kind) {
			w.faults = append(w.faults, fmt.Sprintf("%s %s%s is %s, not %s", r.sdk, r.resource, where, KindOf(value), r.kind))
		}
		return
	}
	holder, _ := value.(map[string]any)
	if path[0] == "*" {
		for name, member := range holder {
			w.member(r, where+"."+name, member, path[1:])
		}
		return
	}
	member, found := holder[path[0]]
	if !found && !strings.HasSuffix(r.kind, "~") {
		w.faults = append(w.faults, fmt.Sprintf("%s %s%s.%s is missing", r.sdk, r.resource, where, strings.Join(path, ".")))
	}
	if found {
		w.member(r, where+"."+path[0], member, path[1:])
	}
}

func is(value any, kind string) bool {
	element, isList := strings.CutSuffix(kind, "s")
	switch {
	case kind == "any":
		return value != nil
	case !isList:
		return KindOf(value) == kind
	}
	list, ok := value.([]any)
	for _, one := range list {
		ok = ok && KindOf(one) == element
	}
	return ok
}

// KindOf is what a decoded JSON value is, as the table words it: null, flag, number,
// text, list or object.
func KindOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "flag"
	case float64:
		return "number"
	case string:
		return "text"
	case []any:
		return "list"
	}
	return "object"
}
