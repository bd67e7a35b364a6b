package secret

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
)

func testLink(client byte) LinkToken {
	return DeriveLinkToken(codeKey, [16]byte(counting(client)), [16]byte(counting(16)), counting(0), []byte("ada@example.com"))
}

func testApproval(client byte) ApprovalToken {
	return DeriveApprovalToken(codeKey, [16]byte(counting(client)), [16]byte(counting(16)), counting(0), []byte("ada@example.com"))
}

// Golden values, computed apart with another HMAC implementation: the function
// that mails a link and the one that judges it are deployed one after the other.
func TestChallengeTokensArePinned(t *testing.T) {
	const link = "ICEiIyQlJicoKSorLC0uLxAREhMUFRYXGBkaGxwdHh-5JcLsQC_NTPZNCxDc9XG6rH01LXH1L2eA437bXSoGXg.abcDEF12"
	if got := testLink(32).Reveal(); got != link {
		t.Errorf("the link token is %s", got)
	}
	const approval = "ICEiIyQlJicoKSorLC0uLxAREhMUFRYXGBkaGxwdHh9oIUW2F8RmBwuqtrMCHCeSpY7beEt-YlQMmUxLGciSpQ.abcDEF12"
	if got := testApproval(32).Reveal(); got != approval {
		t.Errorf("the approval token is %s", got)
	}
}

func TestChallengeTokenRevealParseIsTheIdentity(t *testing.T) {
	for client := range byte(200) {
		link, approval := testLink(client), testApproval(client)
		if again := ParseLinkToken(link.Reveal()); !again.Matches(link) || again.Client() != link.Client() || again.SignUp() != link.SignUp() {
			t.Fatalf("client %d: %s came back as %s", client, link.Reveal(), again.Reveal())
		}
		if again := ParseApprovalToken(approval.Reveal()); !again.Matches(approval) {
			t.Fatalf("client %d: %s came back as %s", client, approval.Reveal(), again.Reveal())
		}
	}
}

// R10, R13: 256 bits of a keyed MAC, of which nothing is stored.
func TestR10LinkTokenIs256Bits(t *testing.T) {
	encoded, keyID, _ := strings.Cut(testLink(0).Reveal(), ".")
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || len(raw) != 16+16+32 || keyID != "abcDEF12" {
		t.Fatalf("%d bytes under the key %s (%v)", len(raw), keyID, err)
	}
	seen := map[string]bool{}
	for client := range byte(250) {
		seen[testLink(client).mac.Reveal()] = true
	}
	if len(seen) != 250 {
		t.Errorf("%d different tokens of 250", len(seen))
	}
}

// R14: a link is bound to its key, challenge, client, sign-up, address and purpose.
func TestR14LinkTokenIsBoundToAllThatItProves(t *testing.T) {
	otherKey := MACKey{ID: "m_abcDEF13", Key: bytes.Repeat([]byte{0x0c}, 32)}
	sameID := MACKey{ID: codeKey.ID, Key: otherKey.Key}
	client, signUp, nonce, address := [16]byte(counting(32)), [16]byte(counting(16)), counting(0), []byte("ada@example.com")
	link := testLink(32)
	for name, other := range map[string]LinkToken{
		"key":      DeriveLinkToken(otherKey, client, signUp, nonce, address),
		"secret":   DeriveLinkToken(sameID, client, signUp, nonce, address),
		"client":   DeriveLinkToken(codeKey, [16]byte(counting(33)), signUp, nonce, address),
		"sign-up":  DeriveLinkToken(codeKey, client, [16]byte(counting(17)), nonce, address),
		"nonce":    DeriveLinkToken(codeKey, client, signUp, counting(1), address),
		"address":  DeriveLinkToken(codeKey, client, signUp, nonce, []byte("ada@example.co")),
		"swapped":  DeriveLinkToken(codeKey, signUp, client, nonce, address),
		"purpose":  ParseLinkToken(testApproval(32).Reveal()),
		"zero":     {},
		"no token": ParseLinkToken("x"),
	} {
		if other.Matches(link) || link.Matches(other) {
			t.Errorf("another %s matches", name)
		}
	}
	if !DeriveLinkToken(codeKey, client, signUp, nonce, address).Matches(link) {
		t.Error("a token can't be made again")
	}
	if (LinkToken{}).Matches(LinkToken{}) || (ApprovalToken{}).Matches(ApprovalToken{}) {
		t.Error("two zero tokens match")
	}
	if ParseApprovalToken(link.Reveal()).Matches(testApproval(32)) {
		t.Error("a link stands in for an approval: PKCE would prove nothing")
	}
	code := DeriveCode(codeKey, nonce, signUp[:], address).Reveal()
	if strings.Contains(link.Reveal(), code) {
		t.Error("the link gives the code away")
	}
}

func TestMalformedChallengeTokenIsZero(t *testing.T) {
	good := testLink(0).Reveal()
	encoded, keyID, _ := strings.Cut(good, ".")
	for name, text := range map[string]string{
		"nothing": "", "a dot": ".", "no dot": encoded + keyID, "no key": encoded + ".", "only a key": "." + keyID,
		"short key": encoded + "." + keyID[1:], "long key": good + "A", "a key's whole id": encoded + ".m_" + keyID,
		"a key of other letters": encoded + ".abcDEF1-", "short": encoded[1:] + "." + keyID, "long": "A" + good,
		"four characters more": "AAAA" + good, "another part": good + "." + keyID, "padding": encoded + "==." + keyID,
		"leading space": " " + good, "trailing line": good + "\n", "inner line": encoded[:40] + "\n" + encoded[40:] + "." + keyID,
		"standard base64": strings.Repeat("+", 86) + "." + keyID, "stray bits": encoded[:85] + "h." + keyID,
		"not ASCII": strings.Repeat("é", 43) + "." + keyID, "escaped": strings.ReplaceAll(good, ".", "%2E"),
		"a client token": testToken(0).Reveal(), "what a print leaves": testLink(0).String(), "the zero token": LinkToken{}.Reveal(),
	} {
		if !ParseLinkToken(text).IsZero() || !ParseApprovalToken(text).IsZero() {
			t.Errorf("%s: %q was accepted", name, text)
		}
	}
}

// Parse then Reveal is the identity on all that Parse accepts: one token has one
// text, and no bytes make it panic.
func FuzzParseLinkToken(f *testing.F) {
	good := testLink(0).Reveal()
	for _, seed := range []string{
		"", ".", good, good[:60], strings.ToUpper(good), good + "=", "=" + good, "\x00" + good, good + "\n", testToken(0).Reveal(),
		strings.Repeat("A", 86) + ".00000000", strings.Repeat("A", 85) + "Q.zzzzzzzz",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		token := ParseLinkToken(text)
		if token.IsZero() != ParseApprovalToken(text).IsZero() {
			t.Errorf("%q is a token of one kind only", text)
		}
		if token.IsZero() {
			return
		}
		if token.Reveal() != text {
			t.Errorf("%q was read as %q", text, token.Reveal())
		}
		if !token.Matches(token) || token.Matches(testLink(0)) != (text == good) {
			t.Errorf("%q matches wrongly", text)
		}
	})
}
