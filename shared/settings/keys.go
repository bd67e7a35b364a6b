package settings

import (
	"encoding/json"
	"reflect"
	"strings"
)

// Key describes one key of the document, for its documentation.
type Key struct {
	Name     string // full key such as "password.min_length"
	Sentence string // what it means
	Accepts  string // what it may hold, in words (Markdown)
	Default  string // JSON text; empty for a section
	Section  bool   // whether it only holds other keys
}

// Keys lists every key in the order of the declaration, a section before its
// keys. What each accepts comes from the checks themselves.
func Keys() []Key {
	c := check{values: map[string]string{}}
	s := Default()
	s.check(&c)
	c.accepts("profile", "`"+strings.Join(Profiles(), "`, `")+"`")
	return keysOf(reflect.ValueOf(*s), "", c.values)
}

func keysOf(section reflect.Value, parent string, accepts map[string]string) []Key {
	var keys []Key
	for i, name := range namesOf(section.Type()) {
		value := section.Field(i)
		key := Key{Name: join(parent, name), Sentence: section.Type().Field(i).Tag.Get("doc")}
		if value.Kind() == reflect.Struct {
			key.Section = true
			keys = append(append(keys, key), keysOf(value, key.Name, accepts)...)
			continue
		}
		key.Accepts = accepts[key.Name]
		if value.Kind() == reflect.Bool {
			key.Accepts = "`true`, `false`"
		}
		text, err := json.Marshal(value.Interface())
		if err != nil {
			panic("settings: " + key.Name + ": " + err.Error())
		}
		key.Default = string(text)
		keys = append(keys, key)
	}
	return keys
}
