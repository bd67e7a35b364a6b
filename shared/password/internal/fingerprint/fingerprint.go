// Package fingerprint reduces passwords to what the list of common passwords
// holds of them. The generator of that list and its reader share it.
package fingerprint

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Size is the length of a fingerprint in bytes.
const Size = 4

// Fold is the form in which passwords are compared with words and lists: NFC,
// in lower case. It is never what is hashed.
func Fold(password string) string { return norm.NFC.String(strings.ToLower(password)) }

// Of is the first Size bytes of the SHA-256 of a folded password, as a number.
func Of(folded string) uint32 {
	sum := sha256.Sum256([]byte(folded))
	return binary.BigEndian.Uint32(sum[:Size])
}
