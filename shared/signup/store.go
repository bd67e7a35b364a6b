package signup

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
)

// Store keeps clients, users, sessions and claims. Each method is one atomic
// request. Methods retry what a database asks to be retried; a method whose
// answer was lost and that is repeated by the store itself has its effect once.
type Store interface {
	// Client returns the client that proof names, or ErrNoClient if there is
	// none or the proof doesn't hold.
	Client(ctx context.Context, proof Proof) (*Client, error)
	// LinkedClient returns the client that a mailed link names, or ErrNoClient.
	// Nobody has proved to be it: the link has to be judged before anything of
	// the client is acted on or told.
	LinkedClient(ctx context.Context, id ID) (*Client, error)
	// Claims returns the claims that exist on ids; free ones are left out. It
	// may lag behind: only Complete decides.
	Claims(ctx context.Context, ids []identifier.Identifier) ([]Claim, error)
	// Sessions returns the sessions that refs name, with their users, in the
	// order of refs; missing ones are left out.
	Sessions(ctx context.Context, refs []SessionRef) ([]*Session, error)
	// SaveClient stores c if its revision is still the stored one, and raises
	// it; revision 0 makes a new client. ErrConflict otherwise.
	SaveClient(ctx context.Context, c *Client) error
	// BeginSignUp gives the proved client a new sign-up in place of its
	// earlier one and keeps it until keepUntil, unless, with single, it holds
	// a live session. Returns the client as stored, or *Unmet.
	BeginSignUp(ctx context.Context, proof Proof, su *SignUp, keepUntil time.Time, single bool) (*Client, error)
	// BeginVerification gives the open sign-up id of the proved client a new
	// challenge and makes its mail due. It does so if SignUp.sendable would
	// say so at proof.Now and the mail goes to the identifier to, unless that
	// is zero, else returns *Unmet. Returns the client as stored.
	BeginVerification(ctx context.Context, proof Proof, id ID, strategy Strategy, v *Verification, resendAfter time.Duration, to identifier.Identifier) (*Client, error)
	// CountAttempt adds one to the attempts of the challenge if
	// SignUp.attemptable would allow one at proof.Now and tried isn't what was
	// counted last, else returns *Unmet. Unless quietSince is zero, it also
	// has to be the challenge's first attempt, or the client not to have
	// changed since then. Returns the client as stored.
	CountAttempt(ctx context.Context, proof Proof, id ID, strategy Strategy, tried []byte, maxAttempts int, quietSince time.Time) (*Client, error)
	// Count notes an event of m at now if each of its windows has room for it,
	// else returns *Full and notes nothing.
	Count(ctx context.Context, m Meter, now time.Time) error
	// Complete stores a completion whole or not at all. ErrConflict if the
	// client's revision moved; *Taken if a claim is held otherwise than
	// expected.
	Complete(ctx context.Context, done Completion) error
	// TouchSession stores when s was last active and until when it may be idle,
	// or returns ErrNoSession if it is no more.
	TouchSession(ctx context.Context, s *Session) error
	// EndSessions stores c, as SaveClient does, and removes the sessions that
	// ended name, all or nothing.
	EndSessions(ctx context.Context, c *Client, ended []SessionRef) error
	// RevokeSession removes a session; its client is left to find out.
	RevokeSession(ctx context.Context, ref SessionRef) error
	// UserSessions returns all sessions of user that are stored, with the user.
	UserSessions(ctx context.Context, user ID) ([]*Session, error)
	// User returns a user, or ErrNoUser.
	User(ctx context.Context, id ID) (*User, error)
	// SaveUser stores a change of a user, whole or not at all. ErrConflict if the
	// user's revision moved; *Taken if a claim is held otherwise than expected.
	SaveUser(ctx context.Context, change UserChange) error
	// CountUserAttempt is CountAttempt for the user's challenge that nonce names: it
	// returns the user as stored, or *UnmetUser.
	CountUserAttempt(ctx context.Context, id ID, nonce, tried []byte, maxAttempts int, now time.Time) (*User, error)
	// SaveSession stores a new session.
	SaveSession(ctx context.Context, s *Session) error
	// APIKey returns the key of user with that hash and the user, or ErrNoUser.
	APIKey(ctx context.Context, user ID, hash string) (*APIKey, *User, error)
	// APIKeys returns all keys of user that are stored, in no order.
	APIKeys(ctx context.Context, user ID) ([]*APIKey, error)
	// NoteKeyUse stores when k was last used; a key that is no more is no error.
	NoteKeyUse(ctx context.Context, k *APIKey) error
	// RotateSession stores s, whose refresh token has moved on by one generation, or
	// returns ErrConflict if somebody else has moved it or the session is no more.
	RotateSession(ctx context.Context, s *Session) error
	// DeleteUser removes u with everything that is the user's own; ErrConflict as
	// SaveUser. Sessions and keys may outlast the call for a moment; they open nothing.
	DeleteUser(ctx context.Context, u *User) error
	// Ticket returns the ticket of a confirm token with that hash and its user, or ErrNoUser.
	Ticket(ctx context.Context, hash string) (*Ticket, *User, error)
	// NoteAttempt stores the record of a call. Nothing that is stored is ever
	// overwritten: a second record of the same call and moment is ErrConflict.
	NoteAttempt(ctx context.Context, a Attempt) error
	// DeleteClient removes the client and its sessions. ErrConflict as SaveClient.
	DeleteClient(ctx context.Context, c *Client) error
	// SaveMetadata stores a large metadata object until expires.
	SaveMetadata(ctx context.Context, ref ID, object json.RawMessage, expires time.Time) error
	// KeepMetadata lets the object live as long as its user.
	KeepMetadata(ctx context.Context, ref ID) error
	// Metadata returns the object, or nil if it is gone.
	Metadata(ctx context.Context, ref ID) (json.RawMessage, error)
}

