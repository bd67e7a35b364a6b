package norman

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"time"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/token"
)

// logIn is the LoginResponse (§1.2).
type logIn struct {
	Account     account `json:"account"`
	AccessToken string  `json:"access_token"`
	IDToken     string  `json:"id_token"`
}

// accessClaims are an access token's: who, and by which session.
type accessClaims struct {
	token.Registered
	SessionID string `json:"sid"`
}

// idClaims tell an application who signed in.
type idClaims struct {
	token.Registered
	Name          string `json:"name,omitempty"`
	Email         string `json:"email,omitempty"`
	EmailVerified bool   `json:"email_verified"`
}

func (a API) logIn(r *gateway.Request, session *signup.Session) (*logIn, error) {
	now, who := a.Accounts.Now(), a.account(session.User)
	registered := func() token.Registered {
		return token.NewRegistered(a.issuer(r), who.ID, a.settings().Accounts.Audience, rand.Text(), now, a.settings().Accounts.TokenLife.Std())
	}
	access, err := a.Keys.Current().Mint(token.AccountAccess, accessClaims{registered(), session.ID.String()})
	if err != nil {
		return nil, err
	}
	u := session.User
	email, verified := provedAddress(u)
	identity, err := a.Keys.Current().Mint(token.AccountIdentity, idClaims{
		Registered: registered(), Name: u.Username.Display, Email: email, EmailVerified: verified,
	})
	return &logIn{Account: who, AccessToken: access.Reveal(), IDToken: identity.Reveal()}, err
}

// bearer is the session that the request's access token is of.
func (a API) bearer(ctx context.Context, r *gateway.Request) (*signup.Session, error) {
	compact, there := r.Bearer()
	refused := problem.AuthenticationInvalid.New()
	if !there {
		return nil, refused
	}
	claims, err := a.Keys.Verify(token.AccountAccess, compact, a.Accounts.Now(), token.Expect{
		Issuer: a.issuer(r), Audience: a.settings().Accounts.Audience[0],
	})
	if err != nil {
		return nil, refused
	}
	var own accessClaims
	if json.Unmarshal(claims.All, &own) != nil {
		return nil, refused
	}
	session, err := signup.ParseID(own.SessionID)
	user := a.ids().parse(claims.Subject)
	if err != nil || user.IsZero() {
		return nil, refused
	}
	return a.Accounts.Bearer(ctx, user, session)
}

// issuer is whom tokens come from.
func (a API) issuer(r *gateway.Request) string { return r.BaseURL(a.settings().PublicURL) }

// creationTime is a time as clients of this wire read it: with an offset, since they
// take one without for their own.
func creationTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }
