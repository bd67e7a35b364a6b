package signup

import (
	"cmp"
	"slices"
	"time"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/secret"
)

// DueMail is a mail that a stored change of a client asks for. It holds no
// secret: the mail function derives the code and the link from the nonce.
type DueMail struct {
	MailID    string
	ClientID  ID      // zero for a challenge of a user
	SignUpID  ID      // what the code is bound to; the user itself for a challenge of a user
	UserID    ID      // user, or the one that the sign-up will become
	Purpose   Purpose // of a user's challenge; empty for a sign-up's
	Kind      identifier.Kind
	Strategy  string
	To        string // address as the person wrote it
	Canonical string // canonical form of the address, to which the code is bound
	Locale    string // BCP 47, or empty
	KeyID     string
	Nonce     []byte
	ExpiresAt time.Time
	Linked    bool   // whether the mail carries a link
	LinkBase  string // what the link begins with; empty is settings.PublicURL
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

// LinkURL is the link that the mail carries, under the key that the mail names and
// below publicURL unless the mail names another base; zero if it carries none.
func (d DueMail) LinkURL(key secret.MACKey, publicURL string) secret.Text {
	base := cmp.Or(d.LinkBase, publicURL)
	if !d.Linked || base == "" {
		return secret.Text{}
	}
	token := linkToken(key, d.Nonce, d.ClientID, d.SignUpID, d.Canonical)
	return secret.NewText(base + LinkPath + "?token=" + token.Reveal())
}

// Expired reports whether the code is too old to be worth a mail.
func (d DueMail) Expired(now time.Time) bool { return !now.Before(d.ExpiresAt) }

// Owned reports whether somebody has an account with the mail's address, so that the
// code and link that it would carry could prove nothing. claims are those on the
// address. The sign-up's own is none: its mail may be delivered again after it has
// completed.
func (d DueMail) Owned(claims []Claim) bool {
	return slices.ContainsFunc(claims, func(c Claim) bool {
		return c.Identifier.Kind == d.Kind && c.Identifier.Canonical == d.Canonical && c.Owner != d.UserID && !c.yields(VerifiedClaim)
	})
}

// Holder is the client or user that asked for the mail; a newer mail of the same holder
// takes its place.
func (d DueMail) Holder() ID {
	if d.ClientID.IsZero() {
		return d.UserID
	}
	return d.ClientID
}
