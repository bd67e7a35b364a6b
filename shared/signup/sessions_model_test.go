package signup

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/problem"
)

// modelSession is what one is to expect of a session.
type modelSession struct {
	id      ID
	noted   time.Time // last noted use
	expires time.Time
	dead    bool // ended behind its client's back
	dropped bool // by its client, which no longer knows it
}

// model is what one is to expect of a client.
type model struct {
	*person
	sessions []*modelSession
	active   ID
}

func (m *model) live(s *modelSession) bool {
	now := m.clock.now()
	return !s.dead && !s.dropped && now.Before(s.noted.Add(m.Settings.Session.IdleLife.Std())) && now.Before(s.expires)
}

func (m *model) liveSessions() []*modelSession {
	return slices.DeleteFunc(slices.Clone(m.sessions), func(s *modelSession) bool { return !m.live(s) })
}

// standing is the session that stands for the client.
func (m *model) standing() (id ID) {
	var last time.Time
	for _, s := range m.liveSessions() {
		if s.id == m.active {
			return s.id
		}
		if s.noted.After(last) {
			id, last = s.id, s.noted
		}
	}
	return id
}

// expected is what an operation on s is to end in.
func (m *model) expected(s *modelSession) *problem.Problem {
	switch {
	case s.dropped:
		return problem.ResourceNotFound
	case !m.live(s):
		return problem.SignedOut
	}
	return nil
}

func (m *model) signIn(address string) {
	now := m.clock.now()
	for _, s := range m.sessions {
		s.dropped = s.dropped || !now.Before(s.expires) // a client sheds these as it is written
	}
	id := m.person.signIn(address)
	m.active = id
	m.sessions = append(m.sessions, &modelSession{id: id, noted: now, expires: now.Add(m.Settings.Session.AbsoluteLife.Std())})
}

// run does name to s and holds the answer against the model.
func (m *model) run(name string, s *modelSession) {
	m.t.Helper()
	want, before := m.expected(s), m.clock.now()
	if err := onSession[name](m.person, s.id); want == nil && err != nil || want != nil && !problem.Has(err, want) {
		m.t.Fatalf("%s: %v, want %v", name, err, want)
	}
	if want != nil {
		return
	}
	switch name {
	case "end":
		s.dropped = true
		m.active = m.standing()
		return
	case "touch":
		m.active = s.id
	}
	if name != "get" && before.Sub(s.noted) >= useNotedEvery {
		s.noted = before
	}
}

// check holds what the client is told against the model.
func (m *model) check(after string) {
	m.t.Helper()
	m.must(m.keep(m.Service.Client(m.t.Context(), m.caller)))
	var want []ID
	for _, s := range m.liveSessions() {
		want = append(want, s.id)
	}
	var active ID
	if s := m.last.ActiveSession(); s != nil {
		active = s.ID
	}
	if diff := cmp.Diff(want, sessionIDs(m.last.Sessions)); diff != "" || active != m.standing() {
		m.t.Fatalf("after %s: active %v, want %v; sessions (-want +got):\n%s", after, active, m.standing(), diff)
	}
}

// TestR50R51SessionsFollowTheModel plays long random histories on two clients: signing
// in and out, using, revoking, waiting. Each answer is what a plain model says, and no
// session that is over is ever live again.
func TestR50R51SessionsFollowTheModel(t *testing.T) {
	names := []string{"get", "touch", "touch", "token", "token", "end"}
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 1))
		f := newFixture(t, manySessions)
		clients := []*model{{person: f.person()}, {person: f.person()}}
		for step := range 120 {
			m, other := clients[step%2], clients[(step+1)%2]
			what := "nothing"
			switch n := random.IntN(12); {
			case n == 0 && len(m.sessions) < maxSessions || len(m.sessions) == 0:
				what = "signing in"
				m.signIn(fmt.Sprintf("ada%d-%d@example.com", seed, step))
			case n == 1 && random.IntN(4) == 0:
				what = "signing out"
				m.must(m.keep(m.EndSessions(t.Context(), m.caller)))
				for _, s := range m.sessions {
					s.dropped = true
				}
				m.active = ID{}
			case n == 2:
				what = "a session revoked elsewhere"
				if s := m.sessions[random.IntN(len(m.sessions))]; !s.dropped {
					s.dead = true
					m.must(m.store.RevokeSession(t.Context(), SessionRef{ID: s.id}))
				}
			case n == 3:
				what = "waiting"
				f.clock.forward([]time.Duration{time.Second, 4 * time.Minute, time.Hour, 3 * 24 * time.Hour, 8 * 24 * time.Hour}[random.IntN(5)])
			case n == 4 && len(other.sessions) > 0:
				what = "another client's session"
				for name, run := range onSession {
					if err := run(m.person, other.sessions[0].id); !problem.Has(err, problem.ResourceNotFound) {
						t.Fatalf("%s of another client's: %v", name, err)
					}
				}
			default:
				name := names[random.IntN(len(names))]
				what = name
				m.run(name, m.sessions[random.IntN(len(m.sessions))])
			}
			m.check(fmt.Sprintf("seed %d, step %d, %s", seed, step, what))
		}
	}
}
