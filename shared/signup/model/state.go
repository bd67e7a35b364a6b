package model

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// State is what can be seen of a World from outside. Handles name things: a client is
// "c" and the serial of the operation that made it, a sign-up "s" and its own, and the
// user and the session that a sign-up yields go by the sign-up's handle.
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

// Client is a browser or device.
type Client struct {
	SignUp   *SignUp
	Sessions []string `json:",omitempty"` // that it names, sorted

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
	Client               string
	Version              int // of the user's credentials when it began
	IdleUntil, ExpiresAt time.Time
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
// user, a completed sign-up has its user and session and an open one neither, whoever
// can be signed in at now has a client that says so, and no challenge has judged more
// than most codes.
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
		user, c := s.Users[handle], s.Clients[session.Client]
		switch over := !now.Before(session.IdleUntil) || !now.Before(session.ExpiresAt); {
		case user == nil:
			fault("session", handle, "has no user")
		case !over && session.Version == user.Version && (c == nil || !slices.Contains(c.Sessions, handle)):
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
	for _, session := range c.Sessions {
		if s.Sessions[session] == nil {
			fault("client", handle, "names the session", session, "that doesn't exist")
		}
	}
	su := c.SignUp
	if su == nil {
		return
	}
	user, session := s.Users[su.Handle], s.Sessions[su.Handle]
	switch complete := !su.CompletedAt.IsZero(); {
	case complete && (user == nil || session == nil || !slices.Contains(c.Sessions, su.Handle)):
		fault("the completed sign-up", su.Handle, "has no user or no session")
	case !complete && (user != nil || session != nil):
		fault("the open sign-up", su.Handle, "has a user or a session")
	}
	if su.Challenge != nil && su.Challenge.Attempts > most {
		fault("more codes were judged for", su.Handle, "than one challenge has tries")
	}
}
