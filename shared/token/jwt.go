package token

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/doorstep-auth/doorstep/shared/secret"
)

// Kind is what a token is for. A token of one kind is never accepted as another
// (RFC 8725 §3.12): its header says which it is, and Verify takes one kind only.
type Kind int

// The kinds of token. Nothing else is signed with these keys.
const (
	// Session is who is signed in, for an application's own back end.
	Session Kind = iota + 1
	// Handshake carries cookies to a server-rendered application. It has no
	// subject, so that nobody can take it for a session.
	Handshake
	// AccountAccess is what an account of the one-call doors calls with (RFC 9068 §2.1).
	AccountAccess
	// AccountIdentity tells an application who signed in; it opens nothing.
	AccountIdentity
	// UserIdentity is the identity token of an account with refresh tokens, with which it also calls.
	UserIdentity
)

// header is what tells a kind, as Clerk's wire has it (clerk.md §3.12,
// §4.7): its SDKs want the typ JWT for both, so the category tells them apart.
func (k Kind) header() (typ, category string, declared bool) {
	switch k {
	case Session:
		return "JWT", "cl_B7d4PD111AAA", true
	case Handshake:
		return "JWT", "", true
	case AccountAccess:
		return "at+jwt", "", true
	case AccountIdentity:
		return "JWT", "identity", true
	case UserIdentity:
		return "JWT", "user", true
	}
	return "", "", false
}

// header is the JOSE header of a token (RFC 7515 §4.1).
type header struct {
	Algorithm string `json:"alg"`
	Category  string `json:"cat,omitempty"`
	KeyID     string `json:"kid"`
	Type      string `json:"typ"`
}

// Registered are the claims of RFC 7519 §4.1 that every token carries, for a
// kind's own claims to embed. Times are Unix seconds. A Handshake has no subject.
type Registered struct {
	Issuer    string `json:"iss"`
	Subject   string `json:"sub,omitempty"`
	Audience  any    `json:"aud"` // a string or, for several, a list of them
	ExpiresAt int64  `json:"exp"`
	NotBefore int64  `json:"nbf"`
	IssuedAt  int64  `json:"iat"`
	ID        string `json:"jti"`
}

// notBeforeMargin lets a verifier whose clock is behind accept a new token at once.
const notBeforeMargin = 10 * time.Second

// NewRegistered are the claims of a token that is made now and lives for life; id is
// its jti, audience one or more names.
func NewRegistered(issuer, subject string, audience []string, id string, now time.Time, life time.Duration) Registered {
	r := Registered{
		Issuer: issuer, Subject: subject, Audience: audience, ID: id,
		IssuedAt: now.Unix(), NotBefore: now.Add(-notBeforeMargin).Unix(), ExpiresAt: now.Add(life).Unix(),
	}
	if len(audience) == 1 {
		r.Audience = audience[0]
	}
	return r
}

// Mint signs claims, which must encode as a JSON object, as a token of that kind in
// JWS compact form (RFC 7515 §7.1). The header never holds `oiat`: SDKs order tokens
// by it only if some have it (clerk.md §4.7).
func (s Signer) Mint(kind Kind, claims any) (secret.Text, error) {
	typ, category, declared := kind.header()
	if !declared {
		return secret.Text{}, fmt.Errorf("token: %d is no kind of token", kind)
	}
	head, err := json.Marshal(header{Algorithm: Algorithm, Category: category, KeyID: s.ID, Type: typ})
	if err != nil {
		return secret.Text{}, fmt.Errorf("token: encode a header: %w", err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return secret.Text{}, fmt.Errorf("token: encode claims: %w", err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	input := encode(head) + "." + encode(payload)
	signature, err := s.Sign([]byte(input))
	if err != nil {
		return secret.Text{}, err
	}
	return secret.NewText(input + "." + encode(signature)), nil
}
