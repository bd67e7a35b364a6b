package callback_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/shared/callback"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// Many dispatchers at once send in order, and each message once: one at a time has the queue.
func TestDispatchersSideBySideKeepTheOrder(t *testing.T) {
	c := newClock()
	r := newReceiver(t, c, "/hook")
	w := newWorld(t, c, r)
	var users []*signup.User
	var want []string
	for i := range 60 {
		want = append(want, fmt.Sprintf("u%02d", i))
		users = append(users, w.user(want[i]))
	}
	for _, u := range users { // queued, not sent yet
		d := callback.Delivery{User: u.ID, CreatedAt: u.CreatedAt, QueuedAt: c.now(), KeepUntil: c.now().Add(time.Hour)}
		if err := w.Queue.Enqueue(t.Context(), callback.Target(r.url), d); err != nil {
			t.Fatal(err)
		}
	}
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			if i%2 == 0 {
				w.Sweep(t.Context())
			} else {
				w.Announce(t.Context(), users[i:i+1])
			}
		})
	}
	all.Wait()
	w.Sweep(t.Context())
	got := r.names()
	if len(got) < len(want) || len(got) > len(want)+3 { // an announced one may have been sent already, and then is again
		t.Errorf("%d messages for %d users", len(got), len(want))
	}
	same(t, "in order, the first time", want, firsts(got))
	same(t, "left", [2]int{}, w.queued(r))
}

func firsts(list []string) []string {
	var found []string
	for _, entry := range list {
		if !slices.Contains(found, entry) {
			found = append(found, entry)
		}
	}
	return found
}

// What is queued while another dispatcher has the queue is sent by that one: nobody waits for the next sweep.
func TestWhatComesInWhileAnotherSendsIsSentByIt(t *testing.T) {
	c := newClock()
	r := newReceiver(t, c, "/hook")
	w := newWorld(t, c, r)
	late := w.user("late")
	r.answers(func(attempt int, _ http.ResponseWriter) {
		if attempt == 1 {
			w.Announce(context.Background(), []*signup.User{late})
		}
	})
	w.announce("early")
	same(t, "accepted", []string{"early", "late"}, r.names())
}

// late is a queue in which a user comes in just before the lease is given back.
type lateQueue struct {
	callback.Queue
	before func()
	once   sync.Once
}

func (q *lateQueue) Release(ctx context.Context, l callback.Lease, s callback.State) error {
	q.once.Do(q.before)
	return q.Queue.Release(ctx, l, s)
}

func TestWhatComesInBeforeTheLeaseEndsIsSent(t *testing.T) {
	c := newClock()
	r := newReceiver(t, c, "/hook")
	w := newWorld(t, c, r)
	late, plain := w.user("late"), w.Queue
	other := *w.Dispatcher
	other.Queue = plain
	w.Queue = &lateQueue{Queue: plain, before: func() { other.Announce(context.Background(), []*signup.User{late}) }}
	w.announce("early")
	same(t, "accepted", []string{"early", "late"}, r.names())
}

// A dispatcher that died keeps the queue for as long as it could have lived, not longer.
func TestADeadDispatchersLeaseEnds(t *testing.T) {
	c := newClock()
	r := newReceiver(t, c, "/hook")
	w := newWorld(t, c, r)
	lease := callback.Lease{Target: callback.Target(r.url), Holder: []byte("dead"), Now: c.now(), Until: c.now().Add(2 * time.Minute), Settings: "x"}
	if _, err := w.Queue.Lease(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Queue.Lease(t.Context(), lease); err != nil {
		t.Errorf("the holder's own repetition: %v", err)
	}
	w.announce("ada")
	w.later(time.Minute)
	if n := len(r.attempts()); n != 0 {
		t.Errorf("%d attempts while the queue is leased", n)
	}
	w.later(time.Minute)
	same(t, "accepted", []string{"ada"}, r.names())
	if err := w.Queue.Release(t.Context(), lease, callback.State{Failures: 9}); err != nil {
		t.Errorf("releasing what is somebody else's: %v", err)
	}
}

// An invocation that is nearly over begins no attempt, and leaves the rest for the next.
func TestNoAttemptBeginsThatCouldNotEnd(t *testing.T) {
	c := newClock()
	r := newReceiver(t, c, "/hook")
	w := newWorld(t, c, r)
	u := w.user("ada")
	ctx, cancel := context.WithTimeout(t.Context(), w.Settings.Timeout.Std()+time.Second)
	defer cancel()
	if queued := w.Announce(ctx, []*signup.User{u}); queued != 1 || len(r.attempts()) > 0 {
		t.Errorf("%d queued, %d attempts", queued, len(r.attempts()))
	}
	w.Sweep(t.Context())
	same(t, "accepted", []string{"ada"}, r.names())
}

// R59: what is logged of an attempt has no address of a person, no key in a URL and nothing that was answered.
func TestR59LogsOfCallbacksTellNoSecret(t *testing.T) {
	c := newClock()
	r := newReceiver(t, c, "/services/hidden-path?key=hidden-key")
	w := newWorld(t, c, r)
	r.answers(func(attempt int, out http.ResponseWriter) {
		if attempt < 3 {
			out.WriteHeader(http.StatusTeapot)
			fmt.Fprint(out, "hidden-answer")
		}
	})
	w.announce("hidden-name")
	w.later(10 * time.Minute)
	r.server.Close()
	w.announce("other-name")
	log := w.log.String()
	parsed, err := url.Parse(r.url)
	if err != nil {
		t.Fatal(err)
	}
	for _, hidden := range []string{"hidden", "other-name", "whsec_", "argon2id", callback.Secret(w.keys, r.url).Reveal()[6:]} {
		if strings.Contains(log, hidden) {
			t.Errorf("the log tells %s:\n%s", hidden, log)
		}
	}
	for _, told := range []string{parsed.Host, callback.Target(r.url), "msg_", "user_", "not accepted", "accepted", `"status":418`, "connection refused"} {
		if !strings.Contains(log, told) {
			t.Errorf("the log doesn't tell %s:\n%s", told, log)
		}
	}
}

// noQueue fails the test that asks it for anything.
type noQueue struct{ callback.Queue }

// Where nobody is to be told, nothing is asked of AWS.
func TestWithoutURLsNothingIsAsked(t *testing.T) {
	d := &callback.Dispatcher{
		Settings: settings.Default().Callbacks, Queue: noQueue{}, Client: callback.NewClient(callback.ClientOptions{Timeout: time.Second}), Now: time.Now,
		Keys: func() (*secret.Keyring, error) { t.Error("the keys are read"); return nil, nil },
	}
	if queued := d.Announce(t.Context(), []*signup.User{{}, {}}); queued != 2 {
		t.Errorf("%d", queued)
	}
	d.Sweep(t.Context())
	if _, err := d.Replay(t.Context(), "https://hooks.example.com/"); !errors.Is(err, callback.ErrUnknownURL) {
		t.Error(err)
	}
}
