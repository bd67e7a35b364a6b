package secret

import (
	"crypto/sha256"
	"encoding/base64"
)

const (
	actionMACBytes    = 24 // 192 bits
	actionCodeLength  = 54 // characters of base64url for a user's id and the MAC
	confirmTokenBytes = 24 // 192 bits: zato.md §4.2
)

// DeriveActionCode is what a mailed link of a user's challenge carries: base64url of
// the user's id and a MAC over the challenge's nonce, its purpose and the canonical
// address, 54 characters. Nothing of it is stored.
func DeriveActionCode(key MACKey, purpose string, user [16]byte, nonce, canonical []byte) Text {
	sum := key.Sum("action code", []byte(purpose), user[:], nonce, canonical)
	return NewText(base64.RawURLEncoding.EncodeToString(append(user[:], sum[:actionMACBytes]...)))
}

// ActionCodeUser is the user that an action code says it is for; only comparing the
// code proves it. It reports false for what can't be one.
func ActionCodeUser(code Text) (user [16]byte, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(code.Reveal())
	if err != nil || len(code.Reveal()) != actionCodeLength || len(raw) != len(user)+actionMACBytes {
		return user, false
	}
	return [16]byte(raw[:16]), true
}

// DeriveConfirmToken is what confirms the sign-up of user whose challenge nonce
// names: 192 bits in 32 characters of base64url.
func DeriveConfirmToken(key MACKey, user [16]byte, nonce []byte) Text {
	return NewText(base64.RawURLEncoding.EncodeToString(key.Sum("confirm token", user[:], nonce)[:confirmTokenBytes]))
}

// ConfirmTokenHash is what may be stored of a confirm token, in base64url.
func ConfirmTokenHash(token Text) string {
	sum := sha256.Sum256([]byte(token.Reveal()))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
