package deskree

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"strconv"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/token"
)

// identityClaims are an identity token's (§2.3), and the session that it is of.
type identityClaims struct {
	token.Registered
	AuthTime      int64    `json:"auth_time"` // Unix seconds
	UserID        string   `json:"user_id"`
	Email         string   `json:"email,omitempty"`
	EmailVerified bool     `json:"email_verified"`
	Firebase      firebase `json:"firebase"`
	SessionID     string   `json:"sid"`
}

// firebase is the member that clients read who know tokens from there.
type firebase struct {
	Identities     identities `json:"identities"`
	SignInProvider string     `json:"sign_in_provider"`
}

type identities struct {
	Email []string `json:"email,omitempty"`
}

// byPassword is the one way to sign in at this door.
const byPassword = "password"

// identity is the identity token of the session, which lives for expiresIn.
func (a API) identity(r *gateway.Request, session *signup.Session) (string, error) {
	u, s := session.User, a.settings().Passwords
	uid, address := u.ID.Checked(), addressOf(u)
	claims := identityClaims{
		Registered: token.NewRegistered(a.issuer(r), uid, []string{s.Audience}, rand.Text(), a.Accounts.Now(), s.TokenLife.Std()),
		AuthTime:   session.CreatedAt.Unix(), UserID: uid, Email: address, EmailVerified: verified(u),
		Firebase: firebase{SignInProvider: byPassword}, SessionID: session.ID.String(),
	}
	if address != "" {
		claims.Firebase.Identities.Email = []string{address}
	}
	minted, err := a.Keys.Current().Mint(token.UserIdentity, claims)
	return minted.Reveal(), err
}

// expiresIn is the life of an identity token in seconds, as text.
func (a API) expiresIn() string {
	return strconv.Itoa(int(a.settings().Passwords.TokenLife.Std().Seconds()))
}

// bearer is the session that the request's identity token is of.
func (a API) bearer(ctx context.Context, r *gateway.Request) (*signup.Session, error) {
	compact, there := r.Bearer()
	if !there {
		return nil, problem.AuthenticationInvalid.New()
	}
	claims, err := a.Keys.Verify(token.UserIdentity, compact, a.Accounts.Now(), token.Expect{
		Issuer: a.issuer(r), Audience: a.settings().Passwords.Audience,
	})
	if err != nil {
		return nil, problem.SignedOut.New()
	}
	var own identityClaims
	if json.Unmarshal(claims.All, &own) != nil {
		return nil, problem.SignedOut.New()
	}
	id, idErr := signup.ParseID(own.SessionID)
	user, userErr := signup.ParseChecked(claims.Subject)
	if idErr != nil || userErr != nil {
		return nil, problem.SignedOut.New()
	}
	session, err := a.Accounts.Bearer(ctx, user, id)
	if problem.Has(err, problem.AuthenticationInvalid) {
		err = problem.SignedOut.New()
	}
	return session, err
}

// issuer is whom tokens come from.
func (a API) issuer(r *gateway.Request) string { return r.BaseURL(a.settings().PublicURL) }
