package zato

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/enginetest"
	"github.com/doorstep-auth/doorstep/shared/complexity"
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/wire/wiretest"
)

// judge counts the hashing.
type judge struct {
	wiretest.Judge
	mu     sync.Mutex
	hashed int
}

func (j *judge) Hash(p secret.Text) (string, error) {
	j.mu.Lock()
	j.hashed++
	j.mu.Unlock()
	return j.Judge.Hash(p)
}

// site is an instance with all operations of the wire, over a table in a real engine.
type site struct {
	t         testing.TB
	gateway   wiretest.Gateway
	api       API
	store     *watched
	passwords *judge
	endpoint  string
	clock     *wiretest.Clock
	logged    *bytes.Buffer
}

// watched is the store, with the names of the methods that were called.
type watched struct {
	signup.Store
	mu     sync.Mutex
	calls  []string
	broken map[string]error
}

func (w *watched) note(method string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, method)
	return w.broken[method]
}

func (w *watched) reset() { w.mu.Lock(); w.calls = nil; w.mu.Unlock() }

func (w *watched) Claims(ctx context.Context, ids []identifier.Identifier) ([]signup.Claim, error) {
	if err := w.note("Claims"); err != nil {
		return nil, err
	}
	return w.Store.Claims(ctx, ids)
}

func (w *watched) Count(ctx context.Context, m signup.Meter, now time.Time) error {
	if err := w.note("Count"); err != nil {
		return err
	}
	return w.Store.Count(ctx, m, now)
}

func (w *watched) Complete(ctx context.Context, done signup.Completion) error {
	if err := w.note("Complete"); err != nil {
		return err
	}
	return w.Store.Complete(ctx, done)
}

func (w *watched) NoteAttempt(ctx context.Context, a signup.Attempt) error {
	if err := w.note("NoteAttempt"); err != nil {
		return err
	}
	return w.Store.NoteAttempt(ctx, a)
}

func (w *watched) User(ctx context.Context, id signup.ID) (*signup.User, error) {
	if err := w.note("User"); err != nil {
		return nil, err
	}
	return w.Store.User(ctx, id)
}

// open lets anybody sign up into CRM and ERP, and is strict for the rest.
func open(s *settings.Settings) {
	s.SSO.Apps, s.SSO.SignupAllowed, s.SSO.LoginAllowed = []string{"CRM", "ERP", "HR"}, []string{"CRM", "ERP"}, []string{"CRM"}
	s.SSO.ApprovalNeeded = false
}

func newSite(t testing.TB, changes ...func(*settings.Settings)) *site {
	t.Helper()
	s := wiretest.Settings(changes...)
	store, endpoint := wiretest.StartTable(t, nil)
	out := &site{t: t, store: &watched{Store: store}, endpoint: endpoint, clock: wiretest.NewClock(), logged: &bytes.Buffer{}}
	door := s.ForSSO()
	out.passwords = &judge{Judge: wiretest.NewJudge(door)}
	log := slog.New(slog.NewJSONHandler(out.logged, nil))
	out.api = API{Score: complexity.Score, Log: log, Accounts: &signup.Service{
		Settings: door, Store: out.store, Keys: wiretest.NewKeyring(t), Passwords: out.passwords, Verifier: out.passwords,
		Disposable: func(string) bool { return false }, Now: out.clock.Now, Entropy: rand.Reader,
	}}
	out.gateway = gatewayOf(out.api, s, out.clock, log)
	return out
}

func gatewayOf(a API, s *settings.Settings, c *wiretest.Clock, log *slog.Logger) wiretest.Gateway {
	handlers := map[string]gateway.Handler{
		"sso/signup": a.SignUp, "sso/confirm": a.Confirm, "sso/approve": a.Approve, "sso/reject": a.Reject, "sso/login": a.LogIn,
	}
	return wiretest.NewGateway(gateway.Function{Settings: s, Wire: Wire{}, Log: log, Now: c.Now}, Operations(), handlers, Endpoint)
}

// message is a request as an HTTP API hands it on.
type message struct {
	method, path, body string
	header             map[string]string
	base64             bool
}

// answered is an answer.
type answered struct{ wiretest.Reply }

