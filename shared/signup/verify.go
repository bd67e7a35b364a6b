package signup

import (
	"context"
	"errors"

	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
)

// Get returns the caller's sign-up named id, whatever its status.
func (s *Service) Get(ctx context.Context, caller Caller, id ID) (*Answer, error) {
	op := s.begin(caller)
	c, err := op.client(ctx)
	if err != nil {
		return nil, err
	}
	su := c.find(id)
	if su == nil {
		return op.answer(ctx, c, nil, noSignUp())
	}
	return op.answer(ctx, c, su, nil)
}

// Prepare begins a verification of the sign-up id: it makes a new code and link,
// which end those before, and makes their mail due.
func (s *Service) Prepare(ctx context.Context, caller Caller, id ID, strategyName string, link Link) (*Answer, error) {
	op := s.begin(caller)
	strategy, err := strategyNamed(s.Settings, strategyName)
	if err != nil {
		return op.answer(ctx, nil, nil, err)
	}
	terms, err := link.accept(s.Settings, strategy)
	if err != nil {
		return op.answer(ctx, nil, nil, err)
	}
	if caller.Token.IsZero() {
		return op.answer(ctx, nil, nil, noSignUp())
	}
	challenge, err := op.newVerification(strategy, terms)
	if err != nil {
		return nil, err
	}
	resendAfter := s.Settings.Verification.ResendAfter.Std()
	c, err := op.conditionally(ctx, id, func() (*Client, error) {
		to, c, err := op.countPrepared(ctx, id, strategy, resendAfter)
		if err != nil {
			return c, err
		}
		return op.Store.BeginVerification(ctx, op.proof(), id, strategy, challenge, resendAfter, to)
	}, func(su *SignUp) error { return su.sendable(strategy, op.now, resendAfter) })
	return op.verificationAnswer(ctx, c, id, err)
}

// Attempt judges a code for the sign-up id. A right one verifies, and completes
// the sign-up if nothing else is missing.
func (s *Service) Attempt(ctx context.Context, caller Caller, id ID, strategyName, code string) (*Answer, error) {
	op := s.begin(caller)
	strategy, err := attemptInput(s, strategyName, code)
	if err != nil {
		return op.answer(ctx, nil, nil, err)
	}
	if caller.Token.IsZero() {
		return op.answer(ctx, nil, nil, noSignUp())
	}
	if err := op.countAttempt(ctx); err != nil {
		return nil, err
	}
	var c *Client
	err = op.retrying(ctx, func() (err error) {
		if c, err = op.count(ctx, id, strategy, secret.NewText(code)); err != nil {
			return err
		}
		return op.judge(ctx, c, strategy, secret.NewText(code))
	})
	return op.verificationAnswer(ctx, c, id, op.unlessCrowded(err))
}

func attemptInput(s *Service, strategyName, code string) (Strategy, error) {
	strategy, err := strategyNamed(s.Settings, strategyName)
	switch {
	case err != nil:
		return Strategy{}, err
	case strategy != EmailCode:
		return Strategy{}, problem.VerificationStrategyInvalid.On("strategy")
	case code == "":
		return Strategy{}, problem.ParamMissing.On("code")
	case !secret.WellFormedCode(code):
		return Strategy{}, problem.ParamFormatInvalid.On("code").Detailed("It must be %d digits.", secret.CodeDigits)
	}
	return strategy, nil
}

// count spends one attempt on code before it is judged. The code that was
// counted last is not counted again: a repeated request, whose answer was lost,
// says nothing new.
func (op *operation) count(ctx context.Context, id ID, strategy Strategy, code secret.Text) (*Client, error) {
	limit := op.Settings.Verification.MaxAttempts
	tried := op.tried(strategy, id, code)
	return op.conditionally(ctx, id, func() (*Client, error) {
		c, err := op.Store.CountAttempt(ctx, op.proof(), id, strategy, tried, limit, op.quietSince())
		var unmet *Unmet
		if errors.As(err, &unmet) && repeats(unmet.Client.find(id), strategy, tried) {
			if su := unmet.Client.SignUp; su.attemptable(strategy, op.now, limit+1) == nil {
				return unmet.Client, nil
			}
		}
		return c, err
	}, func(su *SignUp) error {
		if err := su.attemptable(strategy, op.now, limit); err != nil {
			return err
		}
		return op.crowded
	})
}

