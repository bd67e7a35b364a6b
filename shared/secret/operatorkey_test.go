package secret

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// TestR53OperatorKeyIsWellFormed: a prefix for scanners, 256 bits, one text.
func TestR53OperatorKeyIsWellFormed(t *testing.T) {
	ring := testRing(t, 1)
	key := OperatorKey(ring).Reveal()
	if !strings.HasPrefix(key, "dop_") || len(key) != len("dop_")+8+1+43 {
		t.Errorf("%d characters: %q…", len(key), key[:6])
	}
	if !IsOperatorKey(ring, key) || OperatorKey(ring).Reveal() != key {
		t.Error("it isn't its own")
	}
	if IsOperatorKey(testRing(t, 2), key) {
		t.Error("another ring takes it")
	}
}

// TestEveryCharacterOfAnOperatorKeyCounts.
func TestEveryCharacterOfAnOperatorKeyCounts(t *testing.T) {
	ring := testRing(t, 1)
	key := OperatorKey(ring).Reveal()
	for _, changed := range tampered(key) {
		if IsOperatorKey(ring, changed) {
			t.Errorf("%q is taken", changed)
		}
	}
	for _, other := range []string{
		"", "dop_", "dop__", "_", key[4:], strings.ToUpper(key), "dop_" + key, "Bearer " + key,
		OperatorKey(ring).String(), strings.Replace(key, "dop_", "dop_m_", 1),
	} {
		if IsOperatorKey(ring, other) {
			t.Errorf("%q is taken", other)
		}
	}
}

// TestR62OperatorKeysRotateWithTheRing: another one after, and the one before still works.
func TestR62OperatorKeysRotateWithTheRing(t *testing.T) {
	ring := testRing(t, 1)
	later, err := ring.Rotate(rand.NewChaCha8([32]byte{7}), time.Unix(1e6, 0))
	if err != nil {
		t.Fatal(err)
	}
	before, after := OperatorKey(ring).Reveal(), OperatorKey(later).Reveal()
	if before == after || !IsOperatorKey(later, before) || !IsOperatorKey(later, after) || IsOperatorKey(ring, after) {
		t.Error("a rotation makes no other key, or ends the one before")
	}
}
