package secret

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

var keyringMoment = time.UnixMilli(1_767_225_600_123)

func testRandom(seed byte) io.Reader { return rand.NewChaCha8([32]byte{seed}) }

func testKeyring(t *testing.T, rotations int) *Keyring {
	t.Helper()
	random := testRandom(1)
	ring, err := NewKeyring(random, keyringMoment)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rotations {
		if ring, err = ring.Rotate(random, keyringMoment.Add(time.Duration(i+1)*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	return ring
}

// R62: an old key verifies for ever, whatever is current.
func TestR62OldKeysVerifyAfterRotation(t *testing.T) {
	random := testRandom(1)
	ring, err := NewKeyring(random, keyringMoment)
	if err != nil {
		t.Fatal(err)
	}
	var made []MACKey
	for i := range 50 {
		before := ring
		made = append(made, ring.Current())
		if ring, err = ring.Rotate(random, keyringMoment.Add(time.Duration(i)*24*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if before.Current().ID != made[i].ID || ring.Current().ID == made[i].ID {
			t.Fatalf("rotation %d: the old ring changed or the new one did not", i)
		}
	}
	for _, old := range made {
		got, found := ring.ByID(old.ID)
		if !found || !bytes.Equal(got.Sum("test", []byte("x")), old.Sum("test", []byte("x"))) {
			t.Errorf("%s no longer verifies", old.ID)
		}
	}
	if _, found := ring.ByID("m_00000000"); found {
		t.Error("an unknown id found a key")
	}
}

func TestKeyringParseMarshalIdentity(t *testing.T) {
	for rotations := range 4 {
		ring := testKeyring(t, rotations)
		document, err := json.Marshal(ring)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := ParseKeyring(document)
		if err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(parsed)
		if err != nil || !bytes.Equal(document, again) {
			t.Errorf("parse and marshal changed the document (%v)", err)
		}
		if !bytes.Equal(parsed.Current().Key, ring.Current().Key) {
			t.Error("the current key changed")
		}
	}
}

func TestParseKeyringRefuses(t *testing.T) {
	const good = `{"id":"m_abcDEF12","key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","created_at":1}`
	cases := map[string]string{
		"nothing":            ``,
		"not JSON":           `keys`,
		"no keys":            `{"keys":[]}`,
		"empty object":       `{}`,
		"null":               `null`,
		"trailing text":      `{"keys":[` + good + `]} {}`,
		"unknown field":      `{"keys":[` + good + `],"kez":1}`,
		"repeated id":        `{"keys":[` + good + `,` + good + `]}`,
		"short key":          `{"keys":[` + strings.Replace(good, "AAAAAAAA", "AAAA", 1) + `]}`,
		"no key":             `{"keys":[{"id":"m_abcDEF12","created_at":1}]}`,
		"id without prefix":  `{"keys":[` + strings.Replace(good, "m_abc", "k_abc", 1) + `]}`,
		"id too short":       `{"keys":[` + strings.Replace(good, "m_abc", "m_ab", 1) + `]}`,
		"id with a bad sign": `{"keys":[` + strings.Replace(good, "m_abc", "m_ab#", 1) + `]}`,
		"key not base64":     `{"keys":[` + strings.Replace(good, "AAAA", "!!!!", 1) + `]}`,
	}
	if _, err := ParseKeyring([]byte(`{"keys":[` + good + `]}`)); err != nil {
		t.Fatalf("the good document was refused: %v", err)
	}
	for name, document := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := ParseKeyring([]byte(document))
			if err == nil {
				t.Fatal("accepted")
			}
			if strings.Contains(err.Error(), "AAAA") {
				t.Errorf("the error quotes key material: %v", err)
			}
		})
	}
}

func TestNewKeyringReportsFailedRandomness(t *testing.T) {
	broken := errors.New("no entropy")
	for available := range int64(33) {
		source := io.MultiReader(io.LimitReader(testRandom(1), available), iotest.ErrReader(broken))
		if _, err := NewKeyring(source, keyringMoment); !errors.Is(err, broken) {
			t.Errorf("%d bytes of randomness: got %v", available, err)
		}
	}
}

// A golden value: a changed Sum would silently invalidate every stored hash.
func TestMACKeySumIsPinned(t *testing.T) {
	key := MACKey{ID: "m_abcDEF12", Key: bytes.Repeat([]byte{0x0b}, 32)}
	const want = "f8a893239a04384af2f11eeb22b7e0af5f5b7d1952c9222af6d918eb6d138337" // computed apart, with another HMAC implementation
	if got := hex.EncodeToString(key.Sum("email_code", []byte("nonce"), []byte("sua_1"))); got != want {
		t.Errorf("Sum = %s, want %s", got, want)
	}
}

func TestMACKeySumSeparatesPurposesAndParts(t *testing.T) {
	key := testKeyring(t, 0).Current()
	bytesOf := func(parts ...string) (list [][]byte) {
		for _, part := range parts {
			list = append(list, []byte(part))
		}
		return list
	}
	inputs := []struct {
		purpose string
		parts   [][]byte
	}{
		{"a", nil}, {"a", bytesOf("")}, {"a", bytesOf("", "")}, {"", bytesOf("a")}, {"ab", bytesOf("c")},
		{"a", bytesOf("bc")}, {"a", bytesOf("b", "c")}, {"a", bytesOf("", "bc")}, {"a", bytesOf("bc", "")},
		{"a", bytesOf("\x00\x00\x00\x00\x00\x00\x00\x01b")}, {"a", bytesOf("b")},
	}
	seen := map[string]int{}
	for i, input := range inputs {
		sum := string(key.Sum(input.purpose, input.parts...))
		if earlier, repeated := seen[sum]; repeated {
			t.Errorf("inputs %d and %d share a MAC", earlier, i)
		}
		seen[sum] = i
	}
}

func TestMACKeySumRefusesTheKeyOfAFailedLookUp(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("Sum made a MAC under an empty key")
		}
	}()
	key, _ := testKeyring(t, 0).ByID("m_unknown0")
	key.Sum("test")
}

// R59: key material reaches no log, whichever way it is printed.
func TestR59KeysAreRedacted(t *testing.T) {
	ring := testKeyring(t, 1)
	key := ring.Current()
	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&log, nil), slog.NewTextHandler(&log, nil)} {
		slog.New(handler).Info("x", "ring", ring, "key", key, "struct", struct{ K MACKey }{key})
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
		fmt.Fprintf(&log, verb+" "+verb+" "+verb+" "+verb+"\n", ring, key, &key, struct{ K MACKey }{key})
	}
	encoded, err := json.Marshal(map[string]any{"key": key, "pointer": &key})
	if err != nil {
		t.Fatal(err)
	}
	log.Write(encoded)
	standard, _ := json.Marshal(key.Key)
	decimal := strings.Trim(fmt.Sprint(key.Key[:4]), "[]")
	for _, form := range []string{strings.Trim(string(standard), `"`), hex.EncodeToString(key.Key[:4]), decimal, string(key.Key[:4])} {
		if strings.Contains(strings.ToLower(log.String()), strings.ToLower(form)) {
			t.Errorf("key material as %q in:\n%s", form, log.String())
		}
	}
	if !strings.Contains(log.String(), key.ID) {
		t.Error("a key's id should be there to name it")
	}
}