// Completion is everything that comes into being when a sign-up completes.
type Completion struct {
	Client  *Client // after completion; its revision is still the stored one; nil if no client holds the sign-up
	User    *User
	Session *Session // nil if none begins
	Key     *APIKey  // nil if none is made
	Ticket  *Ticket  // nil if none is made
	Claims  []Claim
	// Ended are the sessions that the client had too many of.
	Ended []SessionRef
	// Replaced are unverified claims that give way, as they were read. Their
	// owners lose the identifier and every credential and session.
	Replaced []Claim
}

var (
	// ErrNoClient is returned when the caller isn't a client.
	ErrNoClient = errors.New("signup: no such client")
	// ErrNoUser is returned when there is no such user.
	ErrNoUser = errors.New("signup: no such user")
	// ErrNoSession is returned when a session is no more.
	ErrNoSession = errors.New("signup: no such session")
	// ErrBusy is returned when the database still refused for its load after all
	// retries; the caller is told to try again in a moment.
	ErrBusy error = problem.Unavailable.New().After(1)
	// ErrConflict is returned when somebody else wrote first.
	ErrConflict = errors.New("signup: changed by another request")
)

// UserChange is a user as it shall be, with what changes beside it.
type UserChange struct {
	User *User // its revision is still the stored one
	// Claims are taken if they are free or the user's own; Replaced as in Completion.
	Claims   []Claim
	Replaced []Claim
	// Released are identifiers that the user gives up.
	Released []identifier.Identifier
	// Revoked is the hash of an API key that goes, or empty.
	Revoked string
	// Key and Session are new, or nil.
	Key     *APIKey
	Session *Session
}

// UnmetUser is returned when an attempt isn't counted. User is the user as it is,
// or nil if there is none.
type UnmetUser struct{ User *User }

// Error says that the condition failed.
func (*UnmetUser) Error() string { return "signup: attempt not counted" }

// Unmet is returned when the condition of a write didn't hold. Client is the
// client as it is, or nil if there is none or the proof doesn't hold.
type Unmet struct{ Client *Client }

// Error says that the condition failed.
func (*Unmet) Error() string { return "signup: condition not met" }

// Taken is returned when claims are held by others.
type Taken struct{ Held []Claim }

// Error says that identifiers are taken, not which.
func (*Taken) Error() string { return "signup: identifier taken" }
