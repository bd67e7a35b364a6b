package model

import "slices"

// beside is what changes with a user.
type beside struct {
	claims, released string // addresses
	mails            bool   // whether a mail becomes due
}

// changes are what operations do to a user, or why they don't.
var changes = map[Kind]func(*World, *Run, *User, *beside) (why string){
	InviteAddress:      challenges(toAccept),
	ChallengeSignIn:    challenges(toSignIn),
	ChallengeReset:     challenges(toReset),
	ChallengeAddress:   challengeOwn,
	SignInWithPassword: challengeAgain,
	ProveAddress:       meetByCode,
	SignInWithCode:     meetByCode,
	SetPassword:        setPassword,
	AddAPIKey:          addKey,
	ConfirmAddress:     meetByLink,
	SetPasswordByMail:  meetWithPassword,
	ConfirmSignUp:      meetByTicket,
	Decide:             decide,
}

// saveUser changes the user as it was read, unless somebody has written it since.
func saveUser(w *World, r *Run) int {
	u, c := r.user.clone(), beside{}
	why := changes[r.Op.Kind](w, r, u, &c)
	switch {
	case r.again:
		r.again = false
		return atSave
	case why != "":
		return r.unsaved(w, why)
	case !w.unmoved(r, r.user):
		return atReread
	case !w.claim(r, c):
		return r.unsaved(w, taken+" email_address")
	}
	u.revision++
	w.State.Users[r.holder], r.user = u, u.clone()
	if c.mails {
		w.State.Mails++
	}
	switch r.Op.Kind {
	case SignInWithPassword:
		return atAfter
	case SignInWithCode:
		w.tellSession(r, r.holder, w.openFor(r.session(), r.holder, u))
	case AddAPIKey:
		r.Out.Key = w.addKeyItem(r, r.holder, u)
	case InviteAddress, ConfirmSignUp:
		r.Out.User = r.holder
	}
	return done
}

// claim takes what a change claims, from those who haven't proved it too, and frees what it releases.
func (w *World) claim(r *Run, c beside) bool {
	if c.claims == "" {
		return true
	}
	key := emailKey(c.claims)
	if held, exists := w.State.Claims[key]; exists && held.Owner != r.holder {
		if held.Verified {
			return false
		}
		w.disown(map[string]Claim{key: {}})
	}
	w.State.Claims[key] = Claim{Owner: r.holder, Verified: true}
	if c.released != "" {
		delete(w.State.Claims, emailKey(c.released))
	}
	return true
}

// unsaved ends a run whose change wasn't made, in most cases by saying why.
func (r *Run) unsaved(w *World, why string) int {
	switch r.Op.Kind {
	case SignInWithPassword: // nobody waits for that mail
		if slices.Contains([]string{tooSoon, proved, tooManyMails}, why) {
			r.user = r.was
			return atAfter
		}
	case ChallengeSignIn, ChallengeReset, InviteAddress: // that there was a mail just now would tell that there is somebody
		if why == tooSoon {
			return done
		}
	case SignInWithCode:
		if w.Rules.KeepsQuiet {
			why = badCode
		}
	}
	r.Out.User = ""
	return r.refused(why)
}

// rereadUser reads the user anew: of a session, as long as that is live.
func rereadUser(w *World, r *Run) int {
	switch r.Op.Kind {
	case ProveAddress, ChallengeAddress, SetPassword, AddAPIKey, DeleteAccount:
		if !w.State.alive(r.Op.Session, w.Now) {
			return r.unsaved(w, notSignedIn)
		}
	default:
		if w.State.Users[r.holder] == nil {
			return r.unsaved(w, badCredentials)
		}
	}
	w.readUser(r, r.holder)
	return atSave
}

// readBearer reads the session that somebody bears, and its user.
func readBearer(w *World, r *Run) int {
	if !w.State.alive(r.Op.Session, w.Now) {
		return r.refused(notSignedIn)
	}
	w.readUser(r, w.State.Sessions[r.Op.Session].User)
	switch r.Op.Kind {
	case SetPassword:
		if r.Op.Input.Password == Short {
			return r.refused(tooShort)
		}
	case ProveAddress:
		return atTry
	case Decide:
		if !r.user.SuperUser {
			return r.refused("super_user_required")
		}
		return atUser
	}
	return atSave
}

