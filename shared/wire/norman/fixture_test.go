package norman

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/enginetest"
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/table"
	"github.com/doorstep-auth/doorstep/shared/token"
)

var startOfTests = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time          { c.mu.Lock(); defer c.mu.Unlock(); return c.t }
func (c *clock) forward(d time.Duration) { c.mu.Lock(); c.t = c.t.Add(d); c.mu.Unlock() }

// plainPasswords stand for the real judge and hash, which package password tests.
type plainPasswords struct{ plainHashes }

func (plainPasswords) Check(context.Context, secret.Text, ...string) error { return nil }

// plainHashes are the passwords themselves.
type plainHashes struct{}

func (plainHashes) Hash(p secret.Text) (string, error) {
	return "plain:" + fmt.Sprint(len(p.Reveal())) + ":" + p.Reveal(), nil
}
func (plainHashes) Verify(stored string, p secret.Text) (ok, rehash bool, err error) {
	return stored == "plain:"+fmt.Sprint(len(p.Reveal()))+":"+p.Reveal(), false, nil
}
func (plainHashes) Dummy(secret.Text) {}

// site is an instance with all operations of the wire, over a table in a real engine.
type site struct {
	t         *testing.T
	functions map[string]*gateway.Function // by route key
	api       API
	store     *table.Table
	clock     *clock
}

func newSite(t *testing.T, change func(*settings.Settings)) *site {
	t.Helper()
	s := settings.Default()
	s.PublicURL, s.Limits = "https://api.example.com", settings.Limits{}
	if change != nil {
		change(s)
	}
	keys, err := secret.NewKeyring(rand.Reader, startOfTests)
	if err != nil {
		t.Fatal(err)
	}
	signing, err := token.NewSigningKeys(rand.Reader, startOfTests)
	if err != nil {
		t.Fatal(err)
	}
	cfg := aws.Config{Region: engine.Region, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
	})}
	store, c := table.New(cfg, enginetest.StartDynamoDB(t), enginetest.TableName), &clock{t: startOfTests}
	a := API{Keys: signing, Accounts: &signup.Service{
		Settings: s.ForAccounts(), Store: store, Keys: keys, Passwords: plainPasswords{}, Verifier: plainPasswords{},
		Disposable: func(string) bool { return false }, Now: c.now, Entropy: rand.Reader,
	}}
	return &site{t: t, functions: functionsOf(a, s, c), api: a, store: store, clock: c}
}

func functionsOf(a API, s *settings.Settings, c *clock) map[string]*gateway.Function {
	handlers := map[string]gateway.Handler{
		"accounts/default": a.SignUpDefault, "accounts/key": a.SignUpKey, "accounts/password": a.SignUpPassword, "accounts/email": a.SignUpEmail,
		"accounts/login-default": a.LogInDefault, "accounts/login-key": a.LogInKey, "accounts/login-password": a.LogInPassword,
		"accounts/login-email": a.LogInEmail, "accounts/verify-login-email": a.VerifyLogInEmail, "accounts/factors": a.GetFactors,
		"accounts/generate-key": a.GenerateKey, "accounts/register-password": a.RegisterPassword, "accounts/register-email": a.RegisterEmail,
		"accounts/verify-email": a.VerifyEmail,
	}
	functions := map[string]*gateway.Function{}
	for _, op := range Operations() {
		for _, route := range op.Routes {
			functions[route.Key()] = &gateway.Function{
				Settings: s, Wire: Wire{}, Log: slog.New(slog.DiscardHandler), Now: c.now, Endpoints: Endpoint(s, op, handlers[op.Name]),
			}
		}
	}
	return functions
}

// reply is an answer.
type reply struct {
	status int
	text   string
	body   map[string]any // nil unless it is an object
}

// call sends one request as an HTTP API hands it on. body is JSON text, sent as it is.
func (s *site) call(method, path, bearer, body string) reply {
	s.t.Helper()
	key, params := routeOf(method, path)
	function := s.functions[key]
	if function == nil {
		s.t.Fatalf("no operation takes %s %s", method, path)
	}
	event := events.APIGatewayV2HTTPRequest{
		RouteKey: key, RawPath: path, PathParameters: params, Body: body,
		Headers: map[string]string{"content-type": "application/json", "host": "api.example.com", "x-forwarded-proto": "https"},
	}
	if bearer != "" {
		event.Headers["authorization"] = "Bearer " + bearer
	}
	event.RequestContext.HTTP.Method, event.RequestContext.HTTP.SourceIP = method, "192.0.2.7"
	payload, err := json.Marshal(event)
	if err != nil {
		s.t.Fatal(err)
	}
	out, err := function.Invoke(s.t.Context(), payload)
	if err != nil {
		s.t.Fatal(err)
	}
	var answer events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(out, &answer); err != nil {
		s.t.Fatal(err)
	}
	r := reply{status: answer.StatusCode, text: answer.Body}
	if !json.Valid([]byte(answer.Body)) {
		s.t.Errorf("%s %s answered %q, which isn't JSON", method, path, answer.Body)
	}
	_ = json.NewDecoder(bytes.NewReader([]byte(answer.Body))).Decode(&r.body)
	return r
}

// ok is call for what must be answered with 200.
func (s *site) ok(method, path, bearer, body string) reply {
	s.t.Helper()
	r := s.call(method, path, bearer, body)
	if r.status != http.StatusOK {
		s.t.Fatalf("%s %s: %d %s", method, path, r.status, r.text)
	}
	return r
}

// routeOf is the route that an HTTP API would choose, with its parameters.
func routeOf(method, path string) (key string, params map[string]string) {
	parts := strings.Split(path, "/")
	for _, op := range Operations() {
		for _, route := range op.Routes {
			pattern := strings.Split(route.Path, "/")
			if route.Method != method || len(pattern) != len(parts) {
				continue
			}
			params, matches := map[string]string{}, true
			for i, part := range pattern {
				if strings.HasPrefix(part, "{") {
					params[strings.Trim(part, "{}")] = parts[i]
				} else if part != parts[i] {
					matches = false
				}
			}
			if matches {
				return route.Key(), params
			}
		}
	}
	return "", nil
}

// at is the member of nested objects that path names.
func (r reply) at(path ...string) string {
	var value any = r.body
	for _, name := range path {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	text, _ := value.(string)
	return text
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
