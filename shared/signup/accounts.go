package signup

import (
	"context"
	"errors"
	"time"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
)

// APIKey is what the table keeps of a user's API key: never enough to make one.
type APIKey struct {
	Hash              string // of the key, in base64url
	User              ID
	CredentialVersion int64
	CreatedAt         time.Time
	UsedAt            time.Time // to within keyUseNoted; zero if it hasn't been used
}

// keyUseNoted is how often the use of an API key is noted at most.
const keyUseNoted = 24 * time.Hour

// PasswordVerifier compares passwords with their hashes.
type PasswordVerifier interface {
	// Verify reports whether candidate is the password of stored, and whether stored
	// should be made anew.
	Verify(stored string, candidate secret.Text) (ok, rehash bool, err error)
	// Dummy takes as long as Verify.
	Dummy(candidate secret.Text)
}

// SignInWithPassword begins a session of the user who holds id, or whose ID is user
// if id is the zero identifier. Who doesn't exist and who gives a wrong password are
// told alike, after the same work.
func (s *Service) SignInWithPassword(ctx context.Context, caller Caller, user ID, id identifier.Identifier, password secret.Text) (*Session, error) {
	op := s.begin(caller)
	if err := op.countSignIn(ctx, user, id); err != nil {
		return nil, err
	}
	u, err := op.who(ctx, user, id)
	if err != nil {
		return nil, err
	}
	if u == nil || u.PasswordHash == "" {
		op.Verifier.Dummy(password)
		return nil, op.refused(problem.AccountUnknown.New())
	}
	right, rehash, err := op.Verifier.Verify(u.PasswordHash, password)
	if err != nil {
		return nil, err
	}
	if !right {
		return nil, op.refused(problem.PasswordIncorrect.New())
	}
	if u.Hold() != "" {
		if err := op.remind(ctx, u); err != nil {
			return nil, err
		}
	}
	if rehash {
		if u.PasswordHash, err = op.Passwords.Hash(password); err != nil {
			return nil, err
		}
		if session, err := op.signIn(ctx, u, true); !errors.Is(err, ErrConflict) {
			return session, err
		} // somebody else wrote first: the next sign-in hashes anew
	}
	return op.signIn(ctx, u, false)
}

// refused is what a sign-in is told: why, where this door tells, else the same in any case.
func (op *operation) refused(why *problem.Error) error {
	if op.Tells {
		return why
	}
	return problem.CredentialsInvalid.New()
}

// SignInWithKey begins a session of the key's account.
func (s *Service) SignInWithKey(ctx context.Context, caller Caller, key secret.APIKey) (*Session, error) {
	op := s.begin(caller)
	if key.IsZero() {
		return nil, problem.CredentialsInvalid.New()
	}
	stored, u, err := op.Store.APIKey(ctx, key.Account(), key.Hash())
	if errors.Is(err, ErrNoUser) || (err == nil && stored.CredentialVersion != u.CredentialVersion) {
		return nil, problem.CredentialsInvalid.New()
	}
	if err != nil {
		return nil, err
	}
	if op.now.Sub(stored.UsedAt) < keyUseNoted {
		return op.signIn(ctx, u, false)
	}
	stored.UsedAt = op.now
	noted := start(func() (struct{}, error) { return struct{}{}, op.Store.NoteKeyUse(ctx, stored) })
	session, err := op.signIn(ctx, u, false)
	_, notedErr := noted.wait()
	return session, errors.Join(err, notedErr)
}

// SignInAnonymously begins a session of the user whose ID is user, as long as it has
// no factor: the ID is what it signs in with.
func (s *Service) SignInAnonymously(ctx context.Context, caller Caller, user ID) (*Session, error) {
	op := s.begin(caller)
	u, err := op.user(ctx, user)
	if err != nil {
		return nil, err
	}
	if u == nil || !u.Anonymous() {
		return nil, problem.CredentialsInvalid.New()
	}
	return op.signIn(ctx, u, false)
}

// signIn begins a session of u, whom nothing may hold, and stores u with it if it changed.
func (op *operation) signIn(ctx context.Context, u *User, changed bool) (*Session, error) {
	if err := u.held(); err != nil {
		return nil, err
	}
	id, err := NewID(op.Entropy)
	if err != nil {
		return nil, err
	}
	session := op.newSession(id, u)
	if changed {
		return session, op.Store.SaveUser(ctx, UserChange{User: u, Session: session})
	}
	return session, op.Store.SaveSession(ctx, session)
}

// Bearer returns the live session that a token names, whose signature has been
// verified.
func (s *Service) Bearer(ctx context.Context, user, session ID) (*Session, error) {
	return s.begin(Caller{}).bearer(ctx, user, session)
}

