package model

import (
	"maps"
	"slices"
	"strconv"
	"time"
)

// Rules are the numbers and choices that an instance's settings make.
type Rules struct {
	UsernameRequired, SingleSession, RequireSameClient bool
	// KeepsQuiet is enumeration protection: that an address is taken is told once it is proved.
	KeepsQuiet bool

	CodeLife, ResendAfter, AbandonAfter time.Duration
	IdleLife, SessionLife, TokenGrace   time.Duration
	UseNotedEvery                       time.Duration
	MaxSessions                         int // of a client; one more ends the oldest
	MaxAttempts                         int
	MailsPerHour, MailsPerDay           int // to one address; 0 is no limit
	CreatesPerSource, AttemptsPerSource int // 0 is no limit
	SourceWindow                        time.Duration
	SignInsPerHour                      int // of one account, by password; 0 is no limit

	// Tells says that the doors tell who has no account.
	Tells                            bool
	LinkLife, InviteLife, TicketLife time.Duration
	RefreshGrace                     time.Duration

	// Mistake, if set, has the reference itself err, to show that the comparison notices.
	Mistake Mistake
}

// Mistake is a bug that the reference can be told to have.
type Mistake string

// The mistakes.
const (
	KeepsProof      Mistake = "a changed address keeps the proof of the one before"
	KeepsSessions   Mistake = "whoever loses an identifier stays signed in"
	CountsRepeats   Mistake = "a repeated code is counted twice"
	SpendsForeigner Mistake = "a link that somebody else opened proves the address"
	RevokesAnybodys Mistake = "a session of another user can be revoked"
	OutlivesItself  Mistake = "use moves the idle limit past the absolute one"
	StaysActive     Mistake = "a used session doesn't become the active one"
	KeepsHijacked   Mistake = "a password outlives the proof by mail of an address that nobody had proved"
	KeepsBare       Mistake = "what the bare id let in outlives the first password"
	RemindsNobody   Mistake = "who knows the password isn't mailed the link again"
	SpendsElsewhere Mistake = "a link for one purpose serves another"
	DecidesOnSelf   Mistake = "a super-user decides on itself"
	TakesOld        Mistake = "the refresh token before the newest is always taken"
	SharesSessions  Mistake = "a refresh token that two have used ends nothing"
)

// World is all there is: what can be seen (State), and what can't.
type World struct {
	Rules Rules
	Now   time.Time
	State State

	devices map[int][]string   // tokens that a device was given, by name, oldest first
	owners  map[string]string  // client of each token
	links   map[string]mailing // what each mailed link is for
	events  map[string][]event // what rate limits have noted, by kind and subject
	actions map[string]string  // whom the code of each mailed link names
}

// mailing is the client and the sign-up that a mail was for.
type mailing struct{ client, signUp string }

// NewWorld is an empty one.
func NewWorld(rules Rules, now time.Time) *World {
	return &World{
		Rules: rules, Now: now, State: newState(), devices: map[int][]string{}, owners: map[string]string{},
		links: map[string]mailing{}, events: map[string][]event{}, actions: map[string]string{},
	}
}

// Clone is a world of its own.
func (w *World) Clone() *World {
	own := *w
	own.State = w.State.clone()
	own.devices, own.owners, own.links, own.events = maps.Clone(w.devices), maps.Clone(w.owners), maps.Clone(w.links), maps.Clone(w.events)
	own.actions = maps.Clone(w.actions)
	return &own
}

// Mailed tells the world what the newest mail for a sign-up said. A mail for one
// that is gone by now changes nothing.
func (w *World) Mailed(signUp, code, link string) {
	for handle, c := range w.State.Clients {
		if c.SignUp == nil || c.SignUp.Handle != signUp || c.SignUp.Challenge == nil {
			continue
		}
		if link != "" {
			w.links[link] = mailing{client: handle, signUp: signUp}
		}
		c.SignUp.Challenge.code, c.SignUp.Challenge.link = code, link
	}
}

// MailedUser tells the world what the newest mail for a user's challenge said.
func (w *World) MailedUser(user, code string) {
	if len(code) == 54 {
		w.actions[code] = user
	}
	if u := w.State.Users[user]; u != nil && u.Challenge != nil {
		u.Challenge.code = code
	}
}

// heard gives the device the token that an answer carried.
func (w *World) heard(op Op, out Outcome) {
	if out.token != "" {
		w.devices[op.Device] = append(slices.Clone(w.devices[op.Device]), out.token)
	}
}

// presented is the name of the token that op presents, or "".
func (w *World) presented(op Op) string {
	tokens := w.devices[op.Device]
	if op.Token == NoToken || op.Token >= len(tokens) {
		return ""
	}
	return tokens[len(tokens)-1-op.Token]
}

