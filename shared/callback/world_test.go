package callback_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/enginetest"
	"github.com/doorstep-auth/doorstep/shared/callback"
	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/table"
)

// clock is a time that tests move, and that waits move.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time          { c.mu.Lock(); defer c.mu.Unlock(); return c.t }
func (c *clock) forward(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.t = c.t.Add(d) }

// got is one attempt that reached a receiver.
type got struct {
	id, body string
	header   http.Header
	at       time.Time
}

// receiver is a program of an operator's, behind TLS, that answers what its test says.
type receiver struct {
	url    string
	server *httptest.Server
	clock  *clock

	mu     sync.Mutex
	answer func(attempt int, w http.ResponseWriter)
	all    []got
	taken  []string // bodies of what it accepted
}

func newReceiver(t *testing.T, c *clock, path string) *receiver {
	t.Helper()
	r := &receiver{clock: c}
	r.server = httptest.NewTLSServer(r)
	r.url = r.server.URL + path
	t.Cleanup(r.server.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	r.mu.Lock()
	r.all = append(r.all, got{id: request.Header.Get("webhook-id"), body: string(body), header: request.Header.Clone(), at: r.clock.now()})
	answer, attempt := r.answer, len(r.all)
	r.mu.Unlock()
	recorded := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
	if answer != nil {
		answer(attempt, recorded)
	}
	if recorded.status/100 == 2 {
		r.mu.Lock()
		r.taken = append(r.taken, string(body))
		r.mu.Unlock()
	}
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (s *statusRecorder) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

// answers has the receiver answer so from now on; nil is 200.
func (r *receiver) answers(answer func(attempt int, w http.ResponseWriter)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func status(code int) func(int, http.ResponseWriter) {
	return func(_ int, w http.ResponseWriter) { w.WriteHeader(code) }
}

func (r *receiver) attempts() []got { r.mu.Lock(); defer r.mu.Unlock(); return slices.Clone(r.all) }

// names are the usernames in what was accepted, in order.
func (r *receiver) names() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var names []string
	for _, body := range r.taken {
		_, rest, _ := strings.Cut(body, `"username":"`)
		name, _, _ := strings.Cut(rest, `"`)
		names = append(names, name)
	}
	return names
}

// verify holds an attempt against the official library.
func verify(t *testing.T, secret string, g got) {
	t.Helper()
	webhook, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := webhook.VerifyIgnoringTimestamp([]byte(g.body), g.header); err != nil {
		t.Errorf("%s: %v", g.id, err)
	}
}

// world is a dispatcher over a table of its own.
type world struct {
	*callback.Dispatcher
	t     *testing.T
	table *table.Table
	clock *clock
	keys  *secret.Keyring
	log   *bytes.Buffer
}

func newWorld(t *testing.T, c *clock, receivers ...*receiver) *world {
	t.Helper()
	cfg := aws.Config{Region: engine.Region, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
	})}
	w := &world{t: t, clock: c, log: &bytes.Buffer{}, table: table.New(cfg, enginetest.StartDynamoDB(t), enginetest.TableName)}
	var err error
	if w.keys, err = secret.NewKeyring(rand.Reader, c.now()); err != nil {
		t.Fatal(err)
	}
	set := settings.Default().Callbacks
	roots := x509.NewCertPool()
	for _, r := range receivers {
		set.URLs = append(set.URLs, r.url)
		roots.AddCert(r.server.Certificate())
	}
	w.Dispatcher = &callback.Dispatcher{
		Settings: set, Queue: w.table.Callbacks(), Log: slog.New(slog.NewJSONHandler(w.log, nil)), Now: c.now,
		Client: callback.NewClient(callback.ClientOptions{Timeout: 2 * time.Second, Local: true, Roots: roots}),
		Keys:   func() (*secret.Keyring, error) { return w.keys, nil }, Random: func() float64 { return 0.5 },
		Wait: func(_ context.Context, d time.Duration) bool { c.forward(d); return true },
	}
	return w
}

func newClock() *clock { return &clock{t: time.Now().Truncate(time.Millisecond).UTC()} }

// user makes an account.
func (w *world) user(name string, change ...func(*signup.User)) *signup.User {
	w.t.Helper()
	w.clock.forward(time.Millisecond)
	id, err := signup.NewID(rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	u := &signup.User{ID: id, CredentialVersion: 1, CreatedAt: w.clock.now(), UpdatedAt: w.clock.now()}
	u.Username = identifier.Identifier{Kind: identifier.KindUsername, Display: name, Canonical: name}
	u.PasswordHash = "$argon2id$secret-of-" + name
	for _, f := range change {
		f(u)
	}
	claim := signup.Claim{Identifier: u.Username, Owner: u.ID, State: signup.VerifiedClaim}
	if err := w.table.Complete(w.t.Context(), signup.Completion{User: u, Claims: []signup.Claim{claim}}); err != nil {
		w.t.Fatal(err)
	}
	return u
}

// announce makes accounts and has them announced, each by itself.
func (w *world) announce(names ...string) {
	w.t.Helper()
	for _, name := range names {
		if queued := w.Announce(w.t.Context(), []*signup.User{w.user(name)}); queued != 1 {
			w.t.Errorf("%s must come again", name)
		}
	}
}

// later sweeps after some time.
func (w *world) later(d time.Duration) {
	w.clock.forward(d)
	w.Sweep(w.t.Context())
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// queued are how many messages wait for a receiver, and how many were given up.
func (w *world) queued(r *receiver) [2]int {
	w.t.Helper()
	due, err := w.Queue.Due(w.t.Context(), callback.Target(r.url), 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	dead, err := w.Queue.Dead(w.t.Context(), callback.Target(r.url))
	if err != nil {
		w.t.Fatal(err)
	}
	return [2]int{len(due), len(dead)}
}

func parse(t *testing.T, text string) *settings.Duration {
	t.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	out := settings.Duration(d)
	return &out
}
