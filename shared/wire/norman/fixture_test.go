package norman

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"testing"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/table"
	"github.com/doorstep-auth/doorstep/shared/wire/wiretest"
)

// anyPasswords accept whatever is chosen.
type anyPasswords struct{ wiretest.MarkedHashes }

func (anyPasswords) Check(context.Context, secret.Text, ...string) error { return nil }

// site is an instance with all operations of the wire, over a table in a real engine.
type site struct {
	t       testing.TB
	gateway wiretest.Gateway
	api     API
	store   *table.Table
	clock   *wiretest.Clock
}

func newSite(t testing.TB, change func(*settings.Settings)) *site {
	t.Helper()
	s, c := wiretest.Settings(change), wiretest.NewClock()
	store, _ := wiretest.StartTable(t, nil)
	a := API{Keys: wiretest.SigningKeys(), Accounts: &signup.Service{
		Settings: s.ForAccounts(), Store: store, Keys: wiretest.NewKeyring(t), Passwords: anyPasswords{}, Verifier: anyPasswords{},
		Disposable: func(string) bool { return false }, Now: c.Now, Entropy: rand.Reader,
	}}
	return &site{t: t, gateway: gatewayOf(a, s, c), api: a, store: store, clock: c}
}

func gatewayOf(a API, s *settings.Settings, c *wiretest.Clock) wiretest.Gateway {
	handlers := map[string]gateway.Handler{
		"accounts/default": a.SignUpDefault, "accounts/key": a.SignUpKey, "accounts/password": a.SignUpPassword, "accounts/email": a.SignUpEmail,
		"accounts/login-default": a.LogInDefault, "accounts/login-key": a.LogInKey, "accounts/login-password": a.LogInPassword,
		"accounts/login-email": a.LogInEmail, "accounts/verify-login-email": a.VerifyLogInEmail, "accounts/factors": a.GetFactors,
		"accounts/generate-key": a.GenerateKey, "accounts/list-keys": a.ListKeys, "accounts/revoke-key": a.RevokeKey, "accounts/register-password": a.RegisterPassword, "accounts/register-email": a.RegisterEmail,
		"accounts/verify-email": a.VerifyEmail,
	}
	f := gateway.Function{Settings: s, Wire: Wire{}, Log: slog.New(slog.DiscardHandler), Now: c.Now}
	return wiretest.NewGateway(f, Operations(), handlers, Endpoint)
}

// call sends one request as an HTTP API hands it on. body is JSON text, sent as it is.
func (s *site) call(method, path, bearer, body string) wiretest.Reply {
	s.t.Helper()
	event := wiretest.Event(Operations(), method, path, body, "content-type", "application/json")
	if bearer != "" {
		event.Headers["authorization"] = "Bearer " + bearer
	}
	return s.gateway.Send(s.t, event)
}

// ok is call for what must be answered with 200.
func (s *site) ok(method, path, bearer, body string) wiretest.Reply {
	s.t.Helper()
	r := s.call(method, path, bearer, body)
	if r.Status != http.StatusOK {
		s.t.Fatalf("%s %s: %d %s", method, path, r.Status, r.Text)
	}
	return r
}

// code is what was mailed to the user last.
func (s *site) code(accountID string) string {
	s.t.Helper()
	u, err := s.store.User(s.t.Context(), s.api.ids().parse(accountID))
	if err != nil {
		s.t.Fatal(err)
	}
	key, _ := s.api.Accounts.Keys.ByID(u.Challenge.KeyID)
	return signup.DueMail{SignUpID: u.ID, Canonical: u.Challenge.Address.Canonical, Nonce: u.Challenge.Nonce}.Code(key).Reveal()
}
