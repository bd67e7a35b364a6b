package signup

import (
	"context"

	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
)

// RefreshToken is the session's newest refresh token.
func (s *Service) RefreshToken(session *Session) secret.SessionToken {
	return secret.DeriveSessionToken(s.Keys.Current(), secret.RefreshUse, session.User.ID, session.ID, uint64(session.Generation))
}

// BearerToken opens the session as long as it lives.
func (s *Service) BearerToken(session *Session) secret.SessionToken {
	return secret.DeriveSessionToken(s.Keys.Current(), secret.BearerUse, session.User.ID, session.ID, 0)
}

// Opened is the live session that a bearer token opens.
func (s *Service) Opened(ctx context.Context, token secret.SessionToken) (*Session, error) {
	if !token.Genuine(s.Keys, secret.BearerUse) {
		return nil, problem.AuthenticationInvalid.New()
	}
	return s.Bearer(ctx, token.User(), token.Session())
}

// Refresh takes a refresh token and moves its session on to the next one (RFC 9700
// §4.14.2). The one before the newest is taken for a short while, for a client that
// didn't get the answer, and leads to the same next one. Any older one has been used
// by two: the session ends for both.
func (s *Service) Refresh(ctx context.Context, token secret.SessionToken) (*Session, error) {
	op := s.begin(Caller{})
	if !token.Genuine(s.Keys, secret.RefreshUse) {
		return nil, problem.RefreshTokenInvalid.New()
	}
	ref := SessionRef{ID: token.Session(), UserID: token.User()}
	var session *Session
	err := op.retrying(ctx, func() error {
		found, err := op.Store.Sessions(ctx, []SessionRef{ref})
		if err != nil {
			return err
		}
		if len(found) == 0 || !found[0].live(op.now) {
			return problem.RefreshTokenInvalid.New()
		}
		session = found[0]
		if err := session.User.held(); err != nil {
			return err
		}
		return op.refresh(ctx, session, token.Generation(), ref)
	})
	return session, err
}

func (op *operation) refresh(ctx context.Context, session *Session, generation int64, ref SessionRef) error {
	switch {
	case generation == session.Generation:
		session.Generation++
		session.GraceUntil = op.now.Add(op.Settings.Passwords.RefreshGrace.Std())
		session.use(op.now, op.Settings.Session.IdleLife.Std())
		return op.Store.RotateSession(ctx, session)
	case generation == session.Generation-1 && op.now.Before(session.GraceUntil):
		return nil
	}
	if err := op.Store.RevokeSession(ctx, ref); err != nil {
		return err
	}
	return problem.RefreshTokenInvalid.New()
}
