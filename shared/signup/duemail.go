package signup

import (
	"time"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/secret"
)

// DueMail is a mail that a stored change of a client asks for. It holds no
// secret: the mail function derives the code from the nonce.
type DueMail struct {
	MailID    string
	ClientID  ID
	SignUpID  ID
	Kind      identifier.Kind
	Strategy  string
	To        string // address as the person wrote it
	Canonical string // canonical form of the address, to which the code is bound
	Locale    string // BCP 47, or empty
	KeyID     string
	Nonce     []byte
	ExpiresAt time.Time
	// StoredAt is when the change was stored, to the second.
	StoredAt time.Time
}

// verificationCode is the code of a verification: bound to the sign-up and the
// address, so that it proves nothing else (ASVS 6.6.2).
func verificationCode(key secret.MACKey, nonce []byte, signUp ID, canonical string) secret.Text {
	return secret.DeriveCode(key, nonce, signUp[:], []byte(canonical))
}

// Code is the code that the mail carries, under the key that the mail names.
func (d DueMail) Code(key secret.MACKey) secret.Text {
	return verificationCode(key, d.Nonce, d.SignUpID, d.Canonical)
}

// Expired reports whether the code is too old to be worth a mail.
func (d DueMail) Expired(now time.Time) bool { return !now.Before(d.ExpiresAt) }
