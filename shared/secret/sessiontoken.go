package secret

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"strings"
)

// SessionToken opens a session: nothing of it is stored, since it is a MAC over the
// session and, for a refresh token, its generation. Its text is base64url of user id,
// session id, generation and MAC, 96 characters, then "." and the 8 characters of its
// key's id.
type SessionToken struct {
	hidden
	user, session [16]byte
	generation    uint64
	keyID         string
	mac           Text // its bytes; empty in the zero token
}

// What a session token is for; one for the one is never taken for the other.
const (
	RefreshUse = "refresh token"
	BearerUse  = "bearer token"
)

const sessionTokenBytes = 16 + 16 + 8 + sha256.Size

// DeriveSessionToken is the token of a user's session for use.
func DeriveSessionToken(key MACKey, use string, user, session [16]byte, generation uint64) SessionToken {
	return SessionToken{
		user: user, session: session, generation: generation, keyID: key.ID,
		mac: NewText(string(key.Sum(use, user[:], session[:], binary.BigEndian.AppendUint64(nil, generation)))),
	}
}

// ParseSessionToken reads what Reveal wrote. Anything else is the zero token.
func ParseSessionToken(text string) SessionToken {
	encoded, keyID, found := strings.Cut(text, ".")
	keyID = macKeyIDPrefix + keyID
	if !found || !validMACKeyID(keyID) {
		return SessionToken{}
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil || len(raw) != sessionTokenBytes {
		return SessionToken{}
	}
	token := SessionToken{
		user: [16]byte(raw[:16]), session: [16]byte(raw[16:32]), generation: binary.BigEndian.Uint64(raw[32:40]),
		keyID: keyID, mac: NewText(string(raw[40:])),
	}
	if token.Reveal() != text { // base64 skips line ends
		return SessionToken{}
	}
	return token
}

// Genuine reports whether the token was made for use, under a key of the ring.
func (t SessionToken) Genuine(keys *Keyring, use string) bool {
	key, known := keys.ByID(t.keyID)
	if t.IsZero() || !known {
		return false
	}
	own := DeriveSessionToken(key, use, t.user, t.session, t.generation)
	return subtle.ConstantTimeCompare([]byte(own.mac.Reveal()), []byte(t.mac.Reveal())) == 1
}

// IsZero reports the token that nothing well-formed stood for.
func (t SessionToken) IsZero() bool { return t.mac.IsZero() }

// User is whose the token says it is. Only Genuine proves it.
func (t SessionToken) User() [16]byte { return t.user }

// Session is the session that the token says it opens.
func (t SessionToken) Session() [16]byte { return t.session }

// Generation is how many rotations came before this refresh token.
func (t SessionToken) Generation() int64 { return int64(t.generation) }

// Reveal is the token's text, for its holder and nowhere else; empty for the zero token.
func (t SessionToken) Reveal() string {
	if t.IsZero() {
		return ""
	}
	raw := make([]byte, 0, sessionTokenBytes)
	raw = append(append(raw, t.user[:]...), t.session[:]...)
	raw = append(binary.BigEndian.AppendUint64(raw, t.generation), t.mac.Reveal()...)
	return base64.RawURLEncoding.EncodeToString(raw) + "." + strings.TrimPrefix(t.keyID, macKeyIDPrefix)
}