// readDecided reads the one on whom a super-user decides.
func readDecided(w *World, r *Run) int {
	decides := r.holder
	w.readUser(r, r.Op.User)
	if r.user == nil || r.holder == decides && w.Rules.Mistake != DecidesOnSelf {
		return r.refused(unknownAccount)
	}
	return atSave
}

// readActing reads the user for whom the code of a mailed link is.
func readActing(w *World, r *Run) int {
	user := r.Op.User
	if user == "" && r.Op.Kind == SetPasswordByMail {
		user = w.actions[r.Op.Code]
	}
	w.readUser(r, user)
	purpose := r.Op.Purpose
	if r.Op.Kind == ConfirmAddress {
		purpose = toConfirm
	}
	switch {
	case r.user == nil:
		return r.refused(unknownAccount)
	case !w.meets(r, r.user, purpose):
		return r.refused(badAction)
	case r.Op.Kind == SetPasswordByMail && r.Op.Input.Password == Short:
		return r.refused(tooShort)
	}
	return atSave
}

func readTicket(w *World, r *Run) int {
	if _, exists := w.State.Tickets[r.Op.Ticket]; !exists {
		return r.refused(badAction)
	}
	r.holder = r.Op.Ticket
	return atUser
}

func readConfirming(w *World, r *Run) int {
	if w.readUser(r, r.holder); r.user == nil {
		return r.refused(badAction)
	}
	return atSave
}

// meets says that what the caller has meets u's challenge for purpose.
func (w *World) meets(r *Run, u *User, purpose string) bool {
	ch := u.Challenge
	other := ch != nil && ch.Purpose != purpose && w.Rules.Mistake != SpendsElsewhere
	if ch == nil || other || !ch.VerifiedAt.IsZero() || ch.Attempts > 0 || !w.Now.Before(ch.ExpiresAt) {
		return false
	}
	if purpose == toTicket {
		return ch.ticket
	}
	return ch.code != "" && ch.code == r.Op.Code
}

// tryCode counts a code before it is judged. The one that was counted last isn't counted again.
func tryCode(w *World, r *Run) int {
	read := r.user
	switch {
	case r.Op.Kind == SignInWithCode && !read.codeAt(r.Op.Input.Email), len(r.Op.Code) != 6:
		return r.refused(badCode)
	case !read.codeAt(r.Op.Input.Email):
		return r.refused("verification_not_sent")
	}
	u := w.State.Users[r.holder]
	if u == nil || u.Challenge == nil {
		return r.unsaved(w, "verification_not_sent")
	}
	ch := u.Challenge
	over := !w.Now.Before(ch.ExpiresAt)
	repeated := ch.counted == r.Op.Code
	switch {
	case !ch.VerifiedAt.IsZero():
		return r.unsaved(w, alreadyProved)
	case repeated && ch.Attempts <= w.Rules.MaxAttempts && !over:
	case ch.Attempts >= w.Rules.MaxAttempts:
		return r.unsaved(w, "verification_failed code")
	case over:
		return r.unsaved(w, "verification_expired code")
	case ch.made != read.Challenge.made: // another one was begun since
		return r.unsaved(w, badCode)
	default:
		ch.Attempts++
		ch.counted = r.Op.Code
		u.revision++
	}
	r.user = u.clone()
	if ch.code != r.Op.Code || !u.codeAt(r.Op.Input.Email) {
		return r.unsaved(w, badCode)
	}
	return atSave
}

// codeAt says that u's challenge is met by a code that went to address.
func (u *User) codeAt(address string) bool {
	return u != nil && u.Challenge != nil && slices.Contains([]string{toProve, toSignIn}, u.Challenge.Purpose) &&
		emailKey(u.Challenge.Address) == emailKey(address)
}

// addFactor says that u is about to get a factor. Its first ends what the bare id let in.
func (u *User) addFactor() {
	if u.anonymous() {
		u.Version++
	}
}

// proveChallenge makes the address of u's challenge its own, which confirms its sign-up as well.
func (w *World) proveChallenge(u *User, c *beside) {
	ch := u.Challenge
	ch.VerifiedAt, u.Unconfirmed = w.Now, false
	other := emailKey(u.Email) != emailKey(ch.Address)
	if u.Email != "" && other {
		c.released = u.Email
	}
	if u.ProvedAt.IsZero() || other {
		c.claims = ch.Address
	}
	u.Email, u.ProvedAt = ch.Address, w.Now
}

