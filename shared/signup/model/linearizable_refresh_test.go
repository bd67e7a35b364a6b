package model_test

import (
	"context"
	"time"

	"github.com/anishathalye/porcupine"
	"pgregory.net/rapid"

	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// rotation is a session by its refresh tokens: the newest one's generation, or over.
type rotation struct {
	newest int64
	over   bool
}

// refreshOutput is the generation that a refresh led to, or that it was refused.
type refreshOutput struct {
	next    int64
	refused bool
	failed  string
}

// rotations is a session as a counter. Its newest token moves it on, the one before leads
// to where that led, within the grace that no history outlasts, and any older one ends it.
var rotations = porcupine.Model{
	Init: func() any { return rotation{} },
	Step: func(state, input, output any) (bool, any) {
		is, token, out := state.(rotation), input.(int64), output.(refreshOutput)
		switch {
		case out.failed != "":
			return false, is
		case is.over:
			return out.refused, is
		case token == is.newest:
			return !out.refused && out.next == token+1, rotation{newest: token + 1}
		case token == is.newest-1:
			return !out.refused && out.next == is.newest, is
		}
		return out.refused, rotation{is.newest, true}
	},
}

// raceForRefresh has several tabs refresh one session at once, each with the token that
// it was given last, and at times with an older one.
func (e *engines) raceForRefresh(t *rapid.T, wrong bug) error {
	s, h, ctx := e.service(plainRules, wrong), &history{begun: time.Now()}, context.Background()
	made, err := s.door.Register(ctx, signup.Caller{}, signup.Registration{SignIn: true})
	if err != nil {
		return err
	}
	refresh := func(caller int, generation int64) (next int64) {
		next = generation
		h.during(caller, func() []noted {
			token := *made.Session
			token.Generation = generation
			session, err := s.door.Refresh(ctx, s.door.RefreshToken(&token))
			switch {
			case problem.Has(err, problem.RefreshTokenInvalid):
				return []noted{{generation, refreshOutput{refused: true}}}
			case err != nil:
				return []noted{{generation, refreshOutput{failed: err.Error()}}}
			}
			next = session.Generation
			return []noted{{generation, refreshOutput{next: next}}}
		})
		return next
	}
	var work []func()
	for i := range rapid.IntRange(2, 5).Draw(t, "tabs") {
		back := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) int64 { return weighted(t, "back", int64(0), 0, 0, 0, 0, 0, 1, 2) }), 2, 5).Draw(t, "older")
		work = append(work, func() {
			newest := int64(0)
			for _, n := range back {
				newest = max(newest, refresh(i, max(0, newest-n)))
			}
		})
	}
	together(work)
	return h.linearizable(rotations)
}
