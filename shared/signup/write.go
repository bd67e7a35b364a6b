package signup

import (
	"context"
	"errors"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
)

// Create begins a sign-up with whatever in supplies, in place of the client's
// earlier one. It makes the client if the caller isn't one, and completes the
// sign-up at once if nothing is missing.
func (s *Service) Create(ctx context.Context, caller Caller, in Input) (*Answer, error) {
	op := s.begin(caller)
	ch, err := in.parse(s.Settings, s.Disposable, op.now)
	if err != nil {
		return op.answer(ctx, nil, nil, err)
	}
	if err := op.countCreate(ctx); err != nil {
		return op.answer(ctx, nil, nil, err)
	}
	su, err := op.newSignUp()
	if err != nil {
		return nil, err
	}
	if ch.empty() && !caller.Token.IsZero() {
		if a, err := op.beginEmpty(ctx, su); a != nil || err != nil {
			return a, err
		}
	}
	work, err := op.prepare(ctx, ch)
	if err != nil {
		return nil, err
	}
	defer work.settle()
	var c *Client
	err = op.retrying(ctx, func() (err error) {
		if c, err = op.signingUp(ctx, work); err != nil {
			return err
		}
		c.SignUp = su.clone()
		if err := op.take(ctx, c, ch, work); err != nil {
			return err
		}
		return op.advance(ctx, c)
	})
	return op.changed(ctx, c, err)
}

// Update adds to or changes the open sign-up id. It completes it if nothing is missing then.
func (s *Service) Update(ctx context.Context, caller Caller, id ID, in Input) (*Answer, error) {
	op := s.begin(caller)
	if caller.Token.IsZero() {
		return op.answer(ctx, nil, nil, noSignUp())
	}
	ch, err := in.parse(s.Settings, s.Disposable, op.now)
	if err != nil {
		return op.answer(ctx, nil, nil, err)
	}
	work, err := op.prepare(ctx, ch)
	if err != nil {
		return nil, err
	}
	defer work.settle()
	var c *Client
	err = op.retrying(ctx, func() (err error) {
		if c, err = work.client(ctx, op); err != nil {
			return err
		}
		su := c.find(id)
		if su == nil {
			return noSignUp()
		}
		if err := su.changeable(op.now); err != nil {
			return err
		}
		if err := op.take(ctx, c, ch, work); err != nil {
			return err
		}
		return op.advance(ctx, c)
	})
	return op.changed(ctx, c, err)
}

// changed answers Create and Update. After a declared problem the client is told as it is stored.
func (op *operation) changed(ctx context.Context, c *Client, err error) (*Answer, error) {
	if err == nil {
		return op.answer(ctx, c, c.SignUp, nil)
	}
	if problem.List(err) == nil {
		return nil, err
	}
	stored, readErr := op.client(ctx)
	if readErr != nil {
		return nil, readErr
	}
	return op.answer(ctx, stored, nil, err)
}

// newSignUp draws an empty sign-up and the ids of what it will become.
func (op *operation) newSignUp() (*SignUp, error) {
	su := &SignUp{CreatedAt: op.now, AbandonAt: op.now.Add(op.Settings.SignUp.AbandonAfter.Std())}
	for _, id := range []*ID{&su.ID, &su.UserID, &su.SessionID} {
		var err error
		if *id, err = NewID(op.Entropy); err != nil {
			return nil, err
		}
	}
	return su, nil
}

// empty reports that nothing is asked for but a sign-up without facts.
func (ch *change) empty() bool {
	return len(ch.identifiers) == 0 && ch.password.IsZero() && len(ch.texts) == 0 &&
		ch.metadata == nil && !ch.legalAccepted && ch.strategy == ""
}

// beginEmpty begins a sign-up without facts in one request to the store. Its
// answer is nil if that request can't do: the caller isn't a client, or the
// client holds sessions of which the store can't say whether they are live.
func (op *operation) beginEmpty(ctx context.Context, su *SignUp) (*Answer, error) {
	c, err := op.Store.BeginSignUp(ctx, op.proof(), su, op.keepUntil(), op.Settings.SingleSession)
	var unmet *Unmet
	if errors.As(err, &unmet) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return op.answer(ctx, c, c.SignUp, nil)
}

// signingUp is the client that may begin a sign-up: the caller's, or a new one.
func (op *operation) signingUp(ctx context.Context, work *preparation) (*Client, error) {
	c, err := work.client(ctx, op)
	if err != nil {
		return nil, err
	}
	if c == nil {
		return op.newClient()
	}
	if !op.Settings.SingleSession {
		return c, nil
	}
	sessions, err := op.sessions(ctx, c)
	if err != nil {
		return nil, err
	}
	if len(sessions) > 0 {
		return nil, problem.SessionExists.New()
	}
	c.Sessions, c.Active = nil, ID{} // idle for too long, or revoked
	return c, nil
}

// take puts the change into the client's sign-up, once nobody else is seen to
// hold its identifiers and the password has been accepted.
func (op *operation) take(ctx context.Context, c *Client, ch *change, work *preparation) error {
	if err := op.correctable(c.SignUp, ch.identifiers); err != nil {
		return err
	}
	faults, err := op.refusals(ctx, c.SignUp, ch, work)
	if err != nil || len(faults) > 0 {
		return errors.Join(err, faults.Err())
	}
	passwordHash, metadata, err := work.finish()
	if err != nil {
		return err
	}
	ch.apply(c.SignUp, passwordHash, metadata, op.now)
	if ch.strategy == "" {
		return nil
	}
	strategy, err := strategyNamed(op.Settings, ch.strategy)
	if err != nil {
		return err
	}
	return op.challenge(ctx, c, strategy, ch.link)
}

// refusals are what speaks against the change: taken identifiers, a password that isn't accepted.
func (op *operation) refusals(ctx context.Context, su *SignUp, ch *change, work *preparation) (problem.Errors, error) {
	claims, err := work.claimsRead.wait()
	if err != nil {
		return nil, err
	}
	var faults problem.Errors
	for _, held := range claims {
		if !held.yields(op.claimable(held.Identifier.Kind)) {
			faults = append(faults, problem.IdentifierExists.On(string(held.Identifier.Kind)))
		}
	}
	if !ch.password.IsZero() {
		err := op.Passwords.Check(ctx, ch.password, personal(su, ch)...)
		declared := problem.List(err)
		if err != nil && declared == nil {
			return nil, err
		}
		faults = append(faults, declared...)
	}
	return faults, nil
}

// claimable is the state that a claim on kind will have when this sign-up completes.
func (op *operation) claimable(kind identifier.Kind) ClaimState {
	if kind == identifier.KindUsername || mustProve(op.Settings, kind) {
		return VerifiedClaim
	}
	return UnverifiedClaim
}

// personal are the words that a password may not consist of.
func personal(su *SignUp, ch *change) []string {
	words := append(su.words(), ch.texts["first_name"], ch.texts["last_name"])
	for _, id := range ch.identifiers {
		words = append(words, id.Display)
	}
	return words
}