// rechallenge mails u something, unless that was done a moment ago.
func (w *World) rechallenge(r *Run, u *User, purpose, address string, c *beside) string {
	ch := u.Challenge
	if ch != nil && u.Unconfirmed && ch.Address == "" && ch.VerifiedAt.IsZero() && w.Now.Before(ch.ExpiresAt) {
		return tooSoon // somebody has the token in hand
	}
	if ch != nil && emailKey(ch.Address) == emailKey(address) && ch.VerifiedAt.IsZero() && w.Now.Before(ch.SentAt.Add(w.Rules.ResendAfter)) {
		return tooSoon
	}
	again, why := w.counted(r, address)
	if why != "" {
		return why
	}
	r.again = again
	w.challengeUser(r, u, purpose, address)
	c.mails = true
	return ""
}

func challenges(purpose string) func(*World, *Run, *User, *beside) string {
	return func(w *World, r *Run, u *User, c *beside) string {
		return w.rechallenge(r, u, purpose, r.Op.Input.Email, c)
	}
}

func challengeOwn(w *World, r *Run, u *User, c *beside) string {
	if !u.ProvedAt.IsZero() {
		return proved + " email_address"
	}
	return w.rechallenge(r, u, toProve, r.Op.Input.Email, c)
}

// remindable says that a link to u's address confirms the sign-up.
func (u *User) remindable() bool {
	return u.Unconfirmed && u.Challenge != nil && u.Challenge.Purpose != toTicket
}

func challengeAgain(w *World, r *Run, u *User, c *beside) string {
	if !u.remindable() || w.Rules.Mistake == RemindsNobody {
		return proved
	}
	return w.rechallenge(r, u, toConfirm, u.Challenge.Address, c)
}

// meetByCode proves the address. Somebody who has shown no more than the mail gets an
// unproved account without what others have put into it.
func meetByCode(w *World, r *Run, u *User, c *beside) string {
	if !u.codeAt(r.Op.Input.Email) || !u.Challenge.VerifiedAt.IsZero() {
		return alreadyProved
	}
	bearer := r.Op.Kind == ProveAddress
	if u.ProvedAt.IsZero() && !bearer {
		if w.Rules.Mistake != KeepsHijacked {
			u.Password, u.Keys = "", 0
		}
		u.Version++
	} else {
		u.addFactor()
	}
	w.proveChallenge(u, c)
	if !bearer && u.hold() != "" {
		return "user_held " + u.hold()
	}
	return ""
}

func setPassword(w *World, r *Run, u *User, _ *beside) string {
	if w.Rules.Mistake != KeepsBare {
		u.addFactor()
	}
	u.Password, u.PasswordSetAt = w.hashed(r.Op.Input.Password), w.Now
	return ""
}

func addKey(_ *World, _ *Run, u *User, _ *beside) string {
	u.addFactor()
	u.Keys++
	return ""
}

func meetByLink(w *World, r *Run, u *User, c *beside) string {
	if !w.meets(r, u, toConfirm) {
		return badAction
	}
	w.proveChallenge(u, c)
	return ""
}

func meetWithPassword(w *World, r *Run, u *User, c *beside) string {
	if !w.meets(r, u, r.Op.Purpose) {
		return badAction
	}
	u.Password, u.PasswordSetAt = w.hashed(r.Op.Input.Password), w.Now
	u.Keys = 0
	u.Version++
	w.proveChallenge(u, c)
	return ""
}

func meetByTicket(w *World, r *Run, u *User, c *beside) string {
	if !w.meets(r, u, toTicket) {
		return badAction
	}
	if u.Challenge.Address == "" {
		u.Challenge.VerifiedAt, u.Unconfirmed = w.Now, false
	} else {
		w.proveChallenge(u, c)
	}
	return ""
}

func decide(_ *World, r *Run, u *User, _ *beside) string {
	decision := rejected
	if r.Op.Approves {
		decision = approved
	}
	if decision == rejected && u.Approval != rejected {
		u.Version++
		u.Keys = 0
	}
	u.Approval = decision
	return ""
}
