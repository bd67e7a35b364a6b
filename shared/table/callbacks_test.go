package table

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/shared/callback"
	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// receiving is a receiver, and the dispatcher that tells it of users.
type receiving struct {
	*callback.Dispatcher
	*fixture
	calls *injector
	url   string

	mu       sync.Mutex
	refusing int // attempts that are refused from now on
	accepted []string
}

func newReceiving(t *testing.T) *receiving {
	t.Helper()
	r := &receiving{fixture: newFixture(t, nil)}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.url, r.calls = server.URL, &injector{API: r.table.api}
	r.table.api = r.calls
	set := settings.Default().Callbacks
	set.URLs = []string{r.url}
	r.Dispatcher = &callback.Dispatcher{
		Settings: set, Queue: r.table.Callbacks(), Log: slog.New(slog.DiscardHandler), Now: r.clock.now, Random: func() float64 { return 0 },
		Client: callback.NewClient(callback.ClientOptions{Timeout: 5 * time.Second, Local: true}),
		Keys:   func() (*secret.Keyring, error) { return r.Service.Keys, nil },
		Wait:   func(_ context.Context, d time.Duration) bool { r.clock.forward(d); return true },
	}
	return r
}

func (r *receiving) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refusing > 0 {
		r.refusing--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	_, rest, _ := strings.Cut(string(body), `"username":"`)
	name, _, _ := strings.Cut(rest, `"`)
	r.accepted = append(r.accepted, name)
}

func (r *receiving) refuse(attempts int) { r.mu.Lock(); r.refusing = attempts; r.mu.Unlock() }

func (r *receiving) names() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.accepted)
}

func (r *receiving) user(name string) *signup.User {
	r.t.Helper()
	r.clock.forward(time.Second)
	u := &signup.User{CredentialVersion: 1, CreatedAt: r.clock.now(), UpdatedAt: r.clock.now()}
	rand.Read(u.ID[:])
	u.Username = identifier.Identifier{Kind: identifier.KindUsername, Display: name, Canonical: name}
	claim := signup.Claim{Identifier: u.Username, Owner: u.ID, State: signup.VerifiedClaim}
	if err := r.table.Complete(context.Background(), signup.Completion{User: u, Claims: []signup.Claim{claim}}); err != nil {
		r.t.Fatal(err)
	}
	return u
}

// A step is one invocation; it reports whether it did what it was invoked for.
type step func(r *receiving, users []*signup.User) (done bool)

func announced(r *receiving, users []*signup.User) bool {
	return r.Announce(context.Background(), users) == len(users)
}

func sweptAfter(d time.Duration) step {
	return func(r *receiving, _ []*signup.User) bool {
		r.clock.forward(d)
		r.Sweep(context.Background())
		return true
	}
}

func replayed(r *receiving, _ []*signup.User) bool {
	_, err := r.Replay(context.Background(), r.url)
	return err == nil
}

func refusing(attempts int) step {
	return func(r *receiving, _ []*signup.User) bool { r.refuse(attempts); return true }
}

// callbackStories are what may happen to two users' messages; each ends with a receiver that accepts.
var callbackStories = map[string][]step{
	"accepted":              {announced},
	"refused once":          {refusing(1), announced},
	"refused for a while":   {refusing(2), announced, sweptAfter(6 * time.Minute)},
	"given up and replayed": {refusing(1000), announced, sweptAfter(73 * time.Hour), sweptAfter(5 * time.Minute), refusing(0), replayed},
}

// R57: whatever befalls a call to AWS, a message is accepted at least once, in order, and none is left behind.
func TestR57CallbacksAtLeastOnceWithAFaultAtEachCall(t *testing.T) {
	for name, story := range callbackStories {
		t.Run(name, func(t *testing.T) {
			r := newReceiving(t)
			calls := r.play(t, "all is well", story, "", nil)
			if len(calls) < 8 {
				t.Errorf("only %v was called", calls)
			}
			for _, call := range calls {
				for i := range faults {
					if faults[i].befalls(call) {
						r.play(t, fmt.Sprintf("%s %s", call, faults[i].name), story, call, &faults[i])
					}
				}
			}
		})
	}
}

