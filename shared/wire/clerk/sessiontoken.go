package clerk

import (
	"crypto/rand"
	"net/url"
	"time"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/token"
)

// sessionTokenLife is what SDKs are built for: they fetch the next token before a
// minute is over. It bounds how long a token outlives its session (R50).
const sessionTokenLife = time.Minute

// sessionToken is the Token resource (§3.8).
type sessionToken struct {
	Object string `json:"object"`
	JWT    string `json:"jwt"`
}

// sessionClaims are version 2 of the wire's session claims (§4.7), with aud, which
// API Gateway's JWT authorizer asks for, and amr.
type sessionClaims struct {
	token.Registered
	Version         int      `json:"v"`
	AuthorizedParty string   `json:"azp,omitempty"` // origin of the page, absent natively
	SessionID       string   `json:"sid"`
	FactorAge       [2]int   `json:"fva"` // minutes since the first and second factor; -1 is never
	Status          string   `json:"sts"`
	Methods         []string `json:"amr,omitempty"` // RFC 8176
}

// newSessionToken makes a token of the session for whoever sends r.
func newSessionToken(keys *token.SigningKeys, s *settings.Settings, r *gateway.Request, session *signup.Session, now time.Time) (*sessionToken, error) {
	return mintSessionToken(keys, s, r, session, partyOf(s, r), now)
}

// mintSessionToken makes a token of the session for the pages of origin party.
func mintSessionToken(
	keys *token.SigningKeys, s *settings.Settings, r *gateway.Request, session *signup.Session, party string, now time.Time,
) (*sessionToken, error) {
	audience := s.Session.Audience
	if len(audience) == 0 {
		audience = []string{issuerOf(s, r)}
	}
	subject := userPrefix + session.User.ID.String()
	jwt, err := keys.Current().Mint(token.Session, sessionClaims{
		Registered: token.NewRegistered(issuerOf(s, r), subject, audience, rand.Text(), now, sessionTokenLife),
		Version:    2, AuthorizedParty: party, SessionID: sessionPrefix + session.ID.String(),
		FactorAge: factorAge(session, now), Status: "active", Methods: methods(session),
	})
	if err != nil {
		return nil, err
	}
	return &sessionToken{Object: "token", JWT: jwt.Reveal()}, nil
}

// issuerOf is the iss of all tokens: where browsers reach this API, so that what
// verifies them finds the keys from it alone. The gateway's own word goes before
// the request's, which names any host it likes.
func issuerOf(s *settings.Settings, r *gateway.Request) string {
	return r.BaseURL(s.PublicURL)
}

// factorAge is how many minutes ago the session's person signed in. There is no
// second factor yet.
func factorAge(session *signup.Session, now time.Time) [2]int {
	return [2]int{int(now.Sub(session.CreatedAt) / time.Minute), -1}
}

// methods are how the person signed in, as far as it counts as authentication: by
// password. Mail is proof of an address and no factor, so it isn't named (R18).
func methods(session *signup.Session) []string {
	u := session.User
	if u.PasswordHash == "" || u.PasswordSetAt.After(session.CreatedAt) {
		return nil
	}
	return []string{"pwd"}
}

// partyOf is the origin of the page that sends r, "" for another sender. A page
// names no origin when it reads from its own: then its address tells.
func partyOf(s *settings.Settings, r *gateway.Request) string {
	if isNative(r) {
		return ""
	}
	origin := r.Header("origin")
	if origin == "" {
		if page, err := url.Parse(r.Header("referer")); err == nil && page.Host != "" {
			origin = page.Scheme + "://" + page.Host
		}
	}
	if origin != "" && (s.OriginAllowed(origin) || origin == r.Scheme+"://"+r.Host) {
		return origin
	}
	return ""
}
