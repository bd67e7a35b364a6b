package model

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// State is what can be seen of a World from outside. Handles name things: a client is
// "c" and the serial of the operation that made it, a sign-up "s" and its own, and the
// user and the session that a sign-up yields go by the sign-up's handle. Sessions of
// SignIn are "p", its serial and their number.
type State struct {
	Clients  map[string]*Client
	Users    map[string]*User
	Sessions map[string]*Session
	Claims   map[string]Claim // by kind and canonical form, such as "username ada"
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
	Password                   bool
	Version                    int // of its credentials
}

// Session is a signed-in client.
type Session struct {
	Client, User                                string
	Version                                     int // of the user's credentials when it began
	CreatedAt, LastActive, IdleUntil, ExpiresAt time.Time
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
		Claims: map[string]Claim{}, Counted: map[string]int{},
	}
}

func (s State) clone() State {
	s.Clients, s.Users, s.Sessions = maps.Clone(s.Clients), maps.Clone(s.Users), maps.Clone(s.Sessions)
	for handle, c := range s.Clients {
		s.Clients[handle] = c.clone()
	}
	for handle, u := range s.Users {
		own := *u
		s.Users[handle] = &own
	}
	for handle, session := range s.Sessions {
		own := *session
		s.Sessions[handle] = &own
	}
	s.Claims, s.Counted = maps.Clone(s.Claims), maps.Clone(s.Counted)
	return s
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
// user, a completed sign-up has its user and an open one neither user nor session,
// whoever is signed in at now has a client that says so, a client's active session is
// its own, and no challenge has judged more than most codes.
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
	for key, claim := range s.Claims {
		if holders[key] != claim.Owner {
			fault("the claim on", key, "has no user")
		}
	}
	for handle, session := range s.Sessions {
		c := s.Clients[session.Client]
		switch {
		case s.Users[session.User] == nil:
			fault("session", handle, "has no user")
		case session.IdleUntil.After(session.ExpiresAt):
			fault("session", handle, "may be idle for longer than it lives")
		case s.alive(handle, now) && (c == nil || !c.Names(handle)):
			fault("session", handle, "is not known to its client")
		}
	}
	for handle, c := range s.Clients {
		s.checkClient(handle, c, most, fault)
	}
	slices.Sort(faults)
	return faults
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
	case complete && user == nil:
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
// the absolute one never, and a use is noted no sooner than noted after the last.
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
		case !was.ExpiresAt.Equal(session.ExpiresAt) || session.IdleUntil.Before(was.IdleUntil) || session.LastActive.Sub(was.LastActive) < noted:
			faults = append(faults, "session "+handle+" has other limits than its use gives it")
		}
	}
	slices.Sort(faults)
	return faults
}
