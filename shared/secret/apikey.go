package secret

import (
	"crypto/sha256"
	"encoding/base64"
	"hash/crc32"
	"io"
	"math/big"
	"strings"
)

// APIKey is what a machine signs in with. Its text is a prefix that scanners know,
// the account's id (22 base-62 digits), 128 random bits (22) and a checksum (6), so
// that a mistyped or truncated one is told from a wrong one without asking the table.
type APIKey struct {
	hidden
	prefix  string
	account [16]byte
	secret  Text // its 16 bytes; empty in the zero key
}

const (
	apiKeyDigits   = 22 // of 16 bytes
	checksumDigits = 6  // of 4 bytes
)

// NewAPIKey draws a key for account from rand. prefix ends in "_".
func NewAPIKey(prefix string, account [16]byte, rand io.Reader) (APIKey, error) {
	var raw [16]byte
	_, err := io.ReadFull(rand, raw[:])
	return APIKey{prefix: prefix, account: account, secret: NewText(string(raw[:]))}, err
}

// ParseAPIKey reads what Reveal wrote under prefix. Anything else is the zero key.
func ParseAPIKey(prefix, text string) APIKey {
	rest, found := strings.CutPrefix(text, prefix)
	if !found || len(rest) != 2*apiKeyDigits+checksumDigits {
		return APIKey{}
	}
	account, known := fromBase62(rest[:apiKeyDigits])
	raw, drawn := fromBase62(rest[apiKeyDigits : 2*apiKeyDigits])
	key := APIKey{prefix: prefix, account: account, secret: NewText(string(raw[:]))}
	if !known || !drawn || key.Reveal() != text {
		return APIKey{}
	}
	return key
}

// IsZero reports the key that nothing well-formed stood for.
func (k APIKey) IsZero() bool { return k.secret.IsZero() }

// Account is the account that the key says it is of. Only its hash proves it.
func (k APIKey) Account() [16]byte { return k.account }

// Hash is what may be stored of the key: the SHA-256 of its 128 random bits, in
// base64url (ASVS 6.5.2 asks for no more above 112 bits).
func (k APIKey) Hash() string {
	sum := sha256.Sum256([]byte(k.secret.Reveal()))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Reveal is the key's text, for the one answer that shows it; empty for the zero key.
func (k APIKey) Reveal() string {
	if k.IsZero() {
		return ""
	}
	body := toBase62(k.account[:], apiKeyDigits) + toBase62([]byte(k.secret.Reveal()), apiKeyDigits)
	sum := crc32.ChecksumIEEE([]byte(k.prefix + body))
	return k.prefix + body + toBase62(big.NewInt(int64(sum)).Bytes(), checksumDigits)
}

// toBase62 is raw as a number in so many base-62 digits, most significant first.
func toBase62(raw []byte, digits int) string {
	number, base, digit := new(big.Int).SetBytes(raw), big.NewInt(int64(len(base62Digits))), new(big.Int)
	text := make([]byte, digits)
	for i := digits - 1; i >= 0; i-- {
		number.DivMod(number, base, digit)
		text[i] = base62Digits[digit.Int64()]
	}
	return string(text)
}

// fromBase62 is the 16 bytes that toBase62 wrote; false for anything else.
func fromBase62(text string) (raw [16]byte, ok bool) {
	number, base := new(big.Int), big.NewInt(int64(len(base62Digits)))
	for i := range len(text) {
		digit := strings.IndexByte(base62Digits, text[i])
		if digit < 0 {
			return raw, false
		}
		number.Add(number.Mul(number, base), big.NewInt(int64(digit)))
	}
	if number.BitLen() > 8*len(raw) {
		return raw, false
	}
	number.FillBytes(raw[:])
	return raw, true
}
