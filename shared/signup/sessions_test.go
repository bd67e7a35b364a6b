package signup

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

func manySessions(s *settings.Settings) { s.SingleSession = false }

// signIn completes another sign-up on the person's client, and returns its session.
func (p *person) signIn(address string) ID {
	p.t.Helper()
	p.must(p.signUpWhole(merge(ada(), Input{EmailAddress: address})))
	p.mustBe(Complete)
	return p.last.SignUp.SessionID
}

// signedInTimes is a person with n sessions, each of a user of its own; the last is active.
func signedInTimes(t testing.TB, n int) (*person, []ID) {
	t.Helper()
	p := newFixture(t, manySessions).person()
	var ids []ID
	for i := range n {
		ids = append(ids, p.signIn(fmt.Sprintf("ada%d@example.com", i)))
		p.clock.forward(time.Second)
	}
	return p, ids
}

// elsewhere is another client on which the user of p's session id is signed in too.
func (p *person) elsewhere(id ID) (*person, ID) {
	p.t.Helper()
	other := p.fixture.person()
	other.must(other.keep(other.EnsureClient(p.t.Context(), other.caller)))
	session := *p.store.sessions[id]
	user := p.sessionUser(id)
	session.ID, session.ClientID, session.CreatedAt = ID{0xee, byte(len(p.store.sessions))}, other.last.Client.ID, p.clock.now()
	c := p.store.clients[other.last.Client.ID]
	c.Sessions = append(c.Sessions, SessionRef{ID: session.ID, UserID: user, ExpiresAt: session.ExpiresAt})
	c.Active = session.ID
	p.store.sessions[session.ID] = &session
	return other, session.ID
}

func (p *person) sessionUser(id ID) ID {
	for _, c := range p.store.clients {
		for _, ref := range c.Sessions {
			if ref.ID == id {
				return ref.UserID
			}
		}
	}
	p.t.Fatal("nobody's session")
	return ID{}
}

// onSession are the operations on one session of the caller's.
var onSession = map[string]func(*person, ID) error{
	"get":   func(p *person, id ID) error { return p.keep(p.Session(p.t.Context(), p.caller, id)) },
	"touch": func(p *person, id ID) error { return p.keep(p.TouchSession(p.t.Context(), p.caller, id)) },
	"token": func(p *person, id ID) error { return p.keep(p.UseSession(p.t.Context(), p.caller, id)) },
	"end":   func(p *person, id ID) error { return p.keep(p.EndSession(p.t.Context(), p.caller, id)) },
}

// asUser are the operations of a user who is signed in, by the caller's session id.
var asUser = map[string]func(*person, ID) error{
	"me": func(p *person, id ID) error { return p.keep(p.Me(p.t.Context(), p.caller, id)) },
	"list": func(p *person, id ID) error {
		_, a, err := p.UserSessions(p.t.Context(), p.caller, id)
		return p.keep(a, err)
	},
	"revoke": func(p *person, id ID) error { return p.keep(p.RevokeSession(p.t.Context(), p.caller, id, id)) },
}

// writes are the calls to the store that change something.
func (p *person) writes() []string {
	return slices.DeleteFunc(slices.Clone(p.store.calls), func(call string) bool {
		return slices.Contains([]string{"Client", "Sessions", "UserSessions", "Metadata"}, call)
	})
}

func sessionIDs(sessions []*Session) (ids []ID) {
	for _, session := range sessions {
		ids = append(ids, session.ID)
	}
	return ids
}

func TestSessionsOfOthersAreNotFound(t *testing.T) {
	p, ids := signedInTimes(t, 1)
	stranger := p.fixture.person()
	strangers := stranger.signIn("eve@example.com")
	nobody := p.fixture.person()
	for name, run := range onSession {
		for what, id := range map[string]ID{"another client's": strangers, "one that never was": {9}, "none": {}} {
			p.store.calls = nil
			if err := run(p, id); !problem.Has(err, problem.ResourceNotFound) || len(problem.List(err)) != 1 {
				t.Errorf("%s %s: %v", name, what, err)
			}
			if diff := cmp.Diff(ids, sessionIDs(p.last.Sessions)); name != "token" && diff != "" {
				t.Errorf("%s %s: the client's own sessions (-want +got):\n%s", name, what, diff)
			}
			if w := p.writes(); len(w) != 0 {
				t.Errorf("%s %s wrote %v", name, what, w)
			}
		}
		nobody.mustFail(run(nobody, ids[0]), problem.AuthenticationInvalid)
	}
	for name, run := range asUser {
		p.mustFail(run(p, strangers), problem.AuthenticationInvalid)
		p.mustFail(run(p, ID{9}), problem.AuthenticationInvalid)
		nobody.mustFail(run(nobody, ids[0]), problem.AuthenticationInvalid)
		nobody.mustFail(run(nobody, ID{}), problem.AuthenticationInvalid)
		if name != "revoke" {
			p.must(run(p, ids[0]))
		}
	}
	for _, by := range []ID{{}, ids[0]} {
		p.mustFail(p.keep(p.RevokeSession(t.Context(), p.caller, by, strangers)), problem.ResourceNotFound)
		p.mustFail(p.keep(p.RevokeSession(t.Context(), p.caller, by, ID{})), problem.ResourceNotFound)
	}
	if len(p.store.sessions) != 2 {
		t.Errorf("%d sessions are left, want both", len(p.store.sessions))
	}
}