func (op *operation) bearer(ctx context.Context, user, session ID) (*Session, error) {
	found, err := op.Store.Sessions(ctx, []SessionRef{{ID: session, UserID: user}})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || !found[0].live(op.now) {
		return nil, problem.AuthenticationInvalid.New()
	}
	return found[0], nil
}

// AddAPIKey makes another API key for the session's user.
func (s *Service) AddAPIKey(ctx context.Context, session *Session, prefix string) (secret.APIKey, error) {
	op := s.begin(Caller{})
	key, err := secret.NewAPIKey(prefix, session.User.ID, op.Entropy)
	if err != nil {
		return key, err
	}
	err = op.changeOwn(ctx, session, func(u *User, change *UserChange) error {
		op.addFactor(u)
		u.APIKeys++
		change.Key = &APIKey{Hash: key.Hash(), User: u.ID, CredentialVersion: u.CredentialVersion, CreatedAt: op.now}
		return nil
	})
	return key, err
}

// SetPassword gives the session's user a password, or another one.
func (s *Service) SetPassword(ctx context.Context, session *Session, password secret.Text) error {
	op := s.begin(Caller{})
	if err := op.Passwords.Check(ctx, password, session.User.words()...); err != nil {
		return err
	}
	hash, err := op.Passwords.Hash(password)
	if err != nil {
		return err
	}
	return op.changeOwn(ctx, session, func(u *User, _ *UserChange) error {
		op.addFactor(u)
		u.PasswordHash, u.PasswordSetAt = hash, op.now
		return nil
	})
}

// addFactor notes that u is about to get a factor. Its first one ends what the bare
// id let in: every session and token so far (R49).
func (op *operation) addFactor(u *User) {
	if u.Anonymous() {
		u.CredentialVersion++
	}
}

// ChallengeAddress mails the session's user a code to address, which becomes the
// user's own once it is proved. A proved address is kept: whoever has got hold of a
// session can't take the account to another one.
func (s *Service) ChallengeAddress(ctx context.Context, caller Caller, session *Session, address identifier.Identifier) error {
	op := s.begin(caller)
	if why := refusal(s.Settings.Restrictions, s.Disposable, address); why != "" {
		return problem.NotAllowed.On(string(address.Kind)).Detailed("%s", why)
	}
	return op.changeOwn(ctx, session, func(u *User, _ *UserChange) error {
		if _, proved := u.Proved[address.Kind]; proved {
			return problem.VerificationAlreadyVerified.On(string(address.Kind))
		}
		if err := op.sendableTo(u, address); err != nil {
			return err
		}
		return op.challengeUser(ctx, u, ProveAddress, address)
	})
}

// ChallengeSignIn mails a code to the user who holds address; to nobody, with the
// same answer after the same work, if nobody does.
func (s *Service) ChallengeSignIn(ctx context.Context, caller Caller, address identifier.Identifier) error {
	op := s.begin(caller)
	if err := op.countTry(ctx); err != nil {
		return err
	}
	u, err := op.who(ctx, ID{}, address)
	if err != nil {
		return err
	}
	return op.challengeHolder(ctx, u, address, SignInByMail)
}

// challengeHolder mails u, who holds address, what meets a challenge for purpose; with
// a nil u it does the same work to no effect.
func (op *operation) challengeHolder(ctx context.Context, u *User, address identifier.Identifier, purpose Purpose) error {
	if err := op.countMail(ctx, address); err != nil {
		return err
	}
	if u == nil {
		return op.challengeNobody(ctx, address, purpose)
	}
	err := op.changeUser(ctx, u, op.again(u), func(u *User, _ *UserChange) error {
		if err := op.sendableTo(u, address); err != nil {
			return err
		}
		return op.challengeUser(ctx, u, purpose, address)
	})
	if problem.Has(err, problem.VerificationTooSoon) {
		return op.challengeNobody(ctx, address, purpose) // the code of a moment ago still works; saying so would tell that there is somebody
	}
	return err
}

// challengeNobody does what a challenge does, with a write that never has an effect:
// its condition names a revision of a user who isn't there.
func (op *operation) challengeNobody(ctx context.Context, address identifier.Identifier, purpose Purpose) error {
	nobody := &User{Revision: 1}
	if err := op.challengeUser(ctx, nobody, purpose, address); err != nil {
		return err
	}
	if err := op.Store.SaveUser(ctx, UserChange{User: nobody}); !errors.Is(err, ErrConflict) {
		return err
	}
	return nil
}

