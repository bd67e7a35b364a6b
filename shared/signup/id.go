package signup

import (
	"errors"
	"hash/crc32"
	"io"
	"math/bits"
)

// ID names a client, sign-up, user or session: 16 random bytes. Each wire
// renders it with its own prefix by a bijection.
type ID [16]byte

// errMalformedID is returned for a text that no ID renders to.
var errMalformedID = errors.New("signup: malformed id")

// idLength is the fixed length of an ID in base 62: 62^22 > 2^128.
const idLength = 22

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// NewID draws an ID from entropy.
func NewID(entropy io.Reader) (ID, error) {
	var id ID
	_, err := io.ReadFull(entropy, id[:])
	return id, err
}

// IsZero reports the ID that names nothing.
func (id ID) IsZero() bool { return id == ID{} }

// String is the ID in 22 base-62 digits, most significant first.
func (id ID) String() string {
	hi, lo := id.words()
	var text [idLength]byte
	for i := idLength - 1; i >= 0; i-- {
		var rest uint64
		hi, rest = bits.Div64(0, hi, 62)
		lo, rest = bits.Div64(rest, lo, 62)
		text[i] = base62[rest]
	}
	return string(text[:])
}

func (id ID) words() (hi, lo uint64) {
	for i := range 8 {
		hi = hi<<8 | uint64(id[i])
		lo = lo<<8 | uint64(id[i+8])
	}
	return hi, lo
}

// ParseID reads what String wrote, and nothing else.
func ParseID(text string) (ID, error) {
	if len(text) != idLength {
		return ID{}, errMalformedID
	}
	var hi, lo uint64
	for i := range idLength {
		digit, ok := digit62(text[i])
		if !ok {
			return ID{}, errMalformedID
		}
		overflow, low := bits.Mul64(lo, 62)
		carry := uint64(0)
		lo, carry = bits.Add64(low, digit, 0)
		above, high := bits.Mul64(hi, 62)
		var spill uint64
		hi, spill = bits.Add64(high, overflow, carry)
		if above != 0 || spill != 0 {
			return ID{}, errMalformedID
		}
	}
	var id ID
	for i := range 8 {
		id[i] = byte(hi >> (56 - 8*i))
		id[i+8] = byte(lo >> (56 - 8*i))
	}
	return id, nil
}

// checkDigits is how many more digits Checked has.
const checkDigits = 6

// Checked is String with a checksum behind it, 28 letters and digits: what wires show
// whose clients expect that many (deskree.md §2.3).
func (id ID) Checked() string { return id.String() + checksum(id) }

// ParseChecked reads what Checked wrote, and nothing else.
func ParseChecked(text string) (ID, error) {
	if len(text) != idLength+checkDigits {
		return ID{}, errMalformedID
	}
	id, err := ParseID(text[:idLength])
	if err != nil || text[idLength:] != checksum(id) {
		return ID{}, errMalformedID
	}
	return id, nil
}

// checksum is the CRC-32 of the ID in base 62.
func checksum(id ID) string {
	sum := crc32.ChecksumIEEE(id[:])
	var text [checkDigits]byte
	for i := checkDigits - 1; i >= 0; i-- {
		text[i], sum = base62[sum%62], sum/62
	}
	return string(text[:])
}

func digit62(c byte) (uint64, bool) {
	switch {
	case '0' <= c && c <= '9':
		return uint64(c - '0'), true
	case 'A' <= c && c <= 'Z':
		return uint64(c-'A') + 10, true
	case 'a' <= c && c <= 'z':
		return uint64(c-'a') + 36, true
	}
	return 0, false
}
