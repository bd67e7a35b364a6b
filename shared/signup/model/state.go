package model

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// State is what can be seen of a World from outside. Handles name things: a client is
// "c" and the serial of the operation that made it, a sign-up "s" and its own, and the
// user and the session that a sign-up yields go by the sign-up's handle, as do those
// that a registration makes. Sessions of those who sign in are "p", the serial and their
// number, and API keys "k" and the serial.
type State struct {
	Clients  map[string]*Client
	Users    map[string]*User
	Sessions map[string]*Session
	Claims   map[string]Claim // by kind and canonical form, such as "username ada"
	Keys     map[string]*Key
	Tickets  map[string]time.Time // until when a user's confirm token leads to the user
	Gone     map[string]bool      // users that were deleted
	// Counted is how many events each kind of rate limit has noted.
	Counted map[string]int
	// Mails is how many mails have become due so far.
	Mails int
}

// Ref is what a client keeps of a session.
type Ref struct {
	Session, User string
	Until         time.Time
}

// Client is a browser or device.
type Client struct {
	SignUp        *SignUp
	Sessions      []Ref  `json:",omitempty"` // that it names, oldest first
	Active        string // the one that was made or chosen last
	AuthChangedAt time.Time

	token, previous        string // names; see World.heard
	previousUntil, changed time.Time
	revision               int
}

// SignUp is a client's sign-up.
type SignUp struct {
	Handle                     string
	Email, Username, FirstName string // as typed
	Password                   bool
	AbandonedAt, CompletedAt   time.Time
	Corrections                int
	Challenge                  *Challenge

	password string // as a user's
}

// Challenge is the proof, or the open challenge, of a sign-up's address.
type Challenge struct {
	Strategy            string
	SentAt, ExpiresAt   time.Time
	Attempts            int
	VerifiedAt          time.Time
	VerifiedBy          string // client, or empty
	Linked, HandsToApp  bool
	code, link, counted string // what the mail said, once it was read; the code that was counted last
}

// User is an account.
type User struct {
	Email, Username, FirstName string
	Password                   string // Long or Other, and the day when it was hashed; see hashed
	PasswordSetAt              time.Time
	ProvedAt                   time.Time // of the address
	Version                    int       // of its credentials
	Keys                       int       // how many API keys it has
	Unconfirmed, SuperUser     bool
	Approval                   string // of an operator, where one is needed
	Challenge                  *UserChallenge

	revision int
}

// UserChallenge is the newest challenge of a user.
type UserChallenge struct {
	Purpose, Address              string // the address as typed, or empty
	SentAt, ExpiresAt, VerifiedAt time.Time
	Attempts                      int

	made          int    // serial of the operation that began it
	code, counted string // what the mail said, once it was read; the code that was counted last
	ticket        bool   // whether the user's confirm token is for it
}

// Key is an API key.
type Key struct {
	User              string
	Version           int // of the user's credentials when it was made
	CreatedAt, UsedAt time.Time
}

// Session is a signed-in client.
type Session struct {
	Client, User                                string // it has a client only if the progressive sign-up made it
	Version                                     int    // of the user's credentials when it began
	CreatedAt, LastActive, IdleUntil, ExpiresAt time.Time
	Generation                                  int // of its refresh token
	GraceUntil                                  time.Time
}

// over says that the session's time has run out.
func (s *Session) over(now time.Time) bool {
	return !now.Before(s.IdleUntil) || !now.Before(s.ExpiresAt)
}

// Claim holds an identifier.
type Claim struct {
	Owner    string
	Verified bool
}

// newState is a table without items.
func newState() State {
	return State{
		Clients: map[string]*Client{}, Users: map[string]*User{}, Sessions: map[string]*Session{},
		Claims: map[string]Claim{}, Counted: map[string]int{}, Keys: map[string]*Key{}, Tickets: map[string]time.Time{},
		Gone: map[string]bool{},
	}
}