// tried is what is kept of a counted code. It is bound to the sign-up, since the nonce isn't known yet.
func (op *operation) tried(strategy Strategy, id ID, code secret.Text) []byte {
	return secret.CodeTried(op.Keys.Current(), append([]byte(strategy.Name), id[:]...), code)
}

func repeats(su *SignUp, strategy Strategy, tried []byte) bool {
	if su == nil || su.Verifications[strategy.Kind] == nil {
		return false
	}
	return string(su.Verifications[strategy.Kind].Tried) == string(tried)
}

// judge compares code with the challenge of a counted attempt, and advances if it is right.
func (op *operation) judge(ctx context.Context, c *Client, strategy Strategy, code secret.Text) error {
	v := c.SignUp.Verifications[strategy.Kind]
	key, err := op.challengeKey(v)
	if err != nil {
		return err
	}
	expected := verificationCode(key, v.Nonce, c.SignUp.ID, c.SignUp.Facts.identifier(strategy.Kind).Canonical)
	if !expected.Equal(code) {
		return problem.CodeIncorrect.On("code")
	}
	return op.prove(ctx, c, strategy, c.ID)
}

// prove notes that by has met the challenge of strategy's kind, and advances. c is
// as it is stored after it, also beside a declared problem.
func (op *operation) prove(ctx context.Context, c *Client, strategy Strategy, by ID) error {
	after := *c
	after.SignUp = c.SignUp.clone()
	v := after.SignUp.Verifications[strategy.Kind]
	v.Strategy, v.VerifiedAt, v.VerifiedAtClient = strategy.Name, op.now, by
	err := op.advance(ctx, &after)
	if err == nil || problem.Has(err, problem.IdentifierExists) { // stored, whole or without what others hold
		*c = after
	}
	return err
}

// conditionally runs a write whose condition the store checks. If it isn't met,
// explain says why by the client as it is; if explain finds nothing, somebody
// changed the client in between and the write is tried again.
func (op *operation) conditionally(ctx context.Context, id ID, write func() (*Client, error), explain func(*SignUp) error) (*Client, error) {
	var c *Client
	err := op.retrying(ctx, func() (err error) {
		c, err = write()
		var unmet *Unmet
		if !errors.As(err, &unmet) {
			return err
		}
		c = unmet.Client
		su := c.find(id)
		if su == nil {
			return noSignUp()
		}
		if err := explain(su); err != nil {
			return err
		}
		return ErrConflict
	})
	return c, err
}

// verificationAnswer answers Prepare and Attempt: with the client as it is, also beside a declared problem.
func (op *operation) verificationAnswer(ctx context.Context, c *Client, id ID, err error) (*Answer, error) {
	if err != nil && problem.List(err) == nil {
		return nil, err
	}
	return op.answer(ctx, c, c.find(id), err)
}

// challenge begins the verification of a sign-up that is being written anyway.
// One that will complete without it gets no mail: its code could not be used.
func (op *operation) challenge(ctx context.Context, c *Client, strategy Strategy, terms LinkTerms) error {
	if err := c.SignUp.sendable(strategy, op.now, op.Settings.Verification.ResendAfter.Std()); err != nil {
		return err
	}
	if Require(op.Settings, c.SignUp).Met() {
		return nil
	}
	if err := op.countMail(ctx, *c.SignUp.Facts.identifier(strategy.Kind)); err != nil {
		return err
	}
	v, err := op.newVerification(strategy, terms)
	if err != nil {
		return err
	}
	c.SignUp.setVerification(strategy.Kind, v)
	c.MailID = v.MailID()
	return nil
}

func (op *operation) newVerification(strategy Strategy, terms LinkTerms) (*Verification, error) {
	nonce, err := op.nonce()
	if err != nil {
		return nil, err
	}
	return &Verification{
		Strategy: strategy.Name, KeyID: op.Keys.Current().ID, Nonce: nonce,
		SentAt: op.now, ExpiresAt: op.now.Add(op.Settings.Verification.CodeLife.Std()), LinkTerms: terms,
	}, nil
}

// MailID names the mail that carries code and link.
func (v *Verification) MailID() string { return ID(v.Nonce).String() }
