package callback_test

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/shared/callback"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// Retries carry the id of the first attempt, and nothing overtakes what a receiver hasn't accepted.
func TestR57SameIDOnEveryRetryInOrder(t *testing.T) {
	c := newClock()
	r, fine := newReceiver(t, c, "/hook"), newReceiver(t, c, "/hook")
	w := newWorld(t, c, r, fine)
	r.answers(status(http.StatusInternalServerError))
	w.announce("a", "b", "c")
	same(t, "the other receiver", []string{"a", "b", "c"}, fine.names())
	w.later(6 * time.Minute)
	r.answers(nil)
	w.announce("d")
	w.later(40 * time.Minute)
	same(t, "accepted", []string{"a", "b", "c", "d"}, r.names())
	ids := map[string]string{}
	for _, g := range r.attempts() {
		if known := ids[g.body]; known != "" && known != g.id {
			t.Errorf("a retry has another id: %s, then %s", known, g.id)
		}
		ids[g.body] = g.id
		verify(t, callback.Secret(w.keys, r.url).Reveal(), g)
	}
	others := map[string]bool{}
	for _, id := range ids {
		others[id] = true
	}
	if len(others) != len(ids) {
		t.Errorf("%d messages share %d ids", len(ids), len(others))
	}
	for _, g := range fine.attempts() {
		if ids[g.body] == g.id {
			t.Error("two receivers get the same id")
		}
	}
	same(t, "left", [2]int{}, w.queued(r))
}

// The waits between attempts are the documented ones, stretched by up to a fifth.
func TestR57BackOffWithJitter(t *testing.T) {
	documented := []time.Duration{
		5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour, 24 * time.Hour,
	}
	for _, random := range []float64{0, 0.999} {
		c := newClock()
		r := newReceiver(t, c, "/hook")
		w := newWorld(t, c, r)
		w.Random = func() float64 { return random }
		w.Settings.GiveUpAfter = *parse(t, "336h")
		r.answers(status(http.StatusServiceUnavailable))
		w.announce("ada")
		for i, wait := range documented {
			step := wait / 50 // how long it is from one sweep to the next
			for range 70 {
				if len(r.attempts()) > i+1 {
					break
				}
				w.later(step)
			}
			all := r.attempts()
			if len(all) < i+2 {
				t.Fatalf("with %v: no attempt %d", random, i+2)
			}
			gap, low := all[i+1].at.Sub(all[i].at), wait+time.Duration(float64(wait)*0.2*random)
			if gap < low || gap > low+step {
				t.Errorf("with %v: attempt %d came after %s, want %s and at most %s until the next sweep", random, i+2, gap, low, step)
			}
		}
	}
}

func TestR57RetryAfterIsRespected(t *testing.T) {
	for name, c := range map[string]struct {
		header func(now time.Time) string
		least  time.Duration
	}{
		"seconds":         {func(time.Time) string { return "3600" }, time.Hour},
		"a date":          {func(now time.Time) string { return now.Add(2 * time.Hour).Format(http.TimeFormat) }, 2*time.Hour - time.Second},
		"a short wait":    {func(time.Time) string { return "1" }, 5 * time.Second},
		"what is no time": {func(time.Time) string { return "soon" }, 5 * time.Second},
		"a year":          {func(time.Time) string { return "31536000" }, 71 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			clock := newClock()
			r := newReceiver(t, clock, "/hook")
			w := newWorld(t, clock, r)
			began := clock.now()
			r.answers(func(attempt int, out http.ResponseWriter) {
				if attempt == 1 {
					out.Header().Set("Retry-After", c.header(clock.now()))
					out.WriteHeader(http.StatusTooManyRequests)
				}
			})
			w.announce("ada")
			for another := false; len(r.attempts()) < 2 && clock.now().Sub(began) < 74*time.Hour; {
				w.later(10 * time.Minute)
				if clock.now().Sub(began) > 71*time.Hour && !another {
					another = true
					w.announce("another") // the first is given up before it may be tried again
				}
			}
			all := r.attempts()
			if len(all) < 2 || all[1].at.Sub(all[0].at) < c.least || all[1].at.Sub(all[0].at) > c.least+2*time.Hour {
				t.Errorf("%d attempts; the second after %s, want %s", len(all), all[len(all)-1].at.Sub(all[0].at), c.least)
			}
		})
	}
}

