package settings

import (
	"bytes"
	"embed"
	"reflect"
	"strings"
)

//go:embed profiles/*.json
var profiles embed.FS

// Parse reads a settings document: a JSON object that stands over the defaults,
// or over the profile that it names. Objects merge, everything else replaces. An
// empty document gives the defaults. The error is of type Faults and holds all
// that is wrong: syntax, repeated and unknown keys, types, values, and rules
// between keys.
func Parse(document []byte) (*Settings, error) {
	document = bytes.TrimSpace(document)
	if len(document) == 0 {
		return Default(), nil
	}
	root, faults := readDocument(document)
	if len(faults) > 0 {
		return nil, faults
	}
	s, faults := foundation(root)
	a := applier{faults: faults}
	a.section("", root, reflect.ValueOf(s).Elem())
	c := check{faults: a.faults}
	s.check(&c)
	if err := c.faults.err(); err != nil {
		return nil, err
	}
	return s, nil
}

// Load reads a settings document or, where text is a bare name, that profile
// alone. Errors are those of Parse.
func Load(text string) (*Settings, error) {
	text = strings.TrimSpace(text)
	if text == "" || text[0] == '{' {
		return Parse([]byte(text))
	}
	s, faults := withProfile(text)
	if len(faults) > 0 {
		faults[0] = Fault{Text: quote(text) + " is neither a JSON object nor a profile (" + knownProfiles() + ")"}
		return nil, faults
	}
	return s, nil
}

// Profiles lists the names of the built-in profiles.
func Profiles() []string {
	entries, err := profiles.ReadDir("profiles")
	if err != nil {
		panic("settings: " + err.Error())
	}
	names := make([]string, 0, len(entries))
	for _, entry := range entries {
		names = append(names, strings.TrimSuffix(entry.Name(), ".json"))
	}
	return names
}

func knownProfiles() string { return "known: " + strings.Join(Profiles(), ", ") }

// foundation returns what the document builds on: the profile that it names, or the defaults.
func foundation(root node) (*Settings, Faults) {
	for _, m := range root.members {
		if m.name == "profile" && m.value.kind == kindText && m.value.text != "" {
			return withProfile(m.value.text)
		}
	}
	return Default(), nil
}

// withProfile returns the defaults under a profile, or the defaults alone and the fault that there is none.
func withProfile(name string) (*Settings, Faults) {
	s := Default()
	document, err := profiles.ReadFile("profiles/" + name + ".json")
	if err != nil || !plainKey(name) {
		return s, Faults{{Key: "profile", Text: quote(name) + " isn't a profile (" + knownProfiles() + ")"}}
	}
	root, faults := readDocument(document)
	a := applier{faults: faults}
	a.section("", root, reflect.ValueOf(s).Elem())
	if len(a.faults) > 0 {
		panic("profile " + name + ": " + a.faults.Error())
	}
	s.Profile = name
	return s, nil
}
