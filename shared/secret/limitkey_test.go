package secret

import (
	"bytes"
	"testing"
)

// TestR59LimitKeysAreKeyed: what is stored of an address or source says nothing
// without the secret, and differs from limit to limit.
func TestR59LimitKeysAreKeyed(t *testing.T) {
	one, other := MACKey{Key: bytes.Repeat([]byte{1}, 32)}, MACKey{Key: bytes.Repeat([]byte{2}, 32)}
	name := LimitKey(one, "mails", "ada@example.com")
	if len(name) != 16 || !bytes.Equal(name, LimitKey(one, "mails", "ada@example.com")) {
		t.Fatalf("%x", name)
	}
	for what, different := range map[string][]byte{
		"another key": LimitKey(other, "mails", "ada@example.com"), "another limit": LimitKey(one, "creates", "ada@example.com"),
		"another subject": LimitKey(one, "mails", "eve@example.com"), "bytes moved": LimitKey(one, "mailsa", "da@example.com"),
	} {
		if bytes.Equal(name, different) {
			t.Errorf("%s gives the same name", what)
		}
	}
}
