package signup

import (
	"context"
	"time"

	"github.com/doorstep-auth/doorstep/shared/identifier"
)

// advance is the one place that decides what follows changed facts: the client
// is saved with its sign-up still open, or, with nothing missing, the sign-up is
// completed. c is in the state that the store must have after it; ErrConflict
// means that somebody else wrote first and nothing was stored.
func (op *operation) advance(ctx context.Context, c *Client) error {
	c.UpdatedAt, c.KeepUntil = op.now, op.keepUntil()
	if !Require(op.Settings, c.SignUp).Met() {
		return op.Store.SaveClient(ctx, c)
	}
	return op.complete(ctx, c)
}

// complete makes the user. An identifier that somebody else holds by now is
// dropped from the sign-up, so that the person can supply another one.
func (op *operation) complete(ctx context.Context, c *Client) error {
	if ref := c.SignUp.Unsafe.Ref; !ref.IsZero() {
		if err := op.Store.KeepMetadata(ctx, ref); err != nil {
			return err
		}
	}
	open := *c
	open.SignUp = c.SignUp.clone()
	done, err := op.completion(c)
	if err != nil {
		return err
	}
	kept, err := op.settle(ctx, &done)
	if len(kept) > 0 {
		*c = open
		return op.giveUp(ctx, c, kept)
	}
	if err == nil {
		op.made = done.Session
	}
	return err
}

// completion turns c into the client after completion, and says what else comes into being.
func (op *operation) completion(c *Client) (Completion, error) {
	done := op.yield(c.SignUp, c.ID)
	session := done.Session
	c.Sessions = append(c.liveSessions(op.now), SessionRef{ID: session.ID, UserID: done.User.ID, ExpiresAt: session.ExpiresAt})
	c.Active, c.AuthChangedAt = session.ID, op.now
	done.Client = c
	if over := len(c.Sessions) - maxSessions; over > 0 {
		done.Ended, c.Sessions = c.Sessions[:over], c.Sessions[over:]
	}
	if c.Revision == 0 {
		return done, nil // a new client's token is new
	}
	return done, op.renewToken(c)
}

// yield is what a sign-up comes to: a user with its claims and a session of client,
// zero for none.
func (op *operation) yield(su *SignUp, client ID) Completion {
	su.CompletedAt = op.now
	user := su.user(op.now)
	done := Completion{User: user, Session: op.newSession(su.SessionID, user)}
	done.Session.ClientID = client
	for _, id := range su.Identifiers() {
		state := UnverifiedClaim
		if id.Kind == identifier.KindUsername || su.verified(id.Kind) {
			state = VerifiedClaim
		}
		done.Claims = append(done.Claims, Claim{Identifier: id, Owner: user.ID, State: state})
	}
	return done
}

// newSession begins a session of the user now.
func (op *operation) newSession(id ID, user *User) *Session {
	return &Session{
		ID: id, User: user, CredentialVersion: user.CredentialVersion,
		CreatedAt: op.now, LastActiveAt: op.now,
		IdleUntil: op.now.Add(op.Settings.Session.IdleLife.Std()),
		ExpiresAt: op.now.Add(op.Settings.Session.AbsoluteLife.Std()),
	}
}

// user is the user that the sign-up becomes: a copy of what was supplied.
func (s *SignUp) user(now time.Time) *User {
	user := &User{ID: s.UserID, Facts: s.Facts, CreatedAt: now, UpdatedAt: now, CredentialVersion: 1}
	if s.PasswordHash != "" {
		user.PasswordSetAt = now
	}
	for kind, v := range s.Verifications {
		if v.VerifiedAt.IsZero() {
			continue
		}
		if user.Proved == nil {
			user.Proved = map[identifier.Kind]Proved{}
		}
		user.Proved[kind] = Proved{Strategy: v.Strategy, Attempts: v.Attempts, ExpiresAt: v.ExpiresAt, At: v.VerifiedAt}
	}
	return user
}

// contested parts the held claims into those that give way to ours and those that don't.
func contested(ours, held []Claim) (yielding, kept []Claim) {
	for _, theirs := range held {
		for _, our := range ours {
			if our.Identifier.Kind != theirs.Identifier.Kind || our.Identifier.Canonical != theirs.Identifier.Canonical {
				continue
			}
			if theirs.yields(our.State) {
				yielding = append(yielding, theirs)
			} else {
				kept = append(kept, theirs)
			}
		}
	}
	return yielding, kept
}

// giveUp saves the sign-up without the identifiers that others hold, and says
// which those are. Of a client that isn't stored yet nobody holds the token: its
// sign-up is as if it had been refused before.
func (op *operation) giveUp(ctx context.Context, c *Client, held []Claim) error {
	for _, theirs := range held {
		c.SignUp.dropIdentifier(theirs.Identifier.Kind)
	}
	if c.Revision > 0 {
		if err := op.Store.SaveClient(ctx, c); err != nil {
			return err
		}
	}
	return exists(held)
}
