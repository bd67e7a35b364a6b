package zato

import (
	"encoding/binary"
	"math/bits"
	"strings"

	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// What begins the ids of users and the tokens of sessions (§4.3).
const (
	userPrefix    = "zusr"
	sessionPrefix = "zust"
)

// crockford is the alphabet of Crockford's base 32, in lower case: no i, l, o or u.
const crockford = "0123456789abcdefghjkmnpqrstvwxyz"

// userDigits is how many digits 128 bits have; the first one is at most 7.
const userDigits = 26

// userText is a user's id on this wire: zusr and 26 digits, most significant first.
func userText(id signup.ID) string {
	hi, lo := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
	var text [userDigits]byte
	for i := userDigits - 1; i >= 0; i-- {
		text[i] = crockford[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return userPrefix + string(text[:])
}

// parseUser is the user that text names; false if it isn't exactly what userText writes.
func parseUser(text string) (id signup.ID, ok bool) {
	digits, prefixed := strings.CutPrefix(text, userPrefix)
	if !prefixed || len(digits) != userDigits || digits[0] > '7' {
		return id, false
	}
	var hi, lo uint64
	for i := range userDigits {
		digit := strings.IndexByte(crockford, digits[i])
		if digit < 0 {
			return id, false
		}
		hi = hi<<5 | lo>>59
		lo = bits.RotateLeft64(lo, 5)&^31 | uint64(digit)
	}
	binary.BigEndian.PutUint64(id[:8], hi)
	binary.BigEndian.PutUint64(id[8:], lo)
	return id, true
}

// namedUser is the user that a caller names: by this wire's id, or by the one that
// callbacks carry.
func namedUser(text string) (signup.ID, bool) {
	if carried, prefixed := strings.CutPrefix(text, "user_"); prefixed {
		id, err := signup.ParseID(carried)
		return id, err == nil
	}
	return parseUser(text)
}

// sessionText is the token of a session (UST).
func sessionText(token secret.SessionToken) secret.Text {
	return secret.NewText(sessionPrefix + token.Reveal())
}

// parseSession reads what sessionText wrote; anything else is the zero token.
func parseSession(text string) secret.SessionToken {
	token, prefixed := strings.CutPrefix(text, sessionPrefix)
	if !prefixed {
		return secret.SessionToken{}
	}
	return secret.ParseSessionToken(token)
}