// deaths are ways in which a session ends behind its client's back.
var deaths = map[string]func(*person, ID){
	"revoked by the user on another client": func(p *person, id ID) {
		other, own := p.elsewhere(id)
		other.must(other.keep(other.RevokeSession(p.t.Context(), other.caller, own, id)))
	},
	"credentials moved on": func(p *person, id ID) { p.store.users[p.sessionUser(id)].CredentialVersion++ },
	"idle": func(p *person, id ID) {
		p.store.sessions[id].IdleUntil = p.clock.now()
	},
	"over": func(p *person, id ID) { p.store.sessions[id].ExpiresAt = p.clock.now() },
	"over for its client": func(p *person, id ID) {
		for i, ref := range p.store.clients[p.last.Client.ID].Sessions {
			if ref.ID == id {
				p.store.clients[p.last.Client.ID].Sessions[i].ExpiresAt = p.clock.now()
			}
		}
	},
}

// R50: a session that has died is of no use from the next request on, for anything
// that asks the store. Its own client is told so; its other sessions go on.
func TestR50DeadSessionIsRefusedAtOnce(t *testing.T) {
	for name, kill := range deaths {
		for operation, run := range onSession {
			p, ids := signedInTimes(t, 2)
			kill(p, ids[1])
			p.store.calls = nil
			if err := run(p, ids[1]); !problem.Has(err, problem.SignedOut) {
				t.Errorf("%s, %s: %v", name, operation, err)
			}
			if w := p.writes(); len(w) != 0 {
				t.Errorf("%s, %s wrote %v", name, operation, w)
			}
			if diff := cmp.Diff(ids[:1], sessionIDs(p.last.Sessions)); operation != "token" && diff != "" {
				t.Errorf("%s, %s: what is left (-want +got):\n%s", name, operation, diff)
			}
			p.must(run(p, ids[0]))
		}
		for operation, run := range asUser {
			p, ids := signedInTimes(t, 2)
			kill(p, ids[1])
			if err := run(p, ids[1]); !problem.Has(err, problem.AuthenticationInvalid) {
				t.Errorf("%s, %s: %v", name, operation, err)
			}
			p.must(run(p, ids[0]))
		}
		p, ids := signedInTimes(t, 2)
		kill(p, ids[1])
		p.must(p.keep(p.Service.Client(t.Context(), p.caller)))
		if diff := cmp.Diff(ids[:1], sessionIDs(p.last.Sessions)); diff != "" {
			t.Errorf("%s: the client shows (-want +got):\n%s", name, diff)
		}
		if active := p.last.ActiveSession(); active == nil || active.ID != ids[0] {
			t.Errorf("%s: the active session is %v", name, active)
		}
	}
}

