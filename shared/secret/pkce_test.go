package secret

import (
	"strings"
	"testing"
)

// RFC 7636, appendix B.
const (
	rfcVerifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	rfcChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// R33: S256, and a verifier of 43 to 128 unreserved characters.
func TestR33S256(t *testing.T) {
	challenge := ParseS256Challenge(rfcChallenge)
	if !VerifierMatches(challenge, NewText(rfcVerifier)) {
		t.Error("the RFC's own example doesn't match")
	}
	for name, verifier := range map[string]string{
		"another": strings.Repeat("a", 43), "the challenge itself": rfcChallenge, "nothing": "", "a longer one": rfcVerifier + "a",
	} {
		if VerifierMatches(challenge, NewText(verifier)) {
			t.Errorf("%s matches", name)
		}
	}
	if VerifierMatches(nil, NewText("")) || VerifierMatches(nil, NewText(rfcVerifier)) {
		t.Error("something matches no challenge")
	}
}

func TestR33WellFormedVerifier(t *testing.T) {
	for verifier, want := range map[string]bool{
		rfcVerifier: true, strings.Repeat("a", 43): true, strings.Repeat("~", 128): true, strings.Repeat("-._~", 11): true,
		"": false, strings.Repeat("a", 42): false, strings.Repeat("a", 129): false, strings.Repeat("a", 42) + " ": false,
		strings.Repeat("a", 42) + "+": false, strings.Repeat("a", 42) + "/": false, strings.Repeat("a", 43) + "\n": false,
		strings.Repeat("é", 30): false, strings.Repeat("a", 42) + "=": false,
	} {
		if got := WellFormedVerifier(verifier); got != want {
			t.Errorf("%q: %v", verifier, got)
		}
	}
}

func TestR33MalformedChallenge(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "short": rfcChallenge[1:], "long": rfcChallenge + "A", "padding": rfcChallenge + "=",
		"line end": rfcChallenge + "\n", "stray bits": rfcChallenge[:42] + "N", "standard base64": strings.ReplaceAll(rfcChallenge, "-", "+"),
		"hexadecimal": strings.Repeat("ab", 32), "a plain verifier": strings.Repeat("~", 43),
	} {
		if ParseS256Challenge(text) != nil {
			t.Errorf("%s: %q was accepted", name, text)
		}
	}
}
