package secret

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
)

// Lengths of a PKCE verifier, in characters (RFC 7636 §4.1).
const (
	minVerifier = 43
	maxVerifier = 128
)

// WellFormedVerifier reports whether text can be a PKCE verifier: 43 to 128
// unreserved characters (RFC 7636 §4.1).
func WellFormedVerifier(text string) bool {
	if len(text) < minVerifier || len(text) > maxVerifier {
		return false
	}
	for i := range len(text) {
		c := text[i]
		letter := (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
		if !letter && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_' && c != '~' {
			return false
		}
	}
	return true
}

// ParseS256Challenge reads a PKCE challenge of the method S256: the SHA-256 of the
// verifier, 32 bytes, in 43 characters of base64url (RFC 7636 §4.2). It returns
// nil for anything else.
func ParseS256Challenge(text string) []byte {
	sum, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(sum) != sha256.Size || base64.RawURLEncoding.EncodeToString(sum) != text {
		return nil
	}
	return sum
}

// VerifierMatches reports, in constant time, whether challenge was made from
// verifier (RFC 7636 §4.6). No verifier matches an empty challenge.
func VerifierMatches(challenge []byte, verifier Text) bool {
	sum := sha256.Sum256([]byte(verifier.Reveal()))
	return subtle.ConstantTimeCompare(challenge, sum[:]) == 1
}
