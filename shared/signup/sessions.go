package signup

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/doorstep-auth/doorstep/shared/problem"
)

// maxSessions is how many sessions a client holds; one more ends the oldest. It
// keeps a client's sessions and their users within one read and one transaction.
const maxSessions = 20

// Session returns the caller's session named id.
func (s *Service) Session(ctx context.Context, caller Caller, id ID) (*Answer, error) {
	return s.onSession(ctx, caller, func(op *operation, c *Client, live []*Session) (*Session, error) {
		return find(c, live, id)
	})
}

// Me returns the caller's session named id, or with the zero ID its active one. A
// caller without one is told that it isn't signed in.
func (s *Service) Me(ctx context.Context, caller Caller, id ID) (*Answer, error) {
	return s.onSession(ctx, caller, func(op *operation, c *Client, live []*Session) (*Session, error) {
		return signedIn(c, live, id)
	})
}

// TouchSession notes that the caller's session id is in use, which moves its idle
// limit, and makes it the client's active one.
func (s *Service) TouchSession(ctx context.Context, caller Caller, id ID) (*Answer, error) {
	return s.onSession(ctx, caller, func(op *operation, c *Client, live []*Session) (*Session, error) {
		session, err := find(c, live, id)
		if err != nil {
			return nil, err
		}
		if err := op.noteUse(ctx, session); err != nil || c.Active == id {
			return session, err
		}
		after := *c
		after.Active, after.UpdatedAt = id, op.now
		if err := op.Store.SaveClient(ctx, &after); err != nil {
			return session, err
		}
		*c = after
		return session, nil
	})
}

// UseSession is Session for a caller that wants a token of it: the answer holds
// that session alone, and its use is noted.
func (s *Service) UseSession(ctx context.Context, caller Caller, id ID) (*Answer, error) {
	op := s.begin(caller)
	a := &Answer{Now: op.now}
	err := op.retrying(ctx, func() error {
		*a = Answer{Now: op.now}
		c, err := op.client(ctx)
		if err != nil {
			return err
		}
		if c == nil {
			return problem.AuthenticationInvalid.New()
		}
		alone := *c
		alone.Sessions = slices.DeleteFunc(slices.Clone(c.Sessions), func(ref SessionRef) bool { return ref.ID != id })
		live, err := op.sessions(ctx, &alone)
		if err != nil {
			return err
		}
		a.Client, a.Sessions, a.Token = c, live, op.newToken(c)
		if a.Session, err = find(c, live, id); err != nil {
			return err
		}
		return op.noteUse(ctx, a.Session)
	})
	if err != nil && problem.List(err) == nil {
		return nil, err
	}
	return a, err
}

// EndSession ends the caller's session id.
func (s *Service) EndSession(ctx context.Context, caller Caller, id ID) (*Answer, error) {
	return s.onSession(ctx, caller, func(op *operation, c *Client, live []*Session) (*Session, error) {
		session, err := find(c, live, id)
		if err != nil {
			return nil, err
		}
		return session, op.end(ctx, c, live, func(ref SessionRef) bool { return ref.ID == id })
	})
}

// EndSessions ends all of the caller's sessions; its client stays. A caller that
// isn't a client has none to end.
func (s *Service) EndSessions(ctx context.Context, caller Caller) (*Answer, error) {
	a, err := s.onSession(ctx, caller, func(op *operation, c *Client, live []*Session) (*Session, error) {
		return nil, op.end(ctx, c, live, func(SessionRef) bool { return true })
	})
	if a != nil && a.Client == nil && problem.Has(err, problem.AuthenticationInvalid) {
		return a, nil
	}
	return a, err
}

// UserSessions returns every live session of the user who is signed in by the
// caller's session id (or, if that is zero, its active one), on whatever client.
func (s *Service) UserSessions(ctx context.Context, caller Caller, id ID) ([]*Session, *Answer, error) {
	var all []*Session
	a, err := s.onSession(ctx, caller, func(op *operation, c *Client, live []*Session) (*Session, error) {
		mine, err := signedIn(c, live, id)
		if err != nil {
			return nil, err
		}
		all, err = op.ofUser(ctx, mine.User.ID)
		for _, session := range all {
			session.User = mine.User // one user, whose metadata is loaded once
		}
		return mine, err
	})
	if err != nil {
		return nil, a, err
	}
	return all, a, nil
}

// RevokeSession ends the session id of the user who is signed in by the caller's
// session by (or, if that is zero, its active one), on whatever client it is.
func (s *Service) RevokeSession(ctx context.Context, caller Caller, by, id ID) (*Answer, error) {
	return s.onSession(ctx, caller, func(op *operation, c *Client, live []*Session) (*Session, error) {
		mine, err := signedIn(c, live, by)
		if err != nil {
			return nil, err
		}
		own := slices.IndexFunc(live, func(s *Session) bool { return s.ID == id && s.User.ID == mine.User.ID })
		if own >= 0 {
			return live[own], op.end(ctx, c, live, func(ref SessionRef) bool { return ref.ID == id })
		}
		all, err := op.ofUser(ctx, mine.User.ID)
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(all, func(s *Session) bool { return s.ID == id })
		if at < 0 {
			return nil, noSession()
		}
		return all[at], op.Store.RevokeSession(ctx, SessionRef{ID: id, UserID: mine.User.ID})
	})
}