// caller is the client that op's token proves, or "".
func (w *World) caller(op Op) string {
	token := w.presented(op)
	c := w.State.Clients[w.owners[token]]
	if token == "" || c == nil {
		return ""
	}
	if token == c.token || (token == c.previous && w.Now.Before(c.previousUntil)) {
		return w.owners[token]
	}
	return ""
}

// newClient is a client that op makes, not stored yet.
func (w *World) newClient(op Op) (string, *Client) {
	c := &Client{changed: w.Now}
	handle := "c" + strconv.Itoa(op.Serial)
	w.renewToken(handle, c, op, w.Rules.TokenGrace)
	return handle, c
}

// renewToken makes the token that c has the one before.
func (w *World) renewToken(handle string, c *Client, op Op, grace time.Duration) {
	c.previous, c.previousUntil = c.token, w.Now.Add(grace)
	c.token = "t" + strconv.Itoa(op.Serial)
	w.owners[c.token] = handle
}

// store writes a client.
func (w *World) store(handle string, c *Client) {
	c.revision++
	c.changed = w.Now
	w.State.Clients[handle] = c
}

// liveOf reads those of refs that are sessions of client and can be used.
func (w *World) liveOf(refs []Ref, client string) (live []seen) {
	for _, ref := range refs {
		if !w.Now.Before(ref.Until) || !w.State.alive(ref.Session, w.Now) {
			continue
		}
		if session := w.State.Sessions[ref.Session]; session.Client == client {
			live = append(live, seen{ref.Session, *session})
		}
	}
	return live
}

// tell notes what of a client the caller is told; signUp may be nil.
func (w *World) tell(r *Run, handle string, signUp *SignUp) {
	r.Out.Client, r.Out.SignUp = handle, w.progress(signUp, r.Op.Lax)
	c := w.State.Clients[handle]
	if c == nil {
		r.Out.Client = ""
		return
	}
	r.told = c.clone()
	if w.presented(r.Op) != c.token {
		r.Out.Token, r.Out.token = true, c.token
	}
}

// finish goes on to step, which tells the sessions, if there are any to be read.
func (r *Run) finish(step int) int {
	if r.told == nil || len(r.told.Sessions) == 0 {
		return done
	}
	return step
}

// tellSessions is the last step of most: the sessions are read when all is decided.
func tellSessions(w *World, r *Run) int {
	var refs []Ref
	for _, ref := range r.told.Sessions {
		if ref.Session != r.made.handle {
			refs = append(refs, ref)
		}
	}
	r.live = w.liveOf(refs, r.Out.Client)
	if r.made.handle != "" {
		r.live = append(r.live, r.made)
	}
	r.tellLive(r.told)
	return done
}

// tellLive tells those of the sessions that were read that c names.
func (r *Run) tellLive(c *Client) {
	r.Out.Sessions, r.Out.Active = nil, c.standing(r.live)
	for _, session := range r.live {
		if c.Names(session.handle) {
			r.Out.Sessions = append(r.Out.Sessions, session.handle)
		}
	}
}

// standing is which of live stands for c: its active one or, if that is over, the one
// that was used last.
func (c *Client) standing(live []seen) (handle string) {
	var last time.Time
	for _, session := range live {
		switch {
		case !c.Names(session.handle):
		case session.handle == c.Active:
			return session.handle
		case session.LastActive.After(last):
			handle, last = session.handle, session.LastActive
		}
	}
	return handle
}

// progress is what is told of su.
func (w *World) progress(su *SignUp, lax bool) *Progress {
	if su == nil {
		return nil
	}
	p := &Progress{Handle: su.Handle, Status: w.status(su)}
	p.Missing, p.Unverified = w.lacks(su, lax)
	if su.Challenge != nil {
		p.Challenge, p.Attempts = w.challengeStatus(su.Challenge), su.Challenge.Attempts
	}
	return p
}

func (w *World) status(su *SignUp) string {
	switch {
	case !su.CompletedAt.IsZero():
		return "complete"
	case !w.Now.Before(su.AbandonedAt):
		return "abandoned"
	}
	return "missing_requirements"
}

func (w *World) challengeStatus(c *Challenge) string {
	switch {
	case !c.VerifiedAt.IsZero():
		return "verified"
	case c.Attempts >= w.Rules.MaxAttempts:
		return "failed"
	case !w.Now.Before(c.ExpiresAt):
		return "expired"
	}
	return "unverified"
}

// lacks is what su still needs: fields to be supplied, and to be proved.
func (w *World) lacks(su *SignUp, lax bool) (missing, unverified []string) {
	if su.Email == "" {
		missing = append(missing, "email_address")
	}
	if !su.Password {
		missing = append(missing, "password")
	}
	if su.Username == "" && w.Rules.UsernameRequired {
		missing = append(missing, "username")
	}
	if su.Email != "" && !lax && !su.proved() {
		unverified = append(unverified, "email_address")
	}
	return missing, unverified
}

func (su *SignUp) proved() bool { return su.Challenge != nil && !su.Challenge.VerifiedAt.IsZero() }