// R50: who proves an address ends the sessions of the one who only claimed it.
func TestR50TakeoverEndsSessions(t *testing.T) {
	f := newFixture(t, func(s *settings.Settings) { s.Attributes.EmailAddress.VerifyAtSignUp = false })
	hijacker, owner := f.person(), f.person()
	hijacker.must(hijacker.create(ada()))
	session := hijacker.last.SignUp.SessionID
	hijacker.must(onSession["token"](hijacker, session))
	f.Settings.Attributes.EmailAddress.VerifyAtSignUp = true
	owner.must(owner.signUpWhole(ada()))
	for name, run := range onSession {
		if err := run(hijacker, session); !problem.Has(err, problem.SignedOut) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, run := range asUser {
		if err := run(hijacker, ID{}); !problem.Has(err, problem.AuthenticationInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// R50: a user sees all sessions of their own, on every client, and ends any of them.
func TestR50UserEndsSessionsElsewhere(t *testing.T) {
	p, ids := signedInTimes(t, 1)
	phone, phones := p.elsewhere(ids[0])
	p.clock.forward(time.Second)
	tablet, tablets := p.elsewhere(ids[0])
	p.fixture.person().signIn("eve@example.com")
	all, _, err := p.UserSessions(t.Context(), p.caller, ID{})
	p.must(err)
	if diff := cmp.Diff([]ID{tablets, phones, ids[0]}, sessionIDs(all)); diff != "" {
		t.Errorf("the user's sessions, newest first (-want +got):\n%s", diff)
	}
	p.must(p.keep(p.RevokeSession(t.Context(), p.caller, ids[0], phones)))
	if p.last.Session.ID != phones || len(p.last.Sessions) != 1 || p.last.Client.Active != ids[0] {
		t.Errorf("the answer: %+v", p.last)
	}
	phone.mustFail(onSession["token"](phone, phones), problem.SignedOut)
	p.mustFail(p.keep(p.RevokeSession(t.Context(), p.caller, ids[0], phones)), problem.ResourceNotFound)
	tablet.must(onSession["token"](tablet, tablets))
	// One's own is ended as by signing out.
	tablet.must(tablet.keep(tablet.RevokeSession(t.Context(), tablet.caller, ID{}, tablets)))
	if a := tablet.last; a.Session.ID != tablets || len(a.Sessions) != 0 || !a.Client.Active.IsZero() || len(a.Client.Sessions) != 0 {
		t.Errorf("after revoking one's own: %+v", a.Client)
	}
	p.must(onSession["token"](p, ids[0]))
}

// A dead session doesn't show among the user's.
func TestDeadSessionsAreNotListed(t *testing.T) {
	for name, kill := range deaths {
		if name == "credentials moved on" || strings.HasSuffix(name, "for its client") {
			continue // ends them all; is the client's own view
		}
		p, ids := signedInTimes(t, 1)
		other, own := p.elsewhere(ids[0])
		kill(p, ids[0])
		all, _, err := other.UserSessions(t.Context(), other.caller, ID{})
		other.must(err)
		if slices.Contains(sessionIDs(all), ids[0]) || !slices.Contains(sessionIDs(all), own) {
			t.Errorf("%s: %v", name, sessionIDs(all))
		}
		other.mustFail(other.keep(other.RevokeSession(t.Context(), other.caller, ID{}, ids[0])), problem.ResourceNotFound)
	}
}

// The operations of a user are for the active session's, or for the one that the request names.
func TestSessionChoosesUser(t *testing.T) {
	p, ids := signedInTimes(t, 3)
	me := func(by ID) ID {
		t.Helper()
		p.must(asUser["me"](p, by))
		return p.last.Session.ID
	}
	p.mustFail(p.keep(p.RevokeSession(t.Context(), p.caller, ids[0], ids[1])), problem.ResourceNotFound) // another account's
	if me(ID{}) != ids[2] || me(ids[0]) != ids[0] || p.last.Client.Active != ids[2] {
		t.Error("asking as another user must not make it the active one")
	}
	p.must(onSession["touch"](p, ids[1]))
	if p.last.Client.Active != ids[1] || me(ID{}) != ids[1] {
		t.Error("the touched session isn't the active one")
	}
	p.store.calls = nil
	p.must(onSession["touch"](p, ids[1]))
	p.must(onSession["token"](p, ids[0]))
	if w := p.writes(); len(w) != 0 || me(ID{}) != ids[1] {
		t.Errorf("what is so already is written: %v", w)
	}
}

// Ending a session leaves the one used last as the active one, and says when it was.
func TestEndedSession(t *testing.T) {
	p, ids := signedInTimes(t, 3)
	p.clock.forward(time.Hour)
	p.must(onSession["touch"](p, ids[0]))
	p.must(onSession["touch"](p, ids[2]))
	p.clock.forward(time.Minute)
	p.store.calls = nil
	p.must(onSession["end"](p, ids[1]))
	if p.last.Client.Active != ids[2] {
		t.Error("ending another session changed the active one")
	}
	p.store.sessions[ids[0]].LastActiveAt = p.clock.now()
	p.must(onSession["end"](p, ids[2]))
	c := p.last.Client
	if c.Active != ids[0] || !c.AuthChangedAt.Equal(p.clock.now()) || !c.UpdatedAt.Equal(p.clock.now()) || p.last.Session.ID != ids[2] {
		t.Errorf("after the end of the active one: %+v", c)
	}
	if diff := cmp.Diff([]string{"EndSessions", "EndSessions"}, p.writes()); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	for _, id := range ids[1:] {
		for name, run := range onSession {
			if err := run(p, id); !problem.Has(err, problem.ResourceNotFound) {
				t.Errorf("%s of an ended session: %v", name, err)
			}
		}
	}
	if stored := p.store.clients[c.ID]; len(stored.Sessions) != 1 || len(p.store.sessions) != 1 {
		t.Errorf("stored: %+v, %d sessions", stored.Sessions, len(p.store.sessions))
	}
}

// Signing out ends all sessions of this client and no other, keeps client and sign-up, and says nothing twice.
func TestEndAllSessions(t *testing.T) {
	p, ids := signedInTimes(t, 2)
	other, own := p.elsewhere(ids[0])
	p.must(p.create(Input{FirstName: "Ada"}))
	p.clock.forward(time.Minute)
	out := func() error { return p.keep(p.EndSessions(t.Context(), p.caller)) }
	p.must(out())
	c := p.last.Client
	if len(c.Sessions)+len(p.last.Sessions) != 0 || !c.Active.IsZero() || c.SignUp.FirstName != "Ada" || !c.AuthChangedAt.Equal(p.clock.now()) {
		t.Errorf("after signing out: %+v", c)
	}
	p.store.calls = nil
	p.must(out())
	if w := p.writes(); len(w) != 0 || p.last.Client == nil {
		t.Errorf("the second time wrote %v", w)
	}
	other.must(onSession["token"](other, own))
	// A session that is over needs no ending, and doesn't stay.
	other.store.sessions[own].IdleUntil = p.clock.now()
	other.must(other.keep(other.EndSessions(t.Context(), other.caller)))
	if len(p.store.sessions) != 0 {
		t.Error("a dead session stays")
	}
	nobody := p.fixture.person()
	nobody.must(nobody.keep(nobody.EndSessions(t.Context(), nobody.caller)))
	if nobody.last.Client != nil {
		t.Error("nobody has a client")
	}
}

// R51: use moves the idle limit, and is written down at most every five minutes, or
// every tenth of a shorter limit. The absolute limit never moves, and idle ends there too.
func TestR51UseMovesTheIdleLimitOnly(t *testing.T) {
	for _, c := range []struct{ idle, every time.Duration }{
		{7 * 24 * time.Hour, 5 * time.Minute}, {time.Hour, 5 * time.Minute}, {10 * time.Minute, time.Minute},
	} {
		for _, operation := range []string{"touch", "token"} {
			p := newFixture(t, func(s *settings.Settings) { s.Session.IdleLife = settings.Duration(c.idle) }).person()
			id := p.signIn("ada@example.com")
			end := p.store.sessions[id].ExpiresAt
			begin := p.clock.now()
			for _, step := range []struct {
				after  time.Duration
				writes int
			}{{0, 0}, {c.every - time.Millisecond, 0}, {time.Millisecond, 1}, {0, 0}, {c.every - time.Millisecond, 0}, {c.idle - c.every, 1}} {
				p.clock.forward(step.after)
				p.store.calls = nil
				p.must(onSession[operation](p, id))
				if len(p.writes()) != step.writes {
					t.Errorf("%s, idle %s, %s in: wrote %v", operation, c.idle, p.clock.now().Sub(begin), p.writes())
				}
				stored, told := p.store.sessions[id], p.last.Session
				if !told.LastActiveAt.Equal(stored.LastActiveAt) || !stored.IdleUntil.Equal(stored.LastActiveAt.Add(c.idle)) || !stored.ExpiresAt.Equal(end) {
					t.Errorf("%s: stored %+v, told %+v", operation, stored, told)
				}
			}
		}
	}
}

// R51: however often it is used, a session is over when it was to be.
func TestR51AbsoluteLimit(t *testing.T) {
	p, ids := signedInTimes(t, 1)
	end := p.store.sessions[ids[0]].ExpiresAt
	for p.clock.now().Before(end.Add(-time.Millisecond)) {
		p.must(onSession["touch"](p, ids[0]))
		if s := p.last.Session; !s.ExpiresAt.Equal(end) || s.IdleUntil.After(end) {
			t.Fatalf("the limits moved to %s and %s", s.IdleUntil, s.ExpiresAt)
		}
		p.clock.forward(min(24*time.Hour, end.Sub(p.clock.now())-time.Millisecond))
	}
	p.must(onSession["token"](p, ids[0]))
	p.clock.forward(time.Millisecond)
	for name, run := range onSession {
		if err := run(p, ids[0]); !problem.Has(err, problem.SignedOut) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// R51: reading is no use of a session.
func TestR51ReadingIsNoUse(t *testing.T) {
	p, ids := signedInTimes(t, 1)
	p.clock.forward(24 * time.Hour)
	p.store.calls = nil
	p.must(onSession["get"](p, ids[0]))
	p.must(asUser["me"](p, ids[0]))
	p.must(asUser["list"](p, ids[0]))
	p.must(p.keep(p.Service.Client(t.Context(), p.caller)))
	if w := p.writes(); len(w) != 0 {
		t.Errorf("wrote %v", w)
	}
}

// A client holds so many sessions. One more ends the oldest, in the same transaction.
func TestOldestSessionGivesWay(t *testing.T) {
	p, ids := signedInTimes(t, maxSessions)
	p.store.calls = nil
	more := p.signIn("one-more@example.com")
	for _, call := range p.store.calls {
		if call == "EndSessions" || call == "RevokeSession" {
			t.Errorf("the oldest was ended by a request of its own: %v", p.store.calls)
		}
	}
	want := append(slices.Clone(ids[1:]), more)
	if diff := cmp.Diff(want, sessionIDs(p.last.Sessions)); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}
	if len(p.store.sessions) != maxSessions || len(p.store.clients[p.last.Client.ID].Sessions) != maxSessions || p.store.sessions[ids[0]] != nil {
		t.Errorf("%d are stored", len(p.store.sessions))
	}
	p.mustFail(onSession["token"](p, ids[0]), problem.ResourceNotFound)
	p.must(onSession["token"](p, ids[1]))
}

// R49: the token before a completion is good for the session for a minute, in which
// it is answered with the new one. Where the link was used elsewhere, nobody could
// tell the client: there the earlier one holds for as long as the sign-up can be polled.
func TestR49EarlierTokenOnSessions(t *testing.T) {
	for name, c := range map[string]struct {
		elsewhere bool
		grace     time.Duration
	}{"by code": {false, time.Minute}, "by a link used elsewhere": {true, 24 * time.Hour}} {
		for operation, run := range onSession {
			if operation == "end" {
				continue
			}
			p := withLink(t, anybodys, webLink)
			begun := p.clock.now()
			before := *p
			if c.elsewhere {
				_, err := p.ConfirmLink(t.Context(), Caller{}, p.link())
				p.must(err)
				p.must(p.get())
			} else {
				p.must(p.attempt(p.code()))
			}
			id := p.last.SignUp.SessionID
			p.clock.forward(c.grace - p.clock.now().Sub(begun) - time.Millisecond)
			earlier := before
			if err := run(&earlier, id); err != nil || earlier.caller.Token.Reveal() != p.caller.Token.Reveal() {
				t.Errorf("%s, %s: within the grace: %v", name, operation, err)
			}
			p.clock.forward(time.Millisecond)
			earlier = before
			if err := run(&earlier, id); !problem.Has(err, problem.AuthenticationInvalid) {
				t.Errorf("%s, %s: after the grace: %v", name, operation, err)
			}
			p.must(run(p, id))
		}
	}
}

// A session that ends while it is touched stays ended, and whoever touched it is
// told, unless the touch was whole before.
func TestEndBeatsTouch(t *testing.T) {
	ends := map[string]func(*person, ID){
		"ended in another tab": func(p *person, id ID) {
			tab := *p
			tab.must(onSession["end"](&tab, id))
		},
		"revoked elsewhere": deaths["revoked by the user on another client"],
	}
	refusals := map[string]*problem.Problem{
		"ended in another tab, Sessions": problem.SignedOut, "ended in another tab, TouchSession": problem.ResourceNotFound,
		"ended in another tab, SaveClient": problem.ResourceNotFound,
		"revoked elsewhere, Sessions":      problem.SignedOut, "revoked elsewhere, TouchSession": problem.SignedOut,
	}
	for name, end := range ends {
		for _, operation := range []string{"touch", "token"} {
			for _, method := range []string{"Sessions", "TouchSession", "SaveClient"} {
				if operation == "token" && method == "SaveClient" {
					continue
				}
				synctest.Test(t, func(t *testing.T) {
					p, ids := signedInTimes(t, 2)
					p.clock.forward(time.Hour)
					p.store.before = once(method, func() { end(p, ids[0]) })
					err, want := onSession[operation](p, ids[0]), refusals[name+", "+method]
					if want == nil {
						p.must(err)
					} else if !problem.Has(err, want) || slices.Contains(sessionIDs(p.last.Sessions), ids[0]) {
						t.Errorf("%s, %s at %s: %v, and shows %v", name, operation, method, err, sessionIDs(p.last.Sessions))
					}
					stored := p.store.clients[p.last.Client.ID]
					if p.store.sessions[ids[0]] != nil || stored.Active != ids[1] && want != nil {
						t.Errorf("%s, %s at %s: the session came back: %+v", name, operation, method, stored)
					}
				})
			}
		}
	}
}

// A store that refuses for its load makes an operation fail, and nobody look signed
// out: an answer has the client only with its sessions, as they are stored.
func TestBusyStoreSignsNobodyOut(t *testing.T) {
	run := map[string]func(*person, ID) error{
		"end all": func(p *person, _ ID) error { return p.keep(p.EndSessions(p.t.Context(), p.caller)) },
	}
	for _, all := range []map[string]func(*person, ID) error{onSession, asUser} {
		for name, operation := range all {
			run[name] = operation
		}
	}
	for name, operation := range run {
		for _, method := range []string{"Client", "Sessions", "UserSessions", "TouchSession", "SaveClient", "EndSessions", "RevokeSession", "Metadata"} {
			p := newFixture(t, manySessions).person()
			large := Input{UnsafeMetadata: `{"k":"` + strings.Repeat("v", 600) + `"}`}
			p.must(p.signUpWhole(merge(ada(), large)))
			first := p.last.SignUp.SessionID
			p.signIn("countess@example.com")
			p.clock.forward(time.Hour)
			met := false
			p.store.before = func(called string) error {
				if called == method {
					met = true
					return ErrBusy
				}
				return nil
			}
			p.last = nil
			err := operation(p, first)
			if !met {
				continue
			}
			if !problem.Has(err, problem.Unavailable) {
				t.Errorf("%s, busy at %s: %v", name, method, err)
			}
			if p.last == nil || p.last.Client == nil {
				continue
			}
			stored := p.store.clients[p.last.Client.ID]
			if name != "token" && (len(p.last.Sessions) != len(stored.Sessions) || p.last.Client.Active != stored.Active) {
				t.Errorf("%s, busy at %s: told %d sessions, %d are stored", name, method, len(p.last.Sessions), len(stored.Sessions))
			}
			for _, session := range p.last.Sessions {
				if stored := p.store.sessions[session.ID]; !stored.LastActiveAt.Equal(session.LastActiveAt) {
					t.Errorf("%s, busy at %s: told of a use that isn't stored", name, method)
				}
			}
		}
	}
}

// Large metadata shows wherever its user does.
func TestSessionsShowLargeMetadata(t *testing.T) {
	p := newFixture(t, nil).person()
	large := `{"k":"` + strings.Repeat("v", 600) + `"}`
	p.must(p.signUpWhole(merge(ada(), Input{UnsafeMetadata: large})))
	id := p.last.SignUp.SessionID
	for _, run := range []func(*person, ID) error{onSession["get"], onSession["touch"], asUser["me"]} {
		p.must(run(p, id))
		if got := string(p.last.Session.User.Unsafe.JSON); got != large {
			t.Errorf("the user has %.20s", got)
		}
	}
	all, _, err := p.UserSessions(t.Context(), p.caller, ID{})
	p.must(err)
	if got := string(all[0].User.Unsafe.JSON); got != large {
		t.Errorf("list: %.20s", got)
	}
	p.must(onSession["end"](p, id))
	if got := string(p.last.Session.User.Unsafe.JSON); got != large {
		t.Errorf("end: %.20s", got)
	}
}

// What fails for another reason than the caller's is no answer.
func TestBrokenStoreIsNoAnswer(t *testing.T) {
	p, ids := signedInTimes(t, 1)
	p.store.before = func(string) error { return errBroken }
	for name, run := range onSession {
		if err := run(p, ids[0]); err == nil || problem.List(err) != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if a, err := p.EndSessions(context.Background(), p.caller); a != nil || err == nil {
		t.Errorf("signing out: %v, %v", a, err)
	}
}
