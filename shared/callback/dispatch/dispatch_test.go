package dispatch

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/enginetest"
	"github.com/doorstep-auth/doorstep/local/lambdahost"
	"github.com/doorstep-auth/doorstep/local/pump"
	"github.com/doorstep-auth/doorstep/local/template"
	"github.com/doorstep-auth/doorstep/shared/boot"
	"github.com/doorstep-auth/doorstep/shared/callback"
	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/table"
)

// world is a function on the stream of a table, as template.yaml has it, and one receiver.
type world struct {
	*Function
	t     *testing.T
	table *table.Table

	mu       sync.Mutex
	refuses  bool
	accepted []string
	batches  [][]byte
}

func (w *world) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refuses {
		out.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	_, rest, _ := strings.Cut(string(body), `"username":"`)
	name, _, _ := strings.Cut(rest, `"`)
	w.accepted = append(w.accepted, name)
}

func (w *world) names() []string { w.mu.Lock(); defer w.mu.Unlock(); return slices.Clone(w.accepted) }

// stream is the function as the pump wakes it.
type stream struct{ *world }

func (s stream) Invoke(ctx context.Context, payload []byte, _ string) (lambdahost.Result, error) {
	answer, err := s.Function.Invoke(ctx, payload)
	s.mu.Lock()
	s.batches = append(s.batches, payload)
	s.mu.Unlock()
	return lambdahost.Result{Payload: answer}, err
}

