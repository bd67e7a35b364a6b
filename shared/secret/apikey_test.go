package secret

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
)

const keyPrefixOfTests = "test_sk_"

func testKey(t *testing.T, account [16]byte) APIKey {
	t.Helper()
	key, err := NewAPIKey(keyPrefixOfTests, account, rand.NewChaCha8([32]byte{account[15]}))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestR53APIKeyRoundTrip(t *testing.T) {
	for _, account := range [][16]byte{{}, {15: 1}, {0: 1}, {0: 255, 1: 255, 15: 255}} {
		key := testKey(t, account)
		text := key.Reveal()
		if !strings.HasPrefix(text, keyPrefixOfTests) || len(text) != len(keyPrefixOfTests)+50 {
			t.Errorf("%q", text)
		}
		parsed := ParseAPIKey(keyPrefixOfTests, text)
		if parsed.IsZero() || parsed.Account() != account || parsed.Hash() != key.Hash() || parsed.Reveal() != text {
			t.Errorf("%x: %q came back as %x", account, text, parsed.Account())
		}
	}
}

// TestR53APIKeysThatAreNone: whatever isn't letter by letter what was shown is no key.
func TestR53APIKeysThatAreNone(t *testing.T) {
	text := testKey(t, [16]byte{1, 2, 3}).Reveal()
	for i := len(keyPrefixOfTests); i < len(text); i++ {
		for _, other := range []byte{'0', 'z', 'A', '-', 0, 0xff} {
			if changed := text[:i] + string(rune(other)) + text[i+1:]; changed != text && !ParseAPIKey(keyPrefixOfTests, changed).IsZero() {
				t.Errorf("%q is taken, too", changed)
			}
		}
	}
	for _, other := range []string{"", keyPrefixOfTests, text[1:], text + "0", text[:len(text)-1], "live_sk_" + text[len(keyPrefixOfTests):], strings.ToUpper(text),
		keyPrefixOfTests + strings.Repeat("z", 50), " " + text, text + "\n"} {
		if !ParseAPIKey(keyPrefixOfTests, other).IsZero() {
			t.Errorf("%q is a key", other)
		}
	}
	if (APIKey{}).Reveal() != "" || !(APIKey{}).IsZero() {
		t.Error("the zero key has a text")
	}
}

// TestR53APIKeyHashTellsNothing: the hash is of the random bits alone, and no form of a key prints them.
func TestR53APIKeyHashTellsNothing(t *testing.T) {
	key := testKey(t, [16]byte{7})
	if key.Hash() == testKey(t, [16]byte{7, 15: 1}).Hash() || strings.Contains(key.Reveal(), key.Hash()) {
		t.Error("the hash is no hash")
	}
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "key", key)
	text, err := json.Marshal(map[string]any{"key": key})
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb, key)
	}
	out.Write(text)
	secretPart := key.Reveal()[len(keyPrefixOfTests)+22 : len(keyPrefixOfTests)+44]
	if strings.Contains(out.String(), secretPart) || strings.Contains(out.String(), fmt.Sprintf("%x", key.secret.Reveal())) {
		t.Errorf("a key shows itself: %s", out.String())
	}
}

func TestAPIKeyNeedsRandomness(t *testing.T) {
	if _, err := NewAPIKey(keyPrefixOfTests, [16]byte{}, strings.NewReader("short")); err == nil {
		t.Error("a key was made of too little")
	}
}
