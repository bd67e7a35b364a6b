package signup

import (
	"maps"
	"time"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
)

// User is an account. A user is the same kind of user whichever door it came through.
type User struct {
	ID       ID
	Revision int64 // every write adds one
	Facts
	// Proved holds, by kind, how and when an identifier was proved.
	Proved map[identifier.Kind]Proved
	// CredentialVersion is raised to end every credential and session that was made under a lower one.
	CredentialVersion int64
	CreatedAt         time.Time
	UpdatedAt         time.Time
	PasswordSetAt     time.Time
	// Challenge is the user's newest challenge, or nil; MailID names its mail.
	Challenge *Challenge
	MailID    string
	// APIKeys is how many the user has.
	APIKeys int
	// Unconfirmed keeps the user from signing in until the sign-up is confirmed.
	Unconfirmed bool
	// Approval is where an operator's decision stands, or empty where none is needed.
	Approval Approval
	// SuperUser may decide on others.
	SuperUser bool
	// Device is the device that the sign-up named, if it did.
	Device string
	// Application is the one that the sign-up came from, and Applications those that it was for.
	Application  string
	Applications []string
}

// Approval is where an operator's decision on a user stands.
type Approval string

// The approvals.
const (
	Undecided Approval = "undecided"
	Approved  Approval = "approved"
	Rejected  Approval = "rejected"
)

// Hold is why the user may not sign in, or empty: unconfirmed, undecided or rejected.
// A user who came through the progressive sign-up has none.
func (u *User) Hold() string {
	switch {
	case u.Approval == Undecided || u.Approval == Rejected:
		return string(u.Approval)
	case u.Unconfirmed:
		return "unconfirmed"
	}
	return ""
}

// held is the problem of a user who may not sign in, or nil.
func (u *User) held() error {
	if hold := u.Hold(); hold != "" {
		return problem.UserHeld.New().Detailed("%s", hold)
	}
	return nil
}

// clone returns a copy that can be changed without touching u.
func (u *User) clone() *User {
	copied := *u
	copied.Proved = maps.Clone(u.Proved)
	if u.Challenge != nil {
		own := *u.Challenge
		copied.Challenge = &own
	}
	return &copied
}

// Anonymous reports a user who never had any factor: whoever knows its id signs in. One
// who has lost them to the owner of an address isn't.
func (u *User) Anonymous() bool {
	return u.CredentialVersion == 1 && !u.Unconfirmed && u.PasswordHash == "" && u.APIKeys == 0 && len(u.Proved) == 0
}

// Purpose is what meeting a challenge of a user leads to.
type Purpose string

// The purposes of challenges.
const (
	ProveAddress Purpose = "prove_address"
	SignInByMail Purpose = "sign_in"
	// ConfirmAddress is met by a mailed link, which also lets the user sign in.
	ConfirmAddress Purpose = "confirm_address"
	// AcceptInvitation and ResetPassword are met by a mailed link and a new password.
	AcceptInvitation Purpose = "accept_invitation"
	ResetPassword    Purpose = "reset_password"
	// ConfirmSignUp is met by a token that goes to the caller or into a mail.
	ConfirmSignUp Purpose = "confirm_sign_up"
)

// Challenge is an open challenge to a user, met by what is mailed to the address.
type Challenge struct {
	Purpose Purpose
	Address identifier.Identifier
	Verification
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
	// Generation counts the rotations of the session's refresh token. Until GraceUntil
	// the one before is taken for a repetition whose answer was lost.
	Generation int64
	GraceUntil time.Time
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
