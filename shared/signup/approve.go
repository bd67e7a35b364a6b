package signup

import (
	"context"
	"errors"
	"time"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
)

// Ticket leads from a confirm token to its user.
type Ticket struct {
	Hash      string // of the token, in base64url
	User      ID
	ExpiresAt time.Time
}

// firstSuperUser is claimed by the one super-user that nobody had to appoint.
var firstSuperUser = identifier.Identifier{Kind: "super_user", Canonical: "first", Display: "first"}

// HasSuperUser reports whether the first super-user has been made. It may lag behind:
// only Register decides.
func (s *Service) HasSuperUser(ctx context.Context) (bool, error) {
	held, err := s.Store.Claims(ctx, []identifier.Identifier{firstSuperUser})
	return len(held) > 0, err
}

// ticket gives a sign-up that is about to be stored a token that confirms it. If
// nothing is mailed for it, the challenge that it meets has no address.
func (op *operation) ticket(done *Completion) (secret.Text, error) {
	user := done.User
	if user.Challenge == nil {
		var err error
		if user.Challenge, err = op.newChallenge(ConfirmSignUp, identifier.Identifier{}); err != nil {
			return secret.Text{}, err
		}
	}
	key, err := op.challengeKey(&user.Challenge.Verification)
	if err != nil {
		return secret.Text{}, err
	}
	token := secret.DeriveConfirmToken(key, user.ID, user.Challenge.Nonce)
	done.Ticket = &Ticket{Hash: secret.ConfirmTokenHash(token), User: user.ID, ExpiresAt: user.Challenge.ExpiresAt}
	return token, nil
}

// ConfirmSignUp spends a confirm token: its user may sign in, as far as an operator
// agrees. Where the token came by mail, it proves the address as well.
func (s *Service) ConfirmSignUp(ctx context.Context, caller Caller, token secret.Text) (*User, error) {
	op := s.begin(caller)
	if err := op.countTry(ctx); err != nil {
		return nil, err
	}
	_, u, err := op.Store.Ticket(ctx, secret.ConfirmTokenHash(token))
	if errors.Is(err, ErrNoUser) {
		return nil, problem.ActionCodeInvalid.New()
	}
	if err != nil {
		return nil, err
	}
	err = op.changeUser(ctx, u, op.again(u), func(u *User, change *UserChange) error {
		if err := op.meets(u, token, ConfirmSignUp); err != nil {
			return err
		}
		if u.Challenge.Address.Canonical == "" {
			u.Challenge.VerifiedAt, u.Unconfirmed = op.now, false
		} else {
			op.proved(u, change)
		}
		return nil
	})
	return u, err
}

// Decide is a super-user's decision on another user. Who is rejected is signed out, and
// loses the API keys.
func (s *Service) Decide(ctx context.Context, by *Session, user ID, decision Approval) error {
	op := s.begin(Caller{})
	if !by.User.SuperUser {
		return problem.SuperUserRequired.New()
	}
	u, err := op.user(ctx, user)
	if err != nil {
		return err
	}
	if u == nil || u.ID == by.User.ID {
		return problem.AccountUnknown.New()
	}
	return op.changeUser(ctx, u, op.again(u), func(u *User, _ *UserChange) error {
		if decision == Rejected && u.Approval != Rejected {
			u.CredentialVersion++
			u.APIKeys = 0
		}
		u.Approval = decision
		return nil
	})
}
