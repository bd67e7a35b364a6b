package secret

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
)

func testActionCode(user byte) Text {
	return DeriveActionCode(codeKey, "confirm_address", [16]byte(counting(user)), counting(0), []byte("ada@example.com"))
}

// Golden values, computed apart with another HMAC implementation: the function that
// mails a code and the one that judges it are deployed one after the other.
func TestActionCodesArePinned(t *testing.T) {
	const code = "EBESExQVFhcYGRobHB0eH9xc0rYaI3CqyS_tSE4voRO2j1L4h_mRxA"
	if got := testActionCode(16).Reveal(); got != code {
		t.Errorf("the action code is %s", got)
	}
	const token = "7DuNIzj_WiLSNSDK6LJMTJo_To8ybDkW"
	if got := DeriveConfirmToken(codeKey, [16]byte(counting(16)), counting(0)).Reveal(); got != token {
		t.Errorf("the confirm token is %s", got)
	}
	const hash = "pQ5yGoBOl2zKL3EWRJieYvAUnM3kwiJWG_-MPMO5vN4"
	if got := ConfirmTokenHash(NewText(token)); got != hash {
		t.Errorf("its hash is %s", got)
	}
}

// R10: 192 bits of a keyed MAC, which says whose it is.
func TestR10ActionCodesAre192Bits(t *testing.T) {
	for user := range byte(200) {
		code := testActionCode(user)
		raw, err := base64.RawURLEncoding.DecodeString(code.Reveal())
		if err != nil || len(code.Reveal()) != 54 || len(raw) != 16+24 {
			t.Fatalf("%d characters, %d bytes (%v)", len(code.Reveal()), len(raw), err)
		}
		if of, ok := ActionCodeUser(code); !ok || of != [16]byte(counting(user)) {
			t.Fatalf("user %d's code is %x's", user, of)
		}
		if token := DeriveConfirmToken(codeKey, [16]byte(counting(user)), counting(0)).Reveal(); len(token) != 32 {
			t.Fatalf("a confirm token of %d characters", len(token))
		}
	}
}

// R14: a code is bound to its key, purpose, user, challenge and address.
func TestR14ActionCodesAreBoundToAllThatTheyProve(t *testing.T) {
	otherKey := MACKey{ID: "m_abcDEF13", Key: bytes.Repeat([]byte{0x0c}, 32)}
	user, nonce, address := [16]byte(counting(16)), counting(0), []byte("ada@example.com")
	code := testActionCode(16)
	for name, other := range map[string]Text{
		"key":       DeriveActionCode(otherKey, "confirm_address", user, nonce, address),
		"purpose":   DeriveActionCode(codeKey, "reset_password", user, nonce, address),
		"user":      DeriveActionCode(codeKey, "confirm_address", [16]byte(counting(17)), nonce, address),
		"challenge": DeriveActionCode(codeKey, "confirm_address", user, counting(1), address),
		"address":   DeriveActionCode(codeKey, "confirm_address", user, nonce, []byte("ada@example.co")),
		"boundary":  DeriveActionCode(codeKey, "confirm_addres", [16]byte(append([]byte("s"), user[:15]...)), append([]byte{user[15]}, nonce...), address),
		"token":     DeriveConfirmToken(codeKey, user, nonce),
		"zero":      {},
	} {
		if code.Equal(other) || other.Equal(code) {
			t.Errorf("another %s has the same code", name)
		}
	}
	if !code.Equal(testActionCode(16)) {
		t.Error("a code can't be made again")
	}
	own := DeriveConfirmToken(codeKey, user, nonce)
	for name, other := range map[string]Text{
		"key": DeriveConfirmToken(otherKey, user, nonce), "user": DeriveConfirmToken(codeKey, [16]byte(counting(17)), nonce),
		"challenge": DeriveConfirmToken(codeKey, user, counting(1)),
	} {
		if own.Equal(other) || ConfirmTokenHash(own) == ConfirmTokenHash(other) {
			t.Errorf("another %s has the same confirm token", name)
		}
	}
	if strings.Contains(code.Reveal(), own.Reveal()) || strings.Contains(ConfirmTokenHash(own), own.Reveal()) {
		t.Error("one gives the other away")
	}
}

// TestR14EveryCharacterOfAnActionCodeCounts.
func TestR14EveryCharacterOfAnActionCodeCounts(t *testing.T) {
	code, token := testActionCode(16), DeriveConfirmToken(codeKey, [16]byte(counting(16)), counting(0))
	for _, changed := range tampered(code.Reveal()) {
		if code.Equal(NewText(changed)) {
			t.Errorf("%q is taken", changed)
		}
	}
	for _, changed := range tampered(token.Reveal()) {
		if ConfirmTokenHash(NewText(changed)) == ConfirmTokenHash(token) || token.Equal(NewText(changed)) {
			t.Errorf("%q is taken", changed)
		}
	}
	for _, other := range []string{"", "x", code.Reveal()[:53], code.Reveal() + "A", strings.Repeat("A", 53) + "=", code.Reveal()[:20] + "\n" + code.Reveal()[20:], strings.Repeat("é", 27), token.Reveal()} {
		if user, ok := ActionCodeUser(NewText(other)); ok || user != [16]byte{} {
			t.Errorf("%q is for %x", other, user)
		}
	}
}