func (s State) clone() State {
	s.Clients, s.Users, s.Sessions = maps.Clone(s.Clients), maps.Clone(s.Users), maps.Clone(s.Sessions)
	for handle, c := range s.Clients {
		s.Clients[handle] = c.clone()
	}
	for handle, u := range s.Users {
		s.Users[handle] = u.clone()
	}
	for handle, session := range s.Sessions {
		own := *session
		s.Sessions[handle] = &own
	}
	s.Keys = maps.Clone(s.Keys)
	for handle, key := range s.Keys {
		own := *key
		s.Keys[handle] = &own
	}
	s.Claims, s.Counted = maps.Clone(s.Claims), maps.Clone(s.Counted)
	s.Tickets, s.Gone = maps.Clone(s.Tickets), maps.Clone(s.Gone)
	return s
}

func (u *User) clone() *User {
	if u == nil {
		return nil
	}
	own := *u
	if u.Challenge != nil {
		challenge := *u.Challenge
		own.Challenge = &challenge
	}
	return &own
}

func (c *Client) clone() *Client {
	own := *c
	own.Sessions = slices.Clone(c.Sessions)
	own.SignUp = c.SignUp.clone()
	return &own
}

func (su *SignUp) clone() *SignUp {
	if su == nil {
		return nil
	}
	own := *su
	if su.Challenge != nil {
		challenge := *su.Challenge
		own.Challenge = &challenge
	}
	return &own
}

// identifiers are the keys of what is held, as claims are named.
func identifiers(email, username string) []string {
	var keys []string
	if email != "" {
		keys = append(keys, emailKey(email))
	}
	if username != "" {
		keys = append(keys, usernameKey(username))
	}
	return keys
}

func emailKey(address string) string { return "email_address " + strings.ToLower(address) }
func usernameKey(name string) string { return "username " + strings.ToLower(name) }
func kindOf(key string) string       { kind, _, _ := strings.Cut(key, " "); return kind }

// Faults are what may never be so in a table at rest, whatever has happened before:
// no identifier has two users, no user is without its claims and no claim without its
// user, a claim is verified just if its user has proved it, a completed sign-up has its
// user and an open one neither user nor session, whoever is signed in at now has a client
// that says so, unless no client was there, nobody is who is held, a client's active
// session is its own, no more keys work than the user counts, and no challenge has judged
// more than most codes. Only of users who were deleted may something be left.
func (s State) Faults(now time.Time, most int) []string {
	var faults []string
	fault := func(parts ...string) { faults = append(faults, strings.Join(parts, " ")) }
	holders := map[string]string{}
	for handle, user := range s.Users {
		for _, key := range identifiers(user.Email, user.Username) {
			if claim, claimed := s.Claims[key]; !claimed || claim.Owner != handle {
				fault("user", handle, "has", key, "without its claim")
			}
			if other, taken := holders[key]; taken {
				fault("users", handle, "and", other, "both have", key)
			}
			holders[key] = handle
		}
	}
	s.checkClaims(holders, fault)
	s.checkFactors(now, fault)
	for handle, session := range s.Sessions {
		c := s.Clients[session.Client]
		switch {
		case s.Users[session.User] == nil:
			if !s.Gone[session.User] {
				fault("session", handle, "has no user")
			}
		case session.IdleUntil.After(session.ExpiresAt):
			fault("session", handle, "may be idle for longer than it lives")
		case session.Client != "" && s.alive(handle, now) && (c == nil || !c.Names(handle)):
			fault("session", handle, "is not known to its client")
		}
	}
	for handle, c := range s.Clients {
		s.checkClient(handle, c, most, fault)
	}
	slices.Sort(faults)
	return faults
}

