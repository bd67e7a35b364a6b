package deskree

import (
	"context"
	"log/slog"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// VerifyEmail serves VerifyEmail (§2.5).
func (a API) VerifyEmail(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	f := r.Fields()
	code, uid := secret.NewText(f.String("oobCode", maxText)), f.String("uid", maxText)
	if err := f.Require("oobCode", "uid"); err != nil {
		return nil, told(err, noAction)
	}
	user, err := parseUID(uid)
	if err != nil {
		return nil, err
	}
	if err := a.Accounts.ConfirmAddress(ctx, caller(r), user, code); err != nil {
		return nil, err
	}
	r.Note(slog.String("user", user.String()))
	return nothing(), nil
}

// VerifyInvite serves VerifyInvite.
func (a API) VerifyInvite(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	f := r.Fields()
	code, password := secret.NewText(f.String("oobCode", maxText)), secret.NewText(f.String("newPassword", maxText))
	uid := f.String("uid", maxText)
	if err := f.Require("oobCode", "newPassword", "uid"); err != nil {
		return nil, told(err, noAction)
	}
	user, err := parseUID(uid)
	if err != nil {
		return nil, err
	}
	return a.setPassword(ctx, r, user, code, signup.AcceptInvitation, password)
}

// VerifyReset serves VerifyReset. Its client sends no uid (§2.2): the code says whose it is.
func (a API) VerifyReset(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	f := r.Fields()
	code, password := secret.NewText(f.String("oobCode", maxText)), secret.NewText(f.String("newPassword", maxText))
	uid := f.String("uid", maxText)
	if err := f.Require("oobCode", "newPassword"); err != nil {
		return nil, told(err, noAction)
	}
	var user signup.ID
	if uid != "" {
		var err error
		if user, err = parseUID(uid); err != nil {
			return nil, err
		}
	}
	return a.setPassword(ctx, r, user, code, signup.ResetPassword, password)
}

// setPassword spends the code of a mailed link on a password.
func (a API) setPassword(
	ctx context.Context, r *gateway.Request, user signup.ID, code secret.Text, purpose signup.Purpose, password secret.Text,
) (*gateway.Response, error) {
	err := a.Accounts.SetPasswordByMail(ctx, caller(r), user, code, purpose, password)
	if user.IsZero() && problem.Has(err, problem.AccountUnknown) {
		err = problem.ActionCodeInvalid.New() // of whom the code speaks, the caller doesn't say
	}
	for _, p := range problem.List(err) {
		if p.Param == "password" {
			p.Param = "newPassword"
		}
	}
	return nothing(), err
}

// parseUID reads a uid. What can't be one is nobody's.
func parseUID(text string) (signup.ID, error) {
	user, err := signup.ParseChecked(text)
	if err != nil || user.IsZero() {
		return signup.ID{}, problem.AccountUnknown.New()
	}
	return user, nil
}

// Invite serves Invite, for whom settings.Passwords.Invitations says.
func (a API) Invite(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	switch a.settings().Passwords.Invitations {
	case settings.InvitedByNobody:
		return nil, problem.ParamValueDisabled.On("invitations")
	case settings.InvitedByOperator:
		if err := a.operator(r); err != nil {
			return nil, err
		}
	}
	f := r.Fields()
	email := f.String("email", maxText)
	if err := f.Require("email"); err != nil {
		return nil, told(err, noAddress)
	}
	if _, err := a.Accounts.InviteAddress(ctx, caller(r), email); err != nil {
		return nil, told(err, noAddress)
	}
	return nothing(), nil
}

// ResetPassword serves ResetPassword: the answer is the same whether the address is
// anybody's, unless addresses are disclosed.
func (a API) ResetPassword(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	to, err := address(r)
	if err != nil {
		return nil, err
	}
	return nothing(), a.Accounts.ChallengeReset(ctx, caller(r), to)
}

// providers are the ways in which the holder of an address signs in (§2.2).
type providers struct {
	AllProviders []string `json:"allProviders"`
	Registered   bool     `json:"registered"`
}

type providersAnswer struct {
	Data providers `json:"data"`
}

// GetProviders serves GetProviders. Where addresses aren't disclosed nobody has any:
// the answer is given without a look.
func (a API) GetProviders(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	of, err := address(r)
	if err != nil {
		return nil, err
	}
	answer := providers{AllProviders: []string{}}
	if !a.Accounts.Tells {
		return ok(providersAnswer{answer}), nil
	}
	hasPassword, registered, err := a.Accounts.Providers(ctx, caller(r), of)
	if answer.Registered = registered; hasPassword {
		answer.AllProviders = append(answer.AllProviders, byPassword)
	}
	return ok(providersAnswer{answer}), err
}

// roles are those that the application knows.
type roles struct {
	Roles []string `json:"roles"`
}

type rolesAnswer struct {
	Data roles `json:"data"`
}

// GetRoles serves GetRoles, for whoever has the operator key. A user's token doesn't do.
func (a API) GetRoles(_ context.Context, r *gateway.Request) (*gateway.Response, error) {
	if err := a.operator(r); err != nil {
		return nil, err
	}
	known := a.settings().Passwords.Roles
	return ok(rolesAnswer{roles{append([]string{}, known...)}}), nil
}

// operator is nil if the request comes with an operator key.
func (a API) operator(r *gateway.Request) error {
	if !secret.IsOperatorKey(a.Accounts.Keys, r.Header(operatorHeader)) {
		return problem.AuthenticationInvalid.New()
	}
	return nil
}

// address is the e-mail address in the body.
func address(r *gateway.Request) (identifier.Identifier, error) {
	f := r.Fields()
	text := f.String("email", maxText)
	if err := f.Require("email"); err != nil {
		return identifier.Identifier{}, told(err, noAddress)
	}
	id, err := identifier.ParseEmailAddress(text)
	return id, told(err, noAddress)
}
