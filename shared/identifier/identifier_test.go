package identifier

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/doorstep-auth/doorstep/shared/problem"
)

// refusal is the code, field and detail of an error, for one comparison.
func refusal(err error) string {
	var text strings.Builder
	for _, e := range problem.List(err) {
		fmt.Fprintf(&text, "%s (%s) %s", e.Code, e.Param, e.Detail)
	}
	if err != nil && text.Len() == 0 {
		return "not a problem: " + err.Error()
	}
	return strings.TrimSpace(text.String())
}

// R59: no print and no log shows a whole identifier.
func TestR59IdentifiersAreMasked(t *testing.T) {
	cases := []struct {
		id   Identifier
		want string
	}{
		{Identifier{KindEmailAddress, "jane.doe@example.com", "Jane.Doe@example.com"}, "j***@example.com"},
		{Identifier{KindEmailAddress, "j@xn--mnchen-3ya.de", "J@münchen.de"}, "j***@xn--mnchen-3ya.de"},
		{Identifier{KindUsername, "jane", "Jane"}, "J***"},
		{Identifier{KindUsername, "bepa", "вера"}, "в***"},
		{Identifier{KindPhoneNumber, "+15551234589", "+1 (555) 123-4589"}, "+***89"},
		{Identifier{KindWeb3Wallet, "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"}, "0x5a***"},
		{Identifier{}, ""},
	}
	for _, c := range cases {
		if got := c.id.Masked(); got != c.want {
			t.Errorf("Masked() = %q, want %q", got, c.want)
		}
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("", "id", c.id)
		slog.New(slog.NewTextHandler(&log, nil)).Info("", "id", c.id, "list", []Identifier{c.id})
		fmt.Fprintf(&log, "%v %+v %#v %s %q %v", c.id, c.id, c.id, c.id, c.id, []Identifier{c.id})
		for _, whole := range []string{c.id.Canonical, c.id.Display} {
			if whole != "" && strings.Contains(log.String(), whole) {
				t.Errorf("%q stands whole in %s", whole, log.String())
			}
		}
	}
}

// Canonical forms are stored under their kind, and fields carry its name.
func TestKindsArePinned(t *testing.T) {
	got := []Kind{KindEmailAddress, KindUsername, KindPhoneNumber, KindWeb3Wallet}
	want := []Kind{"email_address", "username", "phone_number", "web3_wallet"}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("kind %d is %q, want %q", i, got[i], want[i])
		}
	}
}