// checkClaims looks at claims, where holders are who has what they are on.
func (s State) checkClaims(holders map[string]string, fault func(...string)) {
	for key, claim := range s.Claims {
		switch {
		case key == firstSuperUser && (s.Users[claim.Owner] != nil || s.Gone[claim.Owner]):
		case holders[key] != claim.Owner:
			fault("the claim on", key, "has no user")
		case kindOf(key) == "email_address" && claim.Verified == s.Users[claim.Owner].ProvedAt.IsZero():
			fault("the claim on", key, "isn't as good as its proof")
		}
	}
}

// checkFactors looks at what users sign in with.
func (s State) checkFactors(now time.Time, fault func(...string)) {
	working := map[string]int{}
	for handle, key := range s.Keys {
		switch user := s.Users[key.User]; {
		case user == nil && !s.Gone[key.User]:
			fault("key", handle, "has no user")
		case user != nil && user.Version == key.Version:
			working[key.User]++
		}
	}
	for handle, user := range s.Users {
		if working[handle] > user.Keys {
			fault("user", handle, "has a key that it doesn't count")
		}
	}
	for handle, session := range s.Sessions {
		if s.alive(handle, now) && s.Users[session.User].hold() != "" {
			fault("session", handle, "is of somebody who is held")
		}
	}
}

func (s State) checkClient(handle string, c *Client, most int, fault func(...string)) {
	if c.Active != "" && !c.Names(c.Active) {
		fault("client", handle, "has the active session", c.Active, "that isn't its own")
	}
	su := c.SignUp
	if su == nil {
		return
	}
	user, session := s.Users[su.Handle], s.Sessions[su.Handle]
	switch complete := !su.CompletedAt.IsZero(); {
	case complete && user == nil && !s.Gone[su.Handle]:
		fault("the completed sign-up", su.Handle, "has no user")
	case !complete && (user != nil || session != nil):
		fault("the open sign-up", su.Handle, "has a user or a session")
	}
	if su.Challenge != nil && su.Challenge.Attempts > most {
		fault("more codes were judged for", su.Handle, "than one challenge has tries")
	}
}

// alive says that a session can be used.
func (s State) alive(handle string, now time.Time) bool {
	session := s.Sessions[handle]
	if session == nil || s.Users[session.User] == nil {
		return false
	}
	return session.Version == s.Users[session.User].Version && !session.over(now)
}

// Names says that the session is one of the client's own.
func (c *Client) Names(session string) bool {
	return slices.ContainsFunc(c.Sessions, func(ref Ref) bool { return ref.Session == session })
}

// FaultsSince are what may never have become so since the table was as in before, a
// moment ago: a session that was over is over for good, its limits move forward only,
// the absolute one never, a use is noted no sooner than noted after the last, and what
// somebody has proved is lost with the account only.
func (s State) FaultsSince(before State, now time.Time, noted time.Duration) []string {
	var faults []string
	for handle, session := range s.Sessions {
		was := before.Sessions[handle]
		switch {
		case was == nil && !session.CreatedAt.Equal(now):
			faults = append(faults, "session "+handle+" is back")
		case was == nil || *was == *session:
		case !before.alive(handle, now):
			faults = append(faults, "session "+handle+" was over and is used")
		case was.Generation != session.Generation:
			if session.Generation != was.Generation+1 || !was.ExpiresAt.Equal(session.ExpiresAt) || session.IdleUntil.Before(was.IdleUntil) {
				faults = append(faults, "session "+handle+" has moved on by more than one generation")
			}
		case !was.ExpiresAt.Equal(session.ExpiresAt) || session.IdleUntil.Before(was.IdleUntil) || session.LastActive.Sub(was.LastActive) < noted:
			faults = append(faults, "session "+handle+" has other limits than its use gives it")
		}
	}
	for key, was := range before.Claims {
		if was.Verified && s.Claims[key] != was && !s.Gone[was.Owner] {
			faults = append(faults, "the claim on "+key+" isn't any more "+was.Owner+"'s, who has proved it")
		}
	}
	slices.Sort(faults)
	return faults
}