func newWorld(t *testing.T) *world {
	t.Helper()
	endpoint := enginetest.StartDynamoDB(t)
	w := &world{t: t, table: table.New(engine.Config(), endpoint, enginetest.TableName)}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	set := settings.Default().Callbacks
	set.URLs = []string{server.URL}
	keys, err := secret.NewKeyring(rand.Reader, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	w.Function = &Function{log: slog.New(slog.DiscardHandler), dispatcher: &callback.Dispatcher{
		Settings: set, Queue: w.table.Callbacks(), Client: callback.NewClient(callback.ClientOptions{Timeout: 5 * time.Second, Local: true}),
		Keys: func() (*secret.Keyring, error) { return keys, nil }, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Random: func() float64 { return 0 }, Wait: func(context.Context, time.Duration) bool { return false },
	}}
	declared, err := template.Read("../../../template.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	function, _ := declared.Function("events/dispatch")
	if len(function.Streams) != 1 || len(function.Schedules) != 1 {
		t.Fatalf("template.yaml: %+v", function)
	}
	p, err := pump.Start(t.Context(), pump.Options{
		Config: engine.Config(), Endpoint: endpoint, Table: enginetest.TableName, Function: function.Path, Invoker: stream{w},
		Stream: function.Streams[0], Interval: 5 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop(context.Background()) })
	return w
}

// signUp makes a user if the name is free.
func (w *world) signUp(name string) error {
	now := time.Now()
	u := &signup.User{CredentialVersion: 1, CreatedAt: now, UpdatedAt: now}
	rand.Read(u.ID[:])
	u.Username = identifier.Identifier{Kind: identifier.KindUsername, Display: name, Canonical: name}
	return w.table.Complete(w.t.Context(), signup.Completion{
		User: u, Session: &signup.Session{ID: u.ID, User: u, CreatedAt: now, ExpiresAt: now.Add(time.Hour), IdleUntil: now.Add(time.Hour)},
		Claims: []signup.Claim{{Identifier: u.Username, Owner: u.ID, State: signup.VerifiedClaim}},
	})
}

func (w *world) await(want ...string) {
	w.t.Helper()
	for limit := time.Now().Add(10 * time.Second); len(w.names()) < len(want) && time.Now().Before(limit); {
		time.Sleep(5 * time.Millisecond)
	}
	if diff := cmp.Diff(want, w.names()); diff != "" {
		w.t.Errorf("accepted (-want +got):\n%s", diff)
	}
}

// A user who exists is announced; one whose sign-up was refused doesn't exist.
func TestAUserIsAnnouncedOnlyIfThereIsOne(t *testing.T) {
	w := newWorld(t)
	if err := w.signUp("ada"); err != nil {
		t.Fatal(err)
	}
	var taken *signup.Taken
	if err := w.signUp("ada"); !errors.As(err, &taken) {
		t.Fatalf("a second ada: %v", err)
	}
	if err := w.signUp("eve"); err != nil {
		t.Fatal(err)
	}
	w.await("ada", "eve")
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, batch := range w.batches {
		if strings.Contains(string(batch), "SESSION#") || strings.Contains(string(batch), "CALLBACK#") {
			t.Errorf("the function is woken for what is no user: %s", batch)
		}
	}
}

// What a receiver refuses fails no batch: the schedule sends it later, and the operator what was given up.
func TestScheduleAndReplay(t *testing.T) {
	w := newWorld(t)
	w.mu.Lock()
	w.refuses = true
	w.mu.Unlock()
	if err := w.signUp("ada"); err != nil {
		t.Fatal(err)
	}
	for limit := time.Now().Add(10 * time.Second); time.Now().Before(limit); time.Sleep(5 * time.Millisecond) {
		w.mu.Lock()
		woken := len(w.batches)
		w.mu.Unlock()
		if woken > 0 {
			break
		}
	}
	w.mu.Lock()
	w.refuses = false
	w.mu.Unlock()
	invoke := func(event, want string) {
		t.Helper()
		answer, err := w.Invoke(t.Context(), []byte(event))
		if err != nil || string(answer) != want {
			t.Errorf("%s: %s, %v", event, answer, err)
		}
	}
	now := time.Now()
	w.dispatcher.Now = func() time.Time { return now.Add(6 * time.Second) }
	invoke(`{"version":"0","detail-type":"Scheduled Event","source":"aws.events","detail":{}}`, `{}`)
	w.await("ada")
	invoke(`{"replay":"`+w.dispatcher.Settings.URLs[0]+`"}`, `{"replayed":0}`)
	for _, wrong := range []string{`{"replay":"https://elsewhere.example"}`, `{}`, `[]`, ``, `{"source":"aws.s3"}`} {
		if answer, err := w.Invoke(t.Context(), []byte(wrong)); err == nil {
			t.Errorf("%s is answered %s", wrong, answer)
		}
	}
}

// The event in events/ is one that the function takes; the user in it doesn't exist.
func TestTheEventIsTaken(t *testing.T) {
	w := newWorld(t)
	event, err := os.ReadFile("../../../events/events/dispatch.json")
	if err != nil {
		t.Fatal(err)
	}
	answer, err := w.Invoke(t.Context(), event)
	if err != nil || string(answer) != `{"batchItemFailures":[]}` || len(w.names()) > 0 {
		t.Errorf("%s, %v, %v", answer, err, w.names())
	}
	newer := strings.Replace(string(event), `"iv": {
            "N": "1"`, `"iv": {
            "N": "2"`, 1)
	answer, err = w.Invoke(t.Context(), []byte(newer))
	if err != nil || string(answer) != `{"batchItemFailures":[{"itemIdentifier":"100000000000000000001"}]}` {
		t.Errorf("a user of a newer layout: %s, %v", answer, err)
	}
}

// unreachable fails the test that goes to the network.
type unreachable struct{ t *testing.T }

func (u unreachable) RoundTrip(r *http.Request) (*http.Response, error) {
	u.t.Errorf("a request went to %s", r.URL)
	return nil, errors.New("unreachable")
}

// Where nobody is to be told of users, neither the start nor an invocation asks AWS for anything.
func TestWithoutURLsNothingIsAskedOfAWS(t *testing.T) {
	client := &http.Client{Transport: unreachable{t}}
	cfg := engine.Config()
	cfg.HTTPClient = client
	f, err := New(&boot.Runtime{Settings: settings.Default(), Log: slog.New(slog.DiscardHandler), AWS: cfg, HTTP: client, TableName: "table"})
	if err != nil {
		t.Fatal(err)
	}
	event, err := os.ReadFile("../../../events/events/dispatch.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, payload := range []string{string(event), `{"source":"aws.events"}`} {
		if _, err := f.Invoke(t.Context(), []byte(payload)); err != nil {
			t.Error(err)
		}
	}
}

// The ring is read again after a while, so that an operator's rotation arrives; what can't be read then doesn't stop anything.
func TestKeysStayFresh(t *testing.T) {
	now, reads := time.Now(), 0
	var fails error
	keys := &freshKeys{now: func() time.Time { return now }, read: func() (*secret.Keyring, error) {
		reads++
		if fails != nil {
			return nil, fails
		}
		return secret.NewKeyring(rand.Reader, now)
	}}
	fails = errors.New("no secret")
	if _, err := keys.get(); err == nil {
		t.Error("no keys, no error")
	}
	fails = nil
	first, err := keys.get()
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := keys.get(); again != first || reads != 2 {
		t.Errorf("%d reads", reads)
	}
	now = now.Add(freshFor)
	second, err := keys.get()
	if err != nil || second == first {
		t.Errorf("the ring isn't read again: %v", err)
	}
	now, fails = now.Add(freshFor), errors.New("throttled")
	if third, err := keys.get(); err != nil || third != second {
		t.Errorf("%v", err)
	}
}