// play makes two users and plays the story for them; f befalls the call named target. It returns the calls that were made.
func (r *receiving) play(t *testing.T, what string, story []step, target string, f *fault) []string {
	r.mu.Lock()
	r.accepted = nil
	r.mu.Unlock()
	first, second := fmt.Sprintf("a%d", r.clock.now().Unix()), fmt.Sprintf("b%d", r.clock.now().Unix())
	users := []*signup.User{r.user(first), r.user(second)}
	// A failure count whose end was lost in one play is none of the next one's.
	if err := r.Queue.Enable(context.Background(), callback.Target(r.url)); err != nil {
		t.Fatal(err)
	}
	r.calls.arm(target, f)
	struck := target == ""
	for _, invoke := range story {
		for try := 0; ; try++ {
			done := invoke(r, users)
			_, dead := r.calls.state()
			if dead { // Lambda starts another process and invokes it again
				r.calls.disarm()
				struck = true
			}
			if done && !dead || try == 5 {
				break
			}
		}
	}
	calls := slices.Clone(r.calls.calls)
	was, _ := r.calls.disarm()
	if !was && !struck {
		t.Errorf("%s: the call wasn't made", what)
	}
	// What the schedule does, once leases of the dead are over, and back-offs that a lost success didn't end.
	for _, later := range []time.Duration{10 * time.Minute, 10 * time.Minute, 30 * time.Hour} {
		sweptAfter(later)(r, nil)
	}
	r.judge(t, what, first, second)
	return calls
}

func (r *receiving) judge(t *testing.T, what, first, second string) {
	got := r.names()
	if at, behind := slices.Index(got, first), slices.Index(got, second); at < 0 || behind < 0 || at > behind {
		t.Errorf("%s: accepted %v, want %s and %s in order", what, got, first, second)
	}
	if len(got) > 6 {
		t.Errorf("%s: accepted %d times", what, len(got))
	}
	due, err := r.Queue.Due(context.Background(), callback.Target(r.url), 10)
	dead, err2 := r.Queue.Dead(context.Background(), callback.Target(r.url))
	if err != nil || err2 != nil || len(due)+len(dead) > 0 {
		t.Errorf("%s: left are %v and %v (%v, %v)", what, due, dead, err, err2)
	}
}

// state says whether the fault befell its call, and whether the process is dead.
func (i *injector) state() (struck, dead bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.struck, i.dead
}

// What a message costs: four writes, and reads of the queue and the user.
func TestCostOfACallback(t *testing.T) {
	r := newReceiving(t)
	u := r.user("ada")
	r.meter.reset()
	announced(r, []*signup.User{u})
	want := []string{"PutItem", "UpdateItem", "Query", "GetItem", "DeleteItem", "UpdateItem", "Query"}
	if !slices.Equal(r.meter.calls, want) || r.meter.wru > 4 {
		t.Errorf("%v: %.1f WRU and %.1f RRU", r.meter.calls, r.meter.wru, r.meter.rru)
	}
	r.meter.reset()
	r.Sweep(t.Context())
	if !slices.Equal(r.meter.calls, []string{"Query"}) {
		t.Errorf("a sweep of an empty queue sent %v", r.meter.calls)
	}
}

// Only a new user's record announces one.
func TestCreatedUser(t *testing.T) {
	const user = `{"pk":{"S":"USER#00000000000000000000Ga"},"sk":{"S":"USER"},"ty":{"S":"user"},"iv":{"N":"1"},"ca":{"N":"1772366400000"},
		"fa":{"M":{"un":{"M":{"d":{"S":"Ada"},"c":{"S":"ada"}}}}}}`
	const session = `{"pk":{"S":"USER#00000000000000000000Ga"},"sk":{"S":"SESSION#0"},"ty":{"S":"session"},"iv":{"N":"1"}}`
	for name, c := range map[string]struct {
		before, after string
		isNew, fails  bool
	}{
		"made":           {"", user, true, false},
		"made, as null":  {"null", user, true, false},
		"changed":        {user, user, false, false},
		"removed":        {user, "", false, false},
		"a session":      {"", session, false, false},
		"of the future":  {"", strings.Replace(user, `"iv":{"N":"1"}`, `"iv":{"N":"2"}`, 1), false, true},
		"not an image":   {"", "[]", false, true},
		"nothing at all": {"", "", false, false},
	} {
		u, isNew, err := CreatedUser([]byte(c.before), []byte(c.after))
		if isNew != c.isNew || (err != nil) != c.fails {
			t.Errorf("%s: %t, %v", name, isNew, err)
		}
		if isNew && (u.Username.Display != "Ada" || u.CreatedAt.Unix() != 1772366400 || u.ID.IsZero()) {
			t.Errorf("%s: %+v", name, u)
		}
	}
}