// onSession runs an operation on the sessions of the caller's client, again for as
// long as others write first, and answers with the client as it is after. The answer
// has the client only with its sessions: told without them it would look signed out.
func (s *Service) onSession(ctx context.Context, caller Caller, run func(*operation, *Client, []*Session) (*Session, error)) (*Answer, error) {
	op := s.begin(caller)
	a := &Answer{Now: op.now}
	err := op.retrying(ctx, func() error {
		*a = Answer{Now: op.now}
		c, err := op.client(ctx)
		if err != nil {
			return err
		}
		if c == nil {
			return problem.AuthenticationInvalid.New()
		}
		live, err := op.sessions(ctx, c)
		if err != nil {
			return err
		}
		a.Session, err = run(op, c, live)
		a.Client = c
		a.Sessions = slices.DeleteFunc(live, func(s *Session) bool { return !c.holds(s.ID) })
		return err
	})
	if err != nil && problem.List(err) == nil {
		return nil, err
	}
	if unloaded := op.complement(ctx, a); unloaded != nil {
		return nil, unloaded
	}
	return a, err
}

// complement loads what an answer shows beside its sessions, and finds the token to issue.
func (op *operation) complement(ctx context.Context, a *Answer) error {
	if a.Client == nil {
		return nil
	}
	a.Token = op.newToken(a.Client)
	shown := make([]*Facts, 0, len(a.Sessions)+2)
	for _, session := range a.Sessions {
		shown = append(shown, &session.User.Facts)
	}
	if a.Session != nil {
		shown = append(shown, &a.Session.User.Facts)
	}
	if su := a.Client.SignUp; su != nil && su.StatusAt(op.now) == MissingRequirements {
		shown = append(shown, &su.Facts)
	}
	for _, facts := range shown {
		if err := op.loadMetadata(ctx, facts); err != nil {
			return err
		}
	}
	return nil
}

// end ends those of the client's sessions that which names. Another live one becomes active.
func (op *operation) end(ctx context.Context, c *Client, live []*Session, which func(SessionRef) bool) error {
	after := *c
	after.Sessions = nil
	var ended []SessionRef
	for _, ref := range c.Sessions {
		if which(ref) {
			ended = append(ended, ref)
		} else {
			after.Sessions = append(after.Sessions, ref)
		}
	}
	if len(ended) == 0 {
		return nil
	}
	if active := active(&after, live); active != nil {
		after.Active = active.ID
	} else {
		after.Active = ID{}
	}
	after.UpdatedAt, after.AuthChangedAt = op.now, op.now
	if err := op.Store.EndSessions(ctx, &after, ended); err != nil {
		return err
	}
	*c = after
	return nil
}

// ActiveSession is the live session that stands for the client where one has to: the
// one that was made or chosen last or, if that is over, the one that was used last.
// It is nil if nobody is signed in.
func (a *Answer) ActiveSession() *Session {
	if a.Client == nil {
		return nil
	}
	return active(a.Client, a.Sessions)
}

func active(c *Client, live []*Session) *Session {
	var last *Session
	for _, session := range live {
		switch {
		case !c.holds(session.ID):
		case session.ID == c.Active:
			return session
		case last == nil || session.LastActiveAt.After(last.LastActiveAt):
			last = session
		}
	}
	return last
}

// noteUse moves the session's idle limit, unless that was done a short while ago.
// ErrConflict if somebody has ended the session meanwhile.
func (op *operation) noteUse(ctx context.Context, session *Session) error {
	idle := op.Settings.Session.IdleLife.Std()
	if op.now.Sub(session.LastActiveAt) < min(useNotedEvery, idle/10) {
		return nil
	}
	used := *session
	used.use(op.now, idle)
	switch err := op.Store.TouchSession(ctx, &used); {
	case errors.Is(err, ErrNoSession):
		return ErrConflict // ended since it was read: read again, what is left of it
	case err != nil:
		return err
	}
	*session = used
	return nil
}

// use moves the session's idle limit, and never past the absolute one.
func (s *Session) use(now time.Time, idle time.Duration) {
	s.LastActiveAt, s.IdleUntil = now, now.Add(idle)
	if s.IdleUntil.After(s.ExpiresAt) {
		s.IdleUntil = s.ExpiresAt
	}
}

// useNotedEvery is how often the use of a session is written down: an open page asks
// for a token every minute, and an idle limit counts in days.
const useNotedEvery = 5 * time.Minute

// ofUser are the live sessions of a user, the newest first.
func (op *operation) ofUser(ctx context.Context, user ID) ([]*Session, error) {
	all, err := op.Store.UserSessions(ctx, user)
	all = slices.DeleteFunc(all, func(s *Session) bool { return !s.live(op.now) })
	slices.SortFunc(all, func(a, b *Session) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), bytes.Compare(a.ID[:], b.ID[:]))
	})
	return all, err
}

// find is the client's live session id. One that was its own and is over tells the
// SDK to sign out; anybody else's looks like one that never was.
func find(c *Client, live []*Session, id ID) (*Session, error) {
	for _, session := range live {
		if session.ID == id && !id.IsZero() {
			return session, nil
		}
	}
	if c.holds(id) {
		return nil, problem.SignedOut.New()
	}
	return nil, noSession()
}

// signedIn is the live session id, or with the zero ID the active one.
func signedIn(c *Client, live []*Session, id ID) (*Session, error) {
	if id.IsZero() {
		if session := active(c, live); session != nil {
			return session, nil
		}
		return nil, problem.AuthenticationInvalid.New()
	}
	session, err := find(c, live, id)
	if err != nil {
		return nil, problem.AuthenticationInvalid.New()
	}
	return session, nil
}

func noSession() error {
	return problem.ResourceNotFound.New().Detailed("No session was found with that id.")
}

// holds reports whether the session id is one of the client's own.
func (c *Client) holds(id ID) bool {
	return slices.ContainsFunc(c.Sessions, func(ref SessionRef) bool { return ref.ID == id })
}
