package model_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
	"pgregory.net/rapid"

	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/signup/model"
)

// register is a session: whether its client names it, and whether it is there.
type register struct{ named, there bool }

// registerInput is what is seen of a session, or done to it.
type registerInput struct {
	session string
	does    string // one of the below
}

// What histories say of a session.
const (
	seenThere   = "seen to be there"
	seenGone    = "seen to be gone"
	seenNamed   = "seen to be named"
	seenUnnamed = "seen not to be named"
	endedHere   = "ended by its client"
	swept       = "ended with all others"
	revoked     = "ended from elsewhere"
)

// registers is each session as a register that is never set again. One that its client
// ends was named until then, so that of two who end it one is too late.
var registers = porcupine.Model{
	Partition: partition(func(input any) string { return input.(registerInput).session }),
	Init:      func() any { return register{named: true, there: true} },
	Step: func(state, input, _ any) (bool, any) {
		is := state.(register)
		switch input.(registerInput).does {
		case seenThere:
			return is.there, is
		case seenGone:
			return !is.there, is
		case seenNamed:
			return is.named, is
		case seenUnnamed:
			return !is.named, is
		case endedHere:
			return is.named, register{}
		case swept:
			return true, register{}
		case revoked:
			return true, register{named: is.named}
		}
		return false, is
	},
}

// tabs are a client whose sessions are used and ended in several tabs, and another one
// of the same user.
type tabs struct {
	*service
	own, other signup.Caller
	sessions   []string
}

// raceForSessions lets the tabs of one client use and end its sessions at once, while
// the same user revokes them from elsewhere.
func (e *engines) raceForSessions(t *rapid.T, wrong bug) error {
	h := &history{begun: time.Now()}
	race, err := e.tabs(rapid.IntRange(1, 3).Draw(t, "sessions"), wrong)
	if err != nil {
		return err
	}
	var work []func()
	for i := range rapid.IntRange(3, 8).Draw(t, "tabs") {
		does := weighted(t, "does", model.TouchSession, model.TouchSession, model.UseSession, model.GetSession,
			model.EndSession, model.EndSession, model.RevokeSession, model.EndSessions)
		session := race.sessions[weighted(t, "session", 0, 0, 1, 2)%len(race.sessions)]
		work = append(work, func() { h.during(i, func() []noted { return race.do(does, session) }) })
	}
	together(work)
	h.during(len(work), func() (all []noted) {
		for _, session := range race.sessions {
			all = append(all, race.do(model.GetSession, session)...)
		}
		return all
	})
	if err := h.linearizable(registers); err != nil {
		return err
	}
	return race.rest()
}

// tabs signs a user in, n times on one client and once on another, some time ago: a use has to be noted again.
func (e *engines) tabs(n int, wrong bug) (*tabs, error) {
	s, ctx := e.service(plainRules, wrong), context.Background()
	a, err := s.lax.Create(ctx, signup.Caller{}, input(model.Input{Email: "ada@example.com", Password: model.Long}))
	if err != nil {
		return nil, err
	}
	elsewhere, err := s.strict.EnsureClient(ctx, signup.Caller{})
	if err != nil {
		return nil, err
	}
	s.names.begun(1, a.SignUp.ID, a.SignUp.UserID, a.SignUp.SessionID)
	s.names.client(a.Client.ID, 1)
	s.names.client(elsewhere.Client.ID, 2)
	race := &tabs{service: s, own: signup.Caller{Token: a.Token}, other: signup.Caller{Token: elsewhere.Token}}
	if _, err := s.signIn(model.Op{Kind: model.SignIn, Serial: 1, SignUp: "s1", Many: n}, race.own); err != nil {
		return nil, err
	}
	for i := range n {
		race.sessions = append(race.sessions, fmt.Sprintf("p1.%d", i))
	}
	_, err = s.signIn(model.Op{Kind: model.SignIn, Serial: 2, SignUp: "s1", Many: 1}, race.other)
	s.clock.forward(time.Hour)
	return race, err
}

// do does an operation, and says what it has shown and done. What it was told comes of
// two reads: what its client names, and then what of that is there.
func (r *tabs) do(kind model.Kind, session string) (all []noted) {
	a := answered{op: model.Op{Kind: kind, Session: session}}
	caller, about := r.own, []string{session}
	if kind == model.RevokeSession {
		caller = r.other
	}
	r.sendSession(&a, caller, r.strict)
	var shown []string
	switch fault := slices.Concat(faults(a.err), []string{""})[0]; {
	case a.unheard():
		shown = []string{a.err.Error()}
	case problem.Has(a.err, problem.SignedOut):
		shown = []string{seenNamed, seenGone}
	case problem.Has(a.err, problem.ResourceNotFound) && kind == model.RevokeSession:
		shown = []string{seenGone}
	case problem.Has(a.err, problem.ResourceNotFound):
		shown = []string{seenUnnamed}
	case a.err != nil:
		shown = []string{fault}
	case kind == model.EndSession:
		shown = []string{seenThere, endedHere}
	case kind == model.RevokeSession:
		shown = []string{seenThere, revoked}
	case kind == model.EndSessions:
		shown, about = []string{swept}, r.sessions
	default:
		shown = []string{seenThere}
	}
	for _, about := range about {
		for _, does := range shown {
			all = append(all, noted{registerInput{about, does}, kind})
		}
	}
	return all
}

// rest says what may not be so in the table that is left.
func (r *tabs) rest() error {
	state, err := r.view.state(0)
	if err != nil {
		return err
	}
	if faults := state.Faults(r.clock.now(), plainRules.MaxAttempts); len(faults) > 0 {
		return fmt.Errorf("%q", faults)
	}
	return nil
}
