package signup

import (
	"context"
	"net/url"
	"time"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// life is how long a challenge for the purpose can be met.
func (p Purpose) life(s *settings.Settings) time.Duration {
	switch p {
	case ConfirmAddress, ResetPassword:
		return s.Passwords.LinkLife.Std()
	case AcceptInvitation:
		return s.Passwords.InviteLife.Std()
	case ConfirmSignUp:
		return s.SSO.ConfirmLife.Std()
	}
	return s.Verification.CodeLife.Std()
}

// Linked reports whether the purpose is met by a link instead of a code.
func (p Purpose) Linked() bool {
	return p == ConfirmAddress || p == AcceptInvitation || p == ResetPassword || p == ConfirmSignUp
}

// ActionURL is the link of a mail whose purpose is met by one, under the key that the
// mail names: a page of the application's, with what meets the challenge in its query;
// zero if the settings know of no page.
func (d DueMail) ActionURL(key secret.MACKey, s *settings.Settings) secret.Text {
	page, query := "", url.Values{}
	switch d.Purpose {
	case ConfirmAddress:
		page = s.Passwords.ConfirmURL
	case AcceptInvitation:
		page = s.Passwords.InviteURL
	case ResetPassword:
		page = s.Passwords.ResetURL
	case ConfirmSignUp:
		page = s.SSO.ConfirmURL
	default:
		return secret.Text{}
	}
	code := linkCode(key, d.Purpose, d.UserID, d.Nonce, d.Canonical).Reveal()
	if d.Purpose == ConfirmSignUp {
		query.Set("confirm_token", code)
	} else {
		query.Set("oobCode", code)
		query.Set("uid", d.UserID.Checked())
	}
	if page == "" {
		page = s.Home(s.PublicURL)
	}
	target, err := url.Parse(page)
	if err != nil || target.Host == "" {
		return secret.Text{}
	}
	for name, values := range target.Query() {
		query[name] = append(query[name], values...)
	}
	target.RawQuery = query.Encode()
	return secret.NewText(target.String())
}

// linkCode is what meets the user's challenge that nonce names, for a purpose that is met
// by a link.
func linkCode(key secret.MACKey, purpose Purpose, user ID, nonce []byte, canonical string) secret.Text {
	if purpose == ConfirmSignUp {
		return secret.DeriveConfirmToken(key, user, nonce)
	}
	return secret.DeriveActionCode(key, string(purpose), user, nonce, []byte(canonical))
}

// InviteAddress makes an account without a password for address, which signs in once
// its link is opened and a password chosen. Inviting again mails again.
func (s *Service) InviteAddress(ctx context.Context, caller Caller, address string) (*User, error) {
	op := s.begin(caller)
	if id, err := identifier.ParseEmailAddress(address); err == nil {
		held, err := op.who(ctx, ID{}, id)
		if err != nil {
			return nil, err
		}
		if held != nil && held.Unconfirmed && held.PasswordHash == "" {
			return held, op.challengeHolder(ctx, held, id, AcceptInvitation)
		}
	}
	made, err := s.Register(ctx, caller, Registration{
		Input: Input{EmailAddress: address}, Challenge: AcceptInvitation, Unconfirmed: true,
	})
	if err != nil {
		return nil, err
	}
	return made.User, nil
}

// ChallengeReset mails a link for a new password to the user who holds address; to
// nobody, with the same answer after the same work, if nobody does. With Tells, who
// doesn't exist is told so.
func (s *Service) ChallengeReset(ctx context.Context, caller Caller, address identifier.Identifier) error {
	op := s.begin(caller)
	if err := op.countTry(ctx); err != nil {
		return err
	}
	u, err := op.who(ctx, ID{}, address)
	if err == nil && u == nil && s.Tells {
		err = problem.AccountUnknown.On(string(address.Kind))
	}
	if err != nil {
		return err
	}
	return op.challengeHolder(ctx, u, address, ResetPassword)
}

// ConfirmAddress spends the code of a mailed link: its user's address is proved, and
// the user may sign in. user is the one that the caller takes it to be for.
func (s *Service) ConfirmAddress(ctx context.Context, caller Caller, user ID, code secret.Text) error {
	op := s.begin(caller)
	u, err := op.acting(ctx, user, code, ConfirmAddress)
	if err != nil {
		return err
	}
	return op.changeUser(ctx, u, op.again(u), func(u *User, change *UserChange) error {
		if err := op.meets(u, code, ConfirmAddress); err != nil {
			return err
		}
		op.proved(u, change)
		return nil
	})
}

// SetPasswordByMail spends the code of a mailed link for purpose: the address is
// proved and the password is the account's. Every session and API key so far ends. user
// is as in ConfirmAddress, or zero if the caller doesn't say.
func (s *Service) SetPasswordByMail(ctx context.Context, caller Caller, user ID, code secret.Text, purpose Purpose, password secret.Text) error {
	op := s.begin(caller)
	if user.IsZero() {
		user, _ = secret.ActionCodeUser(code)
	}
	u, err := op.acting(ctx, user, code, purpose)
	if err != nil {
		return err
	}
	if err := op.Passwords.Check(ctx, password, u.words()...); err != nil {
		return err
	}
	hash, err := op.Passwords.Hash(password)
	if err != nil {
		return err
	}
	return op.changeUser(ctx, u, op.again(u), func(u *User, change *UserChange) error {
		if err := op.meets(u, code, purpose); err != nil {
			return err
		}
		u.PasswordHash, u.PasswordSetAt = hash, op.now
		u.APIKeys = 0
		u.CredentialVersion++
		op.proved(u, change)
		return nil
	})
}

// acting is the user for whom the code of a mailed link is, if it still meets the
// challenge that it came with.
func (op *operation) acting(ctx context.Context, user ID, code secret.Text, purpose Purpose) (*User, error) {
	if err := op.countTry(ctx); err != nil {
		return nil, err
	}
	u, err := op.user(ctx, user)
	if err != nil {
		return nil, err
	}
	if u == nil {
		return nil, problem.AccountUnknown.New()
	}
	return u, op.meets(u, code, purpose)
}

// meets is nil if code meets the user's challenge for purpose now.
func (op *operation) meets(u *User, code secret.Text, purpose Purpose) error {
	ch := u.Challenge
	if ch == nil || ch.Purpose != purpose || ch.StatusAt(op.now, 1) != Unverified {
		return problem.ActionCodeInvalid.New()
	}
	key, err := op.challengeKey(&ch.Verification)
	if err != nil {
		return err
	}
	if !linkCode(key, purpose, u.ID, ch.Nonce, ch.Address.Canonical).Equal(code) {
		return problem.ActionCodeInvalid.New()
	}
	return nil
}

// remind mails another link to a user who has shown the password but hasn't opened the
// first one, whatever else was mailed since. That it can't be mailed yet is no error.
func (op *operation) remind(ctx context.Context, u *User) error {
	if !u.remindable() {
		return nil
	}
	err := op.changeUser(ctx, u, op.again(u), func(u *User, _ *UserChange) error {
		if !u.remindable() {
			return problem.VerificationAlreadyVerified.New()
		}
		if err := op.sendableTo(u, u.Challenge.Address); err != nil {
			return err
		}
		return op.challengeUser(ctx, u, ConfirmAddress, u.Challenge.Address)
	})
	for _, none := range []*problem.Problem{problem.VerificationTooSoon, problem.VerificationAlreadyVerified, problem.MailRateLimit} {
		if problem.Has(err, none) {
			return nil
		}
	}
	return err
}

// remindable reports whether a link to the user's address confirms the sign-up.
func (u *User) remindable() bool {
	return u.Unconfirmed && u.Challenge != nil && u.Challenge.Purpose != ConfirmSignUp
}

// Providers reports which of the ways to sign in the holder of address has: a
// password, or the mail. Nobody's has none.
func (s *Service) Providers(ctx context.Context, caller Caller, address identifier.Identifier) (password, registered bool, err error) {
	op := s.begin(caller)
	if err := op.countTry(ctx); err != nil {
		return false, false, err
	}
	u, err := op.who(ctx, ID{}, address)
	if err != nil || u == nil {
		return false, false, err
	}
	return u.PasswordHash != "", true, nil
}

// DeleteAccount removes the session's user with everything that is the user's own. Its
// identifiers are free then.
func (s *Service) DeleteAccount(ctx context.Context, session *Session) error {
	op := s.begin(Caller{})
	return op.onUser(ctx, session.User, op.bearing(session), func(u *User) error { return op.Store.DeleteUser(ctx, u) })
}
