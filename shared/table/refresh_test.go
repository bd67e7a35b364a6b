package table

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// atThePasswordsDoor is a door of the passwords family with a session.
func atThePasswordsDoor(t testing.TB, change func(*settings.Settings)) *door {
	d := atTheDoor(t, change)
	d.Settings = d.asked.ForPasswords()
	registered(atOnce)(d)
	d.token = d.RefreshToken(d.session)
	return d
}

// refresh moves on with the door's newest token.
func (d *door) refresh() secret.SessionToken {
	d.t.Helper()
	s, err := d.Refresh(d.t.Context(), d.token)
	d.must(d.signedIn(s, err))
	d.token = d.RefreshToken(s)
	return d.token
}

// mustBeDead: the token opens nothing.
func (d *door) mustBeDead(name string, token secret.SessionToken, want *problem.Problem) {
	d.t.Helper()
	if _, err := d.Refresh(d.t.Context(), token); !problem.Has(err, want) {
		d.t.Errorf("%s: %v, want %s", name, err, want.Code)
	}
}

// TestR47RefreshesAtOnce lets many refresh with one token at once: all are given one and
// the same next token, which works, and there is one session.
func TestR47RefreshesAtOnce(t *testing.T) {
	d := atThePasswordsDoor(t, nil)
	for generation := range int64(5) {
		sessions := make([]*signup.Session, 60)
		for i, err := range together(len(sessions), func(i int) (err error) {
			sessions[i], err = d.Refresh(context.Background(), d.token)
			return err
		}) {
			if err != nil {
				t.Fatalf("refresh %d: %v", i, err)
			}
		}
		for i, s := range sessions {
			if d.RefreshToken(s).Reveal() != d.RefreshToken(sessions[0]).Reveal() || s.Generation != generation+1 {
				t.Fatalf("refresh %d is at generation %d, the first at %d", i, s.Generation, sessions[0].Generation)
			}
		}
		d.token = d.RefreshToken(sessions[0])
	}
	if counts := d.items(); counts["session"] != 1 {
		t.Errorf("the table has %v", counts)
	}
	d.refresh()
}

// TestR47ReuseEndsTheSession: a token that has been used is taken again within the
// grace, by whoever lost the answer; later, or once another has followed, it ends the
// session for whoever holds it.
func TestR47ReuseEndsTheSession(t *testing.T) {
	grace := settings.Default().Passwords.RefreshGrace.Std()
	for name, c := range map[string]struct {
		rotations int
		after     time.Duration
		ends      bool
	}{
		"at once":                     {1, 0, false},
		"at the end of the grace":     {1, grace - time.Millisecond, false},
		"after the grace":             {1, grace, true},
		"two generations back":        {2, 0, true},
		"many generations back":       {9, 0, true},
		"two back and late":           {2, time.Hour, true},
		"the newest, however late on": {0, 24 * time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := atThePasswordsDoor(t, nil)
			old := d.token
			for range c.rotations {
				d.refresh()
			}
			d.clock.forward(c.after)
			s, err := d.Refresh(t.Context(), old)
			if !c.ends {
				d.must(d.signedIn(s, err))
				d.token = d.RefreshToken(s)
				d.refresh()
				return
			}
			if !problem.Has(err, problem.RefreshTokenInvalid) {
				t.Errorf("the old token: %v", err)
			}
			d.mustBeDead("the newest token", d.token, problem.RefreshTokenInvalid)
			if _, err := d.Opened(t.Context(), d.BearerToken(d.session)); !problem.Has(err, problem.AuthenticationInvalid) {
				t.Errorf("the session itself: %v", err)
			}
			sessionsOver(d)
		})
	}
}

