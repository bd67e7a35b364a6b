package secret

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
)

// LinkToken is what a mailed link carries. Whoever presents it has read the mail
// (256 bits: ASVS 6.5.3, 11.5.1). Nothing of it is stored: it is derived again
// from the challenge's nonce. Its text is base64url of client id, sign-up id and
// MAC, 86 characters, then "." and the 8 characters of its key's id.
type LinkToken struct{ challengeToken }

// ApprovalToken is what a native app gets from the page of its mailed link, and
// hands in together with its PKCE verifier. It is made like a LinkToken, but
// neither can stand in for the other.
type ApprovalToken struct{ challengeToken }

// DeriveLinkToken is the link token of the challenge that nonce names, bound to
// the client, the sign-up and the canonical address that it proves.
func DeriveLinkToken(key MACKey, client, signUp [16]byte, nonce, canonical []byte) LinkToken {
	return LinkToken{deriveChallengeToken("link token", key, client, signUp, nonce, canonical)}
}

// DeriveApprovalToken is the approval token of the same challenge.
func DeriveApprovalToken(key MACKey, client, signUp [16]byte, nonce, canonical []byte) ApprovalToken {
	return ApprovalToken{deriveChallengeToken("approval token", key, client, signUp, nonce, canonical)}
}

// ParseLinkToken reads what Reveal wrote. Anything else is the zero token.
func ParseLinkToken(text string) LinkToken { return LinkToken{parseChallengeToken(text)} }

// ParseApprovalToken reads what Reveal wrote. Anything else is the zero token.
func ParseApprovalToken(text string) ApprovalToken { return ApprovalToken{parseChallengeToken(text)} }

// Matches compares in constant time. The zero token matches nothing.
func (t LinkToken) Matches(other LinkToken) bool { return t.equal(other.challengeToken) }

// Matches compares in constant time. The zero token matches nothing.
func (t ApprovalToken) Matches(other ApprovalToken) bool { return t.equal(other.challengeToken) }

// challengeToken is what both tokens have in common.
type challengeToken struct {
	hidden
	client, signUp [16]byte
	keyID          string
	mac            Text // its bytes; empty in the zero token
}

func deriveChallengeToken(purpose string, key MACKey, client, signUp [16]byte, nonce, canonical []byte) challengeToken {
	sum := key.Sum(purpose, nonce, client[:], signUp[:], canonical)
	return challengeToken{client: client, signUp: signUp, keyID: key.ID, mac: NewText(string(sum))}
}

const challengeTokenBytes = 16 + 16 + sha256.Size

func parseChallengeToken(text string) challengeToken {
	encoded, keyID, found := strings.Cut(text, ".")
	keyID = macKeyIDPrefix + keyID
	if !found || !validMACKeyID(keyID) {
		return challengeToken{}
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil || len(raw) != challengeTokenBytes {
		return challengeToken{}
	}
	token := challengeToken{client: [16]byte(raw[:16]), signUp: [16]byte(raw[16:32]), keyID: keyID, mac: NewText(string(raw[32:]))}
	if token.Reveal() != text { // base64 skips line ends
		return challengeToken{}
	}
	return token
}

// IsZero reports the token that nothing well-formed stood for.
func (t challengeToken) IsZero() bool { return t.mac.IsZero() }

// Client is the client that the token says it is for. Only Matches proves it.
func (t challengeToken) Client() [16]byte { return t.client }

// SignUp is the sign-up that the token says it is for. Only Matches proves it.
func (t challengeToken) SignUp() [16]byte { return t.signUp }

func (t challengeToken) equal(other challengeToken) bool {
	same := subtle.ConstantTimeCompare([]byte(t.Reveal()), []byte(other.Reveal())) == 1
	return same && !t.IsZero()
}

// Reveal is the token's text, for the link or the redirect and nowhere else; empty for the zero token.
func (t challengeToken) Reveal() string {
	if t.IsZero() {
		return ""
	}
	raw := make([]byte, 0, challengeTokenBytes)
	raw = append(append(append(raw, t.client[:]...), t.signUp[:]...), t.mac.Reveal()...)
	return base64.RawURLEncoding.EncodeToString(raw) + "." + strings.TrimPrefix(t.keyID, macKeyIDPrefix)
}
