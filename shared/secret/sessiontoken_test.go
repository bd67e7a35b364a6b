package secret

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func testRing(t testing.TB, seed byte) *Keyring {
	t.Helper()
	ring, err := NewKeyring(rand.NewChaCha8([32]byte{seed}), time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func testSessionToken(ring *Keyring, use string, generation uint64) SessionToken {
	return DeriveSessionToken(ring.Current(), use, [16]byte(counting(1)), [16]byte(counting(2)), generation)
}

// A golden value, computed apart with another HMAC implementation: a token outlives
// the deployment that made it.
func TestSessionTokenIsPinned(t *testing.T) {
	const token = "AQIDBAUGBwgJCgsMDQ4PEAIDBAUGBwgJCgsMDQ4PEBEAAAAAAAAAB86fdlYVJsRJ7fNOAaQvqh1WsLhnwNs9mEBfDjyaU3ph.abcDEF12"
	if got := DeriveSessionToken(codeKey, RefreshUse, [16]byte(counting(1)), [16]byte(counting(2)), 7).Reveal(); got != token {
		t.Errorf("the refresh token is %s", got)
	}
}

func TestSessionTokenRevealParseIsTheIdentity(t *testing.T) {
	ring := testRing(t, 1)
	for _, use := range []string{RefreshUse, BearerUse} {
		for _, generation := range []uint64{0, 1, 255, 1 << 40, 1<<63 - 1} {
			token := testSessionToken(ring, use, generation)
			again := ParseSessionToken(token.Reveal())
			if !again.Genuine(ring, use) || again.User() != token.User() || again.Session() != token.Session() ||
				again.Generation() != int64(generation) || again.Reveal() != token.Reveal() {
				t.Fatalf("%s, %d: %s came back as %s", use, generation, token.Reveal(), again.Reveal())
			}
		}
	}
}

// R48: 256 bits of a keyed MAC, of which nothing is stored.
func TestR48SessionTokenIs256Bits(t *testing.T) {
	encoded, keyID, _ := strings.Cut(testSessionToken(testRing(t, 1), RefreshUse, 0).Reveal(), ".")
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || len(raw) != 16+16+8+32 || len(encoded) != 96 || len(keyID) != 8 {
		t.Errorf("%d bytes in %d characters under the key %q (%v)", len(raw), len(encoded), keyID, err)
	}
}

// TestR44SessionTokensAreBoundToAllThatTheySay: to their use, ring, user, session and generation.
func TestR44SessionTokensAreBoundToAllThatTheySay(t *testing.T) {
	ring := testRing(t, 1)
	token := testSessionToken(ring, RefreshUse, 3)
	if !token.Genuine(ring, RefreshUse) || token.Genuine(ring, BearerUse) || testSessionToken(ring, BearerUse, 3).Genuine(ring, RefreshUse) {
		t.Error("a token isn't for its one use")
	}
	if token.Genuine(testRing(t, 2), RefreshUse) {
		t.Error("another ring takes it")
	}
	sameID := token
	sameID.mac = DeriveSessionToken(MACKey{ID: token.keyID, Key: bytes.Repeat([]byte{9}, 32)}, RefreshUse, token.user, token.session, 3).mac
	for name, forge := range map[string]func(*SessionToken){
		"user": func(t *SessionToken) { t.user[0]++ }, "session": func(t *SessionToken) { t.session[15]++ },
		"swapped": func(t *SessionToken) { t.user, t.session = t.session, t.user }, "generation": func(t *SessionToken) { t.generation++ },
		"key": func(t *SessionToken) { *t = sameID }, "no MAC": func(t *SessionToken) { t.mac = Text{} },
	} {
		forged := token
		forge(&forged)
		if forged.Genuine(ring, RefreshUse) {
			t.Errorf("another %s is taken", name)
		}
	}
	if (SessionToken{}).Genuine(ring, RefreshUse) || (SessionToken{}).Reveal() != "" || !(SessionToken{}).IsZero() {
		t.Error("the zero token is something")
	}
}

// TestR44EveryCharacterOfASessionTokenCounts: changed in any place, it is no token.
func TestR44EveryCharacterOfASessionTokenCounts(t *testing.T) {
	ring := testRing(t, 1)
	text := testSessionToken(ring, RefreshUse, 5).Reveal()
	for _, changed := range tampered(text) {
		if ParseSessionToken(changed).Genuine(ring, RefreshUse) {
			t.Errorf("%q is taken", changed)
		}
	}
	for name, other := range map[string]string{
		"nothing": "", "a dot": ".", "padding": strings.Replace(text, ".", "=.", 1), "a key's whole id": strings.Replace(text, ".", ".m_", 1),
		"inner line": text[:40] + "\n" + text[40:], "another part": text + ".x", "what a print leaves": testSessionToken(ring, RefreshUse, 5).String(),
	} {
		if !ParseSessionToken(other).IsZero() {
			t.Errorf("%s: %q is a token", name, other)
		}
	}
}

// tampered are all texts that differ from text in one place.
func tampered(text string) (all []string) {
	for i := range len(text) {
		for _, other := range []byte{'0', 'A', 'B', 'z', '-', '_', '.', '=', ' ', '\n', 0} {
			if other != text[i] {
				all = append(all, text[:i]+string(other)+text[i+1:])
			}
		}
		all = append(all, text[:i]+text[i+1:], text[:i]+"A"+text[i:], text[:i]+"\n"+text[i:])
	}
	return append(all, text+"A", text+"\n", " "+text)
}

// A rotated ring takes the tokens of its earlier keys and makes others.
func TestSessionTokensOutliveARotation(t *testing.T) {
	ring := testRing(t, 1)
	before := testSessionToken(ring, RefreshUse, 1)
	later, err := ring.Rotate(rand.NewChaCha8([32]byte{7}), time.Unix(1e6, 0))
	if err != nil {
		t.Fatal(err)
	}
	after := testSessionToken(later, RefreshUse, 1)
	if !before.Genuine(later, RefreshUse) || !after.Genuine(later, RefreshUse) || after.Genuine(ring, RefreshUse) {
		t.Error("a rotation ends sessions, or doesn't change the key")
	}
}

// Parse then Reveal is the identity on all that Parse accepts, and no bytes make it panic.
func FuzzParseSessionToken(f *testing.F) {
	ring := testRing(f, 1)
	good := testSessionToken(ring, RefreshUse, 0).Reveal()
	for _, seed := range []string{"", ".", good, good[:60], strings.ToUpper(good), good + "=", "\x00" + good, good + "\n", strings.Repeat("A", 96) + ".00000000"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		token := ParseSessionToken(text)
		if !token.IsZero() && token.Reveal() != text {
			t.Errorf("%q was read as %q", text, token.Reveal())
		}
		if token.Genuine(ring, RefreshUse) && text != good {
			t.Errorf("%q is genuine", text)
		}
	})
}
