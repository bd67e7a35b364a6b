package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestReadTakesQuotedDomainsOnly(t *testing.T) {
	got, err := read([]byte("x = 1\nblocklist = {\n    'b.com',\n    'a.co.uk',\n    'b.com'\n}\n"))
	if err != nil || strings.Join(got, " ") != "a.co.uk b.com" {
		t.Errorf("%q %v", got, err)
	}
	for _, module := range []string{
		"", "blocklist = {\n    'a.com',\n", "blocklist = {\n    __import__('os'),\n}", "blocklist = {\n    'A.com',\n}",
		"blocklist = {\n    'com',\n}", "blocklist = {\n    'a..com',\n}", "blocklist = {\n    'a.com' 'b.com',\n}",
	} {
		if got, err := read([]byte(module)); err == nil {
			t.Errorf("%q is read as %q", module, got)
		}
	}
}

// TestR22ListOfEverybodysProviderIsRefused: a list that would shut ordinary people out isn't taken.
func TestR22ListOfEverybodysProviderIsRefused(t *testing.T) {
	good := make([]string, fewest)
	for i := range good {
		good[i] = fmt.Sprintf("d%d.example", i)
	}
	if err := sound(good); err != nil {
		t.Fatal(err)
	}
	with := func(domain string) []string { return append(slices.Clone(good), domain) }
	for name, list := range map[string][]string{
		"short": good[1:], "a provider": with("gmail.com"), "what lies above one": with("appleid.com"), "long": make([]string, most+1),
	} {
		if sound(list) == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