// TestR47ReuseRacesWithARefresh: whoever is first, the session of a token that two have
// used is over in the end.
func TestR47ReuseRacesWithARefresh(t *testing.T) {
	for range 20 {
		d := atThePasswordsDoor(t, nil)
		stolen := d.token
		d.refresh()
		newest := d.refresh()
		for _, err := range together(6, func(i int) error {
			token := newest
			if i%2 == 0 {
				token = stolen
			}
			_, err := d.Refresh(context.Background(), token)
			return err
		}) {
			if err != nil && !problem.Has(err, problem.RefreshTokenInvalid) {
				t.Fatal(err)
			}
		}
		sessionsOver(d)
		d.mustBeDead("the newest token", newest, problem.RefreshTokenInvalid)
	}
}

// TestR47RotationsOfWhatHasMoved: a session that somebody else has moved on, or that is
// over, is not rotated and doesn't come back.
func TestR47RotationsOfWhatHasMoved(t *testing.T) {
	d := atThePasswordsDoor(t, nil)
	rotate := func(generation int64) error {
		s := *d.session
		s.Generation, s.GraceUntil = generation, d.clock.now()
		return d.table.RotateSession(t.Context(), &s)
	}
	d.must(rotate(1))
	d.must(rotate(2))
	for _, generation := range []int64{1, 2, 4} {
		if err := rotate(generation); !errors.Is(err, signup.ErrConflict) {
			t.Errorf("from generation 2 to %d: %v", generation, err)
		}
	}
	d.must(d.table.RevokeSession(t.Context(), signup.SessionRef{ID: d.session.ID, UserID: d.session.User.ID}))
	for _, generation := range []int64{1, 2, 3} {
		if err := rotate(generation); !errors.Is(err, signup.ErrConflict) {
			t.Errorf("to %d after its end: %v", generation, err)
		}
	}
	sessionsOver(d)
}

// TestR47R51RefreshesDoNotOutliveTheSession: a refresh moves when a session is idle, and
// never when it ends.
func TestR47R51RefreshesDoNotOutliveTheSession(t *testing.T) {
	d := atThePasswordsDoor(t, nil)
	idle, absolute := d.Settings.Session.IdleLife.Std(), d.Settings.Session.AbsoluteLife.Std()
	ends := d.session.ExpiresAt
	if want := d.clock.now().Add(absolute); !ends.Equal(want) {
		t.Fatalf("it ends at %s, want %s", ends, want)
	}
	for d.clock.now().Add(idle).Before(ends) {
		d.clock.forward(idle - time.Second)
		d.refresh()
	}
	if d.session.IdleUntil.After(ends) || !d.session.ExpiresAt.Equal(ends) {
		t.Errorf("idle until %s, ends %s, want %s", d.session.IdleUntil, d.session.ExpiresAt, ends)
	}
	d.clock.forward(ends.Sub(d.clock.now()) - time.Millisecond)
	last := d.refresh()
	d.clock.forward(time.Millisecond)
	d.mustBeDead("after the session's life", last, problem.RefreshTokenInvalid)

	d = atThePasswordsDoor(t, nil)
	d.clock.forward(idle)
	d.mustBeDead("idle for too long", d.token, problem.RefreshTokenInvalid)
}

// TestR47HeldUsersDoNotRefresh: whoever may not sign in may not stay signed in either.
func TestR47HeldUsersDoNotRefresh(t *testing.T) {
	d := atThePasswordsDoor(t, nil)
	user := d.session.User
	d.must(d.table.SaveUser(t.Context(), signup.UserChange{User: user}))
	for hold, change := range map[string]func(*signup.User){
		"unconfirmed": func(u *signup.User) { u.Unconfirmed = true },
		"undecided":   func(u *signup.User) { u.Approval = signup.Undecided },
		"rejected":    func(u *signup.User) { u.Approval = signup.Rejected },
	} {
		held := *user
		change(&held)
		d.must(d.table.SaveUser(t.Context(), signup.UserChange{User: &held}))
		d.mustBeDead(hold, d.token, problem.UserHeld)
		user.Revision = held.Revision
	}
	d.must(d.table.SaveUser(t.Context(), signup.UserChange{User: user}))
	d.refresh()
}

