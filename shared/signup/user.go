package signup

import (
	"time"

	"github.com/doorstep-auth/doorstep/shared/identifier"
)

// User is an account. A user is the same kind of user whichever door it came through.
type User struct {
	ID ID
	Facts
	// Proved holds, by kind, how and when an identifier was proved.
	Proved map[identifier.Kind]Proved
	// CredentialVersion is raised to end every credential and session that was made under a lower one.
	CredentialVersion int64
	CreatedAt         time.Time
	UpdatedAt         time.Time
	PasswordSetAt     time.Time
}

// Proved is the verification that a user's identifier came with.
type Proved struct {
	Strategy  string
	Attempts  int
	ExpiresAt time.Time
	At        time.Time
}

// Session is a signed-in client. It is over when it expires, when it has been
// idle for too long, or when the user's credential version has moved on.
type Session struct {
	ID                ID
	ClientID          ID
	User              *User
	CredentialVersion int64
	CreatedAt         time.Time
	LastActiveAt      time.Time
	IdleUntil         time.Time // moves with use
	ExpiresAt         time.Time // never moves
}

// live reports whether the session can be used at now.
func (s *Session) live(now time.Time) bool {
	return now.Before(s.IdleUntil) && now.Before(s.ExpiresAt) && s.CredentialVersion == s.User.CredentialVersion
}

// ClaimState says how good a claim is.
type ClaimState string

// An unverified claim yields to a verified owner; a verified one to nobody.
const (
	UnverifiedClaim ClaimState = "unverified"
	VerifiedClaim   ClaimState = "verified"
)

// Claim holds an identifier's one canonical form for one user, across all doors.
type Claim struct {
	Identifier identifier.Identifier
	Owner      ID
	State      ClaimState
}

// yields reports whether the claim gives way to one in state.
func (c Claim) yields(state ClaimState) bool {
	return c.State == UnverifiedClaim && state == VerifiedClaim
}
