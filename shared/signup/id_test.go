package signup

import (
	"bytes"
	"errors"
	"math/big"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
)

func TestIDIsItsTextAndBack(t *testing.T) {
	random := rand.NewChaCha8([32]byte{5})
	ids := []ID{{}, {15: 1}, {15: 61}, {15: 62}, {7: 1}, {8: 0xff}, ID(bytes.Repeat([]byte{0xff}, 16))}
	for range 2000 {
		id, err := NewID(random)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	for _, id := range ids {
		text := id.String()
		if len(text) != 22 {
			t.Fatalf("%x is %q: not 22 digits", id[:], text)
		}
		// The digits are the number in base 62, as another implementation has it.
		value, ok := new(big.Int), true
		for _, digit := range text {
			at := strings.IndexRune(base62, digit)
			ok = ok && at >= 0
			value.Mul(value, big.NewInt(62)).Add(value, big.NewInt(int64(at)))
		}
		if !ok || value.Cmp(new(big.Int).SetBytes(id[:])) != 0 {
			t.Fatalf("%x is written as %q", id[:], text)
		}
		if again, err := ParseID(text); err != nil || again != id {
			t.Fatalf("%q is read as %x (%v), want %x", text, again[:], err, id[:])
		}
	}
	if !(ID{}).IsZero() || (ID{15: 1}).IsZero() {
		t.Error("only the zero ID is zero")
	}
}

func TestParseIDRefuses(t *testing.T) {
	largest := ID(bytes.Repeat([]byte{0xff}, 16)).String()
	beyond := largest[:21] + string(base62[strings.IndexByte(base62, largest[21])+1])
	for name, text := range map[string]string{
		"nothing": "", "short": largest[1:], "long": "0" + largest, "2^128": beyond, "all z": strings.Repeat("z", 22),
		"a sign": "-" + largest[1:], "a space": " " + largest[1:], "underscore": strings.Repeat("_", 22), "hyphen": strings.Repeat("0", 21) + "-",
		"not ASCII": strings.Repeat("é", 11), "NUL": strings.Repeat("\x00", 22), "a prefix": "sua_" + largest[4:],
	} {
		if id, err := ParseID(text); err == nil || !id.IsZero() {
			t.Errorf("%s: %q was read as %x", name, text, id[:])
		}
	}
}

// What wires show: the ID, and a checksum that tells most slips of a finger.
func TestCheckedIsTheIDAndBack(t *testing.T) {
	random := rand.NewChaCha8([32]byte{6})
	ids := []ID{{}, {15: 1}, {0: 1}, ID(bytes.Repeat([]byte{0xff}, 16))}
	for range 2000 {
		id, err := NewID(random)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	wellFormed := regexp.MustCompile(`^[0-9A-Za-z]{28}$`)
	for _, id := range ids {
		text := id.Checked()
		if !wellFormed.MatchString(text) || text[:22] != id.String() {
			t.Fatalf("%x is %q", id[:], text)
		}
		if again, err := ParseChecked(text); err != nil || again != id {
			t.Fatalf("%q is read as %x (%v), want %x", text, again[:], err, id[:])
		}
	}
	// The CRC-32 of 16 bytes of zeros is 0xECBB4B55: 4Kmpwz in base 62, as another implementation has it.
	if zero := (ID{}).Checked(); zero != strings.Repeat("0", 22)+"4Kmpwz" {
		t.Errorf("the zero ID is %s", zero)
	}
}

func TestParseCheckedRefusesWhatDiffersInOnePlace(t *testing.T) {
	text := ID{1, 2, 3, 4, 5}.Checked()
	for i := range text {
		for _, digit := range base62 + "-_ \n\x00" {
			changed := text[:i] + string(digit) + text[i+1:]
			if id, err := ParseChecked(changed); changed != text && (err == nil || !id.IsZero()) {
				t.Errorf("%q is read as %x", changed, id[:])
			}
		}
	}
	for _, other := range []string{"", text[:22], text[:27], text + "0", " " + text, strings.ToLower(text), text[22:] + text[:22], strings.Repeat("z", 28), strings.Repeat("é", 14)} {
		if id, err := ParseChecked(other); err == nil || !id.IsZero() {
			t.Errorf("%q is read as %x", other, id[:])
		}
	}
}

func TestNewIDReportsFailedRandomness(t *testing.T) {
	broken := errors.New("no entropy")
	if _, err := NewID(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	p := newFixture(t, nil).person()
	p.Entropy = iotest.ErrReader(broken)
	if err := p.create(ada()); !errors.Is(err, broken) {
		t.Errorf("create without randomness: %v", err)
	}
	if _, err := p.EnsureClient(t.Context(), p.caller); !errors.Is(err, broken) {
		t.Errorf("a client without randomness: %v", err)
	}
}

// Parse then print is the identity on all that Parse accepts: an ID has one text.
func FuzzParseID(f *testing.F) {
	for _, seed := range []string{"", strings.Repeat("0", 22), strings.Repeat("z", 22), ID{1}.String(), ID{15: 9}.String() + "0", "7n42DGM5Tflk9n8mt7Fhc7"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, err := ParseID(text)
		if err == nil && id.String() != text {
			t.Errorf("%q was read as %q", text, id)
		}
		if err != nil && !id.IsZero() {
			t.Errorf("%q: an error and the ID %q", text, id)
		}
	})
}
