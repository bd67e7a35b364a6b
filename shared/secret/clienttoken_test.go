package secret

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
)

func testToken(client byte) ClientToken {
	return DeriveClientToken(codeKey, [16]byte(counting(client)), counting(7))
}

func TestClientTokenRevealParseIsTheIdentity(t *testing.T) {
	for client := range byte(200) {
		token := testToken(client)
		again := ParseClientToken(token.Reveal())
		id, hash := token.Parts()
		gotID, gotHash := again.Parts()
		if again.IsZero() || id != gotID || !hash.Matches(gotHash) || again.Reveal() != token.Reveal() {
			t.Fatalf("client %d: %s came back as %s", client, token.Reveal(), again.Reveal())
		}
	}
}

// R48: 256 bits, which the table holds only as a hash.
func TestR48ClientTokenIsLongAndStoredHashed(t *testing.T) {
	token := testToken(0)
	_, hash := token.Parts()
	_, secret, _ := strings.Cut(token.Reveal(), ".")
	raw, err := base64.RawURLEncoding.DecodeString(secret)
	if err != nil || len(raw) != 32 {
		t.Fatalf("the secret part is %d bytes (%v)", len(raw), err)
	}
	if bytes.Equal(raw, hash[:]) {
		t.Error("the hash is the secret")
	}
	if presented := ParseClientToken(base64.RawURLEncoding.EncodeToString(make([]byte, 16)) + "." + base64.RawURLEncoding.EncodeToString(hash[:])); presented.IsZero() {
		t.Fatal("the hash in place of the secret should parse, and fail")
	} else if _, again := presented.Parts(); again.Matches(hash) {
		t.Error("R13: the stored form is itself usable as a token")
	}
}

func TestDeriveClientTokenDependsOnEverything(t *testing.T) {
	other := MACKey{ID: "m_abcDEF13", Key: bytes.Repeat([]byte{0x0c}, 32)}
	client, nonce := [16]byte(counting(0)), counting(7)
	_, hash := DeriveClientToken(codeKey, client, nonce).Parts()
	for name, token := range map[string]ClientToken{
		"key":    DeriveClientToken(other, client, nonce),
		"client": DeriveClientToken(codeKey, [16]byte(counting(1)), nonce),
		"nonce":  DeriveClientToken(codeKey, client, counting(8)),
	} {
		if _, got := token.Parts(); got.Matches(hash) {
			t.Errorf("the same token for another %s", name)
		}
	}
	if _, again := DeriveClientToken(codeKey, client, nonce).Parts(); !again.Matches(hash) {
		t.Error("a token can't be made again")
	}
}

func TestMalformedClientTokenIsZero(t *testing.T) {
	good := testToken(0).Reveal()
	id, secret, _ := strings.Cut(good, ".")
	for name, text := range map[string]string{
		"nothing":             "",
		"a dot":               ".",
		"no dot":              id + secret,
		"no client":           "." + secret,
		"no secret":           id + ".",
		"short client":        id[1:] + "." + secret,
		"long client":         id + "AA." + secret,
		"short secret":        id + "." + secret[1:],
		"long secret":         good + "A",
		"another part":        good + "." + secret,
		"padding":             good + "=",
		"leading space":       " " + good,
		"trailing line":       good + "\n",
		"inner line":          id + ".\n" + secret,
		"standard base64":     id + "." + strings.Repeat("+", 43),
		"stray bits in id":    id[:21] + "x." + secret,
		"stray bits":          good[:len(good)-1] + "5",
		"not ASCII":           id + "." + strings.Repeat("é", 21) + "A",
		"a JSON Web Token":    "eyJhbGciOiJSUzI1NiJ9.eyJpZCI6ImNsaWVudF94In0.c2ln",
		"the zero token":      ClientToken{}.Reveal(),
		"what a print leaves": testToken(0).String(),
	} {
		if token := ParseClientToken(text); !token.IsZero() {
			t.Errorf("%s: %q was accepted", name, text)
		}
	}
}

func TestZeroTokenProvesNothing(t *testing.T) {
	id, hash := ClientToken{}.Parts()
	if id != [16]byte{} || hash != (TokenHash{}) {
		t.Errorf("the zero token has parts %x, %x", id, hash)
	}
	if hash.Matches(TokenHash{}) {
		t.Error("two zero hashes are equal: a client without a previous token would accept it")
	}
	_, real := testToken(0).Parts()
	if !real.Matches(real) || real.Matches(hash) || hash.Matches(real) {
		t.Error("Matches is wrong about a real hash")
	}
}

// Parse then Reveal is the identity on all that Parse accepts: one token has one text.
func FuzzParseClientToken(f *testing.F) {
	good := testToken(0).Reveal()
	for _, seed := range []string{"", ".", good, good[:40], strings.ToUpper(good), good + "=", "=" + good, "\x00" + good, strings.Repeat("A", 22) + "." + strings.Repeat("A", 43)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		token := ParseClientToken(text)
		if token.IsZero() {
			return
		}
		if token.Reveal() != text {
			t.Errorf("%q was read as %q", text, token.Reveal())
		}
	})
}
