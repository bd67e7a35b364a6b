package secret

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
)

// TokenHash is the SHA-256 of a token's secret part: what may be stored of it.
type TokenHash [sha256.Size]byte

// Matches compares in constant time. A zero hash matches nothing.
func (h TokenHash) Matches(other TokenHash) bool {
	same := subtle.ConstantTimeCompare(h[:], other[:]) == 1
	return same && h != TokenHash{}
}

// ClientToken proves who a client is. Its text is "<client id>.<secret>": the id
// in base64url (22 characters), the secret 256 bits in base64url (43 characters).
type ClientToken struct {
	hidden
	client [16]byte
	secret Text // its bytes; empty in the zero token
}

// DeriveClientToken is the token of client for nonce under key. Whoever holds the
// key and the nonce can make it again, so that an answer that was lost can be
// repeated; the table holds the nonce only.
func DeriveClientToken(key MACKey, client [16]byte, nonce []byte) ClientToken {
	return ClientToken{client: client, secret: NewText(string(key.Sum("client token", client[:], nonce)))}
}

// ParseClientToken reads what Reveal wrote. Anything else is the zero token: a
// caller with a malformed token is a caller without one.
func ParseClientToken(text string) ClientToken {
	id, rest, found := strings.Cut(text, ".")
	if !found {
		return ClientToken{}
	}
	client, err := base64.RawURLEncoding.Strict().DecodeString(id)
	if err != nil || len(client) != 16 {
		return ClientToken{}
	}
	secret, err := base64.RawURLEncoding.Strict().DecodeString(rest)
	if err != nil || len(secret) != sha256.Size {
		return ClientToken{}
	}
	token := ClientToken{client: [16]byte(client), secret: NewText(string(secret))}
	if token.Reveal() != text { // base64 skips line ends
		return ClientToken{}
	}
	return token
}

// IsZero reports the token of a caller without one.
func (t ClientToken) IsZero() bool { return t.secret.IsZero() }

// Parts returns the client's id and the hash of the secret. Those of the zero
// token are zero, and a zero hash equals nothing.
func (t ClientToken) Parts() (client [16]byte, hash TokenHash) {
	if t.IsZero() {
		return client, hash
	}
	return t.client, sha256.Sum256([]byte(t.secret.Reveal()))
}

// Reveal is the token's text, for the cookie or header and nowhere else; empty for the zero token.
func (t ClientToken) Reveal() string {
	if t.IsZero() {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(t.client[:]) + "." + base64.RawURLEncoding.EncodeToString([]byte(t.secret.Reveal()))
}
