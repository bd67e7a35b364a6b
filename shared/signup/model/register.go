package model

import (
	"slices"
	"strconv"
	"strings"
)

// registering are the steps of a registration, which others come to as well.
var registering = []step{registerBegun, readTaken, readQuietly, countMailed, enrol}

const (
	atTaken   = atRegister + 1
	atQuiet   = atRegister + 2
	atMailing = atRegister + 3
	atEnrol   = atRegister + 4
)

func registerBegun(w *World, r *Run) int {
	if r.Op.Kind == Register {
		r.shown = r.Op.Door
	}
	if faults := malformed(Input{Email: r.Op.Input.Email}); len(faults) > 0 {
		return r.refused(faults...)
	}
	if !w.countSource(creates, r.Op.Source, w.Rules.CreatesPerSource) {
		return r.refused("signup_rate_limit_exceeded")
	}
	if w.Rules.CreatesPerSource == 0 {
		return readTaken(w, r)
	}
	return atTaken
}

// quiet says that the registration doesn't tell whose its address is.
func (w *World) quiet(r *Run) bool { return w.Rules.KeepsQuiet && r.shown.Challenge != "" }

func readTaken(w *World, r *Run) int {
	var faults []string
	for _, key := range identifiers(r.Op.Input.Email, r.Op.Input.Username) {
		if _, exists := w.State.Claims[key]; exists && (kindOf(key) == "username" || !w.quiet(r)) {
			faults = append(faults, taken+" "+kindOf(key))
		}
	}
	if r.Op.Input.Password == Short {
		faults = append(faults, tooShort)
	}
	if len(faults) > 0 {
		return r.refused(faults...)
	}
	if w.quiet(r) {
		return atQuiet
	}
	return atMailing
}

// readQuietly leaves out an address that somebody has.
func readQuietly(w *World, r *Run) int {
	_, r.dropped = w.State.Claims[emailKey(r.Op.Input.Email)]
	return atMailing
}

func countMailed(w *World, r *Run) int {
	if r.shown.Challenge != "" {
		if _, why := w.counted(r, r.Op.Input.Email); why != "" {
			return r.refused(why)
		}
	}
	return atEnrol
}

// enrol makes the user with all that belongs to it, unless somebody has its identifiers.
func enrol(w *World, r *Run) int {
	in := r.Op.Input
	if r.dropped {
		in.Email = ""
	}
	keys := identifiers(in.Email, in.Username)
	if r.shown.First {
		keys = append(keys, firstSuperUser)
	}
	var faults []string
	for _, key := range keys {
		if _, exists := w.State.Claims[key]; exists {
			faults = append(faults, taken+" "+kindOf(key))
		}
	}
	switch {
	case w.quiet(r) && slices.Contains(faults, taken+" email_address"):
		r.dropped = true
		return atEnrol
	case len(faults) > 0:
		return r.refused(faults...)
	}
	handle := "s" + strconv.Itoa(r.Op.Serial)
	for _, key := range keys {
		w.State.Claims[key] = Claim{Owner: handle, Verified: kindOf(key) != "email_address"}
	}
	u := w.registered(r, in)
	w.State.Users[handle] = u
	r.Out.User = handle
	if r.shown.Key {
		u.Keys++
		r.Out.Key = w.addKeyItem(r, handle, u)
	}
	if r.shown.SignIn && u.hold() == "" {
		w.tellSession(r, handle, w.openFor(handle, handle, u))
	}
	return done
}

// registered is the user that a registration of in makes.
func (w *World) registered(r *Run, in Input) *User {
	u := &User{
		Email: in.Email, Username: in.Username, Version: 1, Unconfirmed: r.shown.Unconfirmed, SuperUser: r.shown.First, revision: 1,
	}
	if r.shown.Undecided {
		u.Approval = undecided
	}
	if in.Password != "" {
		u.Password, u.PasswordSetAt = w.hashed(in.Password), w.Now
	}
	if r.shown.Challenge != "" {
		w.challengeUser(r, u, r.shown.Challenge, r.Op.Input.Email)
		w.State.Mails++
	}
	if r.shown.Ticket {
		if u.Challenge == nil { // which nobody mails
			u.Challenge = &UserChallenge{Purpose: toTicket, SentAt: w.Now, ExpiresAt: w.Now.Add(w.life(toTicket)), made: r.Op.Serial}
		}
		u.Challenge.ticket = true
		w.State.Tickets["s"+strconv.Itoa(r.Op.Serial)] = u.Challenge.ExpiresAt
		r.Out.Ticket = true
	}
	return u
}

// challengeUser gives u another challenge, which is mailed once u is stored.
func (w *World) challengeUser(r *Run, u *User, purpose, address string) {
	u.Challenge = &UserChallenge{
		Purpose: purpose, Address: address, SentAt: w.Now, ExpiresAt: w.Now.Add(w.life(purpose)), made: r.Op.Serial,
	}
}

// addKeyItem makes an API key of u, called handle.
func (w *World) addKeyItem(r *Run, handle string, u *User) string {
	name := "k" + strconv.Itoa(r.Op.Serial)
	w.State.Keys[name] = &Key{User: handle, Version: u.Version, CreatedAt: w.Now}
	return name
}

func inviteBegun(w *World, r *Run) int {
	if !strings.Contains(r.Op.Input.Email, "@") {
		return registerBegun(w, r)
	}
	return readHolders(w, r)
}

// inviteHeld invites again who was invited before, and else registers.
func inviteHeld(w *World, r *Run) int {
	w.readUser(r, r.holder)
	if r.user != nil && r.user.Unconfirmed && r.user.Password == "" {
		r.Out.User = r.holder
		return countHolders(w, r)
	}
	r.user, r.shown = nil, Door{Challenge: toAccept, Unconfirmed: true}
	return atRegister
}
