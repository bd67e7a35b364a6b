package norman

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

// account is the Account (§1.2). All members are strings.
type account struct {
	ID           string `json:"id"`
	CreationTime string `json:"creation_time"`
	Name         string `json:"name"`
}

// keyAccount is the SignupKeyResponse (§1.2).
type keyAccount struct {
	Account account `json:"account"`
	APIKey  string  `json:"api_key"`
}

// factors are how many an account has of each kind (§1.3).
type factors struct {
	AccountID     string `json:"account_id"`
	APIKeys       int    `json:"api_key_count"`
	Passwords     int    `json:"password_count"`
	VerifiedEmail int    `json:"verified_email_count"`
}

// keyPrefix begins an API key.
const keyPrefix = "nrm_sk_"

// Longest fields, in bytes; what they mean has tighter limits of its own.
const maxText = 4 << 10

func (a API) settings() *settings.Settings { return a.Accounts.Settings }

func (a API) ids() accountIDs { return newAccountIDs(a.Accounts.Keys) }

// account is the user as this wire shows it. One without a name goes by its proved
// address, or by its id.
func (a API) account(u *signup.User) account {
	shown := account{ID: a.ids().text(u.ID), CreationTime: creationTime(u.CreatedAt)}
	address, _ := provedAddress(u)
	for _, name := range []string{u.Username.Display, address, shown.ID} {
		if shown.Name == "" {
			shown.Name = name
		}
	}
	return shown
}

// provedAddress is the user's address if it has been proved. Another isn't shown: that
// there is one may be a secret, where sign-ups keep quiet about addresses.
func provedAddress(u *signup.User) (address string, proved bool) {
	if _, proved = u.Proved[u.EmailAddress.Kind]; proved {
		address = u.EmailAddress.Display
	}
	return address, proved
}

// SignUpDefault serves SignUpDefault (§1.4).
func (a API) SignUpDefault(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	return a.register(ctx, r, signup.Registration{SignIn: true}, func(made *signup.Registered) (any, error) {
		return a.logIn(r, made.Session)
	})
}

// SignUpKey serves SignUpKey.
func (a API) SignUpKey(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	f := r.Fields()
	in := signup.Registration{
		KeyPrefix: keyPrefix, Device: f.String("device_id", maxText), Input: signup.Input{Username: f.String("name", maxText)},
	}
	if err := f.Require("name"); err != nil {
		return nil, err
	}
	return a.register(ctx, r, in, func(made *signup.Registered) (any, error) {
		return keyAccount{a.account(made.User), made.Key.Reveal()}, nil
	})
}

// SignUpPassword serves SignUpPassword, and SignUpEmail for the client that swaps
// the two (§1.6): what is supplied tells which is meant.
func (a API) SignUpPassword(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	return a.signUpBy(ctx, r, "password")
}

// SignUpEmail serves SignUpEmail, and SignUpPassword as above.
func (a API) SignUpEmail(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	return a.signUpBy(ctx, r, "email")
}

func (a API) signUpBy(ctx context.Context, r *gateway.Request, by string) (*gateway.Response, error) {
	hasPassword, hasEmail := r.Fields().Has("password"), r.Fields().Has("email")
	switch {
	case hasPassword && !hasEmail:
		by = "password"
	case hasEmail && !hasPassword:
		by = "email"
	}
	needed := []string{"name", "password"}
	if by == "email" {
		needed = []string{"email"}
	}
	in, err := a.readSignUp(r, needed...)
	if err != nil {
		return nil, err
	}
	if by == "email" {
		in.Challenge = signup.ProveAddress
	}
	if by == "password" {
		in.EmailAddress = ""
	} else {
		in.Password = secret.Text{}
	}
	return a.register(ctx, r, in, func(made *signup.Registered) (any, error) { return a.account(made.User), nil })
}

// readSignUp reads the fields of a sign-up, of which those called needed must be there.
func (a API) readSignUp(r *gateway.Request, needed ...string) (signup.Registration, error) {
	f := r.Fields()
	in := signup.Registration{Device: f.String("device_id", maxText), Input: signup.Input{
		Username: f.String("name", maxText), EmailAddress: f.String("email", maxText), Password: secret.NewText(f.String("password", maxText)),
	}}
	if in.Username == in.EmailAddress {
		in.Username = "" // its own address may be an account's name
	}
	return in, f.Require(needed...)
}

func (a API) register(ctx context.Context, r *gateway.Request, in signup.Registration, show func(*signup.Registered) (any, error)) (*gateway.Response, error) {
	made, err := a.Accounts.Register(ctx, signup.Caller{Source: r.SourceIP}, in)
	if err != nil {
		return nil, err
	}
	r.Note(slog.String("user", made.User.ID.String()))
	body, err := show(made)
	return ok(body), err
}

// ok answers 200 with JSON, null for nothing (§1.1).
func ok(body any) *gateway.Response {
	if body == nil {
		body = gateway.Null
	}
	return &gateway.Response{Status: http.StatusOK, Body: body}
}

// address reads the field called name as an e-mail address.
func address(f *gateway.Fields, name string) identifier.Identifier {
	id, err := identifier.ParseEmailAddress(f.String(name, maxText))
	if !f.Has(name) || err != nil {
		f.Faults = append(f.Faults, problem.ParamFormatInvalid.On(name).Detailed("It must be an e-mail address."))
	}
	return id
}

// Endpoint binds op to handler, or to an answer that there is nothing if the family is
// switched off.
func Endpoint(s *settings.Settings, op gateway.Operation, handler gateway.Handler) []gateway.Endpoint {
	return gateway.Switched(s.Accounts.Enabled, op, handler)
}
