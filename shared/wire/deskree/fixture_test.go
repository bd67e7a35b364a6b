package deskree

import (
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/table"
	"github.com/doorstep-auth/doorstep/shared/wire/wiretest"
)

// calls counts requests to the table, by what they ask for.
type calls struct {
	mu    sync.Mutex
	count map[string]int
	next  http.RoundTripper
}

// Do implements the SDK's HTTP client.
func (c *calls) Do(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.count[r.Header.Get("X-Amz-Target")]++
	c.mu.Unlock()
	return c.next.RoundTrip(r)
}

// during are the requests that act made.
func (c *calls) during(act func()) map[string]int {
	c.mu.Lock()
	c.count = map[string]int{}
	c.mu.Unlock()
	act()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}

// site is an instance with all operations of the wire, over a table in a real engine.
type site struct {
	t       testing.TB
	gateway wiretest.Gateway
	api     API
	store   *table.Table
	clock   *wiretest.Clock
	calls   *calls
}

func newSite(t testing.TB, change func(*settings.Settings)) *site {
	t.Helper()
	s, c := wiretest.Settings(change), wiretest.NewClock()
	counted := &calls{count: map[string]int{}, next: http.DefaultTransport}
	store, _ := wiretest.StartTable(t, counted)
	door := s.ForPasswords()
	judge := wiretest.NewJudge(door)
	a := API{Keys: wiretest.SigningKeys(), Accounts: &signup.Service{
		Settings: door, Tells: s.Passwords.DiscloseAddresses, Store: store, Keys: wiretest.NewKeyring(t), Passwords: judge, Verifier: judge,
		Disposable: func(string) bool { return false }, Now: c.Now, Entropy: rand.Reader,
	}}
	return &site{t: t, gateway: gatewayOf(a, s, c), api: a, store: store, clock: c, calls: counted}
}

// immediate lets sign-ups sign in at once.
func immediate(s *settings.Settings) { s.Passwords.ConfirmAddress = false }

func gatewayOf(a API, s *settings.Settings, c *wiretest.Clock) wiretest.Gateway {
	handlers := map[string]gateway.Handler{
		"passwords/signup": a.SignUp, "passwords/verify-email": a.VerifyEmail, "passwords/sign-in": a.SignIn, "passwords/refresh": a.Refresh,
		"passwords/invite": a.Invite, "passwords/verify-invite": a.VerifyInvite, "passwords/reset": a.ResetPassword,
		"passwords/verify-reset": a.VerifyReset, "passwords/providers": a.GetProviders, "passwords/roles": a.GetRoles,
		"passwords/delete": a.DeleteAccount, "passwords/get-user": a.GetUser, "passwords/update-user": a.UpdateUser,
		"passwords/create-user": a.CreateUser, "passwords/delete-user": a.DeleteUser,
	}
	f := gateway.Function{Settings: s, Wire: Wire{}, Log: slog.New(slog.DiscardHandler), Now: c.Now}
	return wiretest.NewGateway(f, Operations(), handlers, Endpoint)
}

// reply is an answer.
type reply struct{ wiretest.Reply }

// call sends one request as an HTTP API hands it on. body is JSON text, sent as it is;
// headers are names and values in turn.
func (s *site) call(method, path, body string, headers ...string) reply {
	s.t.Helper()
	event := wiretest.Event(Operations(), method, path, body, append([]string{"content-type", "application/json"}, headers...)...)
	return reply{s.gateway.Send(s.t, event)}
}

// ok is call for what must be answered with 200.
func (s *site) ok(method, path, body string, headers ...string) reply {
	s.t.Helper()
	r := s.call(method, path, body, headers...)
	if r.Status != http.StatusOK {
		s.t.Fatalf("%s %s: %d %s", method, path, r.Status, r.Text)
	}
	return r
}

// post is ok for a POST to an operation on accounts.
func (s *site) post(path, body string, headers ...string) reply {
	s.t.Helper()
	return s.ok("POST", base+path, body, headers...)
}

// first is the first problem of a refusal, as its programs read it.
func (r reply) first() (status, detail, code, field string) {
	var told struct {
		Errors struct{ Errors []map[string]string }
	}
	_ = json.Unmarshal([]byte(r.Text), &told) // what isn't a refusal has no problem
	if len(told.Errors.Errors) == 0 {
		return "", "", "", ""
	}
	first := told.Errors.Errors[0]
	return first["code"], first["detail"], first["type"], first["field"]
}

func bearer(token string) []string { return []string{"authorization", "Bearer " + token} }

// user is the account that holds the address.
func (s *site) user(address string) *signup.User {
	s.t.Helper()
	id, err := identifier.ParseEmailAddress(address)
	if err != nil {
		s.t.Fatal(err)
	}
	claims, err := s.store.Claims(s.t.Context(), []identifier.Identifier{id})
	if err != nil || len(claims) != 1 {
		s.t.Fatalf("%v %v", claims, err)
	}
	return s.byID(claims[0].Owner)
}

func (s *site) byID(id signup.ID) *signup.User {
	s.t.Helper()
	u, err := s.store.User(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return u
}

// link is what the newest mail to the user leads to: the page, and its oobCode and uid.
func (s *site) link(u *signup.User) (page, code, uid string) {
	s.t.Helper()
	key, _ := s.api.Accounts.Keys.ByID(u.Challenge.KeyID)
	due := signup.DueMail{UserID: u.ID, Purpose: u.Challenge.Purpose, Canonical: u.Challenge.Address.Canonical, Nonce: u.Challenge.Nonce}
	target, err := url.Parse(due.ActionURL(key, s.api.settings()).Reveal())
	if err != nil {
		s.t.Fatal(err)
	}
	query := target.Query()
	target.RawQuery = ""
	return target.String(), query.Get("oobCode"), query.Get("uid")
}

// text is value as JSON.
func text(value any) string {
	out, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(out)
}
