package secret

import (
	"crypto/subtle"
	"encoding/binary"
	"fmt"
)

// CodeDigits is the length of a verification code: 6 digits, almost 20 bits (ASVS 6.5.3).
const CodeDigits = 6

// DeriveCode is the code of the verification that nonce names, bound to what it
// proves (the sign-up, the identifier): RFC 4226 §5.3's truncation of an HMAC,
// over 256 bits. The table holds the nonce, not the key.
func DeriveCode(key MACKey, nonce []byte, bound ...[]byte) Text {
	sum := key.Sum("verification code", append([][]byte{nonce}, bound...)...)
	offset := sum[len(sum)-1] & 0x0f
	number := binary.BigEndian.Uint64(sum[offset:]) % 1_000_000
	return NewText(fmt.Sprintf("%06d", number))
}

// CodeTried is what may be stored of a code that somebody tried: a keyed hash,
// since a code's own hash would be found by trying a million (ASVS 6.5.2).
func CodeTried(key MACKey, nonce []byte, code Text) []byte {
	return key.Sum("code tried", nonce, []byte(code.Reveal()))[:16]
}

// Equal compares in constant time.
func (t Text) Equal(other Text) bool {
	return subtle.ConstantTimeCompare([]byte(t.Reveal()), []byte(other.Reveal())) == 1
}

// WellFormedCode reports whether text is CodeDigits ASCII digits.
func WellFormedCode(text string) bool {
	if len(text) != CodeDigits {
		return false
	}
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}
