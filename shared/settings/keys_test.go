package settings

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every field has a key and a sentence, every key says what it accepts, and its default is the one in force.
func TestKeysDescribeEveryField(t *testing.T) {
	keys := Keys()
	byName := map[string]Key{}
	for _, key := range keys {
		if _, twice := byName[key.Name]; twice {
			t.Errorf("%s is declared twice", key.Name)
		}
		byName[key.Name] = key
		if len(key.Sentence) < 5 || !strings.HasSuffix(key.Sentence, ".") || strings.Contains(key.Sentence, "|") {
			t.Errorf("%s has no sentence: %q", key.Name, key.Sentence)
		}
		if !key.Section && (key.Accepts == "" || key.Default == "" || strings.Contains(key.Accepts, "|")) {
			t.Errorf("%s doesn't say what it accepts (%q) or its default (%q)", key.Name, key.Accepts, key.Default)
		}
	}
	if fields := countFields(reflect.TypeFor[Settings]()); fields != len(keys) {
		t.Errorf("%d fields but %d keys", fields, len(keys))
	}
}

func countFields(section reflect.Type) int {
	count := 0
	for i := range section.NumField() {
		count++
		if field := section.Field(i); field.Type.Kind() == reflect.Struct {
			count += countFields(field.Type)
		}
	}
	return count
}

// A rule that names no declared key would blame a setting that doesn't exist.
func TestRulesNameDeclaredKeys(t *testing.T) {
	declared := map[string]bool{}
	for _, key := range Keys() {
		declared[key.Name] = true
	}
	c := check{values: map[string]string{}}
	Default().check(&c)
	for key := range c.values {
		if name, _, _ := strings.Cut(key, "["); !declared[name] {
			t.Errorf("a rule is about %s, which isn't a key", key)
		}
	}
	new(Settings).check(&c)
	for _, fault := range c.faults {
		if !declared[fault.Key] {
			t.Errorf("a fault is about %s, which isn't a key", fault.Key)
		}
	}
}

// Each default can be written into a document and changes nothing.
func TestDefaultsCanBeWritten(t *testing.T) {
	for _, key := range Keys() {
		if key.Section {
			continue
		}
		document := key.Default
		parts := strings.Split(key.Name, ".")
		for i := len(parts) - 1; i >= 0; i-- {
			document = `{"` + parts[i] + `":` + document + `}`
		}
		if !json.Valid([]byte(document)) {
			t.Errorf("%s isn't JSON", document)
		}
		s, err := Parse([]byte(document))
		if diff := cmp.Diff(Default(), s); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", document, err, diff)
		}
	}
}

func TestAttributeNamesAreTheDeclaredOnes(t *testing.T) {
	var declared []string
	attributes := reflect.TypeFor[Attributes]()
	for i := range attributes.NumField() {
		declared = append(declared, attributes.Field(i).Tag.Get("json"))
	}
	if diff := cmp.Diff(declared, AttributeNames()); diff != "" {
		t.Errorf("(-declared +AttributeNames):\n%s", diff)
	}
}
