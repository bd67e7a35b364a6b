package secret

import (
	"crypto/subtle"
	"encoding/base64"
	"strings"
)

// operatorKeyPrefix begins an operator key, for scanners to know.
const operatorKeyPrefix = "dop_"

// OperatorKey is what an operator's own programs call with. It is derived from the
// ring and stored nowhere; a rotated ring makes another, and takes the earlier ones too.
// Its text is the prefix, the 8 characters of its key's id, "_", and 43 of base64url.
func OperatorKey(keys *Keyring) Text { return operatorKey(keys.Current()) }

func operatorKey(key MACKey) Text {
	return NewText(operatorKeyPrefix + strings.TrimPrefix(key.ID, macKeyIDPrefix) + "_" +
		base64.RawURLEncoding.EncodeToString(key.Sum("operator key")))
}

// IsOperatorKey reports whether text is the operator key of any key of the ring. It
// compares in constant time.
func IsOperatorKey(keys *Keyring, text string) bool {
	id, _, found := strings.Cut(strings.TrimPrefix(text, operatorKeyPrefix), "_")
	if !found || !strings.HasPrefix(text, operatorKeyPrefix) || !validMACKeyID(macKeyIDPrefix+id) {
		return false
	}
	key, known := keys.ByID(macKeyIDPrefix + id)
	if !known {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(operatorKey(key).Reveal()), []byte(text)) == 1
}