// sendableTo is nil if the user may be mailed another challenge. A confirm token that a
// caller has in hand isn't voided by whoever knows the address. One that was mailed gives
// way: the next mail goes to the same person, and confirms as well.
func (op *operation) sendableTo(u *User, address identifier.Identifier) error {
	if ch := u.Challenge; u.Unconfirmed && ch != nil && ch.Address.Canonical == "" && ch.StatusAt(op.now, 1) == Unverified {
		return problem.VerificationTooSoon.New().Detailed("%d", wholeSeconds(ch.ExpiresAt.Sub(op.now)))
	}
	if !u.challengedAt(address) || !u.Challenge.VerifiedAt.IsZero() {
		return nil
	}
	return u.Challenge.tooSoon(op.now, op.Settings.Verification.ResendAfter.Std())
}

// ProveAddress judges a code for the address that the session's user was challenged at.
func (s *Service) ProveAddress(ctx context.Context, session *Session, address identifier.Identifier, code string) error {
	op := s.begin(Caller{})
	_, err := op.proveByCode(ctx, session.User, address, secret.NewText(code), session)
	return err
}

// SignInWithCode judges a code for the user who holds address, and begins a session.
// Who has asked for no code and who doesn't exist are told alike, after the same work.
func (s *Service) SignInWithCode(ctx context.Context, caller Caller, address identifier.Identifier, code string) (*Session, error) {
	op := s.begin(caller)
	if err := op.countTry(ctx); err != nil {
		return nil, err
	}
	u, err := op.who(ctx, ID{}, address)
	if err != nil {
		return nil, err
	}
	if u == nil || !u.codeAt(address) {
		u = &User{Challenge: &Challenge{Address: address, Verification: Verification{Nonce: make([]byte, 16)}}}
	}
	session, err := op.proveByCode(ctx, u, address, secret.NewText(code), nil)
	if hidden := problem.List(err); hidden != nil && (u.ID.IsZero() || op.Settings.EnumerationProtection) {
		return nil, problem.CodeIncorrect.On("code")
	}
	return session, err
}

// challengedAt reports whether the user's newest challenge is at address.
func (u *User) challengedAt(address identifier.Identifier) bool {
	return u.Challenge != nil && u.Challenge.Address.Kind == address.Kind && u.Challenge.Address.Canonical == address.Canonical
}

// codeAt reports whether that challenge is met by a code.
func (u *User) codeAt(address identifier.Identifier) bool {
	return u.challengedAt(address) && !u.Challenge.Purpose.Linked()
}

// proveByCode spends an attempt on code, judges it, and makes the address the user's
// own. Whoever reads the mail, and isn't signed in, gets an account whose address
// nobody had proved without what others have put into it (pre-hijacking).
func (op *operation) proveByCode(ctx context.Context, u *User, address identifier.Identifier, code secret.Text, by *Session) (*Session, error) {
	u, err := op.countUserAttempt(ctx, u, address, code)
	if err != nil {
		return nil, err
	}
	key, err := op.challengeKey(&u.Challenge.Verification)
	if err != nil {
		return nil, err
	}
	if !verificationCode(key, u.Challenge.Nonce, u.ID, address.Canonical).Equal(code) {
		return nil, problem.CodeIncorrect.On("code")
	}
	var session *Session
	reread := op.again(u)
	if by != nil {
		reread = op.bearing(by)
	}
	err = op.changeUser(ctx, u, reread, func(u *User, change *UserChange) error {
		if !u.codeAt(address) || !u.Challenge.VerifiedAt.IsZero() {
			return problem.VerificationAlreadyVerified.On("code")
		}
		if _, proved := u.Proved[address.Kind]; !proved && by == nil {
			u.PasswordHash, u.APIKeys = "", 0
			u.CredentialVersion++
		} else {
			op.addFactor(u)
		}
		op.proved(u, change)
		if by != nil {
			return nil
		}
		id, err := NewID(op.Entropy)
		if err == nil {
			err = u.held()
		}
		session = op.newSession(id, u)
		change.Session = session
		return err
	})
	return session, err
}

// proved makes the address of the user's challenge the user's own, in place of an
// earlier one. Whichever way that was, it confirms the sign-up.
func (op *operation) proved(u *User, change *UserChange) {
	v, address := &u.Challenge.Verification, u.Challenge.Address
	v.VerifiedAt, u.Unconfirmed = op.now, false
	held := u.Facts.identifier(address.Kind)
	_, before := u.Proved[address.Kind]
	if !before || held.Canonical != address.Canonical { // else the claim is verified already, and yields to nobody
		change.Claims = []Claim{{Identifier: address, Owner: u.ID, State: VerifiedClaim}}
	}
	if held.Canonical != "" && held.Canonical != address.Canonical {
		change.Released = []identifier.Identifier{*held}
	}
	*held = address
	if u.Proved == nil {
		u.Proved = map[identifier.Kind]Proved{}
	}
	u.Proved[address.Kind] = Proved{Strategy: v.Strategy, Attempts: v.Attempts, ExpiresAt: v.ExpiresAt, At: op.now}
}

