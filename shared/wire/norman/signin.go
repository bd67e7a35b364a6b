package norman

import (
	"context"
	"log/slog"
	"net/url"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// LogInDefault serves LogInDefault (§1.4).
func (a API) LogInDefault(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	return a.logInAnswer(r, func(caller signup.Caller) (*signup.Session, error) {
		return a.Accounts.SignInAnonymously(ctx, caller, a.ids().parse(r.Params["account_id"]))
	})
}

// LogInKey serves LogInKey. An account_id beside the key, as one client sends it, is ignored.
func (a API) LogInKey(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	f := r.Fields()
	key := secret.ParseAPIKey(keyPrefix, f.String("api_key", maxText))
	if err := f.Require("api_key"); err != nil {
		return nil, err
	}
	return a.logInAnswer(r, func(caller signup.Caller) (*signup.Session, error) {
		return a.Accounts.SignInWithKey(ctx, caller, key)
	})
}

// LogInPassword serves LogInPassword: the path says by what, the body has it.
func (a API) LogInPassword(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	f, by := r.Fields(), r.Params["by"]
	password := secret.NewText(f.String("password", maxText))
	var user signup.ID
	var id identifier.Identifier
	switch by {
	case "account_id":
		user = a.ids().parse(f.String("account_id", maxText))
	case "name":
		id, _ = identifier.ParseUsername(f.String("name", maxText), a.settings().Username)
	case "email":
		id, _ = identifier.ParseEmailAddress(f.String("email", maxText))
	default:
		return nil, problem.ResourceNotFound.New().Detailed("There is nothing at this address.")
	}
	if err := f.Require(by, "password"); err != nil {
		return nil, err
	}
	return a.logInAnswer(r, func(caller signup.Caller) (*signup.Session, error) {
		return a.Accounts.SignInWithPassword(ctx, caller, user, id, password)
	})
}

// LogInEmail serves LogInEmail: the answer is the same whether the address is anybody's.
func (a API) LogInEmail(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	f := r.Fields()
	to := address(f, "email")
	if err := f.Faults.Err(); err != nil {
		return nil, err
	}
	return ok(nil), a.Accounts.ChallengeSignIn(ctx, signup.Caller{Source: r.SourceIP}, to)
}

// VerifyLogInEmail serves VerifyLogInEmail.
func (a API) VerifyLogInEmail(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	f := r.Fields()
	to, code := address(f, "email"), f.String("code", maxText)
	if err := f.Require("code"); err != nil {
		return nil, err
	}
	return a.logInAnswer(r, func(caller signup.Caller) (*signup.Session, error) {
		return a.Accounts.SignInWithCode(ctx, caller, to, code)
	})
}

func (a API) logInAnswer(r *gateway.Request, signIn func(signup.Caller) (*signup.Session, error)) (*gateway.Response, error) {
	session, err := signIn(signup.Caller{Source: r.SourceIP})
	if err != nil {
		return nil, err
	}
	r.Note(slog.String("user", session.User.ID.String()))
	body, err := a.logIn(r, session)
	return ok(body), err
}

// GetFactors serves GetFactors (§1.3), of the caller's own account.
func (a API) GetFactors(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	session, err := a.own(ctx, r, r.Params["account_id"])
	if err != nil {
		return nil, err
	}
	u := session.User
	counts := factors{AccountID: a.ids().text(u.ID), APIKeys: u.APIKeys}
	if u.PasswordHash != "" {
		counts.Passwords = 1
	}
	if _, verified := u.Proved[identifier.KindEmailAddress]; verified {
		counts.VerifiedEmail = 1
	}
	return ok(counts), nil
}

// GenerateKey serves GenerateKey: the answer is the key alone.
func (a API) GenerateKey(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	session, _, err := a.onOwn(ctx, r)
	if err != nil {
		return nil, err
	}
	key, err := a.Accounts.AddAPIKey(ctx, session, keyPrefix)
	return ok(key.Reveal()), err
}

// RegisterPassword serves RegisterPassword.
func (a API) RegisterPassword(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	session, f, err := a.onOwn(ctx, r, "password")
	if err != nil {
		return nil, err
	}
	return ok(nil), a.Accounts.SetPassword(ctx, session, secret.NewText(f.String("password", maxText)))
}

// RegisterEmail serves RegisterEmail, and asks again for its code.
func (a API) RegisterEmail(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	session, f, err := a.onOwn(ctx, r, "email")
	if err != nil {
		return nil, err
	}
	to := address(f, "email")
	if err := f.Faults.Err(); err != nil {
		return nil, err
	}
	return ok(nil), a.Accounts.ChallengeAddress(ctx, signup.Caller{Source: r.SourceIP}, session, to)
}

// VerifyEmail serves VerifyEmail, whose client puts the address into the path as it is.
func (a API) VerifyEmail(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	session, err := a.bearer(ctx, r)
	if err != nil {
		return nil, err
	}
	text := r.Params["email"]
	if decoded, err := url.PathUnescape(text); err == nil {
		text = decoded
	}
	to, err := identifier.ParseEmailAddress(text)
	if err != nil {
		return nil, err
	}
	return ok(nil), a.Accounts.ProveAddress(ctx, session, to, r.Params["code"])
}

// onOwn is own for the account that the body names, with the fields, of which needed
// must be there. A second_token is ignored: there is no second factor yet.
func (a API) onOwn(ctx context.Context, r *gateway.Request, needed ...string) (*signup.Session, *gateway.Fields, error) {
	f := r.Fields()
	id := f.String("account_id", maxText)
	session, err := a.own(ctx, r, id)
	if err != nil {
		return nil, nil, err
	}
	return session, f, f.Require(needed...)
}

// own is the caller's session, if the account named id is its own. Anybody else's
// looks like one that never was.
func (a API) own(ctx context.Context, r *gateway.Request, id string) (*signup.Session, error) {
	session, err := a.bearer(ctx, r)
	if err != nil {
		return nil, err
	}
	if a.ids().parse(id) != session.User.ID {
		return nil, problem.ResourceNotFound.New().Detailed("There is no such account.")
	}
	return session, nil
}
