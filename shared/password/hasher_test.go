package password

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

var cheap = settings.Argon2{MemoryKiB: 64, Iterations: 1, Lanes: 2}

// testRing holds m_abcDEF12, whose key is the bytes 0 to 31, and m_0ldKey00.
func testRing(t testing.TB, ids ...string) *secret.Keyring {
	t.Helper()
	known := map[string]string{
		"m_abcDEF12": `{"id":"m_abcDEF12","key":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=","created_at":1}`,
		"m_0ldKey00": `{"id":"m_0ldKey00","key":"//////////////////////////////////////////8=","created_at":0}`,
	}
	var keys []string
	for _, id := range ids {
		keys = append(keys, known[id])
	}
	ring, err := secret.ParseKeyring([]byte(`{"keys":[` + strings.Join(keys, ",") + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func testSalt() io.Reader { return strings.NewReader("defghijklmnopqrs") }

func mustHash(t *testing.T, h *Hasher, candidate string) string {
	t.Helper()
	stored, err := h.Hash(secret.NewText(candidate))
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

// The value is the reference implementation's own test value for version 19.
func TestR8Argon2idKnownAnswer(t *testing.T) {
	got := hex.EncodeToString(argon2.IDKey([]byte("password"), []byte("somesalt"), 2, 65536, 1, 32))
	if want := "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The strings were made apart, with Python's hmac and argon2-cffi.
func TestR8HashKnownAnswers(t *testing.T) {
	strong := settings.Default().Password.Argon2
	if strong != (settings.Argon2{MemoryKiB: 19456, Iterations: 2, Lanes: 1}) {
		t.Errorf("the default cost is %+v", strong)
	}
	for _, c := range []struct {
		candidate string
		cost      settings.Argon2
		want      string
	}{
		{"correct horse battery", strong, "$argon2id$v=19$m=19456,t=2,p=1,keyid=YWJjREVGMTI$ZGVmZ2hpamtsbW5vcHFycw$+sUqGm6roX+HUoomQ6lrDMX6jjugOC7cMCsNeYu3ZSo"},
		{"correct horse battery", cheap, "$argon2id$v=19$m=64,t=1,p=2,keyid=YWJjREVGMTI$ZGVmZ2hpamtsbW5vcHFycw$qxG9LZwMRRwVhcdRLfRcKEU28A3g75+FPU22bXXKP9A"},
		{"cafe\u0301 au lait chaud", strong, "$argon2id$v=19$m=19456,t=2,p=1,keyid=YWJjREVGMTI$ZGVmZ2hpamtsbW5vcHFycw$UQGluaR68ywvqhxuG3tehA/ydrbsVehHsyW8p2NDahw"},
	} {
		h := NewHasher(c.cost, testRing(t, "m_abcDEF12"), testSalt())
		if got := mustHash(t, h, c.candidate); got != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.candidate, got, c.want)
		}
		if ok, rehash, err := h.Verify(c.want, secret.NewText(c.candidate)); !ok || rehash || err != nil {
			t.Errorf("%q: %v %v %v", c.candidate, ok, rehash, err)
		}
	}
}

// R4: NFC and nothing else, all of the password.
func TestR4HashTakesTheWholePassword(t *testing.T) {
	h := NewHasher(cheap, testRing(t, "m_abcDEF12"), testSalt())
	long := unguessable(128)
	candidate := "Cafe\u0301 " + long
	stored := mustHash(t, h, candidate)
	for name, c := range map[string]struct {
		try  string
		want bool
	}{
		"the same":        {candidate, true},
		"composed":        {"Café " + long, true},
		"case":            {strings.ToLower(candidate), false},
		"without accent":  {"Cafe " + long, false},
		"last one off":    {candidate[:len(candidate)-1] + "!", false},
		"72 bytes of it":  {candidate[:72], false},
		"space behind":    {candidate + " ", false},
		"space in front":  {" " + candidate, false},
		"compatible form": {"Ｃafé " + long, false},
		"nothing":         {"", false},
		"NUL behind":      {candidate + "\x00", false},
		"broken":          {candidate + "\xff", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got, _, err := h.Verify(stored, secret.NewText(c.try)); got != c.want || err != nil {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

// R8: a right password asks for a new hash when cost or key have changed; a wrong one never does.
func TestR8RehashWhenCostOrKeyChange(t *testing.T) {
	old := NewHasher(cheap, testRing(t, "m_0ldKey00"), testSalt())
	stored := mustHash(t, old, "correct horse battery")
	both := testRing(t, "m_abcDEF12", "m_0ldKey00")
	dearer := cheap
	dearer.Iterations = 3
	for name, c := range map[string]struct {
		hasher *Hasher
		want   bool
	}{
		"nothing changed": {old, false},
		"new key":         {NewHasher(cheap, both, nil), true},
		"more iterations": {NewHasher(dearer, testRing(t, "m_0ldKey00"), nil), true},
		"more memory":     {NewHasher(settings.Argon2{MemoryKiB: 128, Iterations: 1, Lanes: 2}, testRing(t, "m_0ldKey00"), nil), true},
		"fewer lanes":     {NewHasher(settings.Argon2{MemoryKiB: 64, Iterations: 1, Lanes: 1}, testRing(t, "m_0ldKey00"), nil), true},
	} {
		t.Run(name, func(t *testing.T) {
			ok, rehash, err := c.hasher.Verify(stored, secret.NewText("correct horse battery"))
			if !ok || rehash != c.want || err != nil {
				t.Errorf("right: %v %v %v", ok, rehash, err)
			}
			if ok, rehash, err := c.hasher.Verify(stored, secret.NewText("wrong horse battery")); ok || rehash || err != nil {
				t.Errorf("wrong: %v %v %v", ok, rehash, err)
			}
		})
	}
}

// R8: the table alone is no help, because the pepper isn't in it.
func TestR8HashNeedsItsKey(t *testing.T) {
	stored := mustHash(t, NewHasher(cheap, testRing(t, "m_0ldKey00"), testSalt()), "correct horse battery")
	h := NewHasher(cheap, testRing(t, "m_abcDEF12"), nil)
	if ok, _, err := h.Verify(stored, secret.NewText("correct horse battery")); ok || err == nil {
		t.Errorf("without the key: %v, %v", ok, err)
	}
	renamed := strings.Replace(stored, "keyid=MGxkS2V5MDA", "keyid=YWJjREVGMTI", 1)
	if ok, _, err := h.Verify(renamed, secret.NewText("correct horse battery")); renamed == stored || ok || err != nil {
		t.Errorf("under another key: %v, %v", ok, err)
	}
}

func TestR8SaltsDiffer(t *testing.T) {
	h := NewHasher(cheap, testRing(t, "m_abcDEF12"), strings.NewReader(unguessable(64)))
	if one, two := mustHash(t, h, "correct horse battery"), mustHash(t, h, "correct horse battery"); one == two {
		t.Errorf("both are %s", one)
	}
	broken := errors.New("no entropy")
	h = NewHasher(cheap, testRing(t, "m_abcDEF12"), io.MultiReader(strings.NewReader("short"), iotest.ErrReader(broken)))
	if stored, err := h.Hash(secret.NewText("correct horse battery")); !errors.Is(err, broken) || stored != "" {
		t.Errorf("without randomness: %q, %v", stored, err)
	}
}

func TestVerifyRefusesWhatItDidNotMake(t *testing.T) {
	h := NewHasher(cheap, testRing(t, "m_abcDEF12"), testSalt())
	good := mustHash(t, h, "correct horse battery")
	replace := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%s lacks %s", good, old)
		}
		return strings.Replace(good, old, new, 1)
	}
	for name, stored := range map[string]string{
		"empty":              "",
		"bcrypt":             "$2b$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234",
		"argon2i":            replace("argon2id", "argon2i"),
		"version 16":         replace("v=19", "v=16"),
		"no version":         replace("v=19$", ""),
		"no memory":          replace("m=64", "m=0"),
		"memory under lanes": replace("m=64", "m=15"),
		"4 GiB":              replace("m=64", "m=4194304"),
		"memory overflows":   replace("m=64", "m=4294967360"),
		"negative memory":    replace("m=64", "m=-64"),
		"signed memory":      replace("m=64", "m=+64"),
		"memory with zero":   replace("m=64", "m=064"),
		"no passes":          replace("t=1", "t=0"),
		"a million passes":   replace("t=1", "t=1000000"),
		"no lanes":           replace("p=2", "p=0"),
		"258 lanes":          replace("p=2", "p=258"),
		"other order":        replace("m=64,t=1", "t=1,m=64"),
		"no key id":          replace(",keyid=YWJjREVGMTI", ""),
		"more parameters":    replace(",keyid", ",data=AA,keyid"),
		"padded base64":      replace("keyid=YWJjREVGMTI", "keyid=YWJjREVGMTI="),
		"loose base64":       replace("keyid=YWJjREVGMTI", "keyid=YWJjREVGMTJ"),
		"short salt":         replace("ZGVmZ2hpamtsbW5vcHFycw", "ZGVm"),
		"no hash":            good[:strings.LastIndex(good, "$")+1],
		"short hash":         good[:len(good)-10],
		"text behind":        good + "$",
		"line behind":        good + "\n",
		"huge":               good + strings.Repeat("A", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			ok, rehash, err := h.Verify(stored, secret.NewText("correct horse battery"))
			if ok || rehash || err == nil {
				t.Fatalf("got %v %v %v", ok, rehash, err)
			}
			if len(stored) > 40 && strings.Contains(err.Error(), stored[len(stored)-20:]) {
				t.Errorf("the error quotes the hash: %v", err)
			}
		})
	}
}

// A cost that Verify wouldn't take must never be hashed with.
func TestHashRefusesCostsOutOfBounds(t *testing.T) {
	for _, cost := range []settings.Argon2{{}, {MemoryKiB: 64, Iterations: 1}, {MemoryKiB: 64, Lanes: 1}, {MemoryKiB: 7, Iterations: 1, Lanes: 1}, {MemoryKiB: 2 << 20, Iterations: 1, Lanes: 1}, {MemoryKiB: 64, Iterations: 17, Lanes: 1}} {
		h := NewHasher(cost, testRing(t, "m_abcDEF12"), testSalt())
		if stored, err := h.Hash(secret.NewText("correct horse battery")); err == nil {
			t.Errorf("%+v made %s", cost, stored)
		}
		h.Dummy(secret.NewText("correct horse battery"))
	}
}

// R9: an unknown account costs what a known one does. The bounds are wide, since
// tests run on busy machines; 16 passes make one pass stand out all the same.
func TestR9DummyCostsOneHash(t *testing.T) {
	h := NewHasher(settings.Argon2{MemoryKiB: 1024, Iterations: 16, Lanes: 1}, testRing(t, "m_abcDEF12"), testSalt())
	candidate := secret.NewText("correct horse battery")
	stored := mustHash(t, h, "correct horse battery")
	dummy, verify := time.Hour, time.Hour
	for range 9 {
		begun := time.Now()
		h.Dummy(candidate)
		middle := time.Now()
		if ok, _, err := h.Verify(stored, candidate); !ok || err != nil {
			t.Fatal(ok, err)
		}
		dummy, verify = min(dummy, middle.Sub(begun)), min(verify, time.Since(middle))
	}
	if dummy < verify/5 || dummy > 5*verify {
		t.Errorf("Dummy takes %v, Verify %v", dummy, verify)
	}
	memory := func(work func()) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		work()
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	if used := memory(func() { h.Dummy(candidate) }); used < 1<<20 {
		t.Errorf("Dummy uses %d bytes", used)
	}
}

// R9: each byte of the hash counts.
func TestR9EveryByteIsCompared(t *testing.T) {
	h := NewHasher(cheap, testRing(t, "m_abcDEF12"), testSalt())
	kept, err := parsePHC(mustHash(t, h, "correct horse battery"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range kept.hash {
		changed := kept
		changed.hash = bytes.Clone(kept.hash)
		changed.hash[i] ^= 1
		if ok, _, err := h.Verify(changed.String(), secret.NewText("correct horse battery")); ok || err != nil {
			t.Errorf("byte %d: %v, %v", i, ok, err)
		}
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=64,t=1,p=2,keyid=YWJjREVGMTI$ZGVmZ2hpamtsbW5vcHFycw$qxG9LZwMRRwVhcdRLfRcKEU28A3g75+FPU22bXXKP9A")
	f.Add("$argon2id$v=19$m=19456,t=2,p=1,keyid=$ZGVmZ2hpamtsbW5vcHFycw$")
	f.Add("$argon2id$$$$")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePHC(text)
		if err == nil && p.String() != text {
			t.Fatalf("%q reads as %s", text, p)
		}
	})
}

func BenchmarkHash(b *testing.B) {
	h := NewHasher(settings.Default().Password.Argon2, testRing(b, "m_abcDEF12"), zeros{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Hash(secret.NewText("correct horse battery")); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkArgon2 is what BenchmarkHash is measured against (G7).
func BenchmarkArgon2(b *testing.B) {
	for b.Loop() {
		argon2.IDKey([]byte("correct horse battery"), make([]byte, saltSize), 2, 19456, 1, hashSize)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func ExampleHasher() {
	ring, _ := secret.ParseKeyring([]byte(`{"keys":[{"id":"m_abcDEF12","key":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=","created_at":1}]}`))
	hasher := NewHasher(settings.Argon2{MemoryKiB: 64, Iterations: 1, Lanes: 1}, ring, zeros{})
	stored, _ := hasher.Hash(secret.NewText("correct horse battery"))
	fmt.Println(strings.Join(strings.Split(stored, "$")[:4], "$"))
	fmt.Println(hasher.Verify(stored, secret.NewText("correct horse battery")))
	// Output:
	// $argon2id$v=19$m=64,t=1,p=1,keyid=YWJjREVGMTI
	// true false <nil>
}