// 410 ends it: nothing more is sent until the settings change or an operator asks for it.
func TestR57GoneDisables(t *testing.T) {
	for _, again := range []string{"settings", "replay"} {
		t.Run(again, func(t *testing.T) {
			c := newClock()
			r := newReceiver(t, c, "/hook")
			w := newWorld(t, c, r)
			r.answers(status(http.StatusGone))
			w.announce("a", "b")
			r.answers(nil)
			for range 30 {
				w.later(time.Hour)
			}
			w.announce("c")
			if n := len(r.attempts()); n != 1 {
				t.Fatalf("%d attempts", n)
			}
			same(t, "queued", [2]int{3, 0}, w.queued(r))
			if !strings.Contains(w.log.String(), "receiver wants no more") {
				t.Error("nobody is told")
			}
			if again == "settings" {
				w.Settings.Timeout = *parse(t, "20s")
				w.Sweep(t.Context())
			} else if n, err := w.Replay(t.Context(), r.url); n != 0 || err != nil {
				t.Errorf("%d, %v", n, err)
			}
			same(t, "accepted", []string{"a", "b", "c"}, r.names())
		})
	}
}

// A receiver that stays disabled doesn't keep messages for ever: they become dead letters without an attempt.
func TestWhatIsQueuedForADisabledReceiverIsGivenUp(t *testing.T) {
	c := newClock()
	r := newReceiver(t, c, "/hook")
	w := newWorld(t, c, r)
	r.answers(status(http.StatusGone))
	w.announce("a", "b")
	w.later(73 * time.Hour)
	same(t, "queued and dead", [2]int{0, 2}, w.queued(r))
	if n := len(r.attempts()); n != 1 {
		t.Errorf("%d attempts", n)
	}
}

// What is refused for three days is set aside, and what waited behind it goes on. An operator has it sent again.
func TestDeadLetterAndReplay(t *testing.T) {
	c := newClock()
	r := newReceiver(t, c, "/hook")
	w := newWorld(t, c, r)
	poison := w.user("poison")
	r.answers(func(_ int, out http.ResponseWriter) {
		all := r.attempts()
		if strings.Contains(all[len(all)-1].body, "poison") {
			out.WriteHeader(http.StatusBadRequest)
		}
	})
	w.Announce(t.Context(), []*signup.User{poison})
	w.clock.forward(time.Hour)
	w.announce("a", "b")
	w.later(70 * time.Hour)
	same(t, "before", [2]int{3, 0}, w.queued(r))
	w.later(90 * time.Minute) // the poison is too old by now, the others aren't
	same(t, "after", [2]int{0, 1}, w.queued(r))
	same(t, "accepted", []string{"a", "b"}, r.names())

	r.answers(nil)
	c.forward(10 * 24 * time.Hour)
	if n, err := w.Replay(t.Context(), r.url); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	same(t, "accepted after a replay", []string{"a", "b", "poison"}, r.names())
	same(t, "left", [2]int{}, w.queued(r))
	ids := map[string]bool{}
	for _, g := range r.attempts() {
		if strings.Contains(g.body, "poison") {
			ids[g.id] = true
		}
	}
	if len(ids) != 1 {
		t.Errorf("the replayed message has had %d ids", len(ids))
	}
	if n, err := w.Replay(t.Context(), "https://elsewhere.example/"); n != 0 || err != callback.ErrUnknownURL {
		t.Errorf("another URL: %d, %v", n, err)
	}
}

// A user who is gone by the time of a retry isn't announced.
func TestOnlyAUserWhoExistsIsAnnounced(t *testing.T) {
	c := newClock()
	r := newReceiver(t, c, "/hook")
	w := newWorld(t, c, r)
	r.answers(status(http.StatusBadGateway))
	u := w.user("gone")
	w.Announce(t.Context(), []*signup.User{u})
	before := len(r.attempts())
	if err := w.table.DeleteUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	r.answers(nil)
	w.later(time.Hour)
	w.announce("here")
	same(t, "accepted", []string{"here"}, r.names())
	if after := len(r.attempts()); after != before+1 {
		t.Errorf("%d attempts after the user was gone", after-before)
	}
	same(t, "left", [2]int{}, w.queued(r))
	stranger := &signup.User{CreatedAt: c.now()}
	rand.Read(stranger.ID[:])
	w.Announce(t.Context(), []*signup.User{stranger}) // as from a forged record
	same(t, "accepted", []string{"here"}, r.names())
}