func (s *site) send(m message) answered {
	s.t.Helper()
	event := wiretest.Event(Operations(), m.method, m.path, m.body)
	event.IsBase64Encoded = m.base64
	maps.Copy(event.Headers, m.header)
	a := answered{s.gateway.Send(s.t, event)}
	s.sound(event.RouteKey, a)
	return a
}

var cidForm = regexp.MustCompile(`^[0-9a-f]{24}$`)

// sound is what holds of every answer (§4.1).
func (s *site) sound(key string, a answered) {
	s.t.Helper()
	if !cidForm.MatchString(a.At("cid")) || a.Header["x-zato-cid"] != a.At("cid") {
		s.t.Errorf("%s: the cid is %q, and %q in the header", key, a.At("cid"), a.Header["x-zato-cid"])
	}
	if !slices.Contains([]int{200, 400, 403, 404, 429}, a.Status) {
		s.t.Errorf("%s: %d %s", key, a.Status, a.Text)
	}
}

func (s *site) post(operation, body string) answered {
	s.t.Helper()
	return s.send(message{method: "POST", path: base + operation, body: body})
}

// ok is post for what must go well.
func (s *site) ok(operation, body string) answered {
	s.t.Helper()
	r := s.post(operation, body)
	if r.Status != http.StatusOK || r.At("status") != ok {
		s.t.Fatalf("%s: %d %s", operation, r.Status, r.Text)
	}
	return r
}

// is reports whether the answer is this one sub-status.
func (a answered) is(status int, sub code) bool {
	list, _ := a.Body["sub_status"].([]any)
	return a.Status == status && a.At("status") == "error" && len(list) == 1 && list[0] == string(sub)
}

// records are all records of calls, as stored.
func (s *site) records() []map[string]types.AttributeValue {
	s.t.Helper()
	var found []map[string]types.AttributeValue
	for _, item := range s.items() {
		if text(item, "ty") == "audit" {
			found = append(found, item)
		}
	}
	return found
}

func (s *site) items() []map[string]types.AttributeValue {
	s.t.Helper()
	out, err := engine.Client(s.endpoint).Scan(s.t.Context(), &dynamodb.ScanInput{TableName: aws.String(enginetest.TableName), ConsistentRead: aws.Bool(true)})
	if err != nil {
		s.t.Fatal(err)
	}
	return out.Items
}

// record is the one of the call that an answer names.
func (s *site) record(a answered) map[string]types.AttributeValue {
	s.t.Helper()
	var found []map[string]types.AttributeValue
	for _, item := range s.records() {
		if text(item, "ci") == a.At("cid") {
			found = append(found, item)
		}
	}
	if len(found) != 1 {
		s.t.Fatalf("%d records of %s", len(found), a.Text)
	}
	return found[0]
}

func text(item map[string]types.AttributeValue, name string) string {
	value, _ := item[name].(*types.AttributeValueMemberS)
	if value == nil {
		return ""
	}
	return value.Value
}

// bodyOf is a JSON object.
func bodyOf(fields map[string]any) string {
	text, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	return string(text)
}

const passphrase = "correct horse battery staple"

// signUpOf is a sign-up of name that goes well, with changes; nil leaves a field out.
func signUpOf(name string, changes map[string]any) string {
	fields := map[string]any{
		"username": name, "password": passphrase, "email": name + "@example.com", "current_app": "CRM", "app_list": []string{"CRM"},
	}
	for field, value := range changes {
		if fields[field] = value; value == nil {
			delete(fields, field)
		}
	}
	return bodyOf(fields)
}

func logInOf(name string) string {
	return bodyOf(map[string]any{"username": name, "password": passphrase, "current_app": "CRM"})
}

// superUser makes the first super-user, and is its session.
func (s *site) superUser() (ust string) {
	s.t.Helper()
	_, err := s.api.FirstSuperUser(s.t.Context(), NewSuperUser{Username: "chief", Password: hiddenText{secret.NewText(passphrase)}})
	if err != nil {
		s.t.Fatal(err)
	}
	return s.ok("/login", logInOf("chief")).At("ust")
}

// userOf is the id of the user of a sign-up, as its record has it.
func (s *site) userOf(signUp answered) string { return text(s.record(signUp), "us") }