// countUserAttempt spends an attempt of the user's challenge on code before it is judged.
func (op *operation) countUserAttempt(ctx context.Context, u *User, address identifier.Identifier, code secret.Text) (*User, error) {
	limit := op.Settings.Verification.MaxAttempts
	ch := u.Challenge
	switch {
	case !secret.WellFormedCode(code.Reveal()):
		return nil, problem.CodeIncorrect.On("code")
	case !u.codeAt(address):
		return nil, problem.VerificationNotSent.New()
	}
	tried := op.tried(EmailCode, u.ID, code)
	counted, err := op.Store.CountUserAttempt(ctx, u.ID, ch.Nonce, tried, limit, op.now)
	var unmet *UnmetUser
	if !errors.As(err, &unmet) {
		return counted, err
	}
	if unmet.User == nil || unmet.User.Challenge == nil {
		return nil, problem.VerificationNotSent.New()
	}
	v := unmet.User.Challenge
	if string(v.Tried) == string(tried) && v.StatusAt(op.now, limit+1) == Unverified {
		return unmet.User, nil
	}
	switch v.StatusAt(op.now, limit) {
	case Verified:
		return nil, problem.VerificationAlreadyVerified.On("code")
	case Failed:
		return nil, problem.VerificationFailed.On("code")
	case Expired:
		return nil, problem.VerificationExpired.On("code")
	}
	return nil, problem.CodeIncorrect.On("code") // a newer challenge has taken this one's place
}

// changeOwn is changeUser for the session's user, as long as the session is live.
func (op *operation) changeOwn(ctx context.Context, session *Session, apply func(*User, *UserChange) error) error {
	return op.changeUser(ctx, session.User, op.bearing(session), apply)
}

// bearing reads the session's user anew, if the session is still live.
func (op *operation) bearing(session *Session) func(context.Context) (*User, error) {
	return func(ctx context.Context) (*User, error) {
		again, err := op.bearer(ctx, session.User.ID, session.ID)
		if err != nil {
			return nil, err
		}
		return again.User, nil
	}
}

// again reads the user anew.
func (op *operation) again(u *User) func(context.Context) (*User, error) {
	return func(ctx context.Context) (*User, error) {
		now, err := op.user(ctx, u.ID)
		if err == nil && now == nil {
			err = problem.CredentialsInvalid.New()
		}
		return now, err
	}
}

// changeUser applies a change to the user and stores it, on the user read anew for as
// long as others write first. u is as it is stored after it.
func (op *operation) changeUser(
	ctx context.Context, u *User, reread func(context.Context) (*User, error), apply func(*User, *UserChange) error,
) error {
	return op.onUser(ctx, u, reread, func(was *User) error {
		after := was.clone()
		change := UserChange{User: after}
		if err := apply(after, &change); err != nil {
			return err
		}
		after.UpdatedAt = op.now
		if err := op.saveUser(ctx, &change); err != nil {
			return err
		}
		*u = *after
		return nil
	})
}

// onUser tries what depends on the user as it is, on u first and then on the user read
// anew for as long as others write first.
func (op *operation) onUser(ctx context.Context, u *User, reread func(context.Context) (*User, error), try func(*User) error) error {
	current := u
	return op.retrying(ctx, func() (err error) {
		if current == nil {
			if current, err = reread(ctx); err != nil {
				return err
			}
		}
		was := current
		current = nil
		return try(was)
	})
}

// saveUser stores a change. Claims that give way are taken over.
func (op *operation) saveUser(ctx context.Context, change *UserChange) error {
	err := op.Store.SaveUser(ctx, *change)
	var taken *Taken
	if !errors.As(err, &taken) {
		return err
	}
	var kept []Claim
	if change.Replaced, kept = contested(change.Claims, taken.Held); len(kept) > 0 {
		return exists(kept)
	}
	if err = op.Store.SaveUser(ctx, *change); errors.As(err, &taken) {
		return ErrConflict
	}
	return err
}

// who is the user of that ID or identifier, or nil. That there is none costs the same reads.
func (op *operation) who(ctx context.Context, user ID, id identifier.Identifier) (*User, error) {
	if id.Canonical != "" {
		claims, err := op.Store.Claims(ctx, []identifier.Identifier{id})
		if err != nil {
			return nil, err
		}
		if user = (ID{}); len(claims) > 0 {
			user = claims[0].Owner
		}
	}
	return op.user(ctx, user)
}

// user is the user of that ID, or nil.
func (op *operation) user(ctx context.Context, id ID) (*User, error) {
	u, err := op.Store.User(ctx, id)
	if errors.Is(err, ErrNoUser) {
		return nil, nil
	}
	return u, err
}
