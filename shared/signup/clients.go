package signup

import (
	"context"
	"errors"
)

// Client returns the caller's client; the answer's Client is nil if the caller isn't one.
func (s *Service) Client(ctx context.Context, caller Caller) (*Answer, error) {
	op := s.begin(caller)
	c, err := op.client(ctx)
	if err != nil {
		return nil, err
	}
	return op.answer(ctx, c, nil, nil)
}

// EnsureClient returns the caller's client, and makes one if the caller isn't one.
func (s *Service) EnsureClient(ctx context.Context, caller Caller) (*Answer, error) {
	op := s.begin(caller)
	c, err := op.client(ctx)
	if err != nil || c != nil {
		return op.answer(ctx, c, nil, err)
	}
	if c, err = op.newClient(); err != nil {
		return nil, err
	}
	if err := op.Store.SaveClient(ctx, c); err != nil {
		return nil, err
	}
	return op.answer(ctx, c, nil, nil)
}

// DeleteClient ends the caller's sessions and forgets its client. The answer's
// Client is the client as it was, without sessions, or nil if there was none.
func (s *Service) DeleteClient(ctx context.Context, caller Caller) (*Answer, error) {
	op := s.begin(caller)
	var c *Client
	err := op.retrying(ctx, func() (err error) {
		if c, err = op.client(ctx); err != nil || c == nil {
			return err
		}
		return op.Store.DeleteClient(ctx, c)
	})
	if err != nil {
		return nil, err
	}
	if c != nil {
		c.Sessions, c.SignUp, c.Active, c.UpdatedAt = nil, nil, ID{}, op.now
	}
	return &Answer{Client: c, Now: op.now}, nil
}

// client is the caller's client, or nil if the caller isn't one.
func (op *operation) client(ctx context.Context) (*Client, error) {
	if op.caller.Token.IsZero() {
		return nil, nil
	}
	c, err := op.Store.Client(ctx, op.proof())
	if errors.Is(err, ErrNoClient) {
		return nil, nil
	}
	return c, err
}