// TestR44BearerTokensAreNoRefreshTokens, nor the other way around; nor does a token of
// another session, or of another service, open this one.
func TestR44BearerTokensAreNoRefreshTokens(t *testing.T) {
	d := atThePasswordsDoor(t, nil)
	bearer := d.BearerToken(d.session)
	if s, err := d.Opened(t.Context(), bearer); err != nil || s.ID != d.session.ID {
		t.Fatalf("its own token opens %+v, %v", s, err)
	}
	d.mustBeDead("a bearer token", bearer, problem.RefreshTokenInvalid)
	mustNotOpen := func(name string, token secret.SessionToken) {
		t.Helper()
		if _, err := d.Opened(t.Context(), token); !problem.Has(err, problem.AuthenticationInvalid) {
			t.Errorf("%s opens: %v", name, err)
		}
	}
	mustNotOpen("a refresh token", d.token)
	mustNotOpen("no token", secret.SessionToken{})
	d.mustBeDead("no token", secret.SessionToken{}, problem.RefreshTokenInvalid)

	stranger := newFixture(t, nil) // another ring
	mustNotOpen("another service's token", stranger.BearerToken(d.session))
	d.mustBeDead("another service's token", stranger.RefreshToken(d.session), problem.RefreshTokenInvalid)

	forged := *d.session
	forged.User = &signup.User{ID: signup.ID{9}}
	mustNotOpen("a token of a user who isn't there", d.BearerToken(&forged))
	d.mustBeDead("a token of a user who isn't there", d.RefreshToken(&forged), problem.RefreshTokenInvalid)
	d.refresh()
}

// TestR50EndsEverySessionAtOnce: a new password by mail, a rejection and a deletion end
// every session, token and key that there was, those of other doors too.
func TestR50EndsEverySessionAtOnce(t *testing.T) {
	for name, end := range map[string]func(*door){
		"reset": func(d *door) {
			resettable(func(*door) {})(d)
			d.must(settingByMail(signup.ResetPassword)(t.Context(), d))
		},
		"rejection": func(d *door) {
			decider := *d
			registered(first)(&decider)
			d.must(decider.signedIn(decider.SignInWithPassword(t.Context(), signup.Caller{}, decider.made.User.ID, identifier.Identifier{}, anyPassword)))
			decider.other = d.made.User.ID
			d.must(deciding(signup.Rejected)(t.Context(), &decider))
		},
		"deletion": func(d *door) { d.must(deleting(t.Context(), d)) },
	} {
		t.Run(name, func(t *testing.T) {
			d := atThePasswordsDoor(t, nil)
			d.must(addingKey(t.Context(), d))
			var sessions []*signup.Session
			for range 4 {
				s, err := d.SignInWithPassword(t.Context(), signup.Caller{}, signup.ID{}, email("ada@example.com"), anyPassword)
				d.must(d.signedIn(s, err))
				sessions = append(sessions, s)
			}
			end(d)
			for _, s := range sessions {
				if _, err := d.Opened(t.Context(), d.BearerToken(s)); !problem.Has(err, problem.AuthenticationInvalid) {
					t.Errorf("a session: %v", err)
				}
				d.mustBeDead("a refresh token", d.RefreshToken(s), problem.RefreshTokenInvalid)
			}
			if _, err := d.SignInWithKey(t.Context(), signup.Caller{}, d.key); !problem.Has(err, problem.CredentialsInvalid) && !problem.Has(err, problem.UserHeld) {
				t.Errorf("the key: %v", err)
			}
			if _, err := d.SignInWithPassword(t.Context(), signup.Caller{}, signup.ID{}, email("ada@example.com"), anyPassword); err == nil {
				t.Error("the password of before signs in")
			}
			d.mustBeWhole()
		})
	}
}
