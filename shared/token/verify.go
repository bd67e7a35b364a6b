package token

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// ClockSkew is how far the clocks of a token's maker and its verifier may be
	// apart, as Clerk's own back-end SDK has it.
	ClockSkew = 5 * time.Second

	// maxTokenBytes bounds what is looked at: a cookie, and some.
	maxTokenBytes = 8 << 10
)

// ErrInvalid is the error of every token that Verify refuses. What wraps it says
// why, for a log, and never quotes the token.
var ErrInvalid = errors.New("token: not valid")

// Expect is what a verifier knows of the tokens that are meant for it. Both must be set.
type Expect struct {
	Issuer   string
	Audience string // one of the token's audiences
}

// Claims are what a verified token says.
type Claims struct {
	Issuer, Subject, ID string
	Audience            []string
	IssuedAt, ExpiresAt time.Time
	// All is the whole claims set, a JSON object.
	All json.RawMessage
}

// Verify returns the claims of a token in JWS compact form if it is of that kind,
// signed RS256 by the key that its `kid` names exactly, within its life at now give
// or take ClockSkew, and from and for whom expect says; else an error that wraps
// ErrInvalid. iss, aud, exp, iat and jti must be there, and sub in all kinds but
// Handshake. The header has no other say: a key or an address of one in it (`jwk`,
// `jku`, `x5c`, `x5u`) is ignored (RFC 8725 §3.10), and an extension that it calls
// critical is one that isn't understood here (RFC 7515 §4.1.11).
func (k *SigningKeys) Verify(kind Kind, compact string, now time.Time, expect Expect) (*Claims, error) {
	if _, _, declared := kind.header(); !declared || expect.Issuer == "" || expect.Audience == "" {
		return nil, errors.New("token: Verify needs a kind, an issuer and an audience")
	}
	if len(compact) > maxTokenBytes || strings.ContainsAny(compact, "\r\n") { // line ends, Go's base64 skips
		return nil, invalid("it is too long or has several lines")
	}
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{Algorithm}), jwt.WithStrictDecoding(), jwt.WithLeeway(ClockSkew),
		jwt.WithTimeFunc(func() time.Time { return now }), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithIssuer(expect.Issuer), jwt.WithAudience(expect.Audience),
	)
	var set claimSet
	_, err := parser.ParseWithClaims(compact, &set, func(t *jwt.Token) (any, error) { return k.keyFor(kind, t.Header) })
	if err != nil {
		return nil, invalid(err.Error())
	}
	return set.claims(kind)
}

// keyFor is the key that a token's header names, if the header is the kind's own.
func (k *SigningKeys) keyFor(kind Kind, head map[string]any) (any, error) {
	typ, category, _ := kind.header()
	if head["typ"] != typ {
		return nil, errors.New("it has another typ")
	}
	if given, there := head["cat"]; there != (category != "") || (there && given != category) {
		return nil, errors.New("it is of another kind")
	}
	if _, there := head["crit"]; there {
		return nil, errors.New("it has a critical extension")
	}
	id, _ := head["kid"].(string)
	key, known := k.ByID(id)
	if !known {
		return nil, errors.New("its key isn't known")
	}
	return key, nil
}

// claimSet keeps the whole claims set beside the registered claims.
type claimSet struct {
	jwt.RegisteredClaims
	all json.RawMessage
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *claimSet) UnmarshalJSON(text []byte) error {
	c.all = slices.Clone(text)
	return json.Unmarshal(text, &c.RegisteredClaims)
}

func (c *claimSet) claims(kind Kind) (*Claims, error) {
	switch {
	case c.IssuedAt == nil:
		return nil, invalid("it has no iat")
	case c.ID == "":
		return nil, invalid("it has no jti")
	case (c.Subject == "") != (kind == Handshake):
		return nil, invalid("its sub is missing, or one too many")
	case c.ExpiresAt.Sub(c.IssuedAt.Time) > LongestToken:
		return nil, invalid("it lives longer than any token may")
	case c.NotBefore != nil && (c.NotBefore.After(c.ExpiresAt.Time) || c.IssuedAt.Sub(c.NotBefore.Time) > LongestToken):
		return nil, invalid("its nbf is at odds with its life") // or so large that it has wrapped around
	}
	return &Claims{
		Issuer: c.Issuer, Subject: c.Subject, ID: c.ID, Audience: c.Audience,
		IssuedAt: c.IssuedAt.Time, ExpiresAt: c.ExpiresAt.Time, All: c.all,
	}, nil
}

func invalid(why string) error { return fmt.Errorf("%w: %s", ErrInvalid, why) }
