package deskree

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/token"
)

// API serves the operations of this wire.
type API struct {
	// Accounts is the service under the settings of this door.
	Accounts *signup.Service
	// Keys sign and verify tokens.
	Keys *token.SigningKeys
}

// Longest fields, in bytes; what they mean has tighter limits of its own.
const maxText = 4 << 10

// operatorHeader has an operator key (§2.1).
const operatorHeader = "deskree-admin"

func (a API) settings() *settings.Settings { return a.Accounts.Settings }

// addressOf is the user's address with its case folded, as callers of this wire know it.
func addressOf(u *signup.User) string { return u.EmailAddress.Canonical }

// verified reports whether the user's address has been proved.
func verified(u *signup.User) bool {
	_, proved := u.Proved[identifier.KindEmailAddress]
	return proved
}

// ok answers 200. An answer without a problem has all in data (§2.1).
func ok(body any) *gateway.Response { return &gateway.Response{Status: http.StatusOK, Body: body} }

// nothing is JSON's empty text. The vendor's own tests expect the empty text of their
// client, which is what it makes of this; a program that parses the answer, as its
// documentation's {} suggests, isn't handed what isn't JSON (§2.5).
func nothing() *gateway.Response { return ok("") }

// account is an account as a sign-up and a sign-in answer it (§2.3). Its tokens are
// missing as long as it is disabled.
type account struct {
	UID           string `json:"uid"`
	Email         string `json:"email"`
	EmailVerified bool   `json:"emailVerified"`
	Disabled      bool   `json:"disabled"`
	IDToken       string `json:"idToken,omitempty"`
	RefreshToken  string `json:"refreshToken,omitempty"`
	ExpiresIn     string `json:"expiresIn,omitempty"`
}

type accountAnswer struct {
	Data account `json:"data"`
}

// refreshed are the tokens as a refresh answers them.
type refreshed struct {
	ExpiresIn    string `json:"expires_in"`
	RefreshToken string `json:"refresh_token"`
	IDToken      string `json:"id_token"`
	UserID       string `json:"user_id"`
}

type refreshedAnswer struct {
	Data refreshed `json:"data"`
}

// SignUp serves SignUp (§2.3).
func (a API) SignUp(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	email, password, err := credentials(r)
	if err != nil {
		return nil, err
	}
	in := signup.Registration{Input: signup.Input{EmailAddress: email, Password: password}, SignIn: true}
	if a.settings().Passwords.ConfirmAddress {
		in.SignIn, in.Challenge, in.Unconfirmed = false, signup.ConfirmAddress, true
	}
	made, err := a.Accounts.Register(ctx, caller(r), in)
	if err != nil {
		return nil, told(err, noCredentials)
	}
	r.Note(slog.String("user", made.User.ID.String()))
	if made.Session != nil {
		return a.signedIn(r, made.Session)
	}
	address, err := identifier.ParseEmailAddress(email) // the user's own, unless it is another's and the answer mustn't say so
	return ok(accountAnswer{account{UID: made.User.ID.Checked(), Email: address.Canonical, Disabled: made.User.Hold() != ""}}), err
}

// SignIn serves SignIn.
func (a API) SignIn(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	email, password, err := credentials(r)
	if err != nil {
		return nil, err
	}
	address, err := identifier.ParseEmailAddress(email)
	if err != nil {
		return nil, told(err, noCredentials)
	}
	session, err := a.Accounts.SignInWithPassword(ctx, caller(r), signup.ID{}, address, password)
	if problem.Has(err, problem.AccountUnknown) {
		err = problem.CredentialsInvalid.On("email")
	}
	if err != nil {
		return nil, err
	}
	r.Note(slog.String("user", session.User.ID.String()))
	return a.signedIn(r, session)
}

// signedIn answers with the tokens of a new session.
func (a API) signedIn(r *gateway.Request, session *signup.Session) (*gateway.Response, error) {
	u := session.User
	identity, err := a.identity(r, session)
	return ok(accountAnswer{account{
		UID: u.ID.Checked(), Email: addressOf(u), EmailVerified: verified(u),
		IDToken: identity, RefreshToken: a.Accounts.RefreshToken(session).Reveal(), ExpiresIn: a.expiresIn(),
	}}), err
}

// Refresh serves Refresh: the names in its answer are in snake case (§2.3).
func (a API) Refresh(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	f := r.Fields()
	given := secret.ParseSessionToken(f.String("refresh_token", maxText))
	if err := f.Require("refresh_token"); err != nil {
		return nil, told(err, noRefreshToken)
	}
	session, err := a.Accounts.Refresh(ctx, given)
	if err != nil {
		return nil, err
	}
	r.Note(slog.String("user", session.User.ID.String()))
	identity, err := a.identity(r, session)
	return ok(refreshedAnswer{refreshed{
		ExpiresIn: a.expiresIn(), RefreshToken: a.Accounts.RefreshToken(session).Reveal(), IDToken: identity, UserID: session.User.ID.Checked(),
	}}), err
}

// credentials are the address and the password in the body.
func credentials(r *gateway.Request) (email string, password secret.Text, err error) {
	f := r.Fields()
	email, password = f.String("email", maxText), secret.NewText(f.String("password", maxText))
	return email, password, told(f.Require("email", "password"), noCredentials)
}

func caller(r *gateway.Request) signup.Caller { return signup.Caller{Source: r.SourceIP} }

// Endpoint binds op to handler, or to an answer that there is nothing if the family is
// switched off.
func Endpoint(s *settings.Settings, op gateway.Operation, handler gateway.Handler) []gateway.Endpoint {
	return gateway.Switched(s.Passwords.Enabled, op, handler)
}
