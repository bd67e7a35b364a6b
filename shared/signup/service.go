package signup

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// Passwords judges and hashes passwords.
type Passwords interface {
	// Check returns the declared problem of a password that isn't accepted.
	// personal are the person's own words, which it may not consist of.
	Check(ctx context.Context, candidate secret.Text, personal ...string) error
	// Hash returns the PHC string to keep.
	Hash(candidate secret.Text) (string, error)
}

// Service is the sign-up. Its fields are set once and not changed after.
type Service struct {
	Settings  *settings.Settings
	Store     Store
	Keys      *secret.Keyring
	Passwords Passwords        // needed by Create and Update only
	Verifier  PasswordVerifier // needed by what signs in with a password only
	// Disposable reports whether a domain is one of throwaway mailboxes; needed by
	// Create and Update only.
	Disposable func(domain string) bool
	// Tells says that this door tells callers who has no account.
	Tells   bool
	Now     func() time.Time
	Entropy io.Reader
}

// Answer is what an operation found or left.
type Answer struct {
	// Client is the caller's client, or nil if the caller isn't one. It may be
	// set beside an error.
	Client *Client
	// Sessions are the client's live sessions, with their users.
	Sessions []*Session
	// Session is the session that the operation is about; it may be over.
	Session *Session
	// SignUp is the sign-up that the operation is about.
	SignUp *SignUp
	// Token is what the caller must use from now on, or zero if it has it already.
	Token secret.ClientToken
	// Now is when the operation judged expiry.
	Now time.Time
}

// operation is one run of an operation: one caller, one moment.
type operation struct {
	*Service
	caller Caller
	now    time.Time
	// made is the session that this operation created, spared a read.
	made *Session
	// mailed is the address for which a mail has been counted.
	mailed identifier.Identifier
	// crowded is the refusal of a try whose source has no room left, or nil.
	crowded error
	// quiet says that the operation doesn't tell whether its address is anybody's.
	quiet bool
	// absent says that the caller isn't the client that the operation changes.
	absent bool
}

func (s *Service) begin(caller Caller) *operation {
	return &operation{Service: s, caller: caller, now: s.Now().Truncate(time.Millisecond)}
}

func (op *operation) proof() Proof { return op.caller.proof(op.now) }

// answer completes an operation: it loads the client's sessions and finds the
// token to issue. What can't be loaded fails the operation even beside a declared
// cause: a client told without its sessions would look signed out.
func (op *operation) answer(ctx context.Context, c *Client, su *SignUp, cause error) (*Answer, error) {
	a := &Answer{Client: c, SignUp: su, Now: op.now}
	if c == nil {
		return a, cause
	}
	var err error
	if a.Sessions, err = op.sessions(ctx, c); err != nil {
		return nil, err
	}
	for _, session := range a.Sessions {
		if err := op.loadMetadata(ctx, &session.User.Facts); err != nil {
			return nil, err
		}
	}
	// The client shows its open sign-up even when the answer is about nothing or a fault.
	for _, shown := range []*SignUp{su, c.SignUp} {
		if shown == nil || (shown != su && shown.StatusAt(op.now) != MissingRequirements) {
			continue
		}
		if err := op.loadMetadata(ctx, &shown.Facts); err != nil {
			return nil, err
		}
	}
	a.Token = op.newToken(c)
	return a, cause
}

// newToken is the token that the caller, who has proved to be c, must use from now
// on, or zero if it has it already.
func (op *operation) newToken(c *Client) secret.ClientToken {
	if _, hash := op.caller.Token.Parts(); c.Token.Hash.Matches(hash) {
		return secret.ClientToken{}
	}
	key, known := op.Keys.ByID(c.Token.KeyID)
	if !known {
		return secret.ClientToken{}
	}
	return secret.DeriveClientToken(key, c.ID, c.Token.Nonce)
}

// sessions are those of c that can be used, with their users.
func (op *operation) sessions(ctx context.Context, c *Client) ([]*Session, error) {
	var refs []SessionRef
	for _, ref := range c.liveSessions(op.now) {
		if op.made == nil || ref.ID != op.made.ID {
			refs = append(refs, ref)
		}
	}
	var live []*Session
	if len(refs) > 0 {
		loaded, err := op.Store.Sessions(ctx, refs)
		if err != nil {
			return nil, err
		}
		for _, session := range loaded {
			if session.live(op.now) && session.ClientID == c.ID {
				live = append(live, session)
			}
		}
	}
	if op.made != nil {
		live = append(live, op.made)
	}
	return live, nil
}

func (op *operation) loadMetadata(ctx context.Context, f *Facts) error {
	if f.Unsafe.JSON != nil || f.Unsafe.Ref.IsZero() {
		return nil
	}
	object, err := op.Store.Metadata(ctx, f.Unsafe.Ref)
	f.Unsafe.JSON = object
	return err
}

// newClient is a client that isn't stored yet, with its first token.
func (op *operation) newClient() (*Client, error) {
	id, err := NewID(op.Entropy)
	if err != nil {
		return nil, err
	}
	c := &Client{ID: id, CreatedAt: op.now, UpdatedAt: op.now, KeepUntil: op.keepUntil()}
	return c, op.renewToken(c)
}

// keepUntil is when a client that is written now may be forgotten: after any
// session or sign-up that it can hold is over.
func (op *operation) keepUntil() time.Time {
	return op.now.Add(op.Settings.Session.AbsoluteLife.Std() + 2*op.Settings.SignUp.AbandonAfter.Std())
}

// renewToken gives c another token. The one before is accepted for a minute more;
// or, if c isn't there to be told of it, for as long as its sign-up can be polled.
func (op *operation) renewToken(c *Client) error {
	key := op.Keys.Current()
	nonce, err := op.nonce()
	if err != nil {
		return err
	}
	graceEnd := op.now.Add(previousTokenGrace)
	if op.absent {
		graceEnd = c.SignUp.AbandonAt
	}
	_, hash := secret.DeriveClientToken(key, c.ID, nonce).Parts()
	c.Token = TokenState{
		KeyID: key.ID, Nonce: nonce, Hash: hash,
		Previous: c.Token.Hash, PreviousUntil: graceEnd,
	}
	return nil
}

func (op *operation) nonce() ([]byte, error) {
	nonce := make([]byte, 16)
	_, err := io.ReadFull(op.Entropy, nonce)
	return nonce, err
}

// conflictTries bounds how often an operation starts over when others write first.
const conflictTries = 6

// retrying runs try until it isn't beaten by another writer, with growing, jittered waits.
func (op *operation) retrying(ctx context.Context, try func() error) error {
	for n := range conflictTries {
		err := try()
		if !errors.Is(err, ErrConflict) {
			return err
		}
		wait := time.Duration(rand.Int64N(int64(10*time.Millisecond) << n))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
	return problem.TooManyChanges.New()
}

// noSignUp is the answer to an id that isn't the caller's sign-up: another
// client's looks like one that never was.
func noSignUp() error {
	return problem.ResourceNotFound.New().Detailed("No sign up was found with that id.")
}

// find returns the client's sign-up named id.
func (c *Client) find(id ID) *SignUp {
	if c == nil || c.SignUp == nil || id.IsZero() || c.SignUp.ID != id {
		return nil
	}
	return c.SignUp
}
