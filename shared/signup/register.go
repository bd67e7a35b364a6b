package signup

import (
	"context"
	"errors"
	"slices"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
)

// Registration is a sign-up in one call: everything is supplied at once, and the
// service's settings are those of the door, so that nothing has to be proved first.
type Registration struct {
	Input
	// KeyPrefix begins the API key that the account gets; empty makes none.
	KeyPrefix string
	// SignIn begins a session at once, unless there is a hold.
	SignIn bool
	// Challenge is what a mail to the address asks for; empty sends none.
	Challenge Purpose
	// Unconfirmed keeps the user from signing in until the challenge is met.
	Unconfirmed bool
	// Approval is Undecided to keep the user from signing in until an operator decides.
	Approval Approval
	// Device is kept beside the account; at most 256 bytes.
	Device string
	// Application is the one that the call comes from, Applications those that it is for.
	Application  string
	Applications []string
	// ConfirmToken makes a token that confirms the sign-up, for the caller to pass on.
	ConfirmToken bool
	// FirstSuperUser makes a user who decides on others, the first and only this way.
	FirstSuperUser bool
}

// Registered is what a registration made.
type Registered struct {
	User    *User
	Session *Session      // nil unless one was asked for
	Key     secret.APIKey // zero unless one was asked for; shown this once
	Token   secret.Text   // that confirms the sign-up; zero unless one was asked for
}

// maxDevice is the longest name of a device, in bytes.
const maxDevice = 256

// Register makes an account in one call. It is the progressive sign-up without its
// pauses: the same input, requirements and completion, with no client to keep them.
func (s *Service) Register(ctx context.Context, caller Caller, in Registration) (*Registered, error) {
	op := s.begin(caller)
	op.quiet = s.Settings.EnumerationProtection && in.Challenge != ""
	ch, err := in.parse(s.Settings, s.Disposable, op.now)
	if err == nil && len(in.Device) > maxDevice {
		err = problem.ParamTooLong.On("device_id").Detailed("At most %d bytes are accepted.", maxDevice)
	}
	if err != nil {
		return nil, err
	}
	if err := op.countCreate(ctx); err != nil {
		return nil, err
	}
	su, err := op.newSignUp()
	if err != nil {
		return nil, err
	}
	work, err := op.prepare(ctx, ch)
	if err != nil {
		return nil, err
	}
	defer work.settle()
	nobody := &Client{SignUp: su}
	if err := op.take(ctx, nobody, ch, work); err != nil {
		return nil, err
	}
	if err := missing(Require(s.Settings, su)); err != nil {
		return nil, err
	}
	return op.enrol(ctx, su, in)
}

// missing is a problem for each requirement that isn't met.
func missing(needs Requirements) error {
	var faults problem.Errors
	for _, name := range needs.Missing {
		faults = append(faults, problem.ParamMissing.On(name))
	}
	return faults.Err()
}

// enrol completes a sign-up that no client holds. One that keeps quiet about addresses
// goes on without one that somebody holds: only the mail tells.
func (op *operation) enrol(ctx context.Context, su *SignUp, in Registration) (*Registered, error) {
	address := su.EmailAddress
	if op.quiet {
		held, err := op.Store.Claims(ctx, []identifier.Identifier{address})
		if err != nil {
			return nil, err
		}
		if len(held) > 0 {
			su.dropIdentifier(address.Kind)
		}
	}
	made, kept, err := op.making(ctx, su, in, address)
	if op.quiet && slices.ContainsFunc(kept, func(c Claim) bool { return c.Identifier.Kind == address.Kind }) {
		su.dropIdentifier(address.Kind)
		made, kept, err = op.making(ctx, su, in, address)
	}
	if err != nil {
		return nil, err
	}
	return made, exists(kept)
}

// making is make for as long as others write first.
func (op *operation) making(ctx context.Context, su *SignUp, in Registration, address identifier.Identifier) (made *Registered, kept []Claim, err error) {
	err = op.retrying(ctx, func() error {
		made, kept, err = op.make(ctx, su.clone(), in, address)
		return err
	})
	return made, kept, err
}

// make stores what the sign-up comes to, unless others hold its identifiers.
func (op *operation) make(ctx context.Context, su *SignUp, in Registration, address identifier.Identifier) (made *Registered, kept []Claim, err error) {
	done := op.yield(su, ID{})
	user := done.User
	in.describe(user)
	if !in.SignIn || user.Hold() != "" {
		done.Session = nil
	}
	made = &Registered{User: user, Session: done.Session}
	if in.KeyPrefix != "" {
		if made.Key, err = secret.NewAPIKey(in.KeyPrefix, user.ID, op.Entropy); err != nil {
			return nil, nil, err
		}
		user.APIKeys = 1
		done.Key = &APIKey{Hash: made.Key.Hash(), User: user.ID, CredentialVersion: user.CredentialVersion, CreatedAt: op.now}
	}
	if in.Challenge != "" {
		if err := op.challengeUser(ctx, user, in.Challenge, address); err != nil {
			return nil, nil, err
		}
	}
	if in.ConfirmToken {
		if made.Token, err = op.ticket(&done); err != nil {
			return nil, nil, err
		}
	}
	if in.FirstSuperUser {
		done.Claims = append(done.Claims, Claim{Identifier: firstSuperUser, Owner: user.ID, State: VerifiedClaim})
	}
	kept, err = op.settle(ctx, &done)
	return made, kept, err
}

// describe notes what the registration says of the user beside the facts.
func (in Registration) describe(user *User) {
	user.Unconfirmed, user.Approval, user.SuperUser = in.Unconfirmed, in.Approval, in.FirstSuperUser
	user.Device, user.Application, user.Applications = in.Device, in.Application, in.Applications
}

// settle stores a completion. Claims that give way are taken over; those that don't
// are returned, and nothing is stored then.
func (op *operation) settle(ctx context.Context, done *Completion) (kept []Claim, err error) {
	err = op.Store.Complete(ctx, *done)
	var taken *Taken
	if !errors.As(err, &taken) {
		return nil, err
	}
	done.Replaced, kept = contested(done.Claims, taken.Held)
	if len(kept) > 0 {
		return kept, nil
	}
	if err = op.Store.Complete(ctx, *done); errors.As(err, &taken) {
		return nil, ErrConflict
	}
	return nil, err
}

// exists is a problem for each identifier that others hold.
func exists(held []Claim) error {
	var faults problem.Errors
	for _, theirs := range held {
		faults = append(faults, problem.IdentifierExists.On(string(theirs.Identifier.Kind)))
	}
	return faults.Err()
}

// challengeUser gives the user a new challenge at address, whose mail the write that
// follows makes due.
func (op *operation) challengeUser(ctx context.Context, user *User, purpose Purpose, address identifier.Identifier) error {
	if err := op.countMail(ctx, address); err != nil {
		return err
	}
	ch, err := op.newChallenge(purpose, address)
	if err != nil {
		return err
	}
	user.Challenge, user.MailID = ch, ch.MailID()
	return nil
}

func (op *operation) newChallenge(purpose Purpose, address identifier.Identifier) (*Challenge, error) {
	v, err := op.newVerification(EmailCode, LinkTerms{})
	if err != nil {
		return nil, err
	}
	v.ExpiresAt = op.now.Add(purpose.life(op.Settings))
	return &Challenge{Purpose: purpose, Address: address, Verification: *v}, nil
}
