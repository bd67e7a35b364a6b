package model

import (
	"strconv"
	"time"
)

// Purposes of challenges.
const (
	toProve   = "prove_address"
	toSignIn  = "sign_in"
	toConfirm = "confirm_address"
	toAccept  = "accept_invitation"
	toReset   = "reset_password"
	toTicket  = "confirm_sign_up"
)

const (
	badCredentials = "credentials_invalid"
	unknownAccount = "account_unknown"
	tooManyTries   = "too_many_requests"
	badCode        = "form_code_incorrect code"
	badAction      = "action_code_invalid"
	tooShort       = "form_password_length_too_short password"
	alreadyProved  = proved + " code"
	firstSuperUser = "super_user first"
	undecided      = "undecided"
	approved       = "approved"
	rejected       = "rejected"
)

// Where the steps of the doors' operations are. An operation has some of them, and goes
// from each to the next that it has; what somebody else was faster at is read anew.
const (
	atCount    = 0 // rate limits of the source
	atHolder   = 1 // who holds the identifier
	atUser     = 2 // that user, or the one whose session it is
	atTry      = 3
	atSave     = 4
	atReread   = 5
	atAfter    = 6
	atRegister = 8 // first of a registration
)

// life is how long a challenge for a purpose can be met.
func (w *World) life(purpose string) time.Duration {
	switch purpose {
	case toConfirm, toReset:
		return w.Rules.LinkLife
	case toAccept:
		return w.Rules.InviteLife
	case toTicket:
		return w.Rules.TicketLife
	}
	return w.Rules.CodeLife
}

// hashed is what is kept of a password: which one, and the day, for hashes are made anew
// each day.
func (w *World) hashed(password string) string { return password + "@" + w.today() }

func (w *World) today() string { return strconv.FormatInt(w.Now.Unix()/(24*60*60), 10) }

// hold is why u may not sign in, or "".
func (u *User) hold() string {
	switch {
	case u.Approval == undecided || u.Approval == rejected:
		return u.Approval
	case u.Unconfirmed:
		return "unconfirmed"
	}
	return ""
}

// anonymous says that u never had a factor.
func (u *User) anonymous() bool {
	return u.Version == 1 && !u.Unconfirmed && u.Password == "" && u.Keys == 0 && u.ProvedAt.IsZero()
}

// openFor makes a session of u, called handle.
func (w *World) openFor(session, handle string, u *User) string {
	w.State.Sessions[session] = &Session{
		User: handle, Version: u.Version, CreatedAt: w.Now, LastActive: w.Now,
		IdleUntil: w.Now.Add(w.Rules.IdleLife), ExpiresAt: w.Now.Add(w.Rules.SessionLife),
	}
	return session
}

// tellSession tells of a session of a user.
func (w *World) tellSession(r *Run, user, session string) {
	is := w.State.Sessions[session]
	r.Out.User, r.Out.Session, r.Out.Idle, r.Out.Generation = user, session, is.IdleUntil, is.Generation
}

// sourceCounted notes one more try from a source.
func sourceCounted(w *World, r *Run) int {
	if !w.countSource(attempts, r.Op.Source, w.Rules.AttemptsPerSource) {
		return r.refused(tooManyTries)
	}
	next, step := atHolder, readHolders
	switch r.Op.Kind {
	case SignInWithPassword:
		next, step = atTry, signInLimited
	case ConfirmAddress, SetPasswordByMail:
		next, step = atUser, readActing
	case ConfirmSignUp:
		next, step = atHolder, readTicket
	}
	if w.Rules.AttemptsPerSource == 0 {
		return step(w, r)
	}
	return next
}

// readHolders looks up who holds the identifier that the operation names.
func readHolders(w *World, r *Run) int {
	keys := identifiers(r.Op.Input.Email, r.Op.Input.Username)
	if len(keys) == 0 {
		r.holder = r.Op.User
	} else {
		r.holder = w.State.Claims[keys[0]].Owner
	}
	return atUser
}

func (w *World) readUser(r *Run, handle string) {
	r.holder, r.user = handle, w.State.Users[handle].clone()
}

// readHeld reads the user who holds the address.
func readHeld(w *World, r *Run) int {
	w.readUser(r, r.holder)
	switch r.Op.Kind {
	case Providers:
		r.Out.Holder = "nobody"
		if r.user != nil {
			r.Out.Holder = "address"
			if r.user.Password != "" {
				r.Out.Holder = "password"
			}
		}
		return done
	case SignInWithCode:
		return atTry
	case ChallengeReset:
		if r.user == nil && w.Rules.Tells {
			return r.refused(unknownAccount + " email_address")
		}
	}
	return countHolders(w, r)
}

// countHolders counts the mail that its holder, or nobody, is about to get.
func countHolders(w *World, r *Run) int {
	_, why := w.counted(r, r.Op.Input.Email)
	switch {
	case why != "":
		return r.unsaved(w, why)
	case r.user == nil:
		return done
	}
	return atSave
}

// unmoved says that nobody has written the user since u was read.
func (w *World) unmoved(r *Run, u *User) bool {
	now := w.State.Users[r.holder]
	return now != nil && now.revision == u.revision
}
