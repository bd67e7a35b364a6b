package settings_test

import (
	"testing"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// What username.scripts may name is what usernames can be written in (R30).
func TestR30ScriptsAreServed(t *testing.T) {
	names := map[string]string{
		"Armenian": "անուն", "Cyrillic": "иванов", "Georgian": "სახელი", "Greek": "νικολαοσ", "Latin": "ångström",
	}
	for _, script := range settings.Scripts() {
		policy := settings.Default().Username
		policy.Scripts = []string{script}
		if _, err := identifier.ParseUsername(names[script], policy); err != nil {
			t.Errorf("%s: %q is refused: %v", script, names[script], err)
		}
	}
	if len(names) != len(settings.Scripts()) {
		t.Errorf("%d scripts but %d sample names", len(settings.Scripts()), len(names))
	}
}
